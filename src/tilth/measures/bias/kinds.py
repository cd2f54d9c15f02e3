"""Whether a column's values are categories or numbers on a line, which of its rows a configured value means, and the text it goes by."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.expressions import and_, case, col, double, ge, gt, is_null, le, lit, lt
from tilth.engine.operations import NanToNull, NoNegativeZero

Value: TypeAlias = str | int | float | bool
Measured = Literal["categorical", "continuous"]
FEW_PER_ROW = 0.05  # integers with at least this many distinct values per row are read as numbers on a line

_INTERVAL = re.compile(r"\s*([(\[])\s*([^,\s]+)\s*,\s*([^,\s]+)\s*([)\]])\s*")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
_TRUTH = {"true": True, "false": False}


# ── numbers on a line ──


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
        """The interval that a text spells, or None."""
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
        """The condition that a number lies inside; no test against an infinite bound that is in."""
        low = None if self.low == -math.inf and self.low_in else (ge if self.low_in else gt)(x, lit(self.low))
        high = None if self.high == math.inf and self.high_in else (le if self.high_in else lt)(x, lit(self.high))
        return and_(low, high)

    def __str__(self) -> str:
        return f"{'[' if self.low_in else '('}{text_of(self.low)}, {text_of(self.high)}{']' if self.high_in else ')'}"

    def __repr__(self) -> str:
        return f"Interval({str(self)!r})"


def _bound(text: str) -> float:
    """A bound as it is written: an integer stays one, so that its text does too."""
    return int(text) if _INTEGER.fullmatch(text) else float(text)


def above(threshold: float) -> Interval:
    """The numbers greater than a threshold: the bound is left out, and there is no other."""
    return Interval(threshold, math.inf)


# ── what is known of a column ──


@dataclass(frozen=True)
class ColumnFacts:
    """What decides how a column is read. `distinct` counts values without null and is None where nobody had to count them;
    `low` and `high` are those of numbers; `whole` tells that each of them is a whole number, in a text column that each value
    reads as one. `truth` tells that a text column holds nothing but true and false, in any case.
    """

    name: str
    kind: Kind
    rows: int
    present: int
    distinct: int | None = None
    low: float | None = None
    high: float | None = None
    whole: bool = False
    truth: bool = False

    @property
    def most_distinct(self) -> float:
        """No more distinct values than this, without counting them."""
        if self.distinct is not None:
            return self.distinct
        if self.whole and self.low is not None and self.high is not None:
            return min(self.present, self.high - self.low + 1)
        return self.present


class Undecided(Exception):
    """The column's distinct values must be counted before its kind can be told."""


def measured_as(facts: ColumnFacts, configured: Sequence[Any], stated: Measured | None = None) -> Measured:
    """Whether a column's values are categories or numbers on a line; the first line that applies decides.

    1 as stated; 2 several configured values: categories; 3 an interval: numbers; 4 booleans, dates, times, texts of true and
    false: categories; 5 texts that read as integers: as 8, if more than two differ; 6 other texts: categories; 7 integers of
    at most two values: categories; 8 integers: numbers if u ≥ 0.05, with u the distinct values per value that is there;
    9 floats that are whole and have gaps: as integers; 10 floats of at most two values whose threshold is the larger of them:
    categories; 11 other floats: numbers.

    Errors: `Undecided` where `distinct` would be needed and is not known.
    """
    if stated is not None:
        return stated
    if len(configured) > 1:
        return "categorical"
    if configured and Interval.parsed(configured[0]):
        return "continuous"
    match facts.kind:
        case Kind.STRING:
            integers = facts.whole and not facts.truth
            return "continuous" if integers and _many(facts) and _distinct(facts) > 2 else "categorical"
        case Kind.INTEGER:
            return _as_integers(facts)
        case Kind.FLOAT | Kind.DECIMAL:
            if facts.whole and 0 < facts.present < facts.rows:
                return _as_integers(facts)
            at_top = bool(configured) and facts.high is not None and number_of(configured[0]) == facts.high
            return "categorical" if at_top and facts.most_distinct > 0 and _distinct(facts) <= 2 else "continuous"
    return "categorical"


def _as_integers(facts: ColumnFacts) -> Measured:
    return "continuous" if facts.most_distinct > 2 and _many(facts) and _distinct(facts) > 2 else "categorical"


def _many(facts: ColumnFacts) -> bool:
    """u ≥ 0.05, without counting where a bound decides."""
    if facts.most_distinct < FEW_PER_ROW * facts.present:
        return False
    return bool(facts.present) and _distinct(facts) >= FEW_PER_ROW * facts.present


def _distinct(facts: ColumnFacts) -> int:
    if facts.distinct is None:
        raise Undecided(facts.name)
    return facts.distinct


def is_ambiguous(facts: ColumnFacts) -> bool:
    """An integer column whose reading a few rows more or less could change."""
    if facts.kind is not Kind.INTEGER or facts.distinct is None or not facts.present:
        return False
    return 3 <= facts.distinct <= 100 and 0.01 <= facts.distinct / facts.present <= 0.25


# ── which rows a value means ──


def number_of(value: Any) -> float | None:
    """A value as a number, if it is one or reads as one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | Decimal):
        return value if isinstance(value, int) else float(value)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value) if _INTEGER.fullmatch(value) else float(value)
    return None


def reads_as_integer(value: Any) -> bool:
    """Whether a text is a whole number without a decimal point."""
    return isinstance(value, str) and _INTEGER.fullmatch(value) is not None


def truth_of(value: Any) -> bool | None:
    """A value as true or false, if it is one or reads as one: true and false in any case, 1 and 0."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.casefold() in _TRUTH:
        return _TRUTH[value.casefold()]
    number = number_of(value)
    return bool(number) if number in (0, 1) else None


def means(configured: Any, value: Any, truths: bool = False) -> bool:
    """Whether a configured value means a value of the data.

    Booleans (and `truths`, texts that are nothing but true and false) by what they mean; numbers and texts that read as
    numbers by their size; everything else by its exact text.

    >>> means("1", 1.0), means("TRUE", True), means("True", "true"), means("Yes", "yes")
    (True, True, False, False)
    """
    if truths or isinstance(configured, bool) or isinstance(value, bool):
        return truth_of(value) is not None and truth_of(configured) is truth_of(value)
    a, b = number_of(configured), number_of(value)
    if a is not None and b is not None:
        return a == b
    return text_of(configured) == text_of(value)


# ── naming ──


def text_of(value: Any) -> str:
    """The text that a value goes by: Python's own for numbers and booleans, ISO 8601 for dates and times.

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


def threshold_name(threshold: float, highest: float | None, as_float: bool) -> str:
    """What lies above a threshold, as a half-open interval up to the largest value.

    >>> threshold_name(40, 89, as_float=False), threshold_name(40, 68.6, as_float=True)
    ('(40, 89]', '(40.0, 68.6]')
    """
    top = math.inf if highest is None else highest
    shown = [float(x) if as_float else int(x) if math.isfinite(x) and x == int(x) else x for x in (threshold, top)]
    return f"({text_of(shown[0])}, {text_of(shown[1])}]"


# ── trees ──


def category(name: str, kind: Kind) -> Tree:
    """A column as a key to group by: NaN as null and no negative zero, so that every engine makes the same groups."""
    x = col(name)
    if kind is Kind.FLOAT:
        return NoNegativeZero.of(NanToNull.of(x))
    return double(x) if kind is Kind.DECIMAL else x


def numeric(name: str, kind: Kind) -> Tree:
    """A numeric column as a number on a line, NaN as null."""
    x = col(name)
    return NanToNull.of(x) if kind is Kind.FLOAT else double(x) if kind is Kind.DECIMAL else x


def band(x: Tree, intervals: Sequence[Interval]) -> Tree:
    """The number of the interval that holds x, counted from 0; −1 outside all of them; null for null."""
    inside = [(i.holds(x), lit(n)) for n, i in enumerate(intervals)]
    return case((is_null(x), lit(None)), *inside, otherwise=lit(-1))
