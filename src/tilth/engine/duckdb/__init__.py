"""The embedded engine: DuckDB."""

from tilth.engine.duckdb.engine import DuckDB
from tilth.engine.duckdb.kinds import kind_of

__all__ = ["DuckDB", "kind_of"]
