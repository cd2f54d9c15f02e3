r"""What replaces a match: literals and groups, rendered for each engine. `\1` for DuckDB is `$1` for Spark and `\g<1>` for Python."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from tilth.errors import ExpressionError, Mistake
from tilth.regex.parser import place_in

TOKEN = re.compile(r"\\([0-9])|\\([\\$])|(\\.?|\$[0-9{])|((?:[^\\$]|\$(?![0-9{]))+)", re.DOTALL)
ACCEPTED = r"text, \0 to \9, \\ for a backslash, $ or \$ for a dollar"


@dataclass(frozen=True)
class Replacement:
    r"""Literals (`str`) and numbers of groups (`int`; 0 is the whole match), in order; made by `Regex.replacement`.

    >>> Replacement.parse(r"\1 costs $ \2", frozenset({0, 1, 2})).parts
    (1, ' costs $ ', 2)
    """

    parts: tuple[str | int, ...]

    @classmethod
    def parse(cls, text: str, groups: frozenset[int]) -> Replacement:
        r"""Parse a replacement for a pattern whose `groups` can be extracted.

        Raises `ExpressionError` with every mistake: a group that is not there, `$1` (Java's way to write a group), a stray backslash.
        """
        parts: list[str | int] = []
        mistakes: list[Mistake] = []
        for token in TOKEN.finditer(text):
            group, escaped, unclear, plain = token.groups()
            if unclear or int(group or 0) not in groups:
                message, hint = _unclear(token[0], groups)
                place = place_in(text, token.start(), len(token[0]), "<replacement>")
                mistakes.append(Mistake(message, place, ACCEPTED, hint, "regex-replacement"))
            else:
                parts.append(int(group) if group else escaped or plain)
        ExpressionError.reject(mistakes)
        return cls(tuple(parts))

    @property
    def duckdb(self) -> str:
        """For `regexp_replace(x, pattern, …, 'g')`."""
        return self._print(lambda text: text.replace("\\", r"\\"), r"\{}")

    @property
    def spark(self) -> str:
        r"""For `regexp_replace(x, pattern, …)`; digits of a literal are escaped, as Java would add them to the group number before them.

        >>> Replacement((1, "0 $")).spark
        '$1\\0 \\$'
        """
        return self._print(lambda text: re.sub(r"[\\$0-9]", r"\\\g<0>", text), "${}")

    @property
    def python(self) -> str:
        """For `re.sub(pattern, …, x)`."""
        return self._print(lambda text: text.replace("\\", r"\\"), r"\g<{}>")

    def _print(self, plain: Callable[[str], str], group: str) -> str:
        return "".join(group.format(part) if isinstance(part, int) else plain(part) for part in self.parts)


def no_group(number: int, groups: frozenset[int]) -> tuple[str, None, str, str]:
    """The mistake of a group that cannot be extracted: message, no place, what is accepted, hint."""
    accepted = ", ".join(map(str, sorted(groups)))
    return f"the pattern has no group {number} that can be extracted", None, accepted, "groups are parts in (…), and not repeated"


def _unclear(token: str, groups: frozenset[int]) -> tuple[str, str]:
    if token.startswith("$"):
        return f"{token} is a group in Java and literal elsewhere", rf"for a group write \1, for the characters write \{token}"
    if token[1:].isdigit():
        message, _, accepted, hint = no_group(int(token[1:]), groups)
        return message, f"{hint}; there are {accepted}"
    return "a backslash is only accepted before a digit, a dollar or another backslash", r"for a backslash write \\"
