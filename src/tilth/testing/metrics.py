"""The battery that every metric passes, those of Tilth and of other packages.

`check_metric` tries a metric on small tables of nasty values, `check_laws` on any table. Both raise `AssertionError` with the law that
does not hold, the metric and the two values.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

from tilth.data import Dataset, Kind, Memory
from tilth.engine.expressions import cast, col, eq, is_null, lit
from tilth.engine.session import Session
from tilth.errors import ColumnError, Gap
from tilth.metrics.metric import Grouped, Metric, Where, measured

if TYPE_CHECKING:
    import pyarrow as pa

GROUP = "group"  # the column of a table by whose values the laws on groups and filters are tried
TOLERANCE = 1e-9


def nasty_tables() -> dict[str, pa.Table]:
    """Name → table. All have the columns `integer`, `float`, `float2`, `text`, `truth`, `date`, `group`, of those kinds."""
    import pyarrow as pa

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
    nulls = pa.table({c: pa.nulls(4, rows.schema.field(c).type) for c in rows.column_names})
    return {
        "rows": ordinary,
        "extreme numbers": rows,
        "no rows": rows.slice(0, 0),
        "one row": rows.slice(0, 1),
        "one row of nulls": nulls.slice(0, 1),
        "nulls": nulls,
        "one group": ordinary.set_column(ordinary.column_names.index(GROUP), GROUP, pa.array(["x"] * n)),
    }


def check_metric(metric: Metric, engine: Session | None = None, tables: Mapping[str, pa.Table] | None = None) -> None:
    """A metric is documented, rejects a table without its columns, and keeps every law on each of the tables.

    `tables` are `nasty_tables()` unless others are given; the metric's columns must be in them. Errors: `AssertionError`.

    >>> from tilth.metrics.columns import Completeness
    >>> check_metric(Completeness("text"))
    """
    engine = _embedded() if engine is None else engine
    tables = nasty_tables() if tables is None else tables
    check_description(metric)
    check_missing_columns(metric, next(iter(tables.values())), engine)
    for name, table in tables.items():
        try:
            check_laws(metric, table, engine)
        except AssertionError as error:
            raise AssertionError(f"on the table {name!r}: {error}") from error


def check_description(metric: Metric) -> None:
    """A metric is a frozen value that can be hashed, compared and printed, and its facts are in order."""
    _must(is_dataclass(metric), "a metric is a dataclass", metric)
    again = replace(metric)
    _must(metric == again and hash(metric) == hash(again), "equal metrics are equal and hash alike", metric)
    _must(type(metric).__name__ in repr(metric) and bool(metric.name), "a metric prints its name", metric)
    _must(metric.range[0] <= metric.range[1], "the range has its lower bound first", metric)
    _must(bool(type(metric).__doc__), "a metric has a docstring", metric)
    _must(metric.needs() == metric.needs(), "a metric needs the same statistics every time", metric)
    for f in fields(metric)[:1]:
        try:
            setattr(metric, f.name, None)
        except FrozenInstanceError:
            continue
        raise AssertionError(f"{metric}: a metric is frozen")


def check_missing_columns(metric: Metric, table: pa.Table, engine: Session) -> None:
    """A table without one of the metric's columns is rejected, with that column's name."""
    for column in sorted(set[str]().union(*(s.reads for s in metric.needs()))):
        _must(column in table.column_names, f"its column {column!r} is in the table", metric)
        try:
            measured(_data(table.drop_columns([column])), [metric], engine)
        except ColumnError as error:
            _must(column in str(error), f"the message names the missing column {column!r}", metric, str(error))
        else:
            raise AssertionError(f"{metric}: a table without {column!r} is rejected")


def check_laws(metric: Metric, table: pa.Table, engine: Session | None = None) -> None:
    """On one table: the value is in range; filters, groups, row order and parts behave as they should.

    - `where true` changes nothing, and of no selected rows the value is that of no rows;
    - `by` gives for each group what a filter for that group gives;
    - the order of the rows changes nothing (except the last digits of a sum);
    - the numbers of parts merge to those of the whole, where the metric says that they can.
    """
    engine = _embedded() if engine is None else engine
    where = {"true": lit(True), "false": lit(False), "null": cast(lit(None), Kind.BOOLEAN)}
    groups = dict.fromkeys(table[GROUP].to_pylist()) if GROUP in table.column_names else {}
    asked: dict[Any, Metric] = {"": metric, **{name: Where(metric, tree) for name, tree in where.items()}}
    asked |= {(g,): Where(metric, is_null(col(GROUP)) if g is None else eq(col(GROUP), lit(g))) for g in groups}
    asked |= {GROUP: Grouped(metric, (GROUP,))} if groups else {}
    answers = measured(_data(table), asked.values(), engine)  # all in one call, as questions are asked elsewhere
    found = {name: answers[question] for name, question in asked.items()}
    value, nothing = found[""], found["false"]
    _check_range(metric, value)
    _same(value, found["true"], "where true changes nothing", metric)
    of_no_rows = _value(metric, _data(table.slice(0, 0)), engine)
    _same(of_no_rows, _without_empty_groups(nothing), "of no selected rows the value is that of no rows", metric)
    _same(nothing, found["null"], "a condition that is null selects no row", metric)
    backwards = table.slice(0, 0) if not table.num_rows else table.take(list(range(table.num_rows))[::-1])
    _same(value, _value(metric, _data(backwards), engine), "the order of rows changes nothing", metric)
    if groups:
        _check_groups(metric, found[GROUP], {g: found[g,] for g in groups})
    for parts in _cuts(table):
        _check_merge(metric, value, parts, engine)


def _check_range(metric: Metric, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    low, high = metric.range
    _must(not math.isnan(value), "a value is never NaN: a metric without a value gives None", metric)
    _must(low - TOLERANCE <= value <= high + TOLERANCE, f"the value is in [{low}, {high}]", metric, value)


def _check_groups(metric: Metric, found: Mapping[Any, Any], alone: Mapping[Any, Any]) -> None:
    _must(set(found) <= set(alone), "groups are values of the column", metric, found)
    for group, value in alone.items():
        if group in found or not _is_nothing(value):  # a fold leaves out a group of which it sees no value
            _same(
                _without_empty_groups(found.get(group)),
                _without_empty_groups(value),
                f"by gives for group {group!r} what a filter gives",
                metric,
            )


def _without_empty_groups(value: Any) -> Any:
    """A filter may leave groups without a row in a metric of groups."""
    return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


def _is_nothing(value: Any) -> bool:
    return value is None or value == 0 or (isinstance(value, Sequence | Mapping) and not value)


def _cuts(table: pa.Table) -> Iterator[list[pa.Table]]:
    """The table in three parts: alike, and unlike with an empty one."""
    n = table.num_rows
    yield [table.slice(0, 0), table.slice(0, n // 4), table.slice(n // 4)]
    yield [table.slice(0, n // 3), table.slice(n // 3, n // 3), table.slice(n // 3 * 2)]


def _check_merge(metric: Metric, value: Any, parts: Sequence[pa.Table], engine: Session) -> None:
    numbers = [_numbers(metric, _data(part), engine) for part in parts]
    merged = numbers[0]
    try:
        for more in numbers[1:]:
            merged = metric.merge(merged, more)
    except Gap:
        return
    _same(value, metric.value(*merged), "parts merge to the whole", metric)


# ── values ──


def _data(table: pa.Table) -> Dataset:
    return Dataset(Memory(table, tuple(table.column_names), id(table)))


def _value(metric: Metric, data: Dataset, engine: Session) -> Any:
    return measured(data, [metric], engine)[metric]


def _numbers(metric: Metric, data: Dataset, engine: Session) -> tuple[Any, ...]:
    found = engine.answer(data, metric.needs())
    return tuple(found[s] for s in metric.needs())


def _must(holds: bool, law: str, metric: Metric, found: Any = "") -> None:
    if not holds:
        raise AssertionError(f"{metric}: {law}" + (f"; found {found!r}" if found != "" else ""))


def _same(a: Any, b: Any, law: str, metric: Metric) -> None:
    if not same(a, b):
        raise AssertionError(f"{metric}: {law}; found {a!r} and {b!r}")


def same(a: Any, b: Any, tolerance: float = TOLERANCE) -> bool:
    """Whether two values are equal, floats except for their last digits; nested values too.

    >>> same({"x": [0.1 + 0.2]}, {"x": [0.3]}), same(None, 0)
    (True, False)
    """
    match a, b:
        case (dict(), dict()):
            return a.keys() == b.keys() and all(same(a[k], b[k], tolerance) for k in a)
        case (list() | tuple(), list() | tuple()):
            return len(a) == len(b) and all(same(x, y, tolerance) for x, y in zip(a, b, strict=True))
        case (bool(), _) | (_, bool()):
            return a is b
        case (int() | float(), int() | float()):
            return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance) or (a != a and b != b)
    return bool(a == b)


_engines: list[Session] = []


def _embedded() -> Session:
    """One embedded engine for all checks: its start costs as much as many of them."""
    from tilth.engine.duckdb import DuckDB

    if not _engines:
        _engines.append(DuckDB().session())
    return _engines[0]
