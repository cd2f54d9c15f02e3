"""The mean of a value over time, each value weighted by how long it lasts: until the next one of its series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Column, Dataset, Kind
from tilth.engine.expressions import add, alias, and_, coalesce, col, double, eq, if_else, is_null, least, lit, mul, not_null, number, sub
from tilth.engine.layers import selected, table
from tilth.engine.operations.numbers import Divide, Finite, NanToNull
from tilth.steps.rows.aggregations import Asked
from tilth.steps.time.bins import HOUR, Bins
from tilth.steps.time.points import AT, BIN, COPY, FIRST_AT, LAST, Series

NEXT_AT, AREA, BEFORE, HELD = "\x1fnext at ", "\x1farea ", "\x1fheld before ", "\x1fheld "


@dataclass(frozen=True)
class Weighted:
    """Computes the time-weighted mean of a numeric column in each interval.

    Contributions are in units of the longest interval, so that they do not exceed the value itself.
    """

    column: Column
    bins: Bins

    @property
    def name(self) -> str:
        """The name of the column."""
        return self.column.name

    @property
    def longest(self) -> int:
        """The longest time that an interval lasts, in microseconds."""
        return self.bins.longest + HOUR

    def observed(self, when: Tree) -> Mapping[str, Tree]:
        """The column of times at which it has a value."""
        return {AT + self.name: if_else(not_null(Finite.of(number(self.column))), when)}

    def following(self, by: tuple[str, ...]) -> Tree:
        """The time at which a series has its next value."""
        order = [exp.Ordered(this=col(AT + self.name), nulls_first=False), exp.Ordered(this=number(self.column), nulls_first=False)]
        return exp.Window(this=exp.Lead(this=col(AT + self.name)), partition_by=[col(c) for c in by], order=exp.Order(expressions=order))

    def area(self) -> Mapping[str, Tree]:
        """The area that a value adds to its interval: itself times how long it lasts there."""
        end, at = self.bins.micros(add(col(BIN), lit(1))), col(AT + self.name)
        lasts = sub(least(coalesce(col(NEXT_AT + self.name), end), end.copy()), at)
        return {AREA + self.name: if_else(not_null(at), self._part(mul(Finite.of(number(self.column)), double(lasts))))}

    def _part(self, tree: Tree) -> Tree:
        return mul(tree, lit(1.0 / self.longest))

    def asked(self) -> list[Asked]:
        """The aggregates of the rows in an interval."""
        area, at = Column(AREA + self.name, Kind.FLOAT), Column(AT + self.name, Kind.INTEGER)
        return [Asked(area, "sum", area.name), Asked(at, "min", FIRST_AT + self.name), Asked(self.column, "last", LAST + self.name)]

    def around(self, series: Series) -> Mapping[str, Tree]:
        """The value at the start of an interval, and the value at its end."""
        last = col(LAST + self.name)
        return {BEFORE + self.name: series.last(last, own=False), HELD + self.name: series.last(last)}

    def mean(self, here: Tree) -> Tree:
        """The mean over an interval, from the first value of its series on."""
        start, end = self.bins.micros(here), self.bins.micros(add(here, lit(1)))
        first, before, area = (col(prefix + self.name) for prefix in (FIRST_AT, BEFORE, AREA))
        alone = Divide.of(area, self._part(double(sub(end, first))))
        ahead = add(area, self._part(mul(double(before), double(sub(first, start)))))
        whole = Divide.of(ahead, self._part(double(sub(end.copy(), start.copy()))))
        own = NanToNull.of(if_else(is_null(before), coalesce(alone, double(col(LAST + self.name))), whole))
        return if_else(and_(eq(col(COPY), lit(0)), not_null(first)), own, double(col(HELD + self.name)))


def with_areas(data: Dataset, columns: list[Weighted], by: tuple[str, ...], when: Tree) -> Dataset:
    """The rows, with what each value adds to its interval."""
    if not columns:
        return data
    data = data.change({name: tree for c in columns for name, tree in c.observed(when).items()})
    nexts = [alias(c.following(by), NEXT_AT + c.name) for c in columns]
    beside = selected([*map(col, data.names), *nexts], table(BELOW))
    data = data.rows(beside, out=(*data.names, *(NEXT_AT + c.name for c in columns)))
    return data.change({name: tree for c in columns for name, tree in c.area().items()})
