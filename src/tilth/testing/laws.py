"""Helpers of the batteries: asserting a law, tables as datasets, and the comparison of answers."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import pyarrow as pa

from tilth.data import Dataset, Memory, Roles
from tilth.engine.duckdb import DuckDB
from tilth.engine.session import Session

TOLERANCE = 1e-9
NO_ROLES = Roles()


def require(holds: object, law: str, *found: Any) -> None:
    """Raise AssertionError with the law and the found values if the law does not hold."""
    if not holds:
        raise AssertionError(law + (f"; found {' and '.join(map(repr, found))}" if found else ""))


def same(a: Any, b: Any, tolerance: float = TOLERANCE) -> bool:
    """Whether two values, which may be nested, are equal except for the last digits of floats.

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
    if hasattr(a, "to_pylist") and hasattr(b, "to_pylist"):
        return bool(a.schema.equals(b.schema)) and same(a.to_pylist(), b.to_pylist(), tolerance)
    if hasattr(a, "tolist") and hasattr(b, "tolist"):
        return same(a.tolist(), b.tolist(), tolerance)
    return bool(a == b)


def in_memory(table: pa.Table, roles: Roles = NO_ROLES) -> Dataset:
    """A table as a dataset."""
    return Dataset(Memory(table, tuple(table.column_names)), roles)


def backwards(table: pa.Table) -> pa.Table:
    """The rows of a table in the opposite order."""
    return table.take(list(range(table.num_rows))[::-1]) if table.num_rows else table


def nulls(table: pa.Table, rows: int) -> pa.Table:
    """Rows of nulls with the types of a table."""
    return pa.table({f.name: pa.nulls(rows, f.type) for f in table.schema}, table.schema)


@cache
def embedded() -> Session:
    """One embedded engine for all checks, because starting one takes as long as many checks."""
    return DuckDB().session()
