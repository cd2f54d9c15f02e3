"""What the values of many rows become: the aggregations that the steps of groups and windows share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Column, Dataset, Kind
from tilth.engine.expressions import add, alias, all_rows, and_, cast, col, eq, if_else, lit, mul, not_null, null_if, number, sub
from tilth.engine.layers import grouped, selected, table
from tilth.engine.operations.aggregates import CountDistinct, ExactSum, LowerMedian, Middle
from tilth.engine.operations.numbers import Divide, Finite, NanToNull
from tilth.engine.operations.operation import Struct, call
from tilth.engine.operations.slices import Over, Reach, cut, half, joined, parts, square_error, total, variance
from tilth.engine.statistics import Statistic, highest, lowest

Aggregation: TypeAlias = Literal["mean", "sum", "min", "max", "median", "std", "var", "first", "last", "mode", "count", "distinct"]
AGGREGATED: Mapping[str, Kind] = {
    **dict.fromkeys(("mean", "median", "std", "var"), Kind.FLOAT),
    **dict.fromkeys(("count", "distinct"), Kind.INTEGER),
}
"""Aggregation → the kind of its result, if it is not the kind of the column."""
NUMBERS = frozenset({"mean", "sum", "median", "std", "var"})  # aggregations for numbers only
COUNTS = frozenset({"count", "distinct"})  # aggregations that are 0 without values
VALUES = frozenset({"min", "max", "first", "last", "mode"})  # those that are one of the values
SPREAD = frozenset({"std", "var"})
UNORDERED = frozenset({Kind.MAP, Kind.LIST, Kind.STRUCT, Kind.OTHER})
FREQUENCY, LATEST = "\x1ffrequency ", "\x1flatest "  # in front of a column's name: of its values in their group
UPPER, SQUARE, ERROR = "\x1fupper ", "\x1fsquare ", "\x1ferror "  # of a number: its upper half, its square, and what that lacks
MIDDLES = ("\x1flower ", "\x1fupper ")  # in front of the name of a median
PARTS = ("\x1fn ", "\x1fsum ", "\x1fsum lacks ", "\x1fsquares ", "\x1fsquares lack ", "\x1frange ")  # in front of the name of a variance


class Asked(NamedTuple):
    """An aggregation of a column, and the name of the result."""

    column: Column
    aggregation: str
    name: str

    @property
    def kind(self) -> Kind:
        """The kind of the result."""
        return AGGREGATED.get(self.aggregation, self.column.kind)

    @property
    def unfit(self) -> str:
        """Why the column has no such aggregation; empty if it has."""
        if self.column.kind in UNORDERED and self.aggregation != "count":
            return "cannot be aggregated: its values have no order (drop it before this step, or count it)"
        return f"has no {self.aggregation}: it is not numeric" if self.aggregation in NUMBERS and not self.column.kind.numeric else ""


def no_key(column: Column) -> str:
    """Why a column cannot be part of the key of a group; empty if it can."""
    return "cannot be a key: its values cannot be compared" if column.kind in UNORDERED else ""


def magnitudes(asked: Iterable[Asked]) -> Mapping[str, tuple[Statistic, Statistic]]:
    """Column → smallest and largest magnitude apart from 0, for the columns whose sums use slices."""
    found = {}
    for c in dict.fromkeys(c for c, how, _ in asked if _is_cut(c, how)):
        size = exp.Abs(this=Finite.of(number(c)))
        found[c.name] = (lowest(null_if(size, lit(0.0))), highest(size))
    return found


def sizes(asked: Mapping[str, tuple[Statistic, Statistic]], found: Mapping[Any, Any]) -> dict[str, list[float | None]]:
    """The answers to `magnitudes`, as a step keeps them."""
    return {column: [found[s] for s in pair] for column, pair in asked.items()}


def _is_cut(column: Column, aggregation: str) -> bool:
    """Whether the numbers of a column are cut into slices for an aggregation."""
    return aggregation in SPREAD or (aggregation in ("sum", "mean") and column.kind is Kind.FLOAT)


def _of_group(aggregate: Tree) -> Tree:
    return aggregate


@dataclass(frozen=True)
class Aggregates:
    """The trees of aggregations over the rows of a group, or (`over`) of a window. The table is that which `below` gives.

    `sizes` are the answers to `magnitudes` by column, `rows` is the number of rows. `order` are the values that rows are ordered by, for
    their first and last value: of rows that are equal in them the one with the smaller value is ahead, and rows that lack one are left out.
    Of equally frequent values the mode is the one with the largest `latest`, if that is stated, then the smallest.
    """

    sizes: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    rows: int = 0
    over: Over = _of_group
    order: Sequence[Tree] = ()
    latest: Tree | None = None

    def below(self, data: Dataset, asked: Sequence[Asked]) -> Dataset:
        """The table with additional columns from which sums and variances are computed."""
        spread = list(dict.fromkeys(c for c, how, _ in asked if how in SPREAD))
        data = data.change({UPPER + c.name: half(number(c)) for c in spread} | {SQUARE + c.name: mul(number(c), number(c)) for c in spread})
        data = data.change({ERROR + c.name: square_error(number(c), col(UPPER + c.name), col(SQUARE + c.name)) for c in spread})
        cuts = [cut(number(c), c.name, self._reach(c)) for c in dict.fromkeys(c for c, how, _ in asked if _is_cut(c, how))]
        cuts += [cut(col(SQUARE + c.name), SQUARE + c.name, self._reach(c).squares) for c in spread]
        cuts += [cut(col(ERROR + c.name), ERROR + c.name, self._reach(c).errors) for c in spread]
        for layer in zip_longest(*cuts, fillvalue=MappingProxyType({})):
            data = data.change({name: tree for made in layer for name, tree in made.items()})
        return data

    def grouped(self, asked: Sequence[Asked], keys: Sequence[str], count: str = "") -> exp.Select:
        """The select, from the table below, of a row for each group: its keys, its results, and its number of rows if that has a name."""
        trees = [alias(tree, name) for a in asked for name, tree in self.asked(a).items()]
        rows = [alias(all_rows(), count)] if count else []
        inner = selected([*map(col, keys), *trees, *rows], self._ranked(asked, keys))
        found, name = grouped(inner, [col(k) for k in keys]), "grouped"
        if sums := self.joined(asked):
            others = [*keys, *(name for a in asked for name in self.asked(a) if name not in sums), *(count for _ in rows)]
            chosen = [*map(col, others), *(alias(tree, name) for name, tree in sums.items())]
            found, name = selected(chosen, found, name), "joined"
        made = [alias(self.made(a), a.name) for a in asked]
        return selected([*map(col, keys), *made, *(col(count) for _ in rows)], found, name)

    def _ranked(self, asked: Iterable[Asked], keys: Sequence[str]) -> Tree:
        """The table with two more columns for each mode: how frequent the value is in its group, and when it was seen last."""
        ranks = []
        for c in dict.fromkeys(c for c, how, _ in asked if how == "mode"):
            ends: dict[str, Tree] = {FREQUENCY: exp.Count(this=col(c.name))}
            if self.latest is not None:
                ends[LATEST] = exp.Max(this=self.latest.copy())
            among = (*keys, c.name)
            ranks += [alias(exp.Window(this=tree, partition_by=[col(k) for k in among]), rank + c.name) for rank, tree in ends.items()]
        return selected([exp.Star(), *ranks], table(BELOW)).subquery("ranked", copy=False) if ranks else table(BELOW)

    def asked(self, asked: Asked) -> Mapping[str, Tree]:
        """The aggregates over the rows; `joined` and then `made` compute the result from them."""
        column, aggregation, name = asked
        x, reach = number(column), self._reach(column)
        if aggregation == "median":
            return {part + name: self.over(Middle.of(y)) for part, y in zip(MIDDLES, (x, exp.Neg(this=x.copy())), strict=True)}
        if aggregation not in SPREAD:
            return {name: getattr(self, f"_{aggregation}")(column)}
        first, rest = parts(SQUARE + column.name, reach.squares, self.over)
        squares = first, add(rest, total(ERROR + column.name, reach.errors, self.over))
        ends = sub(self.over(exp.Max(this=x)), self.over(exp.Min(this=x.copy())))
        trees = (self._count(column), *parts(column.name, reach, self.over), *squares, ends)
        return {part + name: tree for part, tree in zip(PARTS, trees, strict=True)}

    def joined(self, asked: Iterable[Asked]) -> dict[str, Tree]:
        """Intermediate columns: for variances, the two parts of each sum as one number and its error."""
        names = [[part + a.name for part in pair] for a in asked if a.aggregation in SPREAD for pair in (PARTS[1:3], PARTS[3:5])]
        return {name: tree for pair in names for name, tree in zip(pair, joined(*map(col, pair)), strict=True)}

    def made(self, asked: Asked) -> Tree:
        """The result; of infinities of both signs there is none."""
        column, aggregation, name = asked
        if aggregation == "median":  # how engines interpolate differs
            lower, upper = (LowerMedian.of(col(part + name)) for part in MIDDLES)
            return NanToNull.of(mul(sub(lower, upper), lit(0.5)))
        if aggregation not in SPREAD:
            return NanToNull.of(col(name)) if aggregation in NUMBERS and column.kind is Kind.FLOAT else col(name)
        n, sum_, lacks, squares, squares_lack, ends = (col(p + name) for p in PARTS)
        found = variance(n, (sum_, lacks), half(sum_), (squares, squares_lack), half(squares))
        found = NanToNull.of(if_else(and_(eq(ends, lit(0.0)), not_null(found)), lit(0.0), found))
        return exp.Sqrt(this=found) if aggregation == "std" else found

    def _reach(self, column: Column) -> Reach:
        low, high = self.sizes.get(column.name, (None, None))
        return Reach.of(low, high, self.rows)

    def _mean(self, column: Column) -> Tree:
        return Divide.of(self._total(column), self._count(column))

    def _sum(self, column: Column) -> Tree:
        return cast(self._total(column), Kind.INTEGER) if column.kind is Kind.INTEGER else self._total(column)

    def _total(self, column: Column) -> Tree:
        if column.kind is Kind.FLOAT:
            return total(column.name, self._reach(column), self.over)
        return self.over(ExactSum.of(col(column.name)) if column.kind is Kind.INTEGER else exp.Sum(this=col(column.name)))

    def _min(self, column: Column) -> Tree:
        return self.over(exp.Min(this=col(column.name)))

    def _max(self, column: Column) -> Tree:
        return self.over(exp.Max(this=col(column.name)))

    def _first(self, column: Column) -> Tree:
        return self._at_end("min_by", column)

    def _last(self, column: Column) -> Tree:
        return self._at_end("max_by", column)

    def _at_end(self, end: str, column: Column) -> Tree:
        x = col(column.name)
        there = and_(not_null(x), *(not_null(o) for o in self.order))
        return call(end, x, if_else(there, Struct.of(*self.order, x)))

    def _mode(self, column: Column) -> Tree:
        x = col(column.name)
        ranks = [exp.Neg(this=col(rank + column.name)) for rank in (FREQUENCY, LATEST) if rank != LATEST or self.latest is not None]
        return call("min_by", x, if_else(not_null(x), Struct.of(*ranks, x)))

    def _count(self, column: Column) -> Tree:
        return self.over(exp.Count(this=col(column.name)))

    def _distinct(self, column: Column) -> Tree:
        return CountDistinct.of(col(column.name))
