"""The test battery for metrics, those of Tilth and of other packages.

`check_metric` tests a metric on small tables of nasty values, `check_laws` on any table. Both raise `AssertionError` with the broken law,
the metric and the two values.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import is_dataclass, replace
from functools import cache
from typing import Any

import pyarrow as pa

from tilth.data import Dataset, Kind
from tilth.engine.expressions import cast, col, eq, is_null, lit
from tilth.engine.session import Session
from tilth.errors import ColumnError, Gap
from tilth.metrics.metric import Grouped, Metric, Where, measured
from tilth.testing.laws import TOLERANCE, backwards, embedded, in_memory, nulls, require, same

GROUP = "group"  # the column for testing the laws on groups and filters


def nasty_tables() -> dict[str, pa.Table]:
    """Name → table. Each has the columns `integer`, `float`, `float2`, `text`, `truth`, `date` and `group`."""
    texts = ["b", "a", "", " ", "B", "é", "it's", None, "a", "名", "b", "\\"]
    floats = [0.5, -0.0, 1e300, None, 2.5, -1e-300, 0.1, 7.0, 2.5, 0.0, 3.0, None]
    n = len(texts)
    rows = pa.table(
        {
            "integer": [3, 1, None, 2**53, -(2**53), 0, 3, 3, None, 7, 1, 2],
            "float": floats,
            "float2": [1.0, 2.0, None, 4.0, 0.25, None, 7.5, 1.0, 2.0, 3.0, 9.0, 0.125],
            "text": texts,
            "truth": [True, False, None] * (n // 3),
            "date": [None if i % 5 == 0 else dt.date(2024, 2, 28) + dt.timedelta(days=i % 4) for i in range(n)],
            GROUP: ["x", "y", "x", None, "y", "x", "x", "y", None, "x", "y", "z"],
        }
    )
    ordinary = pa.table({**{c: rows[c] for c in rows.column_names}, "float": pa.array([None if x is None else x % 10 for x in floats])})
    return {
        "rows": ordinary,
        "extreme numbers": rows,
        "no rows": rows.slice(0, 0),
        "one row": rows.slice(0, 1),
        "one row of nulls": nulls(rows, 1),
        "nulls": nulls(rows, 4),
        "one group": ordinary.set_column(ordinary.column_names.index(GROUP), GROUP, pa.array(["x"] * n)),
    }


def check_metric(metric: Metric, engine: Session | None = None, tables: Mapping[str, pa.Table] | None = None) -> None:
    """Check that a metric is documented, rejects a table without its columns, and keeps every law on each of the tables.

    `tables` are `nasty_tables()` by default; they must have the columns of the metric. Errors: `AssertionError`.

    >>> from tilth.metrics.columns import Completeness
    >>> check_metric(Completeness("text"))
    """
    engine = engine or embedded()
    tables = nasty_tables() if tables is None else tables
    check_description(metric)
    check_missing_columns(metric, next(iter(tables.values())), engine)
    for name, table in tables.items():
        try:
            check_laws(metric, table, engine)
        except AssertionError as error:
            raise AssertionError(f"on the table {name!r}: {error}") from error


def check_description(metric: Metric) -> None:
    """Check that a metric can be hashed, compared and printed, and that its attributes are valid."""
    require(is_dataclass(metric), f"{metric}: a metric is a dataclass")
    again = replace(metric)
    require(metric == again and hash(metric) == hash(again), f"{metric}: equal metrics are equal and hash alike")
    require(type(metric).__name__ in repr(metric) and bool(metric.name), f"{metric}: a metric prints its name")
    require(metric.range[0] <= metric.range[1], f"{metric}: the range has its lower bound first")
    require(bool(type(metric).__doc__), f"{metric}: a metric has a docstring")
    require(metric.needs() == metric.needs(), f"{metric}: a metric needs the same statistics every time")


def check_missing_columns(metric: Metric, table: pa.Table, engine: Session) -> None:
    """Check that a table without one of the metric's columns is rejected, and that the message names the column."""
    for column in sorted(set[str]().union(*(s.reads for s in metric.needs()))):
        require(column in table.column_names, f"{metric}: its column {column!r} is in the table")
        try:
            measured(in_memory(table.drop_columns([column])), [metric], engine)
        except ColumnError as error:
            require(column in str(error), f"{metric}: the message names the missing column {column!r}", str(error))
        else:
            raise AssertionError(f"{metric}: a table without {column!r} is rejected")


def check_laws(metric: Metric, table: pa.Table, engine: Session | None = None) -> None:
    """Check the laws of a metric on one table. The value is in range, and:

    - `where true` changes nothing, and the value for no selected rows is that of a table without rows;
    - `by` gives for each group what a filter for that group gives;
    - the order of the rows changes nothing (except the last digits of a sum);
    - the numbers of parts merge to those of the whole, if the metric supports merging.
    """
    engine = engine or embedded()
    where = {"true": lit(True), "false": lit(False), "null": cast(lit(None), Kind.BOOLEAN)}
    groups = dict.fromkeys(table[GROUP].to_pylist()) if GROUP in table.column_names else {}
    asked: dict[Any, Metric] = {"": metric, **{name: Where(metric, tree) for name, tree in where.items()}}
    asked |= {(g,): Where(metric, is_null(col(GROUP)) if g is None else eq(col(GROUP), lit(g))) for g in groups}
    asked |= {GROUP: Grouped(metric, (GROUP,))} if groups else {}
    answers = measured(in_memory(table), asked.values(), engine)  # all in one call, as in other uses
    found = {name: answers[question] for name, question in asked.items()}
    value, nothing = found[""], found["false"]

    @cache  # small tables are cut into the same parts again
    def numbers(rows: tuple[int, int]) -> tuple[Any, ...]:
        return _numbers(metric, in_memory(table.slice(*rows)), engine)

    _check_range(metric, value)
    _require_same(value, found["true"], "where true changes nothing", metric)
    of_no_rows = metric.value(*numbers((0, 0)))
    _require_same(of_no_rows, _without_empty_groups(nothing), "of no selected rows the value is that of no rows", metric)
    _require_same(nothing, found["null"], "a condition that is null selects no row", metric)
    back = backwards(table)
    if not back.equals(table):
        _require_same(value, _value(metric, in_memory(back), engine), "the order of rows changes nothing", metric)
    if groups:
        _check_groups(metric, found[GROUP], {g: found[g,] for g in groups})
    for parts in _cuts(table.num_rows):
        _check_merge(metric, value, [numbers(rows if rows[1] else (0, 0)) for rows in parts])


def _check_range(metric: Metric, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    low, high = metric.range
    require(not math.isnan(value), f"{metric}: a value is never NaN: a metric without a value gives None")
    require(low - TOLERANCE <= value <= high + TOLERANCE, f"{metric}: the value is in [{low}, {high}]", value)


def _check_groups(metric: Metric, found: Mapping[Any, Any], alone: Mapping[Any, Any]) -> None:
    require(set(found) <= set(alone), f"{metric}: groups are values of the column", found)
    for group, value in alone.items():
        if group in found or value:  # a fold leaves out a group without values
            _require_same(
                _without_empty_groups(found.get(group)),
                _without_empty_groups(value),
                f"by gives for group {group!r} what a filter gives",
                metric,
            )


def _without_empty_groups(value: Any) -> Any:
    """Remove the groups without a value, which a filter may leave in a grouped metric."""
    return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


def _cuts(n: int) -> Iterator[list[tuple[int, int]]]:
    """The first row and the number of rows of three parts: once with unequal parts, one of them empty, and once with equal parts."""
    yield [(0, 0), (0, n // 4), (n // 4, n - n // 4)]
    yield [(0, n // 3), (n // 3, n // 3), (n // 3 * 2, n - n // 3 * 2)]


def _check_merge(metric: Metric, value: Any, numbers: Sequence[tuple[Any, ...]]) -> None:
    merged = numbers[0]
    try:
        for more in numbers[1:]:
            merged = metric.merge(merged, more)
    except Gap:
        return
    _require_same(value, metric.value(*merged), "parts merge to the whole", metric)


def _value(metric: Metric, data: Dataset, engine: Session) -> Any:
    return measured(data, [metric], engine)[metric]


def _numbers(metric: Metric, data: Dataset, engine: Session) -> tuple[Any, ...]:
    found = engine.answer(data, metric.needs())
    return tuple(found[s] for s in metric.needs())


def _require_same(a: Any, b: Any, law: str, metric: Metric) -> None:
    require(same(a, b), f"{metric}: {law}", a, b)
