"""Detects whether the order of the rows carries meaning, and judges flows that split at random or shuffle.

Random splitting and shuffling lose nothing only if rows are exchangeable, that is, if any order is equally likely. Evidence against that
is searched in at most `MOST` rows, in file order: similar neighbours, and values that rise or fall with the row number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tilth.data import Column, Dataset, Kind, Roles, Schema
from tilth.data.names import names_id, names_time_of_row
from tilth.engine.arrow import as_numpy, codes_of
from tilth.engine.session import Session
from tilth.errors import Mistake, joined
from tilth.flow.flow import Flow
from tilth.flow.split_checks import ORDER, SplitCheck, split_line
from tilth.metrics.contrasts import Numbers
from tilth.metrics.order import autocorrelation, classes_ordered, numbers_ordered, threshold, trend
from tilth.report import Finding
from tilth.steps.rows.shuffle import Shuffle
from tilth.steps.rows.split import Split

MOST = 20_000  # rows that are examined
FEWEST = 100  # values that a judgement needs
RAREST = 20  # rows of a category that the normal approximation of the number of runs needs
WIDEST = 40  # columns that are examined
AGREES = 0.9  # |ρ| of a time with the row number, from which rows are in order of time
CLOCK = 0.999  # |ρ| of a number with the time, above which it counts time or rows
KEY_SHARES = (0.01, 0.6)  # number of distinct values of a key, as a share of the rows
MOST_CLASSES = 50  # classes of a label up to which rows can be stratified by it
CLUMPED = 0.1  # excess over chance of neighbours with the same key
PARTS = ("year", "quarter", "month", "iso_week", "day", "day_of_year", "day_of_week", "hour", "minute")  # Arrow's functions of a time
Meaning = Literal["none", "time", "label", "group", "other", "unknown"]


@dataclass(frozen=True)
class RowOrder:
    """What the order of rows means, the columns that show it, and the column that it follows: a time, a key, or a label with few values.

    `time`: rows are in order of time; `label`: sorted by the label; `group`: rows with the same key are adjacent, without further order;
    `other`: an order that no column, or the label only in part, explains; `none`: rows are exchangeable; `unknown`: not judged.
    """

    meaning: Meaning
    columns: tuple[str, ...] = ()
    by: str = ""


UNKNOWN = RowOrder("unknown")


def order_of(rows: pa.Table, kinds: Schema, roles: Roles) -> RowOrder:
    """The meaning of the order of these rows; unknown for fewer than 100.

    >>> day = pa.array(range(200), pa.int32()).cast(pa.date32())
    >>> kinds = Schema((Column("day", Kind.DATE), Column("level", Kind.INTEGER)))
    >>> order_of(pa.table({"day": day, "level": [i // 20 for i in range(200)]}), kinds, Roles.of(time="day"))
    RowOrder(meaning='time', columns=('level',), by='day')
    """
    if rows.num_rows < FEWEST:
        return UNKNOWN
    times = [c for c in _times(kinds, roles) if c.name in rows.column_names and _agrees(rows[c.name])]
    fit = [c for c in kinds if c.name in rows.column_names and _may_show(c, roles) and not _clock(rows, c, times)]
    ordered = {c.name: x for c in fit if (x := _numbers(rows[c.name], c)) is not None and _shows(x, threshold(len(fit)))}
    if not ordered:
        return RowOrder("none")
    columns, deviations = tuple(ordered), threshold(len(fit))
    if times:
        return RowOrder("time", columns, times[0].name)
    label = ""
    if roles.label in columns:
        classes = codes_of(rows[roles.label])
        few = len(np.unique(classes)) <= MOST_CLASSES
        if not any(_within(x, classes, deviations) for c, x in ordered.items() if c != roles.label):
            return RowOrder("label", columns, roles.label if few else "")
        label = roles.label if np.count_nonzero(np.diff(classes)) < len(np.unique(classes)) else ""
    for key in _clumped(rows, kinds, roles):
        groups = codes_of(rows[key])
        if not any(_within(x, groups, deviations) or _between(x, groups, deviations) for c, x in ordered.items() if c != key):
            return RowOrder("group", tuple(c for c in columns if c != key), key)
    return RowOrder("other", tuple(c for c in columns if c != label), label)


def _times(kinds: Schema, roles: Roles) -> Iterator[Column]:
    """Columns that may be the time of a row: the one with the role, else dates and timestamps, except dates of birth or expiry."""
    if roles.time is not None:
        yield from (c for c in kinds if c.name == roles.time and (c.kind.temporal or c.kind.numeric))
        return
    yield from (c for c in kinds if c.kind.temporal and names_time_of_row(c.name) and c.name not in (*roles.id, *roles.private))


def _agrees(time: pa.ChunkedArray) -> bool:
    return not time.null_count and abs(trend(_ticks(time))) > AGREES


def _ticks(time: pa.ChunkedArray) -> Numbers:
    """A time column as numbers."""
    whole = time.cast(pa.int32()) if pa.types.is_date32(time.type) else time
    found: Numbers = as_numpy((whole.cast(pa.int64()) if pa.types.is_timestamp(time.type) else whole).cast(pa.float64(), safe=False))
    return found


def _may_show(column: Column, roles: Roles) -> bool:
    """Whether the values of a column can be evidence of an order. Times and keys cannot: they only identify or locate rows."""
    fit = column.kind.numeric or column.kind in (Kind.STRING, Kind.BOOLEAN)
    own = column.name in (*roles.id, *roles.group, roles.time, roles.split, *roles.text, *roles.image)
    return fit and not own and not names_id(column.name)


def _clock(rows: pa.Table, column: Column, times: Sequence[Column]) -> bool:
    """Whether a number counts rows or time, or is a part of the time, such as its month."""
    if not column.kind.numeric or rows[column.name].null_count:
        return False
    x = as_numpy(rows[column.name].cast(pa.float64(), safe=False))
    counts = column.kind is Kind.INTEGER and len(np.unique(x)) == len(x)
    if (counts or times) and abs(trend(x)) > CLOCK:
        return True
    return any(_part_of(x, rows[t.name], part) for t in times if t.kind.temporal for part in PARTS)


def _part_of(x: Numbers, time: pa.ChunkedArray, part: str) -> bool:
    """Whether a column is the year, month … of a time, plus any constant."""
    if part in ("hour", "minute") and pa.types.is_date(time.type):
        return False
    away = x - as_numpy(getattr(pc, part)(time).cast(pa.float64()))
    return bool((away == away[0]).all())


def _numbers(values: pa.ChunkedArray, column: Column) -> Numbers | None:
    """The values of a column as numbers; a category becomes 1 if it is the most frequent one. None for few values, or a constant."""
    values = values.drop_null()
    if column.kind.numeric:
        x = as_numpy(values.cast(pa.float64(), safe=False))
        x = x[np.isfinite(x)]
    else:
        codes = codes_of(values)
        counts = np.bincount(codes, minlength=1)
        if not RAREST <= counts.max() <= len(codes) - RAREST:
            return None
        x = (codes == counts.argmax()).astype(np.float64)
    return x if len(x) >= FEWEST and x.min() < x.max() else None


def _shows(x: Numbers, deviations: float) -> bool:
    return classes_ordered(x, deviations) if len(np.unique(x[:1_000])) <= 2 and len(np.unique(x)) == 2 else numbers_ordered(x, deviations)


def _clumped(rows: pa.Table, kinds: Schema, roles: Roles) -> Iterator[str]:
    """Columns that may be keys and have equal values in adjacent rows more often than by chance."""
    for c in sorted(kinds, key=lambda c: c.name not in roles.group):
        if c.name not in rows.column_names or c.kind not in (Kind.INTEGER, Kind.STRING) or c.name == roles.label:
            continue
        codes = codes_of(rows[c.name])
        counts = np.bincount(codes)
        share, chance = np.mean(codes[1:] == codes[:-1]), np.sum((counts / len(codes)) ** 2)
        if KEY_SHARES[0] * len(codes) <= len(counts) <= KEY_SHARES[1] * len(codes) and share > chance + CLUMPED:
            yield c.name


def _within(x: Numbers, groups: np.ndarray, deviations: float) -> bool:
    """Whether rows are ordered within the groups of a key. For a column with nulls this is unknown, and the answer is yes."""
    if len(x) != len(groups):
        return True
    rest = x - _means(x, groups)[groups]
    alike = bool(rest.any()) and autocorrelation(rest) > max(deviations / math.sqrt(len(x)), 0.1)  # without their mean, few vary more
    return alike or abs(trend(rest)) > max((deviations + 1) / math.sqrt(len(x) - 1), 0.05)


def _between(x: Numbers, groups: np.ndarray, deviations: float) -> bool:
    """Whether the means of the groups of a key, in the order of their first rows, are ordered."""
    means = _means(x, groups)
    return bool(len(means) >= FEWEST and means.min() < means.max() and numbers_ordered(means, deviations))


def _means(x: Numbers, codes: np.ndarray) -> Numbers:
    found: Numbers = np.bincount(codes, x) / np.bincount(codes)
    return found


# ── the judgement of a flow ──


def by_chance(split: Split | None, roles: Roles) -> bool:
    """Whether the split is random, that is, not by a key that keeps rows together."""
    return split is not None and (split.by == "stratified" or (split.by == "hash" and split.columns in ((), roles.id, *roles.id)))


def judged(flow: Flow, data: Dataset, engine: Session) -> RowOrder | None:
    """The meaning of the order of a table; None if the flow does not split at random or shuffle, or says `anyway`."""
    return order_in(data, data.roles, engine) if _asks(flow, data.roles) else None


def order_in(data: Dataset, roles: Roles, engine: Session, first: pa.Table | None = None) -> RowOrder:
    """The meaning of the order of a table, from a few of its rows. If the engine does not keep their order, the `first` rows are used."""
    kinds = engine.schema(data)
    wanted = [*roles.group, *(c for c in (roles.time, roles.label) if c is not None)]
    asked = sorted((c for c in kinds if _is_asked(c, roles)), key=lambda c: c.name not in wanted)
    rows = engine.stretches(data, [c.name for c in asked[:WIDEST]], MOST) if asked else None
    rows = first if rows is None else rows
    return UNKNOWN if rows is None else order_of(rows, kinds, roles)


def _is_asked(column: Column, roles: Roles) -> bool:
    """Whether a column may show an order, or name it."""
    key = column.kind in (Kind.INTEGER, Kind.STRING) and column.name not in (*roles.id, *roles.text, *roles.image)
    return column.kind.temporal or column.name == roles.time or key or _may_show(column, roles)


def _asks(flow: Flow, roles: Roles) -> bool:
    """Whether the order matters to the flow. If a step of `rows` makes new rows, the order of the file says nothing."""
    if any(step.makes_rows for _, step in flow.steps("rows")):
        return False
    split = flow.split
    return (by_chance(split, roles) and split is not None and not split.anyway) or bool(_shuffles(flow))


def _shuffles(flow: Flow) -> list[Shuffle]:
    return [step for _, step in flow.steps("rows", "training") if isinstance(step, Shuffle) and not (step.anyway or step.blocks)]


def refusals(order: RowOrder, flow: Flow, roles: Roles) -> Iterator[Mistake]:
    """Mistakes for splits and steps that would lose the order of time, with their places and what to write instead."""
    if order.meaning != "time":
        return
    why = f"the rows are in order of time ({order.by!r}), and neighbours are alike in {_named(order.columns)}"
    split = flow.split
    if split is not None and by_chance(split, roles) and not split.anyway:
        hint = f"write `{split_line(split, f'time({order.by})')}`; to split at random anyway, add `anyway: true`"
        message = f"split: {why}: with a random split, a model would learn from rows that are later than its test rows"
        yield _placed(Mistake(message, hint=hint, code="order-carries-meaning"), split, flow)
    for step in _shuffles(flow):
        message = f"shuffle: {why}: shuffling would lose that order"
        yield _placed(Mistake(message, hint="leave the step out, or write `anyway: true`", code="order-carries-meaning"), step, flow)


def _placed(mistake: Mistake, step: Split | Shuffle, flow: Flow) -> Mistake:
    return mistake.at(flow.places[step]) if step in flow.places else mistake


def _named(columns: Sequence[str]) -> str:
    return joined(columns if len(columns) < 5 else [*columns[:3], f"{len(columns) - 3} more columns"])


def order_finding(order: RowOrder, flow: Flow, roles: Roles) -> Finding[SplitCheck]:
    """The finding about the order of the rows, with the line to write instead if one is needed."""
    message, remedy = "", ""
    split, seen = flow.split, _named(order.columns)
    chance = split is not None and by_chance(split, roles)
    match order.meaning:
        case "none":
            message = "The values show no order of the rows: you can split and shuffle them at random."
        case "unknown":
            message = "Not judged whether the order of rows means something: that takes 100 rows or more, in one table or file, on DuckDB."
        case "label" if chance and order.by and split is not None and split.by == "hash":
            message, remedy = f"Rows are sorted by the label {order.by}.", split_line(split, f"stratified({order.by})")
        case "label" if not _shuffled(flow):
            message = f"Rows are sorted by the label {roles.label}: a model that learns row by row needs them shuffled."
            remedy = "training: [shuffle]"
        case "group" if chance and split is not None:
            message = (
                f"Rows of the same {order.by} are adjacent and similar in {seen}: with a random split, test rows belong to groups that "
                "are trained on."
            )
            remedy = split_line(split, f"group({order.by})")
        case "other" if chance and split is not None:
            how = f"sorted by the label {order.by}, and within its classes" if order.by else "in an order that no column explains:"
            message = (
                f"Rows are {how} neighbours are alike in {seen}. If it is that of time, a model would learn from "
                "rows after those it is tested on: number the rows at their source, and split by that number."
            )
            remedy = split_line(split, "ordered(NUMBER)")
    return Finding(ORDER, order.columns, message=message, payload=SplitCheck(meaning=order.meaning, remedy=remedy))


def _shuffled(flow: Flow) -> bool:
    return any(isinstance(step, Shuffle) for _, step in flow.steps("rows", "training"))
