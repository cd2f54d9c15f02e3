"""Pieces of DuckDB's SQL that scan and write files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlglot import exp

from tilth.engine.expressions import lit


def table_function(name: str, paths: Sequence[str], options: Mapping[str, Any], strings: Sequence[str] = ()) -> str:
    """A call of a table function that scans files; `strings` are the columns that are read as strings."""
    columns = ", ".join(f"{literal(c)}: 'VARCHAR'" for c in strings)
    words = [f"[{', '.join(map(literal, paths))}]", *(f"{word} = {literal(value)}" for word, value in options.items())]
    return f"{name}({', '.join([*words, f'columns = {{{columns}}}'] if strings else words)})"


def literal(value: Any) -> str:
    """A value as a literal."""
    return lit(value).sql("duckdb")


def quoted(columns: Sequence[str]) -> str:
    """Column names, quoted, with commas between."""
    return ", ".join(exp.to_identifier(c, quoted=True).sql("duckdb") for c in columns)
