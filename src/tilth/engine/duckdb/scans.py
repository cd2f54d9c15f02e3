"""Pieces of DuckDB's SQL that scan and write files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from tilth.engine.expressions import lit


def table_function(name: str, paths: Sequence[str], options: Mapping[str, Any], strings: Sequence[str] = ()) -> str:
    """A call of a table function that scans files; `strings` are the columns that are read as strings. Options may be mappings."""
    given = {**options, **({"columns": dict.fromkeys(strings, "VARCHAR")} if strings else {})}
    words = [f"{word} = {_struct(value) if isinstance(value, Mapping) else literal(value)}" for word, value in given.items()]
    return f"{name}([{', '.join(map(literal, paths))}]{''.join(f', {word}' for word in words)})"


def _struct(value: Mapping[str, Any]) -> str:
    return f"{{{', '.join(f'{literal(key)}: {literal(of)}' for key, of in value.items())}}}"


MOST_FOOTERS = 100


def extremes(paths: Sequence[str]) -> str:
    """The query of the columns of numbers in Parquet files: name, type, smallest and largest value, which footers say without NaN."""
    ends = ", ".join(f"{f}(TRY_CAST(stats_{f}_value AS DOUBLE)) AS {f}" for f in ("min", "max"))
    footers = f"parquet_metadata([{', '.join(map(literal, paths[:MOST_FOOTERS]))}])"
    kind = "IF(type IN ('INT32', 'INT64'), 'BIGINT', type)"  # dates and times are not numbers
    groups = f"SELECT path_in_schema, {kind}, {ends} FROM {footers} WHERE type IN ('FLOAT', 'DOUBLE', 'INT32', 'INT64') GROUP BY ALL"
    return f"SELECT * FROM ({groups}) WHERE isfinite(min) AND isfinite(max)"


def literal(value: Any) -> str:
    """A value as a literal."""
    return lit(value).sql("duckdb")


def quoted(columns: Sequence[str]) -> str:
    """Column names, quoted, with commas between."""
    return ", ".join(exp.to_identifier(c, quoted=True).sql("duckdb") for c in columns)
