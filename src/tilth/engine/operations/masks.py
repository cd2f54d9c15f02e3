"""Hides characters of strings."""

from __future__ import annotations

import re
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import case, cast_to, concat, data_type, eq, greatest, lit, lt, sub
from tilth.engine.operations.operation import Operation
from tilth.engine.operations.patterns import ReplacePattern
from tilth.engine.operations.strings import Substring
from tilth.regex import Regex

ANY = "(?s)."  # the pattern of any character
LEAST = 4  # characters that must be hidden, or all are


class Mask(Operation):
    """A string with hidden characters: each is replaced by one character. All arguments except the string are literals.

    `left` and `right` characters at the ends stay visible, and so do characters that do not match the one-character pattern. If fewer than
    four characters would be hidden, the whole string is. `by` is the replacement as `ReplacePattern` reads it.
    """

    total = True

    @classmethod
    def both(cls, x: Tree, left: Tree, right: Tree, by: Tree, pattern: Tree) -> Tree:
        ends = int(left.name) + int(right.name)
        middle = exp.Left(
            this=Substring.both(x, lit(int(left.name) + 1)),
            expression=cast_to(greatest(sub(exp.Length(this=x.copy()), lit(ends)), lit(0)), data_type("int")),
        )
        seen = exp.Length(this=ReplacePattern.of(middle, pattern, lit("")))
        hidden = sub(exp.Length(this=middle.copy()), lit(0) if pattern.name == ANY else seen)
        kept = (exp.Left(this=x.copy(), expression=left.copy()), exp.Right(this=x.copy(), expression=right.copy()))
        return case(
            (eq(x, lit("")), x),
            (lt(hidden, lit(LEAST)), ReplacePattern.of(x, lit(ANY), by)),
            otherwise=concat(kept[0], ReplacePattern.of(middle, pattern, by), kept[1]),
        )

    @staticmethod
    def row(x: Any, left: int, right: int, by: str, pattern: str) -> str:
        return masked(x, left, right, Regex.parse(pattern).replacing(by).python)


def masked(text: str, left: int, right: int, replacing: tuple[str, str]) -> str:
    """A string that is masked as by `Mask`; `replacing` are a pattern and a replacement of Python's `re`.

    >>> masked("4111111111111111", 0, 4, ("(?s:.)", "*")), masked("12345", 0, 4, ("(?s:.)", "*"))
    ('************1111', '*****')
    """
    pattern, by = replacing
    middle, hidden = re.subn(pattern, by, text[left : max(len(text) - right, left)])
    if hidden < LEAST:
        return re.sub("(?s:.)", by, text)
    return text[:left] + middle + text[len(text) - right :]
