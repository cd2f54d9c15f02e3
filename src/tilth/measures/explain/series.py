"""Reads the time series of a table, and makes inputs of a forecasting model: a whole series per row, with parts replaced by a baseline."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from tilth.data import BELOW, Dataset
from tilth.data.schema import NUMBERS
from tilth.engine.expressions import col, in_
from tilth.engine.layers import table as named
from tilth.engine.needs import Sample
from tilth.engine.session import Session
from tilth.errors import Mistake, RequestError, unknown
from tilth.metrics.columns import RowCount
from tilth.metrics.metric import Grouped, measured

Level: TypeAlias = Literal["zero", "mean"]
"""The replacement of absent values of a series: 0, or the mean of the known values."""


@dataclass(frozen=True)
class SeriesColumns:
    """The columns of series: item (None for a single series), time, target, related series and static covariates."""

    item: str | None
    time: str
    target: str
    related: tuple[str, ...] = ()
    static: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every column."""
        return (*([self.item] if self.item else []), self.time, self.target, *self.related, *self.static)


@dataclass(frozen=True, eq=False)
class Series:
    """The series of an item: its target up to the last known step, related series (series × steps), which may be longer, static covariates.

    Null is NaN. `absent_target` and `absent_related` replace absent values; `static` has, for each covariate, the item's value and its
    replacement.
    """

    item: Any
    times: pa.Array
    target: np.ndarray
    related: np.ndarray
    static: tuple[pa.Array, ...]
    absent_target: float
    absent_related: np.ndarray

    @cached_property
    def steps(self) -> list[list[int]]:
        """The players of each step: its target and its related values. Players are numbered: static covariates, targets, related values."""
        first, known, every = len(self.static), len(self.target), self.related.shape[1]
        found = [[first + t] if t < known else [] for t in range(every)]
        for r in range(len(self.related)):
            for t, players in enumerate(found):
                players.append(first + known + r * every + t)
        return [players for players in found if players]

    def numbers(self, present: np.ndarray) -> list[np.ndarray]:
        """The values of coalitions: (coalition, step) for the target and for each related series."""
        first, known = len(self.static), len(self.target)
        found = [np.where(present[:, first : first + known], self.target, self.absent_target)]
        parts = present[:, first + known :].reshape(len(present), *self.related.shape)
        return found + [np.where(parts[:, r], x, self.absent_related[r]) for r, x in enumerate(self.related)]

    def covariates(self, present: np.ndarray) -> list[pa.Array]:
        """The values of each static covariate, by coalition."""
        return [both.take(pa.array(np.where(present[:, i], 0, 1))) for i, both in enumerate(self.static)]

    def rows(self, columns: SeriesColumns, present: np.ndarray) -> pa.Table:
        """A row for each coalition: item, times, target and related series as lists, and static covariates."""
        n = len(present)
        found = {columns.item: pa.array([self.item] * n)} if columns.item else {}
        found[columns.time] = _lists(pa.concat_arrays([self.times] * n), n)
        for name, x in zip((columns.target, *columns.related), self.numbers(present), strict=True):
            found[name] = _lists(pa.array(x.ravel(), from_pandas=True), n)
        return pa.table(found | dict(zip(columns.static, self.covariates(present), strict=True)))

    def matrix(self, present: np.ndarray) -> np.ndarray:
        """A row for each coalition: the steps of the target, the steps of each related series, and the static covariates."""
        covariates = [pc.fill_null(c.cast("float64"), np.nan).to_numpy()[:, None] for c in self.covariates(present)]
        return np.concatenate([*self.numbers(present), *covariates], axis=1)


def _lists(values: pa.Array, n: int) -> pa.Array:
    """Split the values into n lists of equal length."""
    return pa.ListArray.from_arrays(np.arange(n + 1, dtype=np.int32) * (len(values) // n), values)


@dataclass(frozen=True)
class Baseline:
    """The replacements of absent values; `static` by item."""

    target: Level = "zero"
    related: Level = "zero"
    static: Mapping[str, Sequence[Any]] | None = None


def series_of(
    name: str, table: Dataset, related: Sequence[str], static: Sequence[str], baseline: Baseline, items: int, session: Session, seed: int
) -> tuple[SeriesColumns, list[Series]]:
    """The series of up to `items` items of a table with a row for each item and time, by the roles id, time and label.

    Errors: `RequestError` without time or target, for columns that do not fit, and for items whose rows do not form a series, all at once.
    """
    columns = _columns(name, table, related, static, session)
    chosen, data = ([None], table) if columns.item is None else _chosen(table, columns.item, items, session, seed)
    if not chosen:
        return columns, []
    need, made, mistakes = Sample(columns.all, None), list[Series](), list[Mistake]()
    found = measured(data, [need], session)[need].sort_by(columns.time)
    for item in chosen:
        rows = found if columns.item is None else found.filter(pc.equal(found[columns.item], item))
        who = f"{name}: {'the item' if columns.item in table.roles.private else f'item {item!r}' if columns.item else 'the series'}"
        wrong = [f"{who} {message}" for message in _wrong(rows, columns, baseline, item)]
        if not wrong:
            try:
                made.append(_made(rows, columns, baseline, item))
            except pa.ArrowException as error:
                wrong.append(f"{who} has a baseline that does not fit {', '.join(columns.static)}: {error}")
        mistakes += [Mistake(message, code="bad-series") for message in wrong]
    RequestError.reject(mistakes)
    return columns, made


def _chosen(table: Dataset, item: str, items: int, session: Session, seed: int) -> tuple[list[Any], Dataset]:
    """A sample of the items, and their rows."""
    groups = Grouped(RowCount(), (item,))
    there = [i for i in measured(table, [groups], session)[groups] if i is not None]
    chosen = sorted(there, key=lambda i: (zlib.crc32(f"{seed} {i}".encode()), str(i)))[:items]
    select = exp.Select(expressions=[exp.Star()]).from_(named(BELOW), copy=False).where(in_(col(item), chosen), copy=False)
    return chosen, table.rows(select, out=table.names)


def _columns(name: str, table: Dataset, related: Sequence[str], static: Sequence[str], session: Session) -> SeriesColumns:
    roles, schema = table.roles, session.schema(table)
    wrong = [
        Mistake(f"{name} needs {what}", hint=f"name the column: roles {{{role}: COLUMN}}", code=f"no-{role}")
        for role, what in (("time", "the time of each row"), ("label", "the target, which is the label"))
        if not getattr(roles, role)
    ]
    if len(roles.id) > 1:
        wrong.append(
            Mistake(f"{name}: items have {len(roles.id)} id columns", accepted="one, or none for a single series", code="many-ids")
        )
    wrong += unknown([*related, *static], schema.names, f"{name}: there is no column {{}}", "unknown-column")
    wrong += [
        Mistake(f"{name}: {c!r} is a column of kind {schema[c].kind}", accepted="numbers, booleans", code="wrong-kind")
        for c in (*([roles.label] if roles.label else []), *related)
        if c in schema and schema[c].kind not in NUMBERS
    ]
    RequestError.reject(wrong)
    return SeriesColumns(next(iter(roles.id), None), str(roles.time), str(roles.label), tuple(related), tuple(static))


def _wrong(rows: pa.Table, columns: SeriesColumns, baseline: Baseline, item: Any) -> Iterator[str]:
    """Why the rows of an item do not form a series."""
    times = rows[columns.time]
    if times.null_count:
        yield "has rows without a time"
    if pc.count_distinct(times).as_py() + times.null_count < len(rows):
        yield "has several rows of the same time"
    if rows[columns.target].null_count == len(rows):
        yield f"has no known {columns.target}"
    for c in columns.static:
        if pc.count_distinct(rows[c], mode="all").as_py() > 1:
            yield f"has several values of {c}, which is to be the same in all its rows"
    if columns.static:
        given = (baseline.static or {}).get(str(item))
        if given is None or len(given) != len(columns.static):
            found = "none" if given is None else f"{len(given)} values"
            yield f"needs a baseline of {', '.join(columns.static)}, and has {found}: static_baseline: {{ITEM: [VALUE, …]}}"


def _made(rows: pa.Table, columns: SeriesColumns, baseline: Baseline, item: Any) -> Series:
    numbers = [pc.fill_null(rows[c].cast("float64"), np.nan).to_numpy() for c in (columns.target, *columns.related)]
    target = numbers[0][: int(np.flatnonzero(~np.isnan(numbers[0]))[-1]) + 1]
    related = np.stack(numbers[1:]) if columns.related else np.zeros((0, len(rows)))
    absent = (baseline.static or {}).get(str(item), ())
    return Series(
        item,
        rows[columns.time].combine_chunks(),
        target,
        related,
        tuple(pa.array([rows[c][0].as_py(), other], rows[c].type) for c, other in zip(columns.static, absent, strict=True)),
        _level(target, baseline.target),
        np.array([_level(x, baseline.related) for x in related]),
    )


def _level(x: np.ndarray, how: Level) -> float:
    known = x[~np.isnan(x)]
    return float(known.mean()) if how == "mean" and len(known) else 0.0
