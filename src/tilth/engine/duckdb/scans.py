"""The table functions of DuckDB that scan files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from tilth.data import Files
from tilth.engine.expressions import lit

LONGEST_LINE = 16_000_000  # bytes; DuckDB's own bound is 2 million. With a buffer of twice as much a scan is faster than with its own, too


def parquet(source: Files) -> str:
    """Parquet files, as they are."""
    options = {"hive_partitioning": bool(source.option("hive")), "hive_types_autocast": False, "union_by_name": True}
    return _call("read_parquet", source.paths, options)


def csv(source: Files, paths: Sequence[str]) -> str:
    """CSV files in UTF-8, all columns as strings."""
    quote = source.option("quote")
    options = {
        "auto_detect": False,
        "delim": source.option("delimiter"),
        "header": source.option("header"),
        "quote": quote,
        "escape": quote,
        "strict_mode": True,
        "null_padding": False,
        "allow_quoted_nulls": False,
        "max_line_size": LONGEST_LINE,
        "buffer_size": 2 * LONGEST_LINE,
    }
    columns = "{" + ", ".join(f"{literal(c)}: 'VARCHAR'" for c in source.columns) + "}"
    scan = _call("read_csv", paths, options)[:-1] + f", columns = {columns})"
    if len(source.columns) > 1:
        return scan
    return f"(SELECT * FROM {scan} WHERE {quoted(source.columns)} IS NOT NULL)"  # an empty line is not a row, not even of one column


def jsonl(source: Files) -> str:
    """Files of a JSON object per line, all columns as strings."""
    columns = "{" + ", ".join(f"{literal(c)}: 'VARCHAR'" for c in source.columns) + "}"
    return _call("read_json", source.paths, {"format": "newline_delimited"})[:-1] + f", columns = {columns})"


def _call(function: str, paths: Sequence[str], options: Mapping[str, Any]) -> str:
    given = "".join(f", {name} = {literal(value)}" for name, value in options.items())
    return f"{function}([{', '.join(map(literal, paths))}]{given})"


def literal(value: Any) -> str:
    """A value as a literal."""
    return lit(value).sql("duckdb")


def quoted(columns: Sequence[str]) -> str:
    """Column names, quoted, with commas between."""
    return ", ".join(exp.to_identifier(c, quoted=True).sql("duckdb") for c in columns)
