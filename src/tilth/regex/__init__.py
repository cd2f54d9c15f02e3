r"""Regular expressions with one meaning: a closed subset, parsed once, printed for RE2 (DuckDB), Java (Spark) and Python's `re`.

The three differ on much that looks alike (`$`, `\s`, `\b`, `.`, `(?i)`, `[a&&b]` …). A pattern is therefore parsed by Tilth, and
rendered with what all three read alike. Anything else is rejected when the pattern is loaded, with its place and the nearest way to write
it. A pattern matches code points; it is searched for anywhere in the string unless `full()` is used.

| written | means |
|---|---|
| `a` `é` `\.` `\n` `\t` `\r` `\f` `\x41` `\x{1F600}` | that character; a backslash before punctuation makes it literal |
| `.` | any character but `\n`; with `(?s)` any at all |
| `[a-z_]` `[^a-z]` | a character of the set; one outside it |
| `\d` `\w` `\s` and `\D` `\W` `\S` | `[0-9]`, `[0-9A-Za-z_]`, `[ \t\n\r\f]` and their opposites: ASCII only, without the vertical tab |
| `^` `\A` and `$` `\z` | the start and the end of the string, never of a line |
| `\b` | the edge of a run of `\w` |
| `(…)` `(?:…)` | a group, which has a number where matches are replaced; a group without one |
| `a\|b` | alternatives, of which the first that leads to a match is taken |
| `*` `+` `?` `{n}` `{n,}` `{n,m}` | greedy repeats; lazy with `?` after them; counts up to 1,000, nested ones multiplied |
| `(?i)` `(?s)` `(?is)` at the very beginning; `(?i:…)` `(?s:…)` anywhere | ignore the case of ASCII letters; a dot that matches `\n` too |

Rejected because an engine lacks it: lookaround, back references, atomic groups and possessive repeats, named groups, `\p{…}`, `(?x)`,
comments, flags in the middle. Rejected because engines read it differently: `[[:alpha:]]`, `[a&&b]`, `[` or a leading `]` in a class, `\v`,
`\Z`, `\B`, `\0…`, `{,n}`, `a**`, `(?m)`. Rejected because it is usually a mistake: empty alternatives and groups, classes without a
character, repeats of a part that can match the empty string.

**Time.** RE2 takes time linear in the length of the string. Java and Python backtrack: repeats that could take exponential time, such as
`(a+)+`, are rejected; those that are accepted can take polynomial time (`cost.py`).

**Stack.** Java recurses at every iteration of some repeated groups, and a stack overflow ends the whole Spark application: `spark_longest`
is the longest string that is safe, and `None` for most patterns (`cost.py`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from tilth.errors import ExpressionError
from tilth.regex import tree
from tilth.regex.cost import longest_string
from tilth.regex.glob import glob
from tilth.regex.parser import Parser
from tilth.regex.render import DUCKDB, PYTHON, SPARK, render
from tilth.regex.replacement import Replacement
from tilth.regex.tree import Edge, Node

__all__ = ["Regex"]


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
            write two conditions, or match the neighbours too
        """
        parser = Parser(text)
        if parser.mistakes:
            raise ExpressionError(*parser.mistakes)
        return cls(text, parser.tree)

    @property
    def duckdb(self) -> str:
        """The pattern for RE2, for a search: `regexp_matches(x, …)`."""
        return render(self.tree, DUCKDB)

    @property
    def glob(self) -> str | None:
        """The GLOB that matches the same strings; None if there is none.

        >>> Regex.parse("ORD-[0-9]{3}").full().glob, Regex.parse("ORD-[0-9]+").full().glob
        ('ORD-[0-9][0-9][0-9]', None)
        """
        return glob(self.tree)

    @property
    def spark(self) -> str:
        """The pattern for Java, for a search: `x rlike …`. In a literal of Spark SQL, backslashes must be doubled."""
        return render(self.tree, SPARK)

    @property
    def python(self) -> str:
        """The pattern for Python's `re`, without flags, for a search: `re.search(…, x)`."""
        return render(self.tree, PYTHON)

    def replacing(self, text: str) -> Replacement:
        """This pattern with a replacement for all its matches; in it, `$1` to `$9` are groups and `$0` is the match.

        Raises `ExpressionError` if a match could be empty, a group is missing or repeated, or a backslash has no meaning.

        >>> Regex.parse(r"(\\d+)/(\\d+)").replacing("$2-$1").duckdb
        ('([0-9]+)/([0-9]+)', '\\\\2-\\\\1')
        """
        return Replacement.parse(self.text, text)

    def compile_python(self) -> re.Pattern[str]:
        """The compiled pattern for Python; `re` caches it."""
        return re.compile(self.python)

    def full(self) -> Regex:
        r"""The pattern that matches only where this one matches the whole string.

        >>> Regex.parse("a|b+").full().spark
        '\\A(?:a|b+)\\z'
        """
        return replace(self, tree=tree.sequence([Edge.START, self.tree, Edge.END]))

    @property
    def spark_longest(self) -> int | None:
        """The length of the longest string that is safe on Spark, in code points; `None`: no limit. A longer one can end the application.

        >>> Regex.parse(r"[^@\\s]+@[^@\\s]+").spark_longest is None
        True
        """
        return longest_string(self.tree)
