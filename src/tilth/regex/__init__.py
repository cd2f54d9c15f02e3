r"""Regular expressions with one meaning: a closed subset, parsed once, printed for RE2 (DuckDB), Java (Spark) and Python's `re`.

The three differ on much that looks alike (`$`, `\s`, `\b`, `.`, `(?i)`, `[a&&b]` …). A pattern is therefore read by a parser of our own,
and what is printed uses only what all three read alike. Anything else is refused when the pattern is loaded, with its place and the nearest
way to write it. A pattern matches code points; it is searched for anywhere in the text unless `full()` is asked for.

| written | means |
|---|---|
| `a` `é` `\.` `\n` `\t` `\r` `\f` `\x41` `\x{1F600}` | that character; a backslash makes punctuation plain |
| `.` | any character but `\n`; with `(?s)` any at all |
| `[a-z_]` `[^a-z]` | one of the set; one outside it |
| `\d` `\w` `\s` and `\D` `\W` `\S` | `[0-9]`, `[0-9A-Za-z_]`, `[ \t\n\r\f]` and their opposites: ASCII only, no vertical tab |
| `^` `\A` and `$` `\z` | the start and the end of the text, never of a line |
| `\b` | the edge of a run of `\w` |
| `(…)` `(?:…)` `a\|b` | a numbered group, a plain one, the first of several options that leads to a match |
| `*` `+` `?` `{n}` `{n,}` `{n,m}` | repeats, as many as possible; with `?` behind, as few; counts to 1,000, nested ones multiplied |
| `(?i)` `(?s)` `(?is)` at the very beginning; `(?i:…)` `(?s:…)` anywhere | ASCII letters in both cases; a dot that takes `\n` too |

Refused because an engine lacks it: lookaround, back references, atomic groups and possessive repeats, named groups, `\p{…}`, `(?x)`,
comments, flags in the middle. Refused because engines read it differently: `[[:alpha:]]`, `[a&&b]`, `[` or a leading `]` in a class, `\v`,
`\Z`, `\B`, `\0…`, `{,n}`, `a**`, `(?m)`. Refused because it is a mistake more often than not: empty options and groups, classes without a
character. A part that may match nothing can't be repeated, because engines differ in what its groups then hold.

**Time.** RE2 takes time proportional to the text. Java and Python go back and try again: repeats that could make them take exponential
time, such as `(a+)+`, are refused; those that are accepted can cost a power of the text's length (`cost.py`).

**Stack.** Java calls itself at every round of some repeated groups, and a full stack ends the whole Spark application: `spark_longest` says
up to which length texts are safe, and is `None` for most patterns (`cost.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from tilth.errors import ExpressionError, Mistake
from tilth.regex import tree
from tilth.regex.cost import longest_text
from tilth.regex.parser import Parser, place_in
from tilth.regex.render import DUCKDB, PYTHON, SPARK, render
from tilth.regex.replacement import Replacement, no_group
from tilth.regex.tree import Edge, Node

__all__ = ["Regex", "Replacement"]


@dataclass(frozen=True)
class Regex:
    r"""A pattern with one meaning on every engine; made by `Regex.parse`.

    Two patterns are equal where their trees are, however they were written: `\d` and `[0-9]` are asked only once.

    >>> code = Regex.parse(r"(?i)ord-\d+$")
    >>> code.duckdb
    '[Oo][Rr][Dd]-[0-9]+\\z'
    >>> code.python
    '[Oo][Rr][Dd]-[0-9]+\\Z'
    >>> code.compile_python().search("No. ORD-17") is not None
    True
    >>> Regex.parse(r"\d") == Regex.parse("[0-9]")
    True
    """

    text: str = field(compare=False)
    tree: Node = field(repr=False)
    top_level_alternation: bool = field(default=False, compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> Regex:
        """Read a pattern.

        Raises `ExpressionError` with every mistake in it: its place, what would be accepted, and the nearest way to write it.

        >>> Regex.parse(r"a(?=b)")
        Traceback (most recent call last):
        ...
        tilth.errors.ExpressionError: <pattern>:2: lookahead is not available: RE2, DuckDB's engine, has none [regex]
            a(?=b)
             ^^^
            ask in two conditions, or match the neighbours too and take the group that is wanted
        """
        parser = Parser(text)
        if parser.mistakes:
            raise ExpressionError(*parser.mistakes)
        return cls(text, parser.tree, parser.is_alternation)

    @property
    def duckdb(self) -> str:
        """The pattern for RE2, to be searched for: `regexp_matches(x, …)`."""
        return render(self.tree, DUCKDB)

    @property
    def spark(self) -> str:
        """The pattern for Java, to be searched for: `x rlike …`. As a literal of Spark SQL its backslashes must still be doubled."""
        return render(self.tree, SPARK)

    @property
    def python(self) -> str:
        """The pattern for Python's `re`, without flags, to be searched for: `re.search(…, x)`."""
        return render(self.tree, PYTHON)

    def compile_python(self) -> re.Pattern[str]:
        """The compiled pattern for Python; `re` itself keeps those used last."""
        return re.compile(self.python)

    def full(self) -> Regex:
        r"""The pattern that matches only where this one matches the whole text.

        >>> Regex.parse("a|b+").full().spark
        '\\A(?:a|b+)\\z'
        """
        return replace(self, tree=tree.sequence([Edge.START, self.tree, Edge.END]), top_level_alternation=False)

    def without_groups(self) -> Regex:
        """The same pattern with plain brackets only: what splitting needs, since Python returns the text of groups among the pieces.

        >>> Regex.parse("(,|;;) ?").without_groups().python
        '(?:,|;;) ?'
        """
        return replace(self, tree=tree.without_groups(self.tree))

    @property
    def groups(self) -> frozenset[int]:
        """The numbers of the groups whose text can be asked for; 0 is the whole match.

        A group that is repeated, or stands inside a repeat, is counted but not among them: it would hold the text of its last round, and
        Java leaves in it what a round found that was given up later.

        >>> sorted(Regex.parse("(a)(?:(b)c)+(d)").groups)
        [0, 1, 3]
        """
        return (tree.groups(self.tree) | {0}) - tree.repeated_groups(self.tree)

    def group(self, number: int) -> int:
        """The number, where the text of that group can be asked for.

        Raises `ExpressionError` where there is no such group or it is repeated.

        >>> Regex.parse("(a)-(b)").group(2)
        2
        """
        if number in self.groups:
            return number
        raise ExpressionError(Mistake(*no_group(number, self.groups), code="regex"))

    @property
    def matches_empty(self) -> bool:
        r"""Whether a match can be empty, in any text: `a*`, `^`, `\b`. Engines then differ in replacing, splitting and finding all.

        >>> Regex.parse("a*").matches_empty, Regex.parse("^a").matches_empty
        (True, False)
        """
        return tree.may_be_empty(self.tree)

    @property
    def spark_longest(self) -> int | None:
        """Up to how many characters a text is safe for Spark, in code points; `None`: any number. A longer one can end the application.

        >>> Regex.parse(r"[^@\\s]+@[^@\\s]+").spark_longest is None
        True
        """
        return longest_text(self.tree)

    def taking_text(self, to: str) -> Regex:
        """This pattern, for a use in which no match may be empty; `to` names the use: "replace", "split".

        Raises `ExpressionError` where a match could be empty.

        >>> Regex.parse("x*").taking_text("split")
        Traceback (most recent call last):
        ...
        tilth.errors.ExpressionError: <pattern>:1: to split by this pattern, each match must take a character [regex]
            x*
            ^^
            engines differ on empty matches: write + in place of *, or leave out what may be absent
        """
        if not self.matches_empty:
            return self
        raise ExpressionError(
            Mistake(
                f"to {to} by this pattern, each match must take a character",
                place_in(self.text, 0, len(self.text)),
                hint="engines differ on empty matches: write + in place of *, or leave out what may be absent",
                code="regex",
            )
        )

    def replacement(self, text: str) -> Replacement:
        r"""The text to put in place of every match; `\1` … `\9` are the text of a group, `\0` that of the match.

        Raises `ExpressionError` where a match could be empty, a group can't be asked for, or a backslash or dollar is unclear.

        >>> Regex.parse("(a)b").replacement(r"<\1>").spark
        '<$1>'
        """
        self.taking_text("replace")
        return Replacement.parse(text, self.groups)
