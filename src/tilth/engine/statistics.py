"""What a table can be asked: statistics of few, closed kinds, each with a merge law.

| kind | made by | merges by |
|---|---|---|
| row aggregate | `count`, `total`, `lowest`, `highest` | adding, or taking the lower or higher |
| moment | `central_moment` | with counts and sums, in the metric that asks for all three |
| quantile, different values | `quantile`, `distinct` | not: the rows are asked again |
| fold over groups of equal values | `over_groups` | not: the groups are counted again |
| one number per group | any of them with `by` | group by group |

Statistics are values: equal ones are computed once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import all_rows, and_, col, columns_of, lit
from tilth.engine.operations import CentralMoment2, Correlated, CountDistinct, CountIf, ExactSum, Quantile, SumOrZero
from tilth.errors import Gap


@dataclass(frozen=True)
class Statistic:
    """A number of a table: an aggregate over its rows, or (`per`) over its groups of equal values.

    Over groups the aggregate sees each group's keys as `key(0)` … and its size as `size()`; rows whose keys are all null form no group.
    `where` keeps rows (a condition that is null keeps none), `by` gives one number per group of rows: a dict from a tuple
    of keys to the number.
    """

    aggregate: Tree
    where: Tree | None = None
    per: tuple[str, ...] = ()
    by: tuple[Tree, ...] = ()

    def filtered(self, condition: Tree | None) -> Statistic:
        """The same number of fewer rows."""
        if condition is None:
            return self
        return replace(self, where=condition if self.where is None else and_(self.where, condition))

    def grouped(self, *keys: Tree) -> Statistic:
        """The same number for each group of rows."""
        return replace(self, by=(*self.by, *keys))

    @property
    def reads(self) -> set[str]:
        """The table's columns that it looks at."""
        own = set(self.per) or columns_of(self.aggregate)
        return own.union(columns_of(self.where), *(columns_of(k) for k in self.by))

    @property
    def of_nothing(self) -> int | None:
        """The number over no rows: 0 for a count, null for the rest."""
        return 0 if isinstance(self.aggregate, exp.Count | CountIf | SumOrZero) else None

    def merge(self, a: Any, b: Any) -> Any:
        """The number of the whole from the numbers of two parts. `Gap` where the kind has no such law."""
        if self.by:
            alone = replace(self, by=())
            return {key: alone.merge(a.get(key), b.get(key)) for key in a.keys() | b.keys()}
        merge = None if self.per else MERGES.get(type(self.aggregate))
        if merge is None:
            raise Gap(f"{type(self.aggregate).__name__} of parts does not give that of the whole", hint="measure the whole again")
        return a if b is None else b if a is None else merge(a, b)


MERGES: dict[type[Tree], Callable[[Any, Any], Any]] = {
    exp.Count: lambda a, b: a + b,
    exp.Sum: lambda a, b: a + b,
    ExactSum: lambda a, b: a + b,
    exp.Min: min,
    exp.Max: max,
}


def count(where: Tree | None = None) -> Statistic:
    """The number of rows, or of those for which a condition is true."""
    return Statistic(all_rows(), where)


def count_of(x: Tree) -> Statistic:
    """The number of rows in which x is not null."""
    return Statistic(exp.Count(this=x.copy()))


def distinct(x: Tree) -> Statistic:
    """The number of different values that are not null."""
    return Statistic(CountDistinct.of(x))


def total(x: Tree, exact: bool = False) -> Statistic:
    """The sum; `exact` for integers. Null over no values."""
    return Statistic(ExactSum.of(x) if exact else exp.Sum(this=x.copy()))


def lowest(x: Tree) -> Statistic:
    """The smallest value; null over no values."""
    return Statistic(exp.Min(this=x.copy()))


def highest(x: Tree) -> Statistic:
    """The largest value; null over no values."""
    return Statistic(exp.Max(this=x.copy()))


def central_moment(x: Tree) -> Statistic:
    """Σ(x − mean)²."""
    return Statistic(CentralMoment2.of(x))


def correlation(x: Tree, y: Tree) -> Statistic:
    """Pearson's r over the rows where both are there; null where it is not defined."""
    return Statistic(Correlated.of(x, y))


def quantile(x: Tree, q: float) -> Statistic:
    """The interpolated quantile at q, 0 to 1."""
    return Statistic(Quantile.of(x, lit(q)))


def over_groups(aggregate: Tree, columns: tuple[str, ...], where: Tree | None = None) -> Statistic:
    """A fold over the groups of equal values of some columns; `size()` is a group's size in it."""
    return Statistic(aggregate, where, columns)


def size() -> Tree:
    """A group's size, in a fold over groups."""
    return col("n")


def key(i: int) -> Tree:
    """The i-th key of a group, in a fold over groups."""
    return col(f"k{i}")
