"""resample: a row for each interval of time, made of the rows that fall into it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Column, Dataset, Kind, Roles, Schema
from tilth.engine.expressions import add, alias, all_rows, cast, coalesce, col, double, eq, if_else, is_null, lit, not_null, sub
from tilth.engine.layers import filtered, grouped, table
from tilth.engine.operations.aggregates import ExactSum, Quantile
from tilth.engine.operations.numbers import Divide, NanToNull
from tilth.engine.operations.operation import Struct, call
from tilth.engine.operations.rows import Copies, Refuse
from tilth.engine.operations.times import Micros
from tilth.engine.statistics import count, highest, lowest
from tilth.errors import Mistake, RequestError, listed
from tilth.steps.step import Learned, Learning, Step, reject_clashes
from tilth.steps.time.bins import Bins

ROWS = "n"  # the column that the step adds
BIN, NEXT, COPY = "\x1fbin", "\x1fnext", "\x1fcopy"
MOST_BINS = 1_000_000_000
UNORDERED = frozenset({Kind.MAP, Kind.LIST, Kind.STRUCT, Kind.OTHER})
Aggregation: TypeAlias = Literal["mean", "sum", "min", "max", "median", "first", "last", "count"]
NUMBERS = frozenset({"mean", "sum", "median"})  # the aggregations that are of numbers only


@dataclass(frozen=True)
class Resample(Step):
    """A row for each interval of time, made of the rows that fall into it.

    The intervals are those in which the clock shows a multiple of `every` since midnight, or since 1970-01-01 where it does not divide a
    day; weeks begin on Monday, several months with January of the year 0, so that three are a quarter. There is a row for every
    interval from the first to the last, also for those into which no row falls; the new column `n` says how many did.

    The values of a column become their mean, sum, smallest, largest, median, first or last value, or their count. Nulls are left out:
    without a value all but the count are null. Of rows at one time the smaller value is ahead. Sums and means of floats may differ
    in the last digit with the order of the rows.

    Elsewhere: pandas' `resample(every, closed=…, label=…, origin="epoch")`, where sums have `min_count=1`, and months are `MS`.

    Errors: no column of times; rows without a time; an interval that cannot be read, is shorter than a day for a column of dates, or makes
    more than 1,000,000,000 rows; an aggregation that a column's kind does not have; a column `n` that is there already.

    >>> print(Resample("1h", with_={"sales": "sum"}))
    resample(every='1h', with=[('sales', 'sum')])
    """

    name = "resample"
    parts = frozenset({"rows"})
    learns = False
    shorthand = "every"

    every: str
    """The length of an interval: a number and ms, s, min, h, d, w, mo, q or y, or the unit in words, such as `15 min`, `1h` or `month`."""
    time: str = ""
    """The column of times. Default: the role time."""
    numbers: Aggregation = "mean"
    """What becomes of the numbers in an interval."""
    others: Literal["min", "max", "first", "last", "count"] = "last"
    """What becomes of the values of columns that are not numeric."""
    with_: tuple[tuple[str, Aggregation], ...] | Mapping[str, Aggregation] = ()
    """Column → what becomes of its values, where that differs."""
    missing: Literal["error", "drop"] = "error"
    """What becomes of rows without a time."""
    closed: Literal["left", "right"] = "left"
    """Which of its ends belongs to an interval."""
    label: Literal["left", "right"] = "left"
    """Which of its ends an interval is named by."""

    def __post_init__(self) -> None:
        if isinstance(self.with_, Mapping):
            object.__setattr__(self, "with_", tuple(self.with_.items()))
        _ = self.bins

    @property
    def bins(self) -> Bins:
        """The intervals. Errors: `RequestError` for a text that describes none."""
        found = Bins.read(self.every, self.closed == "right")
        if found is None:
            accepted = "a number and ms, s, min, h, d, w, mo, q or y, such as `15 min` or `1 month`"
            raise RequestError(f"resample: `every` is {self.every!r}", accepted=accepted, code="bad-value")
        return found

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        time = self._time(schema, roles)
        named = dict(self.with_)
        unknown = [
            Mistake(f"resample: there is no column {c!r} to aggregate", accepted=listed(schema.names)) for c in named if c not in schema
        ]
        values = [c for c in schema if c.name != time.name]
        RequestError.reject([*unknown, *self.unfit([time], self._no_time), *self.unfit(values, lambda c: _refusal(c, self._kind_of(c)))])
        reject_clashes(self.name, schema, {"": {ROWS: lit(0)}})
        micros = Micros.of(col(time.name))
        low, high, missing = lowest(micros), highest(micros), count(is_null(col(time.name)))
        found = yield (low, high, missing)
        if found[missing] and self.missing == "error":
            message = f"resample: {found[missing]:,} rows have no time ({time.name!r})"
            raise RequestError(message, hint="`missing: drop` leaves them out", code="no-time")
        bins = 0 if found[low] is None else self.bins.between(found[low], found[high])
        if bins > MOST_BINS:
            message = f"resample: from the first time to the last there are {bins:,} intervals of {self.every}"
            raise RequestError(
                message, accepted=f"up to {MOST_BINS:,}", hint="look for a wrong time, or use longer ones", code="too-many-rows"
            )
        return {"": {"time": time.name}}

    def _time(self, schema: Schema, roles: Roles) -> Column:
        name = self.time or roles.time
        if not name:
            hint = "name it: `time: COLUMN`, or the role `time` under `data`"
            raise RequestError("resample: no column of times is named", hint=hint, code="no-time")
        return schema[name]

    def _no_time(self, time: Column) -> str:
        if not time.kind.temporal:
            return "is not a time (cast or parse it first)"
        return "has days, and the intervals are shorter (cast it to timestamp)" if time.kind is Kind.DATE and not self.bins.days else ""

    def _kind_of(self, column: Column) -> str:
        """The aggregation of a column."""
        return dict(self.with_).get(column.name) or (self.numbers if column.kind.numeric else self.others)

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        time = schema[learned[""]["time"]]
        if self.missing == "drop":
            data = filtered(data, not_null(col(time.name)))
        refused = Refuse.of(lit(f"resample: a row has no time ({time.name!r}): `missing: drop` leaves such rows out"))
        data = data.change({BIN: if_else(is_null(col(time.name)), refused, self.bins.bin_of(time))})
        binned = exp.Select(expressions=[col(BIN), *self._aggregates(time, schema), alias(all_rows(), ROWS)]).from_(table(BELOW))
        window = exp.Window(this=exp.Lead(this=col(BIN)), order=_order(BIN))
        spread = exp.Select(expressions=[exp.Star(), alias(window, NEXT)]).from_(grouped(binned, [col(BIN)]).subquery("binned"))
        copies = Copies.of(coalesce(sub(col(NEXT), col(BIN)), lit(1)))
        every = exp.Select(expressions=[exp.Star(), alias(copies, COPY)]).from_(spread.subquery("spread"))
        number = add(col(BIN), col(COPY))
        number = add(number, lit(1)) if self.label == "right" else number
        made = {c.name: self._in_gaps(c) for c in schema} | {time.name: self.bins.start(number, time.kind)}
        made[ROWS] = if_else(eq(col(COPY), lit(0)), col(ROWS), lit(0))
        final = exp.Select(expressions=[alias(tree, name) for name, tree in made.items()]).from_(every.subquery("every"))
        return data.rows(final, out=made)

    def _aggregates(self, time: Column, schema: Schema) -> Iterable[Tree]:
        when = Micros.of(col(time.name))
        return [alias(AGGREGATES[self._kind_of(c)](c, when), c.name) for c in schema if c.name != time.name]

    def _in_gaps(self, column: Column) -> Tree:
        """What a column is in an interval, also in those without rows."""
        kind = self._kind_of(column)
        x = NanToNull.of(col(column.name)) if kind in NUMBERS and column.kind is Kind.FLOAT else col(column.name)  # of infinities
        return if_else(eq(col(COPY), lit(0)), x, lit(0) if kind == "count" else None)


def _order(name: str) -> exp.Order:
    return exp.Order(expressions=[exp.Ordered(this=col(name))])


def _mean(column: Column, when: Tree) -> Tree:
    return Divide.of(double(_total(column)), exp.Count(this=col(column.name)))


def _sum(column: Column, when: Tree) -> Tree:
    return cast(_total(column), Kind.INTEGER) if column.kind is Kind.INTEGER else _total(column)


def _total(column: Column) -> Tree:
    return ExactSum.of(col(column.name)) if column.kind is Kind.INTEGER else exp.Sum(this=col(column.name))


def _at_end(end: str) -> Callable[[Column, Tree], Tree]:
    def aggregate(column: Column, when: Tree) -> Tree:
        x = col(column.name)
        return call(end, x, if_else(not_null(x), Struct.of(when, x)))

    return aggregate


AGGREGATES: Mapping[str, Callable[[Column, Tree], Tree]] = {
    "mean": _mean,
    "sum": _sum,
    "min": lambda c, _: exp.Min(this=col(c.name)),
    "max": lambda c, _: exp.Max(this=col(c.name)),
    "median": lambda c, _: Quantile.of(double(col(c.name)), lit(0.5)),
    "first": _at_end("min_by"),
    "last": _at_end("max_by"),
    "count": lambda c, _: exp.Count(this=col(c.name)),
}


def _refusal(column: Column, aggregation: str) -> str:
    if column.kind in UNORDERED and aggregation != "count":
        return "cannot be aggregated: its values have no order (drop it ahead of this step, or count it)"
    return f"has no {aggregation}: it is not numeric" if aggregation in NUMBERS and not column.kind.numeric else ""
