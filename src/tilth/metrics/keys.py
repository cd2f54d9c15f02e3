"""Metrics of frequencies: folds over the groups of equal values in one or more columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tilth.engine.expressions import all_rows, col, eq, gt, if_else, is_null, lit
from tilth.engine.operations.aggregates import CountIf, GroupEntropy, MostFrequentKey, SumOrZero, TopKeys
from tilth.engine.statistics import Statistic, count, key, over_groups, size
from tilth.errors import Gap
from tilth.metrics.metric import Metric, ratio


def _once(columns: tuple[str, ...]) -> Statistic:
    return over_groups(CountIf.of(eq(size(), lit(1))), columns)


def _groups(columns: tuple[str, ...]) -> Statistic:
    return over_groups(all_rows(), columns)


@dataclass(frozen=True)
class Uniqueness(Metric):
    """Keys that occur once / rows whose key is not entirely null, in [0, 1]. None without such rows.

    Partly null keys count, and null equals null in them. Source: Deequ's Uniqueness, DQDL `Uniqueness`.
    """

    range = (0, 1)
    columns: tuple[str, ...]

    def needs(self) -> tuple[Statistic, ...]:
        return _once(self.columns), over_groups(SumOrZero.of(size()), self.columns)

    def value(self, once: int, rows: int) -> float | None:
        return ratio(once, rows)


@dataclass(frozen=True)
class UniqueValueRatio(Metric):
    """Values that occur once / distinct values, in [0, 1]. None without values. Source: DQDL `UniqueValueRatio`."""

    range = (0, 1)
    column: str

    def needs(self) -> tuple[Statistic, ...]:
        return _once((self.column,)), _groups((self.column,))

    def value(self, once: int, groups: int) -> float | None:
        return ratio(once, groups)


@dataclass(frozen=True)
class DistinctValues(Metric):
    """The number of distinct values, null counted as one. Source: DQDL `DistinctValuesCount`."""

    range = (0, math.inf)
    column: str

    def needs(self) -> tuple[Statistic, ...]:
        return _groups((self.column,)), count(is_null(col(self.column)))

    def value(self, groups: int, nulls: int) -> int:
        return groups + (1 if nulls else 0)


@dataclass(frozen=True)
class DistinctKeys(Metric):
    """The number of distinct combinations of some columns' values, without the entirely null one."""

    range = (0, math.inf)
    columns: tuple[str, ...]

    def needs(self) -> tuple[Statistic, ...]:
        return (_groups(self.columns),)


@dataclass(frozen=True)
class DuplicateRows(Metric):
    """The number of rows whose key occurs more than once: every member of such a group counts.

    Rows whose key is entirely null are excluded. Source: DQDL `DuplicateRowCount`.
    """

    range = (0, math.inf)
    columns: tuple[str, ...]

    def needs(self) -> tuple[Statistic, ...]:
        return (over_groups(SumOrZero.of(if_else(gt(size(), lit(1)), size(), lit(0))), self.columns),)


@dataclass(frozen=True)
class Entropy(Metric):
    """−Σ p ln p over a column's values, in nats, 0 or more. None without values. Source: DQDL `Entropy`, natural logarithm."""

    range = (0, math.inf)
    column: str

    def needs(self) -> tuple[Statistic, ...]:
        return (over_groups(GroupEntropy.of(size()), (self.column,)),)

    def value(self, found: float | None) -> float | None:
        return None if found is None else max(0.0, found)


@dataclass(frozen=True)
class Frequencies(Metric):
    """How often each value (or combination of values) occurs, null included: a dict from the tuple of values to the count.

    Most frequent first, ties by value, null last. All groups are fetched into Python, so this is for columns of few values.
    """

    columns: tuple[str, ...]

    def needs(self) -> tuple[Statistic, ...]:
        return (count().grouped(*(col(c) for c in self.columns)),)

    def value(self, found: dict[tuple[object, ...], int]) -> dict[tuple[object, ...], int]:
        there = ((key, n) for key, n in found.items() if n)  # a filter leaves empty groups
        return dict(sorted(there, key=lambda pair: (-pair[1], [(v is None, v) for v in pair[0]])))


@dataclass(frozen=True)
class MostFrequent(Metric):
    """The most frequent value that is not null; the smallest one in case of ties. None without values."""

    column: str

    def needs(self) -> tuple[Statistic, ...]:
        return (over_groups(MostFrequentKey.of(key(0), size()), (self.column,)),)


@dataclass(frozen=True)
class TopValues(Metric):
    """The `most` most frequent values that are not null, as pairs of value and count: most frequent first, ties by value.

    Computed in the engine, so any number of distinct values is possible; `most` is below a million.
    """

    column: str
    most: int

    @property
    def fills(self) -> str:
        return self.column

    def filled(self, numbers: Sequence[Any], value: Any, n: int) -> Any:
        counts = dict(self.value(*numbers))
        if value not in counts and len(counts) >= self.most:
            raise Gap(f"{value!r} may occur outside the {self.most} most frequent values")
        counts[value] = counts.get(value, 0) + n
        return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[: self.most])

    def needs(self) -> tuple[Statistic, ...]:
        return (over_groups(TopKeys.of(key(0), size(), lit(self.most)), (self.column,)),)

    def value(self, found: Sequence[Any] | None) -> tuple[tuple[Any, int], ...]:
        pairs = (tuple(pair.values() if isinstance(pair, Mapping) else pair) for pair in found or ())
        return tuple((value, -int(n)) for n, value in pairs)
