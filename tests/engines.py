"""The engine of tests that are not about engines."""

from __future__ import annotations

from functools import cache

from tilth.engine.duckdb import DuckDB
from tilth.engine.session import Session


@cache
def _one() -> DuckDB:
    return DuckDB()


def duckdb_session() -> Session:
    """A session of one DuckDB for the whole run: opening a database takes longer than most tests."""
    return _one().session()
