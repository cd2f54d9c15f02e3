"""window: new columns from the rows around a row: values before it, differences, rolling and running aggregates, numbers of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import Literal

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Column, Dataset, Kind, Roles, Schema, select
from tilth.engine.expressions import add, alias, and_, cast, col, ge, if_else, lit, not_null, sub
from tilth.engine.keys import NO_ORDER
from tilth.engine.layers import selected, table
from tilth.engine.operations.across import Collected, Largest, LargestDistinct, Mode
from tilth.engine.operations.numbers import NoNegativeZero
from tilth.engine.operations.operation import Operation, call
from tilth.engine.operations.times import Micros
from tilth.engine.statistics import count
from tilth.errors import Mistake, RequestError, listed
from tilth.metrics.keys import DistinctKeys
from tilth.steps.missing import value_of
from tilth.steps.rows.aggregations import Aggregates, Asked, magnitudes, no_key, sizes
from tilth.steps.rows.sort import order_or_time
from tilth.steps.rows.split import Span
from tilth.steps.step import COLUMN, Asking, Learned, Learning, Selector, Step, bad_names, kept_private, reject_clashes, too_few_names
from tilth.steps.time.bins import Bins
from tilth.steps.time.causal import ahead_of_time

OTHER_ROWS = ("lag", "lead", "difference")
AGGREGATED = ("mean", "sum", "min", "max", "median", "std", "var", "count")
LARGEST = ("largest", "largest_distinct")
OF_LISTS: Mapping[str, type[Operation]] = {"mode": Mode, "largest": Largest, "largest_distinct": LargestDistinct}
"""Values of `with` that need all values of a window at once → their operation on a list."""
IN_WINDOWS = (*AGGREGATED, *OF_LISTS)
FILLS = ("ffill", "bfill")
NUMBERS_OF_ROWS = ("row_number", "rank", "session")
RUNNING = "expanding"
ONLY_FOR: Mapping[str, tuple[str, ...]] = {
    "n": (*OTHER_ROWS, *LARGEST),
    "columns": (*OTHER_ROWS, *FILLS, *IN_WINDOWS),
    "window": (*IN_WINDOWS, "session"),
    **dict.fromkeys(("min_periods", "closed", "center"), IN_WINDOWS),
}
"""Parameter → the values of `with` that use it."""
MADE, SEEN = "\x1fmade ", "\x1fseen "  # in front of a new column's name: its values, and how many values its window has
BEGINS = "\x1fbegins"  # 1 for the first row of a session


@dataclass(frozen=True)
class Window(Step):
    """Computes new columns from the rows before and after a row, in the order of `order` and within the groups of `by`.

    | `with` | a row's new column | its name |
    |---|---|---|
    | `lag`, `lead` | the value `n` rows before it, or after it | `{column}_lag_1` |
    | `difference` | its value − the value `n` rows before it, of numbers | `{column}_difference_1` |
    | `mean`, `sum`, `min`, `max`, `median`, `std`, `var`, `count` | the aggregate of the values in its window | `{column}_mean_7` |
    | `mode` | the most frequent value in its window; of equally frequent ones the smallest | `{column}_mode_7` |
    | `largest`, `largest_distinct` | the `n`th largest value in it, or of the different ones in it | `{column}_largest_2_7` |
    | `ffill`, `bfill` | its value; where that is missing, the last one before it, or the first one after it | `{column}_ffill` |
    | `row_number` | 1 for the first row, 2 for the second … | `row_number` |
    | `rank` | the same, but equal for rows that are equal in `order` | `rank` |
    | `session` | 1 for the first rows, and one more wherever the row before is as long ago as `window`, a time, or longer | `session` |

    The `window` of a row is a number of rows that ends with it (`7`), a duration that ends at its time (`7 d`; it includes rows at the same
    time, and excludes rows exactly 7 days earlier), or all rows up to it (`expanding`, for running sums and extremes). With `closed: left`
    the window ends before the row, so that it excludes the row's own value, such as its label. Standard deviation and variance divide by
    n − 1. Nulls are ignored, and a window with fewer values than `min_periods` gives null.

    Ties in `order` are ordered by the other columns, from left to right, so every engine gives the same result, whatever the order of the
    stored rows; sums, and statistics computed from them, are the same to the last digit. Without `by` the table is one series. A table that
    seems to hold several series is then rejected, because a row would get values from another series.

    **Leakage.** `lead`, `bfill` and windows with `center: true` read rows that come later: a model that learns from such columns has seen
    the future. Use them for labels, not for features: a flow that splits by time rejects them, unless you write `causal: false`. Everything
    else reads only what is known at the time of the row: prefer it, split by time, and use `closed: left` for columns computed from the
    label.

    The part `rows` is not applied when serving: `Flow.row()` and `tilth apply` take rows like those that this step makes, with the new
    columns in them. To predict rows one by one, keep the last rows of each series with the model, and run this step over them and the new
    row.

    Elsewhere: pandas' `groupby(by)[column]` with `shift(n)`, `diff(n)`, `rolling(window, min_periods=…, closed=…, center=…)`,
    `expanding()`, `ffill()`, `bfill()`, `cumcount() + 1`, and `groupby(by)[order].rank("min")`; a null in a running
    sum leaves it as it was. Spark's `session_window`, numbered.

    Errors: nothing selected; no order, or rows without one; several series without `by`; a `with` that does not fit the kind of a column; a
    name that exists.

    >>> print(Window("price", with_="mean", window=7, by="shop"))
    window(columns='price', with='mean', window=7, by='shop')
    """

    name = "window"
    parts = frozenset({"rows"})
    learns = False  # only magnitudes, for exact sums
    makes_rows = True

    columns: Selector = ()
    """The columns: a name, a kind (numeric, categorical, temporal …), a role, a pattern with `*`, or several; `!` in front excludes."""
    with_: Literal[
        "lag",
        "lead",
        "difference",
        "mean",
        "sum",
        "min",
        "max",
        "median",
        "std",
        "var",
        "count",
        "mode",
        "largest",
        "largest_distinct",
        "ffill",
        "bfill",
        "row_number",
        "rank",
        "session",
    ] = "lag"
    """What to compute."""
    n: int | tuple[int, ...] = 1
    """`lag`, `lead`, `difference`: how many rows away; `largest`: which one. Several, such as `[1, 7]`, make a column each."""
    window: int | str = RUNNING
    """The window: a number of rows, a time such as `7 d` or `1h`, or `expanding`."""
    by: Selector = ()
    """The columns that identify a series. Default: the table is one series."""
    order: Selector = ()
    """The columns that rows are ordered by. Default: the role time."""
    min_periods: int | None = None
    """How many values a window must have. Default: as many as it has rows; 1 for a time and for `expanding`; 0 for `count`."""
    closed: Literal["right", "left"] = "right"
    """Whether a window ends with its row (`right`) or before it (`left`)."""
    center: bool = False
    """Whether a window is centred on its row, and so reads later rows; of an even number of rows, one more comes before it."""
    causal: bool = True
    """Whether a flow that splits by time rejects what reads later rows (`lead`, `bfill`, `center`)."""
    into: str = ""
    """The name of the new column, with `{column}` for the name of the original; `"{column}"`: in place. Default: see above."""

    def mistakes(self) -> Iterator[Mistake]:
        for name, ways in ONLY_FOR.items():
            if self.with_ not in ways and getattr(self, name) != getattr(type(self), name):
                yield Mistake(f"window: `{name}` is for `with: {' or '.join(ways)}`, not for `{self.with_}`", code="bad-value")
        if not self.columns and self.with_ not in NUMBERS_OF_ROWS:
            yield Mistake(f"window: `columns` names no column to take the {self.with_} of", code="no-columns")
        if min(self._distances, default=0) < 1:
            yield Mistake(f"window: `n` is {self.n!r}", accepted="a number of rows, from 1, or several", code="bad-value")
        rows = self.window if isinstance(self.window, int) else None
        if (rows is not None and rows < 1) or (rows is None and self.window != RUNNING and not self._length):
            accepted = "a number of rows, from 1; a number and ms, s, min, h, d or w, such as `7 d`; or `expanding`"
            yield Mistake(f"window: `window` is {self.window!r}", accepted=accepted, code="bad-value")
        if (self.with_ in OF_LISTS and self.window == RUNNING) or (self.with_ == "session" and not self._length):
            accepted = "a time, such as `30 min`" + ("" if self.with_ == "session" else ", or a number of rows")
            yield Mistake(f"window: `{self.with_}` needs a `window`", accepted=accepted, code="bad-value")
        if self.center and (self.window == RUNNING or self.closed == "left"):
            yield Mistake("window: `center: true` has no meaning beside `expanding` or `closed: left`", code="bad-value")
        if self.min_periods is not None and (self.min_periods < 0 or (rows is not None and self.min_periods > rows)):
            accepted = "a number of values, from 0, and no more than the window has rows"
            yield Mistake(f"window: `min_periods` is {self.min_periods}", accepted=accepted, code="bad-value")
        if self.into and len(self._distances) > 1:
            yield Mistake("window: `into` names one column, and several `n` make several", hint="leave one of them out", code="name-clash")
        yield from bad_names(self, self.into)

    def mismatched(self, others: Iterable[Step]) -> tuple[Mistake, ...]:
        later = "`center: true`" if self.center else f"`with: {self.with_}`" if self.with_ in ("lead", "bfill") else ""
        return ahead_of_time(self, others, later if self.causal else "", "`lag`, `ffill`, or windows that end with their row")

    @property
    def reach(self) -> tuple[Span | None, Span | None]:
        """How far before and after a row new columns read; None if they read nothing on that side, or everything."""
        if self.with_ in OTHER_ROWS:
            away = Span(rows=max(self._distances))
            return (None, away) if self.with_ == "lead" else (away, None)
        if self.with_ not in IN_WINDOWS or self.window == RUNNING:
            return None, None
        if isinstance(self.window, int):
            whole = Span(rows=self.window - (self.closed == "right"))
            half = Span(rows=self.window // 2)
        else:
            whole, half = (Span(timedelta(microseconds=self._length // n)) for n in (1, 2))
        return (half, half) if self.center else (whole, None)

    @property
    def _distances(self) -> tuple[int, ...]:
        return self.n if isinstance(self.n, tuple) else (self.n,)

    @property
    def _length(self) -> int:
        """The length of a window that is a time, in microseconds; 0 of another."""
        found = Bins.read(self.window) if isinstance(self.window, str) else None
        return found.length if found else 0

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        order = order_or_time(self, self.order, schema, roles)
        if not order:
            hint = "name it: `order: COLUMN`, or the role `time` under `data`"
            raise RequestError("window: no column orders the rows", hint=hint, code="no-order")
        chosen = [schema[c] for c in select(self.columns, schema, roles)] if self.columns else []
        by = select(self.by, schema, roles) if self.by else ()
        RequestError.reject(self._unfit(schema, chosen, by, order))
        reject_clashes(self.name, schema, {c: dict.fromkeys(names, lit(0)) for c, names in self._names(chosen).items()})
        asked = magnitudes(() if self.with_ in OF_LISTS else self._asked(chosen))
        key = tuple(dict.fromkeys((*by, *order)))
        ordered, rows, keys = count(and_(*(not_null(col(c)) for c in order))), count(), DistinctKeys(key)
        found = yield (ordered, rows, keys, *chain(*asked.values()))
        if missing := found[rows] - found[ordered]:
            message = f"window: {missing:,} rows lack what orders them ({listed(map(repr, order))})"
            raise RequestError(message, hint="leave them out before this step, by `filter`", code="no-order")
        if found[keys] < found[rows] and not by and not self._length and self.with_ != "rank":
            yield from _one_series(schema, order, found[rows])
        ties = [] if found[keys] == found[rows] else [c.name for c in schema if c.name not in key and c.kind not in NO_ORDER]
        named = {"columns": [c.name for c in chosen], "key": list(by), "order": list(order), "ties": ties}
        return {"": {**named, "rows": found[rows], "sizes": sizes(asked, found)}}

    def _unfit(self, schema: Schema, chosen: Sequence[Column], by: Iterable[str], order: Sequence[str]) -> Iterator[Mistake]:
        yield from self.unfit(chosen, self._no_value)
        yield from self.unfit(map(schema.__getitem__, by), no_key)
        yield from self.unfit(map(schema.__getitem__, order), lambda c: self._no_time(c, len(order)))
        yield from too_few_names(self, self.into, chosen)

    def _no_value(self, column: Column) -> str:
        """Why the operation does not fit a column."""
        if self.with_ == "difference" and not column.kind.numeric:
            return "has no differences: it is not numeric"
        return Asked(column, self.with_, "").unfit if self.with_ in IN_WINDOWS else ""

    def _no_time(self, column: Column, columns: int) -> str:
        """Why the order columns do not allow a window of time."""
        if not self._length or (column.kind.temporal and columns == 1):
            return ""
        return f"cannot say which rows are in {self.window}: that takes one column of times"

    def _names(self, chosen: Iterable[Column]) -> Mapping[str, list[str]]:
        """Column → names of its new columns; the key "" has those that are computed from the rows."""
        if self.with_ in NUMBERS_OF_ROWS:
            return {"": [self.into or self.with_]}
        size = str(self.window).replace(" ", "")
        ends = [str(n) for n in self._distances] if self.with_ in OTHER_ROWS else [size]
        ends = [f"{n}_{size}" for n in self._distances] if self.with_ in LARGEST else ends
        ways = [self.with_] if self.with_ in FILLS else [f"{self.with_}_{end}" for end in ends]
        return {c.name: [self.into.replace(COLUMN, c.name) or f"{c.name}_{way}" for way in ways] for c in chosen}

    def _asked(self, chosen: Sequence[Column]) -> list[Asked]:
        """The aggregates over the window of a row."""
        names = self._names(chosen)
        return [Asked(c, self.with_, MADE + names[c.name][0]) for c in chosen if self.with_ in IN_WINDOWS]

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        state = learned[""]
        chosen = [schema[c] for c in state["columns"]]
        windows = _Windows(state["key"], state["order"], state["ties"])
        asked, names = self._asked(chosen), self._names(chosen)
        aggregates = Aggregates(state["sizes"], state["rows"], over=partial(self._framed, windows))
        of_lists = self.with_ in OF_LISTS
        found = {name: tree for a in asked if not of_lists for name, tree in aggregates.asked(a).items()}
        found |= {a.name: aggregates.over(Collected.of(_compared(a.column))) for a in asked if of_lists}
        found |= {SEEN + a.name: aggregates.over(exp.Count(this=col(a.column.name))) for a in asked}
        made = [self._of_enough(SEEN + a.name, tree) for a in asked for tree in self._made(a, aggregates)]
        new = [name for several in names.values() for name in several]
        if not asked:
            found = {MADE + name: tree for name, tree in zip(new, self._of_rows(chosen, windows), strict=True)}
            made = list(map(col, found))
        below = aggregates.below(data, [] if of_lists else asked)
        source: Tree = table(BELOW)
        if self.with_ == "session":
            source = selected([exp.Star(), alias(self._begins(windows), BEGINS)], source)
        beside = selected([*map(col, data.names), *(alias(tree, name) for name, tree in found.items())], source, "begun")
        changed = below.rows(beside, out=(*data.names, *found)).change({} if of_lists else aggregates.joined(asked))
        gone: dict[str, Tree | None] = dict.fromkeys(found)
        changed = changed.change(gone | dict(zip(new, made, strict=True)))
        for c, several in names.items():
            changed = kept_private(changed, several, [c])
        return changed

    def _made(self, asked: Asked, aggregates: Aggregates) -> Iterator[Tree]:
        """The results for the window of a row: one, or the n largest values."""
        if self.with_ == "mode":
            yield Mode.of(col(asked.name))
        elif self.with_ in LARGEST:
            yield from (OF_LISTS[self.with_].of(col(asked.name), lit(n)) for n in self._distances)
        else:
            yield aggregates.made(asked)

    def _begins(self, windows: _Windows) -> Tree:
        """Whether a session begins with a row that has another one before it: 1, or 0."""
        time = Micros.of(col(windows.order[0]))
        return if_else(ge(sub(time, windows.over(exp.Lag(this=time.copy()))), lit(self._length)), lit(1), lit(0))

    def _of_rows(self, chosen: Iterable[Column], windows: _Windows) -> Iterator[Tree]:
        """The results from single other rows, or from the places of rows, in the order of `_names`."""
        if self.with_ == "row_number":
            yield cast(windows.over(exp.RowNumber()), Kind.INTEGER)
        elif self.with_ == "session":
            yield cast(add(windows.over(exp.Sum(this=col(BEGINS)), (None, 0)), lit(1)), Kind.INTEGER)
        elif self.with_ == "rank":
            yield cast(replace(windows, ties=()).over(call("rank")), Kind.INTEGER)
        elif self.with_ in FILLS:
            yield from (self._filled(c, windows) for c in chosen)
        else:
            end = exp.Lead if self.with_ == "lead" else exp.Lag
            for x, n in ((self._compared(c), n) for c in chosen for n in self._distances):
                there = windows.over(end(this=x, offset=lit(n)))
                yield sub(x.copy(), there) if self.with_ == "difference" else there

    def _compared(self, column: Column) -> Tree:
        """A column for `lag`, `lead` and `difference`."""
        x = col(column.name)
        return cast(x, column.kind) if self.with_ == "difference" and column.kind.numeric and column.narrow else x

    def _filled(self, column: Column, windows: _Windows) -> Tree:
        """The nearest value from a row on, itself first."""
        end, frame = (exp.LastValue, (None, 0)) if self.with_ == "ffill" else (exp.FirstValue, (0, None))
        return windows.over(exp.IgnoreNulls(this=end(this=value_of(column))), frame)

    def _of_enough(self, seen: str, tree: Tree) -> Tree:
        """A result, where the window has enough values."""
        default = 0 if self.with_ == "count" else self.window if isinstance(self.window, int) else 1
        least = default if self.min_periods is None else self.min_periods
        return if_else(ge(col(seen), lit(least)), tree) if least else tree

    def _framed(self, windows: _Windows, aggregate: Tree) -> Tree:
        """An aggregate over the window of a row."""
        size = self._length or (self.window if isinstance(self.window, int) else None)
        after = -1 if self.closed == "left" else 0
        before = None if size is None else size - 1 - after
        if size is not None and self.center:  # a time of an even length ends with its last microsecond
            before, after = (size // 2, (size - 1) // 2) if not self._length else (size // 2 - 1, size // 2)
        return windows.over(aggregate, (None if before is None else -before, after), in_time=bool(self._length))


def _compared(column: Column) -> Tree:
    """A value for comparisons, with −0.0 replaced by 0.0."""
    return NoNegativeZero.of(col(column.name)) if column.kind is Kind.FLOAT else col(column.name)


def _one_series(schema: Schema, order: Sequence[str], rows: int) -> Asking[None]:
    """Reject rows with equal order that a string column distinguishes, because they belong to several series."""
    names = [c.name for c in schema if c.kind is Kind.STRING and c.name not in order]
    asked = {c: (DistinctKeys((c,)), DistinctKeys((c, *order))) for c in names}
    found = yield [keys for both in asked.values() for keys in both]
    series = [c for c, (alone, ordered) in asked.items() if 2 * found[alone] <= rows and found[ordered] == rows]
    if series:
        equal, apart = (listed(map(repr, names)) for names in (order, series))
        message = f"window: several rows are equal in {equal}, and each value of {apart} is a series of its own"
        hint = f"`by: {series[0]}`; or, if the table is one series, `order: [{', '.join((*order, series[0]))}]`"
        raise RequestError(message, hint=hint, code="several-series")


@dataclass(frozen=True)
class _Windows:
    """Windows over the rows of a series, in their order."""

    by: Sequence[str]
    order: Sequence[str]
    ties: Sequence[str]

    def over(self, this: Tree, frame: tuple[int | None, int | None] | None = None, in_time: bool = False) -> Tree:
        """A window function; or an aggregate of the rows (or microseconds) so far after a row, from and to; None is the series' end."""
        keys = [Micros.of(col(self.order[0]))] if in_time else [col(c) for c in (*self.order, *self.ties)]
        order = exp.Order(expressions=[exp.Ordered(this=k, nulls_first=False) for k in keys])
        spec = None
        if frame is not None:
            (start, start_side), (end, end_side) = _end(frame[0], "PRECEDING"), _end(frame[1], "FOLLOWING")
            sides = {"start": start, "start_side": start_side, "end": end, "end_side": end_side}
            spec = exp.WindowSpec(kind="RANGE" if in_time else "ROWS", **sides)
        return exp.Window(this=this, partition_by=[col(c) for c in self.by], order=order, spec=spec)


def _end(away: int | None, outer: str) -> tuple[str, str | None]:
    """One end of a window in SQL: a distance after a row, before it, or (None) all on its outer side."""
    if not away:
        return ("UNBOUNDED", outer) if away is None else ("CURRENT ROW", None)
    return str(abs(away)), "FOLLOWING" if away > 0 else "PRECEDING"
