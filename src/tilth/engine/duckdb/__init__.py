"""The embedded engine: DuckDB."""

from tilth.engine.duckdb.engine import DuckDB
from tilth.engine.duckdb.errors import first_line
from tilth.engine.duckdb.kinds import kind_of

__all__ = ["DuckDB", "first_line", "kind_of"]
