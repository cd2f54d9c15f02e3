"""A step, fitted on a small table and applied to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from tests.engines import duckdb_session
from tilth.data import Dataset, Memory, Roles
from tilth.engine.duckdb import DuckDB
from tilth.engine.session import everything
from tilth.steps.fitting import fit
from tilth.steps.step import Fitted, Step

NO_ROLES = Roles()


def dataset(table: pa.Table | Mapping[str, Sequence[Any]], roles: Roles = NO_ROLES) -> Dataset:
    table = table if isinstance(table, pa.Table) else pa.table(dict(table))
    return Dataset(Memory(table, tuple(table.column_names)), roles)


def columns_of(data: Dataset, engine: DuckDB) -> dict[str, list[Any]]:
    rows = engine.rows(data, everything())
    return {name: [row[i] for row in rows] for i, name in enumerate(data.names)}


def fitted(step: Step, table: Any, roles: Roles = NO_ROLES) -> Fitted:
    (found,), _ = fit([step], dataset(table, roles), duckdb_session())
    return found


def made(step: Step, table: Any, roles: Roles = NO_ROLES) -> dict[str, list[Any]]:
    """Column → values, after the step learned from the table and changed it."""
    engine = duckdb_session()
    _, data = fit([step], dataset(table, roles), engine)
    return columns_of(data, engine)


def applied(found: Fitted, table: Any, roles: Roles = NO_ROLES) -> dict[str, list[Any]]:
    """Column → values, after a fitted step changed another table."""
    return columns_of(found.apply(dataset(table, roles)), duckdb_session())


def rows_of(table: Mapping[str, Sequence[Any]]) -> list[tuple[Any, ...]]:
    """The rows of columns, in an order of their own; what pandas calls missing as None."""
    return sorted(zip(*([None if pd.isna(x) else x for x in column] for column in table.values()), strict=True), key=str)
