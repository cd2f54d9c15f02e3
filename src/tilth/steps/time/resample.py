"""resample: makes one row for each interval of time from the rows in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Literal, TypeAlias

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Column, Dataset, Kind, Roles, Schema, select
from tilth.engine.expressions import add, alias, coalesce, col, double, eq, greatest, if_else, is_null, le, least, lit, mul, not_null, sub
from tilth.engine.layers import filtered, selected, table
from tilth.engine.operations.numbers import Divide, FloorDivide
from tilth.engine.operations.rows import Copies, Refuse
from tilth.engine.operations.times import Micros, known_zone
from tilth.engine.statistics import count, highest, lowest
from tilth.errors import Mistake, RequestError, unknown
from tilth.steps.clean.impute import constant
from tilth.steps.clean.map import Value
from tilth.steps.rows.aggregations import COUNTS, Aggregates, Aggregation, Asked, magnitudes, no_key, sizes
from tilth.steps.step import Learned, Learning, Selector, Step, reject_clashes
from tilth.steps.time.bins import UTC, Bins, moment
from tilth.steps.time.causal import ahead_of_time
from tilth.steps.time.points import BIN, COPY, Point, Series, between
from tilth.steps.time.weighted import AREA, Weighted, with_areas

Summary: TypeAlias = Aggregation | Literal["time_weighted_mean"]
WEIGHTED = "time_weighted_mean"
LATER = ("backward", "nearest", "linear")  # the ways to fill by a later value
PHASE, SEASONAL = "\x1fphase", "\x1fseasonal "  # the place of an interval in its season, and the last value at this place
NEXT = "\x1fnext"  # the next interval that has rows
BEFORE, AFTER, FROM, TO = "\x1fbefore ", "\x1fafter ", "\x1ffrom ", "\x1fto "  # the values around an interval, and their intervals
MOST_BINS = 1_000_000_000
MOST_COPIES = 10_000  # of a row, one for each interval that its period overlaps


@dataclass(frozen=True)
class Resample(Step):
    """Makes one row for each interval of time from the rows that fall into it.

    Intervals begin at multiples of `every` since midnight, or since 1970-01-01 if `every` does not divide a day. Weeks begin on Monday;
    several months are counted from January of the year 0, so that three are a quarter. There is a row for every interval from the first to
    the last, even if no row falls into it; `count` adds a column with the number of rows.

    For a timestamp with time zone, days and longer intervals begin at midnight in the `zone`: a day on which clocks change has 23 or 25
    hours. Several hours that divide a day follow the clock as well: intervals of `6h` begin at 0, 6, 12 and 18 o'clock, and the one in
    which clocks change is an hour longer or shorter. Other intervals are counted in elapsed time, from midnight of 1970-01-01 in the zone:
    the hour that occurs twice is two intervals of `1h`, and `24h` is not a day. With an `origin`, all intervals are counted in elapsed time
    from it, except days and weeks, which are counted from its time of day.

    With `by`, every key is a series of its own, from its first interval to its last; null is a key, too.

    Values are aggregated to their mean, sum, smallest, largest, median, standard deviation or variance (of a sample), first, last or most
    frequent value, their count, or the number of distinct values. `time_weighted_mean` is the mean over time: each value counts for as long
    as it is the latest in its series. It suits readings of a level at irregular times, and has a value even for an interval without
    readings. Nulls are ignored: without a value, all aggregations except counts are null. Of rows at the same time, the smaller value comes
    first; of equally frequent values, the mode is the one seen last, then the smaller.

    | `fill` | an interval without a value gets |
    |---|---|
    | `null` | null |
    | `forward` | the last value before it |
    | `backward` | the next value after it |
    | `nearest` | of these two the nearer in time, or the earlier one |
    | `seasonal` | the last value before it at the same time of the `season`, such as the day or week |
    | `linear` | v₀ + (v₁ − v₀)(t − t₀) / (t₁ − t₀) of the values around it, a float; if it is not numeric the last value |

    `backward`, `nearest` and `linear` use a later value, which is not known yet when the interval ends: a model that learns from such
    columns has seen the future. A flow that splits by time rejects them, unless you write `causal: false`. Nothing is filled beyond the
    values of a series, except forward to its last interval and backward to its first. Counts are filled with 0. Filling a sum forward would
    inflate the total; fill it with 0, `values: {sales: 0}`.

    With `at: points`, nothing is aggregated: each row has the value of the series at the start of an interval, taken from a row at exactly
    this time or filled from the rows before and after it, by their own times. Use this for measurements such as a temperature, not for
    counts.

    With `spread`, a row describes a period, such as a daily total, instead of a point in time. It counts in every interval that its period
    overlaps. For sums, the value is divided among these intervals in proportion to time, so that totals stay the same; all other
    aggregations take the value as it is. In this way daily totals become hourly or weekly totals, and weekly totals monthly ones.

    The part `rows` is not applied when serving: `Flow.row()` and `tilth apply` take rows like those that this step makes.

    Elsewhere: pandas' `resample(every, closed=…, label=…, origin="epoch")`, after `groupby(by)`; sums use `min_count=1`, and months are
    `MS`; `fill` is `ffill()`, `bfill()` or `interpolate("time", limit_area="inside")` of the result.

    Errors: no time column; rows without a time; an interval that cannot be read, is shorter than a day for a column of dates, or makes more
    than 1,000,000,000 rows for a series; an aggregation or fill value that does not fit the kind of a column; a column `count` that exists
    already.

    >>> print(Resample("1h", with_={"sales": "sum"}))
    resample(every='1h', with=[('sales', 'sum')])
    """

    name = "resample"
    parts = frozenset({"rows"})
    learns = False  # only magnitudes, for exact sums
    makes_rows = True
    shorthand = "every"

    every: str
    """The length of an interval: a number and ms, s, min, h, d, w, mo, q or y, or the unit in words, such as `15 min`, `1h` or `month`."""
    time: str = ""
    """The column of times. Default: the role time."""
    by: Selector = ()
    """The columns that identify a series. Default: the table is one series."""
    numbers: Summary = "mean"
    """How to aggregate numbers."""
    others: Literal["min", "max", "first", "last", "mode", "count", "distinct"] = "last"
    """How to aggregate columns that are not numeric."""
    with_: tuple[tuple[str, Summary], ...] | Mapping[str, Summary] = ()
    """Column → its aggregation, if it differs."""
    fill: Literal["null", "forward", "backward", "nearest", "linear", "seasonal"] = "null"
    """What an interval without a value gets."""
    season: str = ""
    """`fill: seasonal`: the length of a season, a multiple of `every` such as `1d` or `1w`, on the clock of the `zone`."""
    causal: bool = True
    """Whether a flow that splits by time rejects a `fill` from later values."""
    max_gap: str = ""
    """The longest gap between two values to fill, such as `6h`; a longer gap stays null as a whole."""
    values: tuple[tuple[str, Value], ...] | Mapping[str, Value] = ()
    """Column → the value to fill it with, instead of `fill`."""
    spread: str = ""
    """The length of the period that each row describes, such as `1d` for daily totals. Default: rows are points in time."""
    count: str = ""
    """A new column with the number of rows in an interval. Default: none."""
    missing: Literal["error", "drop"] = "error"
    """What happens to rows without a time."""
    zone: str = UTC
    """The time zone in which days, weeks and months begin, such as `Europe/Berlin`, for a timestamp with time zone."""
    at: Literal["intervals", "points"] = "intervals"
    """Whether a row aggregates an interval, or has the value of the series at the start of the interval."""
    origin: str = ""
    """A day or time at which an interval begins, such as `2024-05-01 09:00`, on the clock of the `zone`."""
    closed: Literal["left", "right"] = "left"
    """Which end belongs to the interval."""
    label: Literal["left", "right", "last_day"] = "left"
    """Which end names the interval, or `last_day` for the day before the right end, such as the last day of a month."""

    def mistakes(self) -> Iterator[Mistake]:
        accepted = "a number and ms, s, min, h, d, w, mo, q or y, such as `15 min` or `1 month`"
        if Bins.read(self.every) is None:
            yield Mistake(f"resample: `every` is {self.every!r}", accepted=accepted, code="bad-value")
        if self.max_gap and not self._longest:
            of_gaps = "a number and ms, s, min, h, d or w, such as `6h`"
            yield Mistake(f"resample: `max_gap` is {self.max_gap!r}", accepted=of_gaps, code="bad-value")
        if self.spread and not self._periods:
            yield Mistake(f"resample: `spread` is {self.spread!r}", accepted=accepted, code="bad-value")
        elif self._periods and self.bins.between(0, self._periods.longest) > MOST_COPIES:
            message = f"resample: {self.spread} are more than {MOST_COPIES:,} intervals of {self.every}"
            yield Mistake(message, hint="make `every` longer", code="too-many-rows")
        if not known_zone(self.zone):
            accepted = "a name of the time zone database, such as `Europe/Berlin`"
            yield Mistake(f"resample: `zone` is {self.zone!r}", accepted=accepted, code="bad-value")
        if self.origin and moment(self.origin) is None:
            accepted = "a day or time without a zone, such as `2024-05-01 09:00`"
            yield Mistake(f"resample: `origin` is {self.origin!r}", accepted=accepted, code="bad-value")
        aggregated = self.with_ or self.spread or (self.numbers, self.others, self.closed, self.label) != ("mean", "last", "left", "left")
        if self.at == "points" and aggregated:
            message = "resample: `at: points` aggregates nothing, at the left ends of intervals"
            accepted = "neither `numbers`, `others`, `with`, `spread`, `closed` nor `label`"
            yield Mistake(message, accepted=accepted, code="bad-value")
        if self.label == "last_day" and not self.bins.whole_days:
            message = f"resample: intervals of {self.every} have no last day"
            yield Mistake(message, accepted="`label: left` or `right`", code="bad-value")
        if bool(self.season) != (self.fill == "seasonal") or (self.season and (not self._phases or self.at == "points")):
            accepted = f"with `fill: seasonal`, and not `at: points`, a length of which several intervals of {self.every} make one"
            yield Mistake(f"resample: `season` is {self.season!r}", accepted=accepted, code="bad-value")
        if self.spread and "time_weighted_mean" in (self.numbers, *dict(self.with_).values()):
            message = "resample: rows with a `spread` are of periods, and have no time-weighted mean"
            yield Mistake(message, accepted="mean", code="bad-value")

    def mismatched(self, others: Iterable[Step]) -> tuple[Mistake, ...]:
        later = f"`fill: {self.fill}`" if self.causal and self.fill in LATER else ""
        return ahead_of_time(self, others, later, "`fill: forward`")

    @property
    def _phases(self) -> int:
        """The number of intervals in a season; 0 without a season."""
        season, every = Bins.read(self.season), Bins.read(self.every)
        if season is None or every is None:
            return 0
        (whole, part), (months, month) = (season.length, every.length), (season.months, every.months)
        return whole // part if part and whole and not whole % part else months // month if month and months and not months % month else 0

    @property
    def bins(self) -> Bins:
        """The intervals."""
        return Bins.read(self.every, self.closed == "right", self.zone, self.origin) or Bins()

    @property
    def _periods(self) -> Bins | None:
        """The periods that rows describe, if they do not describe points in time."""
        return Bins.read(self.spread, self.closed == "right", self.zone)

    @property
    def _longest(self) -> int:
        """The longest gap that is filled, in microseconds; 0 for any."""
        found = Bins.read(self.max_gap)
        return found.length if found else 0

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        time = self._time(schema, roles)
        by = select(self.by, schema, roles) if self.by else ()
        values = [c for c in schema if c.name not in {time.name, *by}]
        RequestError.reject(
            [
                *self._misnamed(values),
                *self.unfit([time], self._no_time),
                *self.unfit([schema[c] for c in by], lambda c: _no_key(c, time)),
                *self.unfit(values, self._no_value),
            ]
        )
        reject_clashes(self.name, schema, {"": {self.count: lit(0)} if self.count else {}})
        micros = Micros.of(col(time.name))
        low, high, timed = lowest(micros), highest(micros), count(not_null(col(time.name)))
        weighted = [c for c in values if self._aggregation(c) == WEIGHTED]
        extremes = magnitudes(map(self._asked, values))
        found = yield (low, high, timed, count(), *chain(*extremes.values()))
        missing = found[count()] - found[timed]
        if missing and self.missing == "error":
            message = f"resample: {missing:,} rows have no time ({time.name!r})"
            raise RequestError(message, hint="`missing: drop` leaves them out", code="no-time")
        bins = 0 if found[low] is None else self.bins.between(found[low], found[high])
        if bins > MOST_BINS:
            message = f"resample: from the first time to the last there are {bins:,} intervals of {self.every}"
            raise RequestError(
                message, accepted=f"up to {MOST_BINS:,}", hint="look for a wrong time, or use longer ones", code="too-many-rows"
            )
        reach = sizes(extremes, found)
        rows = found[count()]
        if self._periods is not None:  # parts of rows are added; the smallest part is a microsecond
            rows *= self.bins.between(0, self._periods.longest) + 1
            reach = {c: [low and low / self._periods.longest, high] for c, (low, high) in reach.items()}
        for c in (c.name for c in weighted):
            least_size, most_size = reach.pop(c)
            reach[AREA + c] = [least_size and least_size / Weighted(schema[c], self.bins).longest, most_size]
        return {"": {"time": time.name, "by": list(by), "rows": rows, "sizes": reach}}

    def _misnamed(self, values: Iterable[Column]) -> Iterable[Mistake]:
        names = [c.name for c in values]
        asked = dict.fromkeys(c for c, _ in (*self.with_, *self.values))
        return unknown(asked, names, "resample: there is no column {} to aggregate or fill", "unknown-column")

    def _time(self, schema: Schema, roles: Roles) -> Column:
        name = self.time or roles.time
        if not name:
            hint = "name it: `time: COLUMN`, or the role `time` under `data`"
            raise RequestError("resample: no column of times is named", hint=hint, code="no-time")
        return schema[name]

    def _no_time(self, time: Column) -> str:
        if not time.kind.temporal:
            return "is not a time (cast or parse it first)"
        if self.zone != UTC and time.kind is not Kind.TIMESTAMP_TZ:
            return f"has no time zone, so that it is not known when it is midnight in {self.zone} (cast it, or leave `zone` out)"
        return "has days, and the intervals are shorter (cast it to timestamp)" if time.kind is Kind.DATE and not self.bins.days else ""

    def _no_value(self, column: Column) -> str:
        asked, fill = self._asked(column), dict(self.values).get(column.name)
        if asked.unfit:
            return asked.unfit
        if fill is not None and constant(fill, asked.kind) is None:
            return f"cannot be filled with {fill!r}: that is not a value of kind {asked.kind}"
        return ""

    def _asked(self, column: Column) -> Asked:
        """The aggregates of a column in each interval."""
        aggregation = self._aggregation(column) if self.at == "intervals" else "last"
        if aggregation == WEIGHTED:
            return Asked(replace(column, kind=Kind.FLOAT) if column.kind.numeric else column, "mean", column.name)
        column = replace(column, kind=Kind.FLOAT) if self.spread and aggregation == "sum" and column.kind.numeric else column
        return Asked(column, aggregation, column.name)

    def _aggregation(self, column: Column) -> str:
        """The aggregation of a column."""
        return dict(self.with_).get(column.name) or (self.numbers if column.kind.numeric else self.others)

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        time, by = schema[learned[""]["time"]], learned[""]["by"]
        if self.missing == "drop":
            data = filtered(data, not_null(col(time.name)))
        refused = Refuse.of(lit(f"resample: a row has no time ({time.name!r}): `missing: drop` leaves such rows out"))
        values = [c for c in schema if c.name not in {time.name, *by}]
        points = [Point(c, self._method(c), self._longest) for c in values] if self.at == "points" else []
        weighted = [Weighted(c, self.bins) for c in values if not points and self._aggregation(c) == WEIGHTED]
        alone = {w.name for w in weighted}
        apart: list[Point | Weighted] = [*points, *weighted]
        asked = [a for p in apart for a in p.asked()]
        asked += [] if points else [self._asked(c) for c in values if c.name not in alone]
        periods = self._periods or self.bins
        data = data.change({BIN: if_else(is_null(col(time.name)), refused, periods.bin_of(time))})
        summed = [a.name for a in asked if a.aggregation == "sum"]
        key, when = (*by, BIN), Micros.of(col(time.name))
        data = with_areas(data, weighted, tuple(by), when)
        aggregates = Aggregates(learned[""]["sizes"], learned[""]["rows"], order=[when], latest=when)
        data = aggregates.below(data if self._periods is None else self._divided(data, periods, time.kind, summed), asked)
        data = data.change({name: tree for p in points for name, tree in p.observed(when).items()})
        counted = [col(self.count)] if self.count else []
        series = Series(by)
        ends = [p.around(series) for p in apart]
        ends += [] if points else [self._around(c, series) for c in values if c.name not in alone]
        around = [alias(tree, name) for one in ends for name, tree in one.items()]
        chosen = [*(col(c) for c in key), *(col(a.name) for a in asked), *counted, alias(series.next_bin(), NEXT), *around]
        spread = selected(chosen, aggregates.grouped(asked, key, self.count), "binned")
        copies = Copies.of(coalesce(sub(col(NEXT), col(BIN)), lit(1)))
        every = selected([exp.Star(), alias(copies, COPY)], spread, "spread")
        if self.fill == "seasonal":
            every = self._seasonal(every, [c for c in values if self._method(c) == "seasonal" and c.name not in alone], by, time.kind)
        end = _here() if self.label == "left" else add(_here(), lit(1))
        made = {c: col(c) for c in schema.names} | {c.name: self._filled(c) for c in values if not points}
        made |= {w.name: self._or_constant(w.column, w.mean(_here())) for w in weighted}
        made |= {p.name: p.at(self.bins.micros(_here()), self._constant(p.column)) for p in points}
        made |= {time.name: self.bins.start(end, time.kind, days=1 if self.label == "last_day" else 0)}
        made |= {c.name: if_else(_observed(), c, lit(0)) for c in counted}
        final = selected([alias(tree, name) for name, tree in made.items()], every, "every")
        return data.rows(final, out=made)

    def _or_constant(self, column: Column, tree: Tree) -> Tree:
        return coalesce(tree, self._constant(column)) if column.name in dict(self.values) else tree

    def _seasonal(self, every: exp.Select, columns: Iterable[Column], by: Iterable[str], kind: Kind) -> exp.Select:
        """The intervals, with the last value before each at the same time of the season."""
        on_clock, number = replace(self.bins, local=True, right=False), _here()
        if kind is Kind.TIMESTAMP_TZ and self.zone != UTC and not self.bins.local:
            number = on_clock.bin_at(self.bins.start(number, kind))
        phase = sub(number, mul(FloorDivide.of(number, lit(self._phases)), lit(self._phases)))
        phased = selected([exp.Star(), alias(phase, PHASE)], every, "every")
        order = exp.Order(expressions=[exp.Ordered(this=col(BIN)), exp.Ordered(this=col(COPY))])
        spec = exp.WindowSpec(kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="1", end_side="PRECEDING")
        found = []
        for c in columns:
            last = exp.IgnoreNulls(this=exp.LastValue(this=if_else(_observed(), col(c.name))))
            window = exp.Window(this=last, partition_by=[col(n) for n in (*by, PHASE)], order=order.copy(), spec=spec.copy())
            found.append(alias(window, SEASONAL + c.name))
        return selected([exp.Star(), *found], phased, "phased")

    def _divided(self, data: Dataset, periods: Bins, kind: Kind, summed: Iterable[str]) -> Dataset:
        """The rows, repeated for each interval that their period (`BIN`) overlaps, with the proportional part of sums."""
        instants = Kind.TIMESTAMP_TZ if kind is Kind.TIMESTAMP_TZ else Kind.TIMESTAMP
        start, end = (periods.start(n, instants) for n in (col(BIN), add(col(BIN), lit(1))))
        first, last = replace(self.bins, right=False).bin_at(start), replace(self.bins, right=True).bin_at(end)
        data = data.change({FROM: Micros.of(start), TO: Micros.of(end), BEFORE: first, AFTER: last})
        copies = Copies.of(add(sub(col(AFTER), col(BEFORE)), lit(1)))
        data = data.rows(selected([exp.Star(), alias(copies, COPY)], table(BELOW)), out=(*data.names, COPY))
        here = add(col(BEFORE), col(COPY))
        low, high = greatest(col(FROM), self.bins.micros(here)), least(col(TO), self.bins.micros(add(here, lit(1))))
        part, whole = double(sub(high, low)), double(sub(col(TO), col(FROM)))
        return data.change({BIN: here, **{c: Divide.of(mul(double(col(c)), part), whole) for c in summed}})

    def _method(self, column: Column) -> str:
        """How a column is filled."""
        if self._aggregation(column) in COUNTS or column.name in dict(self.values):
            return "value"
        return "forward" if self.fill == "linear" and not column.kind.numeric else self.fill

    def _around(self, column: Column, series: Series) -> Mapping[str, Tree]:
        """The values of a column before and after an interval, with their intervals, as needed to fill it."""
        method, x = self._method(column), col(column.name)
        at = if_else(not_null(x), col(BIN))
        before = {BEFORE + column.name: series.last(x)} if method in ("forward", "nearest", "linear") else {}
        after = {AFTER + column.name: series.following(x)} if method in ("backward", "nearest", "linear") else {}
        placed = method in ("nearest", "linear") or self._longest
        bins = {FROM + column.name: series.last(at), TO + column.name: series.following(at)} if placed else {}
        return before | after | bins

    def _filled(self, column: Column) -> Tree:
        """The value of a column in an interval."""
        own, method = if_else(_observed(), col(column.name)), self._method(column)
        if method == "value":
            return coalesce(own, self._constant(column))
        if method == "null":
            return own
        found = self._estimate(column, method)
        if method == "forward" and not self._longest:
            return found  # the last value up to an interval is its own, if it has one
        if self._longest:
            start, end = (self.bins.micros(coalesce(col(prefix + column.name), _here())) for prefix in (FROM, TO))
            found = if_else(le(sub(end, start), lit(self._longest)), found)
        return coalesce(double(own) if method == "linear" else own, found)

    def _constant(self, column: Column) -> Tree:
        """The constant that fills a column, if any; 0 for a count."""
        return lit(constant(dict(self.values).get(column.name, 0), self._asked(column).kind))

    def _estimate(self, column: Column, method: str) -> Tree:
        """The value that fills a column in an interval."""
        if method == "seasonal":
            return col(SEASONAL + column.name)
        place, start, end = (self.bins.elapsed(n) for n in (_here(), col(FROM + column.name), col(TO + column.name)))
        return between(method, (col(BEFORE + column.name), col(AFTER + column.name)), (start, end), place)


def _observed() -> Tree:
    """Whether rows fell into an interval."""
    return eq(col(COPY), lit(0))


def _here() -> Tree:
    """The interval of a row."""
    return add(col(BIN), col(COPY))


def _no_key(column: Column, time: Column) -> str:
    return "is the time, and cannot be part of the key too" if column.name == time.name else no_key(column)
