"""The embedded engine: DuckDB."""

from tilth.engine.duckdb.engine import DuckDB, first_line, kind_of

__all__ = ["DuckDB", "first_line", "kind_of"]
