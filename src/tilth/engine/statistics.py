"""Statistics: the needs that SQL aggregates answer, of few, closed kinds, each with a merge law.

| kind | made by | merges by |
|---|---|---|
| row aggregate | `count`, `total`, `lowest`, `highest` | adding, or taking the lower or higher |
| moment | `central_moment` | with counts and sums, in the metric that asks for all three |
| quantile, standardised moment, different values | `quantile`, `standard_moment`, `distinct` | not: the rows are asked again |
| fold over groups of equal values | `over_groups` | not: the groups are counted again |
| one number per group | any of them with `by` | group by group |

Statistics are values: equal ones are computed once.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import all_rows, col, columns_of, lit, own
from tilth.engine.needs import Need, of_nothing
from tilth.engine.operations.aggregates import CountDistinct, ExactSum, Quantile
from tilth.engine.operations.sums import CentralMoment2, Correlated, DoubleSum, StandardMoment3, StandardMoment4
from tilth.errors import Gap


@dataclass(frozen=True)
class Statistic(Need):
    """A number of a table: an aggregate over its rows, or with `per` over groups of equal values of these columns.

    Over groups, the aggregate reads the keys of a group as `key(0)` … and its size as `size()`. Rows whose keys are all null form no group.
    """

    aggregate: Tree
    per: tuple[str, ...] = ()

    @cached_property
    def reads(self) -> set[str]:
        return (set(self.per) or columns_of(self.aggregate)) | self._around()

    @property
    def of_nothing(self) -> Any:
        return of_nothing(self.aggregate)

    def of_copies(self, value: Any, n: int) -> Any:
        law = None if self.per or self.by else COPIES.get(type(self.aggregate))
        return super().of_copies(value, n) if law is None else law(value, n)

    def merge(self, a: Any, b: Any) -> Any:
        if self.by:
            alone = replace(self, by=())
            return {key: alone.merge(a.get(key), b.get(key)) for key in a.keys() | b.keys()}
        merge = None if self.per else MERGES.get(type(self.aggregate))
        if merge is None:
            raise Gap(f"{type(self.aggregate).__name__} of parts does not give that of the whole", hint="measure the whole again")
        return a if b is None else b if a is None else merge(a, b)


COPIES: dict[type[Tree], Callable[[Any, int], Any]] = {
    exp.Count: lambda value, n: n,
    **dict.fromkeys((exp.Sum, DoubleSum), lambda value, n: n * float(value)),
    CentralMoment2: lambda value, n: 0.0,
    **dict.fromkeys((exp.Min, exp.Max), lambda value, n: float(value)),
}
MERGES: dict[type[Tree], Callable[[Any, Any], Any]] = {
    **dict.fromkeys((exp.Count, exp.Sum, DoubleSum, ExactSum), operator.add),
    exp.Min: min,
    exp.Max: max,
}


def count(where: Tree | None = None) -> Statistic:
    """The number of rows, or of rows for which a condition is true."""
    return Statistic(all_rows(), where=where)


def count_of(x: Tree) -> Statistic:
    """The number of rows in which x is not null."""
    return Statistic(exp.Count(this=own(x)))


def distinct(x: Tree) -> Statistic:
    """The number of distinct values that are not null."""
    return Statistic(CountDistinct.of(x))


def total(x: Tree, exact: bool = False) -> Statistic:
    """The sum; `exact` for integers. Null over no values."""
    return Statistic((ExactSum if exact else DoubleSum).of(x))


def lowest(x: Tree) -> Statistic:
    """The smallest value; null over no values."""
    return Statistic(exp.Min(this=own(x)))


def highest(x: Tree) -> Statistic:
    """The largest value; null over no values."""
    return Statistic(exp.Max(this=own(x)))


def central_moment(x: Tree) -> Statistic:
    """Σ(x − mean)²."""
    return Statistic(CentralMoment2.of(x))


def standard_moment(x: Tree, power: Literal[3, 4]) -> Statistic:
    """Σ(x − mean)ᵏ / m over the standard deviation to the power of k; 0 for equal values, null over no values."""
    return Statistic((StandardMoment3 if power == 3 else StandardMoment4).of(x))


def correlation(x: Tree, y: Tree) -> Statistic:
    """Pearson's r over the rows where both are not null; null if undefined."""
    return Statistic(Correlated.of(x, y))


def quantile(x: Tree, q: float) -> Statistic:
    """The interpolated quantile at q, 0 to 1."""
    return Statistic(Quantile.of(x, lit(q)))


def over_groups(aggregate: Tree, columns: tuple[str, ...], where: Tree | None = None) -> Statistic:
    """A fold over the groups of equal values of some columns; `size()` is a group's size in it."""
    return Statistic(aggregate, columns, where=where)


def size() -> Tree:
    """A group's size, in a fold over groups."""
    return col("n")


def key(i: int) -> Tree:
    """The i-th key of a group, in a fold over groups."""
    return col(f"k{i}")
