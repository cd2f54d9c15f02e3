"""The three lowerings of a tree side by side: DuckDB, Spark, and the row function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tests.engines import duckdb_session
from tilth.data import Change, Dataset, Memory
from tilth.engine.expressions import alias, col
from tilth.engine.row import row_function
from tilth.engine.session import Session

ORDER = "\x1forder"


def numbered(table: pa.Table) -> pa.Table:
    return table.append_column(ORDER, pa.array(range(table.num_rows), pa.int64()))


def on_engine(engine: Session, table: pa.Table, trees: Sequence[Tree]) -> list[tuple[Any, ...]]:
    """The trees' values, a tuple for each row of the table, in its order; all in one select."""
    table = numbered(table)
    chosen = [alias(col(ORDER), ORDER), *(alias(t, f"t{i}") for i, t in enumerate(trees))]
    rows = engine.rows(Dataset(Memory(table, tuple(table.column_names))), exp.Select(expressions=chosen))
    return [tuple(row[1:]) for row in sorted(rows, key=lambda row: row[0])]


def on_duckdb(table: pa.Table, trees: Sequence[Tree]) -> list[tuple[Any, ...]]:
    return on_engine(duckdb_session(), table, trees)


def on_spark(session: Any, table: pa.Table, trees: Sequence[Tree]) -> list[tuple[Any, ...]]:
    from tilth.engine.spark import Spark

    return on_engine(Spark(session).session(), table, trees)


def by_row(table: pa.Table, trees: Sequence[Tree]) -> list[tuple[Any, ...]]:
    """The trees' values by the row function."""
    changed = Change((*((f"t{i}", t) for i, t in enumerate(trees)), *((n, None) for n in table.column_names)))
    one = row_function([changed], table.column_names)
    return [tuple(one(row).values()) for row in table.to_pylist()]
