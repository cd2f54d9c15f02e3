"""Metrics that compare a table with another one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Dataset
from tilth.engine.expressions import and_, col, double, eq, gt, if_else, lit, not_, not_null, or_, sub
from tilth.engine.needs import Relation, here, matched, rows_here, rows_there, there
from tilth.engine.operations.aggregates import CountDistinct, CountIf, SumOrZero
from tilth.engine.operations.operation import Struct
from tilth.metrics.metric import Metric

Keys = tuple[tuple[str, str], ...]
"""Pairs of a column of this table and one of the other."""

AGGREGATES: dict[str, Any] = {
    "sum": lambda column: exp.Sum(this=double(col(column))),
    "avg": lambda column: exp.Avg(this=double(col(column))),
    "min": lambda column: exp.Min(this=double(col(column))),
    "max": lambda column: exp.Max(this=double(col(column))),
    "count": lambda column: exp.Count(this=col(column)),
}


@dataclass(frozen=True)
class MatchedRows(Metric):
    """The number of rows whose key is in the other table; a key with a null does not match. Source: DQDL `ReferentialIntegrity`."""

    range = (0, math.inf)
    other: Dataset
    keys: Keys

    def needs(self) -> tuple[Relation, ...]:
        return (Relation(self.other, self.keys, SumOrZero.of(if_else(matched(), rows_here(), lit(0)))),)


@dataclass(frozen=True)
class EqualRows(Metric):
    """The number of rows with a row in the other table of the same key and equal values in all of `columns` (pairs), null equal to null.

    Keys should be unique in both tables: a key that occurs more often in one of them counts as unequal. Source: DQDL
    `DatasetMatch`.
    """

    range = (0, math.inf)
    other: Dataset
    keys: Keys
    columns: Keys

    @property
    def subject(self) -> tuple[str, ...]:
        return tuple(a for a, _ in (*self.keys, *self.columns))

    def needs(self) -> tuple[Relation, ...]:
        return (_of_pairs(self.other, self.keys, *(_same(pair) for pair in self.columns)),)


@dataclass(frozen=True)
class DifferingRows(Metric):
    """The number of rows with a row in the other table of the same key and another value in a column (a pair), null equal to null.

    Keys should be unique in both tables: a key that occurs more often in one of them does not count. Source: DQDL `DatasetMatch`.
    """

    range = (0, math.inf)
    other: Dataset
    keys: Keys
    pair: tuple[str, str]

    @property
    def subject(self) -> tuple[str, ...]:
        return tuple(a for a, _ in (*self.keys, self.pair))

    def needs(self) -> tuple[Relation, ...]:
        return (_of_pairs(self.other, self.keys, not_(_same(self.pair))),)


def _of_pairs(other: Dataset, keys: Keys, *conditions: Tree) -> Relation:
    """The number of keys with exactly one row in each table, and that meet the conditions."""
    single = and_(eq(rows_here(), lit(1)), eq(rows_there(), lit(1)))
    return Relation(other, keys, SumOrZero.of(if_else(and_(single, *conditions), lit(1), lit(0))))


def _same(pair: tuple[str, str]) -> Tree:
    a, b = pair
    return exp.NullSafeEQ(this=here(_only(a)), expression=there(_only(b)))


def _only(column: str) -> Tree:
    """The value of a group of one row."""
    return exp.Min(this=col(column))


@dataclass(frozen=True)
class RepeatedKeys(Metric):
    """The number of keys that occur more than once here, or are here and occur more than once in the other table.

    A key with a null does not count.
    """

    range = (0, math.inf)
    other: Dataset
    keys: Keys

    def needs(self) -> tuple[Relation, ...]:
        whole = [not_null(here(_only(a))) for a, _ in self.keys]
        repeated = and_(*whole, or_(gt(rows_here(), lit(1)), and_(matched(), gt(rows_there(), lit(1)))))
        return (Relation(self.other, self.keys, SumOrZero.of(if_else(repeated, lit(1), lit(0)))),)


@dataclass(frozen=True)
class RowsThere(Metric):
    """The number of rows of the other table."""

    range = (0, math.inf)
    other: Dataset

    def needs(self) -> tuple[Relation, ...]:
        return (Relation(self.other, (), exp.Max(this=rows_there())),)


@dataclass(frozen=True)
class KeysThere(Metric):
    """The number of distinct keys of the other table, or, if `repeated`, of its rows that repeat a key. Keys with a null do not count."""

    range = (0, math.inf)
    other: Dataset
    of: tuple[str, ...]
    repeated: bool = False

    def needs(self) -> tuple[Relation, ...]:
        whole = and_(*(not_null(col(c)) for c in self.of))
        key = if_else(whole, Struct.of(*map(col, self.of)))
        different = exp.Max(this=there(CountDistinct.of(key)))
        rows = exp.Max(this=there(CountIf.of(whole)))
        return (Relation(self.other, (), sub(rows, different) if self.repeated else different),)


@dataclass(frozen=True)
class AggregateThere(Metric):
    """An aggregate (`sum`, `avg`, `min`, `max`, `count`) of a column of the other table. None without values."""

    other: Dataset
    function: str
    of: str

    def needs(self) -> tuple[Relation, ...]:
        return (Relation(self.other, (), exp.Max(this=there(AGGREGATES[self.function](self.of)))),)
