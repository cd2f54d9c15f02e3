"""A configured column as an axis of the cube, read as categories or as numbers in intervals, depending on its values; and the groups
that its values form."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.expressions import col, double, eq, not_null
from tilth.engine.needs import Need
from tilth.engine.operations.aggregates import CountIf
from tilth.engine.operations.numbers import Finite, ToInteger
from tilth.engine.statistics import Statistic, count, count_of, distinct, highest, lowest, quantile
from tilth.errors import RequestError
from tilth.measures.bias.values import Interval, above, band, boolean_of, category, means, number_of, text_of, values_name
from tilth.metrics.metric import Metric

Reading = Literal["categorical", "continuous"]
Noted = tuple[str, str, str]  # code, column, message
Key = Any  # a value of a key column: a string, number, boolean, date or null; or the number of an interval

FEW = 12  # a numeric facet with more values is cut into quantiles, if the request gives their number
FEW_PER_ROW = 0.05  # integers with at least this many distinct values per row are continuous
MISSING_KEY = "__missing__"  # the name of a missing facet value or group that counts as a category
OUTSIDE = -1  # the key of a number outside all intervals


# ── reading ──


@dataclass(frozen=True)
class ColumnFacts:
    """The facts that decide how a column is read: numbers of rows, of non-null values, and of distinct ones; the lowest and highest
    number; whether each value is an integer (or a string that reads as one); whether a string column has only true and false; the
    values, if counted; the requested quantiles."""

    rows: int
    present: int
    distinct: int
    low: float | None = None
    high: float | None = None
    whole: bool = False
    booleans: bool = False
    values: tuple[Key, ...] = ()
    edges: tuple[float | None, ...] = ()

    @classmethod
    def of_counts(cls, kind: Kind, counts: Mapping[Key, int], parts: int = 0) -> ColumnFacts:
        """The facts of a column whose values have been counted."""
        there, string = [k for k in counts if k is not None], kind is Kind.STRING
        numbers = {k: number_of(k) for k in there}
        whole = bool(there) and all(_is_whole(n, integer=string) for n in numbers.values())
        booleans = string and bool(there) and all(boolean_of(k) is not None and numbers[k] is None for k in there)
        known = [n for n in numbers.values() if n is not None] if whole or not string else []
        rows = sum(counts.values())
        edges = (
            quantiles({numbers.get(k): n for k, n in counts.items()}, parts) if parts and kind.numeric else []
        )  # a dry run has no numbers
        low, high = min(known, default=None), max(known, default=None)
        return cls(rows, rows - counts.get(None, 0), len(there), low, high, whole, booleans, ordered(there), tuple(edges))


def _is_whole(x: float | None, integer: bool) -> bool:
    return isinstance(x, int) if integer else x is not None and math.isfinite(x) and x == int(x)


def reading(kind: Kind, facts: ColumnFacts, configured: Sequence[Any], stated: Reading | None = None) -> Reading:
    """Whether a column's values are categories or numbers; the first line that applies decides.

    1 as stated; 2 several configured values: categories; 3 an interval: numbers; 4 booleans, dates, times, strings of true and
    false: categories; 5 strings that read as integers: as 8, if more than two differ; 6 other strings: categories; 7 integers of
    at most two values: categories; 8 integers: numbers if u ≥ 0.05, with u the distinct values per non-null value;
    9 floats that are whole and have gaps: as integers; 10 floats of at most two values whose threshold is the larger of them:
    categories; 11 other floats: numbers.
    """
    if stated is not None:
        return stated
    if len(configured) > 1:
        return "categorical"
    if is_interval(configured):
        return "continuous"
    many: Reading = "continuous" if facts.distinct > 2 and facts.distinct >= FEW_PER_ROW * facts.present else "categorical"
    match kind:
        case Kind.STRING:
            return many if facts.whole and not facts.booleans else "categorical"
        case Kind.INTEGER:
            return many
        case Kind.FLOAT | Kind.DECIMAL:
            if facts.whole and facts.present < facts.rows:
                return many
            at_top = bool(configured) and facts.high is not None and number_of(configured[0]) == facts.high
            return "categorical" if at_top and facts.distinct <= 2 else "continuous"
    return "categorical"


def is_interval(values: Sequence[Any]) -> bool:
    """Whether the configured value is an interval, which decides the reading without the column's facts."""
    return len(values) == 1 and Interval.parsed(values[0]) is not None


@dataclass(frozen=True)
class Facts(Metric):
    """The facts of a column with many values, from aggregates over its rows, with quantiles for `parts` parts; strings are not parsed.

    Distinct numbers are counted only if `exact`; else their number is 0.

    >>> Facts("age", Kind.INTEGER, exact=True).value(3, 2, 2, 17, 90, 2).high
    90
    """

    column: str
    kind: Kind
    parts: int = 0
    exact: bool = False

    def needs(self) -> tuple[Need, ...]:
        key = category(self.column, self.kind)
        if not self.kind.numeric:
            return count(), count_of(key), distinct(key)
        x, integer = double(key), self.kind is Kind.INTEGER
        whole = not_null(key) if integer else eq(double(ToInteger.of(x)), x)
        edges = [quantile(Finite.of(col(self.column)), i / self.parts) for i in range(self.parts + 1 if self.parts else 0)]
        values = distinct(key) if self.exact else count()
        return count(), count_of(key), values, lowest(key), highest(key), Statistic(CountIf.of(whole)), *edges

    def value(self, rows: int, present: int, distinct: int, *numbers: Any) -> ColumnFacts:
        low, high, whole, *edges = numbers or (None, None, None)
        distinct = distinct if self.exact or not self.kind.numeric else 0
        return ColumnFacts(rows, present, distinct, number_of(low), number_of(high), whole == present, edges=tuple(edges))


# ── axes ──


@dataclass(frozen=True)
class Side:
    """One group d of rows: its name in results, and the keys of its rows."""

    name: str
    keys: frozenset[Key] = frozenset()


@dataclass(frozen=True)
class Axis:
    """A column of the cube. `intervals` cut its numbers; without them each value is a key.

    With `in_scan` the scan assigns numbers to intervals; without it the scan returns values, and `key` assigns them. `private` values are
    named by their place in `order`; values not in `order` follow. With `by_value` a configured number that is one of the column's two
    values is a value, not a threshold, also among floats.
    """

    column: str
    kind: Kind
    values: tuple[Any, ...] = ()
    quantiles: int = 0
    intervals: tuple[Interval, ...] = ()
    in_scan: bool = False
    stated: Reading | None = None
    private: bool = False
    by_value: bool = False
    order: tuple[Key, ...] = ()
    facts: ColumnFacts | None = None

    def cut(self, intervals: Sequence[Interval], in_scan: bool = True) -> Axis:
        """The axis with its numbers cut into intervals, in the scan unless they are written as strings."""
        return replace(self, intervals=tuple(intervals), in_scan=in_scan and self.kind.numeric)

    @cached_property
    def tree(self) -> Tree:
        """The key that the scan groups by."""
        return self.keys_tree if self.in_scan else category(self.column, self.kind)

    @cached_property
    def keys_tree(self) -> Tree:
        """The key as `key` computes it, as a tree; not for numbers written as strings."""
        value = category(self.column, self.kind)
        return band(value, self.intervals) if self.intervals else value

    def key(self, scanned: Any) -> Key:
        """The key for a value from the scan."""
        if scanned is None or not self.intervals or self.in_scan:
            return scanned
        number = number_of(scanned)
        return None if number is None else next((n for n, i in enumerate(self.intervals) if number in i), OUTSIDE)

    def key_of(self, value: Any) -> Key:
        """The key for a value of the column."""
        value = float(value) if isinstance(value, Decimal) else None if isinstance(value, float) and math.isnan(value) else value
        return replace(self, in_scan=False).key(value)

    def read(self, facts: ColumnFacts, in_scan: bool) -> Axis:
        """The axis, read as the column's facts decide. Errors: `RequestError` for numbers without a threshold."""
        known = replace(self, facts=facts)
        if self.intervals or not facts.present or not (self.kind.numeric or self.kind is Kind.STRING):
            return known
        if self.is_cut:
            return known if facts.distinct <= FEW else known.cut(between(facts.edges, self.kind is Kind.INTEGER), in_scan)
        is_value = self.by_value and facts.distinct <= 2 and len(self.values) == 1 and number_of(self.values[0]) in (facts.low, facts.high)
        if (is_value and self.stated is None) or reading(self.kind, facts, self.values, self.stated) == "categorical":
            return known
        return known.cut((interval_of(self.column, self.values),), in_scan)

    @property
    def is_cut(self) -> bool:
        """Whether the column is cut at quantiles if it has many values."""
        return bool(self.quantiles) and not self.values and self.kind.numeric and self.stated != "categorical"

    def sides(self, keys: Iterable[Key]) -> list[Side]:
        """The groups d, in ascending order of keys."""
        there = ordered(keys)
        if self.intervals:
            return [Side(self.name(n, there), frozenset(k for k in there if k == n)) for n in range(len(self.intervals))]
        if self.values:
            return [Side(values_name(self.values), frozenset(k for k in there if k != MISSING_KEY and self.is_configured(k)))]
        return [Side(self.name(k, there), frozenset({k})) for k in there]

    def is_configured(self, key: Key) -> bool:
        """Whether a key is one of the configured values."""
        booleans = self.facts is not None and self.facts.booleans
        return any(means(v, key, booleans) for v in self.values)

    def name(self, key: Key, keys: Sequence[Key]) -> str:
        """The name of a key, one of `keys`. For a private column it is the key's place, unless the request itself names the value."""
        outside = bool(self.intervals) and key == OUTSIDE
        if self.private and outside:
            return "other values"
        if self.private and not (self.values and self.intervals):
            what, places = ("interval", range(key + 1)) if self.intervals else ("value", dict.fromkeys((*self.order, *keys)))
            return f"{what} {list(places).index(key) + 1}"
        if not self.intervals:
            return text_of(key)
        if not outside:
            return self.interval_name(key)
        if len(self.intervals) > 1 or self.intervals[0] != above(self.intervals[0].low):
            return f"outside {', '.join(self.interval_name(n) for n in range(len(self.intervals)))}"
        low = self.facts.low if self.facts else None
        return str(Interval(-math.inf if low is None else low, self.intervals[0].low, low_in=low is not None))

    def interval_name(self, n: int, high: float | None = None) -> str:
        """The name of an interval as configured. The interval of a threshold ends at the largest value (or `high`, if larger)."""
        interval = self.intervals[n]
        if interval != above(interval.low):
            return str(self.values[0]) if self.values else str(interval)
        if self.private:
            return f"(> {text_of(interval.low)})"
        highest = max((x for x in (self.facts.high if self.facts else None, high) if x is not None), default=math.inf)
        as_float = self.kind is not Kind.INTEGER and self.kind is not Kind.STRING
        low, top = (float(x) if as_float else int(x) if math.isfinite(x) and x == int(x) else x for x in (interval.low, highest))
        return str(Interval(low, top))

    @property
    def read_as(self) -> str:
        """How a single configured number is read: `value` or `threshold`; empty without a number, and for several."""
        if len(self.values) != 1 or is_interval(self.values) or number_of(self.values[0]) is None or self.kind is Kind.BOOLEAN:
            return ""
        return "threshold" if self.intervals else "value"

    @property
    def _meaning(self) -> str:
        """Describes the rows that a single configured number selects."""
        value = text_of(self.values[0])
        return (
            f"{value} is a threshold: rows above it are selected"
            if self.intervals
            else f"{value} is a value: rows that equal it are selected"
        )

    def _could_be_both(self) -> bool:
        """Whether a single configured number could be a value or a threshold: it is an integer in the range of a column of more than two
        integers, and not the largest. Floats without gaps are always read as numbers."""
        number, facts = number_of(self.values[0]) if self.read_as else None, self.facts
        if number is None or facts is None or facts.distinct <= 2 or facts.low is None or facts.high is None:
            return False
        integers = facts.whole and (self.kind not in (Kind.FLOAT, Kind.DECIMAL) or facts.present < facts.rows)
        return integers and facts.low <= number < facts.high and number == int(number)

    def warnings(self) -> list[Noted]:
        """Warnings about how the column was read, and about hidden values of a private column."""
        made = []
        found, other = ("continuous", "categorical") if self.intervals else ("categorical", "continuous")
        if len(self.values) > 1 and self._is_read() and all(number_of(v) is not None for v in self.values):
            if self.facts is not None and reading(self.kind, self.facts, self.values[:1]) == "continuous":
                message = (
                    f"column {self.column!r} is continuous, and {len(self.values)} values are configured: rows that equal one of them "
                )
                message += f'are selected. For a range write an interval such as "({self.values[0]}, {self.values[-1]}]"'
                made.append(("VALUES_ON_CONTINUOUS", self.column, message))
        elif self.facts is not None and self._is_read() and is_ambiguous(self.kind, self.facts):
            message = f"integer column {self.column!r} has {self.facts.distinct} different values in {self.facts.present:,} rows and is "
            message += f"read as {found}; with other rows it could be {other}. State it: types: {{{self.column}: {found}}}"
            message += f", or {other}. {self._meaning}" if self.read_as else ""
            made.append(("AMBIGUOUS_TYPE", self.column, message))
        elif self._is_read() and self._could_be_both():
            message = f"column {self.column!r} is read as {found}, so {self._meaning}; it could be read the other way. "
            message += f"State it: types: {{{self.column}: {found}}}, or {other}"
            made.append(("VALUE_OR_THRESHOLD", self.column, message))
        if self.private and not self.values:
            message = f"column {self.column!r} is private: its values are named by their order; `show_private: true` shows them"
            made.append(("PRIVATE_VALUES", self.column, message))
        return made

    def _is_read(self) -> bool:
        """Whether the facts decided how the column is read."""
        return self.stated is None and not self.is_cut and not is_interval(self.values)


def is_ambiguous(kind: Kind, facts: ColumnFacts) -> bool:
    """Whether a few more or fewer rows could change how an integer column is read."""
    return kind is Kind.INTEGER and 3 <= facts.distinct <= 100 and 0.01 * facts.present <= facts.distinct <= 0.25 * facts.present


def ordered(keys: Iterable[Key]) -> tuple[Key, ...]:
    """The distinct keys, ascending; the category of missing values is last."""
    return tuple(sorted({k for k in keys if k is not None}, key=lambda k: (k == MISSING_KEY, k)))


def interval_of(column: str, values: Sequence[Any]) -> Interval:
    """The interval that a configured value selects: an interval itself; a number is an exclusive lower bound."""
    found = Interval.parsed(values[0]) if values else None
    number = number_of(values[0]) if values else None
    if found is not None:
        return found
    if number is not None:
        return above(number)
    raise RequestError(
        f"column {column!r} is continuous, and {f'{values[0]!r} is not a number' if values else 'no threshold is given'}",
        accepted='a number as exclusive lower bound, an interval such as "(20, 40]", or quantiles',
        hint=f"or state that its values are categories: types: {{{column}: categorical}}",
        code="no-threshold",
    )


def quantiles(counts: Mapping[Key, int], parts: int) -> list[float]:
    """The interpolated quantiles 0, 1/parts … 1 of counted finite numbers. Source: Hyndman and Fan 1996, type 7.

    >>> quantiles({1: 1, 2: 1, 4: 2}, 4)
    [1.0, 1.75, 3.0, 4.0, 4.0]
    """
    there = sorted((float(x), n) for x, n in counts.items() if x is not None and math.isfinite(x))
    if not there:
        return []
    values, ends = np.array([x for x, _ in there]), np.cumsum([n for _, n in there])
    ranks = (ends[-1] - 1) * np.arange(parts + 1) / parts
    low, high = (values[np.searchsorted(ends, r, side="right")] for r in (np.floor(ranks), np.ceil(ranks)))
    found: list[float] = (low + (high - low) * (ranks - np.floor(ranks))).tolist()
    return found


def between(edges: Sequence[float | None], integers: bool) -> tuple[Interval, ...]:
    """Intervals [q₀, q₁), [q₁, q₂) … between quantiles, the last one closed; equal quantiles make one edge.

    If only the smallest and the largest value are left, the one that most rows have is an interval of its own.

    >>> [str(i) for i in between([17.0, 28.0, 37.0, 37.0, 90.0], integers=True)]
    ['[17, 28)', '[28, 37)', '[37, 90]']
    >>> [str(i) for i in between([0, 0, 0, 90], integers=True)]
    ['[0, 0]', '(0, 90]']
    >>> [str(i) for i in between([0.0, (0.3 + 0.1 + 0.2) / 2, 1.0], integers=False)]
    ['[0.0, 0.3)', '[0.3, 1.0]']
    """
    found = sorted({math.ceil(e) if integers else e for e in edges if e is not None})
    if not integers:
        found[1:-1] = [float(f"{e:.14g}") for e in found[1:-1]]  # hide rounding errors of interpolation in the names
    if len(found) == 1:
        return (Interval(found[0], found[0], True, True),)
    if len(found) == 2 and len(edges) > 2:
        low, high = found
        if edges[1] == low:
            return Interval(low, low, True, True), Interval(low, high, False, True)
        return Interval(low, high, True, False), Interval(high, high, True, True)
    pairs = list(pairwise(found))
    return tuple(Interval(low, high, True, n == len(pairs) - 1) for n, (low, high) in enumerate(pairs))
