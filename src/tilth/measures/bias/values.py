"""Values of a column: intervals, the matching of configured values, names in results, and the keys that group rows."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TypeAlias

from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.expressions import and_, case, col, double, ge, gt, is_null, le, lit, lt
from tilth.engine.operations.numbers import NanToNull, NoNegativeZero

Value: TypeAlias = str | int | float | bool

_INTERVAL = re.compile(r"\s*([(\[])\s*([^,\s]+)\s*,\s*([^,\s]+)\s*([)\]])\s*")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Interval:
    """The numbers between two bounds; a round bracket leaves the bound out.

    >>> Interval.parsed("(20, 40]"), 20 in Interval.parsed("(20, 40]"), 40 in Interval.parsed("(20, 40]")
    (Interval('(20, 40]'), False, True)
    """

    low: float
    high: float
    low_in: bool = False
    high_in: bool = True

    @classmethod
    def parsed(cls, text: object) -> Interval | None:
        """The interval in a string, or None."""
        found = _INTERVAL.fullmatch(text) if isinstance(text, str) else None
        if found is None:
            return None
        try:
            return cls(_bound(found[2]), _bound(found[3]), found[1] == "[", found[4] == "]")
        except ValueError:
            return None

    def __contains__(self, x: float) -> bool:
        above = x >= self.low if self.low_in else x > self.low
        return above and (x <= self.high if self.high_in else x < self.high)

    def holds(self, x: Tree) -> Tree:
        """The condition that a number lies inside; included infinite bounds are not tested."""
        low = None if self.low == -math.inf and self.low_in else (ge if self.low_in else gt)(x, lit(self.low))
        high = None if self.high == math.inf and self.high_in else (le if self.high_in else lt)(x, lit(self.high))
        return and_(low, high)

    def __str__(self) -> str:
        return f"{'[' if self.low_in else '('}{text_of(self.low)}, {text_of(self.high)}{']' if self.high_in else ')'}"

    def __repr__(self) -> str:
        return f"Interval({str(self)!r})"


def _bound(text: str) -> float:
    """A bound as written: an integer stays an integer, so that it is shown as one."""
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def above(threshold: float) -> Interval:
    """The interval of numbers greater than a threshold."""
    return Interval(threshold, math.inf)


def number_of(value: Any) -> float | None:
    """A value as a number, if it is one or reads as one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | Decimal):
        return value if isinstance(value, int) else float(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value) if _INTEGER.fullmatch(value) else float(value)
    return None


def boolean_of(value: Any) -> bool | None:
    """A value as true or false, if it is one or reads as one: true and false in any case, 1 and 0."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.casefold() in _BOOLEANS:
        return _BOOLEANS[value.casefold()]
    number = number_of(value)
    return bool(number) if number in (0, 1) else None


def means(configured: Any, value: Any, booleans: bool = False) -> bool:
    """Whether a configured value matches a value of the data.

    Booleans (and with `booleans` strings of a column with only true and false) match by truth value; numbers and strings that read as
    numbers by size; everything else by the exact string.

    >>> means("1", 1.0), means("TRUE", True), means("True", "true"), means("Yes", "yes")
    (True, True, False, False)
    """
    if booleans or isinstance(configured, bool) or isinstance(value, bool):
        return boolean_of(value) is not None and boolean_of(configured) is boolean_of(value)
    a, b = number_of(configured), number_of(value)
    if a is not None and b is not None:
        return a == b
    return text_of(configured) == text_of(value)


def text_of(value: Any) -> str:
    """A value as a string: Python's own for numbers and booleans, ISO 8601 for dates and times.

    >>> text_of(1), text_of(1.0), text_of(True), text_of("F")
    ('1', '1.0', 'True', 'F')
    """
    match value:
        case datetime():
            return value.replace(tzinfo=None).isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
    return str(value)


def values_name(values: Iterable[Any]) -> str:
    """Configured values as one name: `pl,ro`."""
    return ",".join(text_of(v) for v in values)


def category(name: str, kind: Kind) -> Tree:
    """A column as a key to group by: decimals as doubles, NaN as null, no negative zero, so that every engine makes the same groups."""
    x = col(name)
    if kind is Kind.FLOAT:
        return NoNegativeZero.of(NanToNull.of(x))
    return double(x) if kind is Kind.DECIMAL else x


def band(x: Tree, intervals: Sequence[Interval]) -> Tree:
    """The number of the interval that holds x, counted from 0; −1 outside all of them; null for null."""
    inside = [(i.holds(x), lit(n)) for n, i in enumerate(intervals)]
    return case((is_null(x), lit(None)), *inside, otherwise=lit(-1))
