r"""Regular expressions with one meaning: a closed subset, parsed once, printed for RE2 (DuckDB), Java (Spark) and Python's `re`.

The three differ on much that looks alike (`$`, `\s`, `\b`, `.`, `(?i)`, `[a&&b]` …). A pattern is therefore parsed by Tilth, and
rendered with what all three read alike. Anything else is refused when the pattern is loaded, with its place and the nearest way to write
it. A pattern matches code points; it is searched for anywhere in the string unless `full()` is used.

| written | means |
|---|---|
| `a` `é` `\.` `\n` `\t` `\r` `\f` `\x41` `\x{1F600}` | that character; a backslash before punctuation makes it literal |
| `.` | any character but `\n`; with `(?s)` any at all |
| `[a-z_]` `[^a-z]` | a character of the set; one outside it |
| `\d` `\w` `\s` and `\D` `\W` `\S` | `[0-9]`, `[0-9A-Za-z_]`, `[ \t\n\r\f]` and their opposites: ASCII only, without the vertical tab |
| `^` `\A` and `$` `\z` | the start and the end of the string, never of a line |
| `\b` | the edge of a run of `\w` |
| `(…)` `(?:…)` `a\|b` | a numbered group, a group without a number, alternatives of which the first that leads to a match is taken |
| `*` `+` `?` `{n}` `{n,}` `{n,m}` | greedy repeats; lazy with `?` after them; counts up to 1,000, nested ones multiplied |
| `(?i)` `(?s)` `(?is)` at the very beginning; `(?i:…)` `(?s:…)` anywhere | ignore the case of ASCII letters; a dot that matches `\n` too |

Refused because an engine lacks it: lookaround, back references, atomic groups and possessive repeats, named groups, `\p{…}`, `(?x)`,
comments, flags in the middle. Refused because engines read it differently: `[[:alpha:]]`, `[a&&b]`, `[` or a leading `]` in a class, `\v`,
`\Z`, `\B`, `\0…`, `{,n}`, `a**`, `(?m)`. Refused because it is usually a mistake: empty alternatives and groups, classes without a
character. A part that can match the empty string cannot be repeated, because engines differ in what its groups then hold.

**Time.** RE2 takes time linear in the length of the string. Java and Python backtrack: repeats that could take exponential time, such as
`(a+)+`, are refused; those that are accepted can take polynomial time (`cost.py`).

**Stack.** Java recurses at every iteration of some repeated groups, and a stack overflow ends the whole Spark application: `spark_longest`
is the longest string that is safe, and `None` for most patterns (`cost.py`).
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

    Two patterns are equal if their trees are, however they are written: `\d` and `[0-9]` are evaluated only once.

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
            write two conditions, or match the neighbours too and extract a group
        """
        parser = Parser(text)
        if parser.mistakes:
            raise ExpressionError(*parser.mistakes)
        return cls(text, parser.tree, parser.is_alternation)

    @property
    def duckdb(self) -> str:
        """The pattern for RE2, for a search: `regexp_matches(x, …)`."""
        return render(self.tree, DUCKDB)

    @property
    def spark(self) -> str:
        """The pattern for Java, for a search: `x rlike …`. As a literal of Spark SQL its backslashes must still be doubled."""
        return render(self.tree, SPARK)

    @property
    def python(self) -> str:
        """The pattern for Python's `re`, without flags, for a search: `re.search(…, x)`."""
        return render(self.tree, PYTHON)

    def compile_python(self) -> re.Pattern[str]:
        """The compiled pattern for Python; `re` caches it."""
        return re.compile(self.python)

    def full(self) -> Regex:
        r"""The pattern that matches only where this one matches the whole string.

        >>> Regex.parse("a|b+").full().spark
        '\\A(?:a|b+)\\z'
        """
        return replace(self, tree=tree.sequence([Edge.START, self.tree, Edge.END]), top_level_alternation=False)

    def without_groups(self) -> Regex:
        """The same pattern without numbered groups, for splitting: Python returns the content of groups among the pieces.

        >>> Regex.parse("(,|;;) ?").without_groups().python
        '(?:,|;;) ?'
        """
        return replace(self, tree=tree.without_groups(self.tree))

    @property
    def groups(self) -> frozenset[int]:
        """The numbers of the groups that can be extracted; 0 is the whole match.

        A group that is repeated, or inside a repeat, is counted but cannot be extracted: it would hold the match of the last iteration, and
        Java keeps what an iteration matched before it backtracked.

        >>> sorted(Regex.parse("(a)(?:(b)c)+(d)").groups)
        [0, 1, 3]
        """
        return (tree.groups(self.tree) | {0}) - tree.repeated_groups(self.tree)

    def group(self, number: int) -> int:
        """The number, if that group can be extracted.

        Raises `ExpressionError` if there is no such group or it is repeated.

        >>> Regex.parse("(a)-(b)").group(2)
        2
        """
        if number in self.groups:
            return number
        raise ExpressionError(Mistake(*no_group(number, self.groups), code="regex"))

    @property
    def matches_empty(self) -> bool:
        r"""Whether a match can be empty: `a*`, `^`, `\b`. Engines then differ in replacing, splitting and finding all.

        >>> Regex.parse("a*").matches_empty, Regex.parse("^a").matches_empty
        (True, False)
        """
        return tree.may_be_empty(self.tree)

    @property
    def spark_longest(self) -> int | None:
        """The length of the longest string that is safe on Spark, in code points; `None`: no limit. A longer one can end the application.

        >>> Regex.parse(r"[^@\\s]+@[^@\\s]+").spark_longest is None
        True
        """
        return longest_text(self.tree)

    def taking_text(self, to: str) -> Regex:
        """This pattern, for a use that needs non-empty matches; `to` names the use: "replace", "split".

        Raises `ExpressionError` if a match could be empty.

        >>> Regex.parse("x*").taking_text("split")
        Traceback (most recent call last):
        ...
        tilth.errors.ExpressionError: <pattern>:1: to split by this pattern, each match needs a character [regex]
            x*
            ^^
            engines differ on empty matches: write + instead of *, or leave out what is optional
        """
        if not self.matches_empty:
            return self
        raise ExpressionError(
            Mistake(
                f"to {to} by this pattern, each match needs a character",
                place_in(self.text, 0, len(self.text)),
                hint="engines differ on empty matches: write + instead of *, or leave out what is optional",
                code="regex",
            )
        )

    def replacement(self, text: str) -> Replacement:
        r"""The replacement of every match; `\1` … `\9` are groups, `\0` is the match.

        Raises `ExpressionError` if a match could be empty, a group cannot be extracted, or a backslash or dollar is ambiguous.

        >>> Regex.parse("(a)b").replacement(r"<\1>").spark
        '<$1>'
        """
        self.taking_text("replace")
        return Replacement.parse(text, self.groups)
