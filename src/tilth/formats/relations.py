"""Tables that live in an engine: a DuckDB relation, a Spark frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tilth.data import Memory, Native, Source
from tilth.engine.engine import Engine
from tilth.formats.arrow import checked_names, decoded
from tilth.formats.format import Format


class DuckDBRelation(Format):
    """A relation of DuckDB. It is read in place by an engine on the same connection; another engine takes its rows through Arrow."""

    name = "duckdb"

    def knows(self, thing: Any) -> bool:
        return type(thing).__name__ == "DuckDBPyRelation"

    def open(self, given: Any, names: Sequence[str] | None, engine: Engine, **_: Any) -> Source:
        found = zip(given.columns, checked_names(given.columns, names), strict=True)
        renamed = given.project(", ".join(f"{_quoted(c)} AS {_quoted(n)}" for c, n in found)) if names else given
        if engine.owns(renamed):
            return Native(self.name, renamed, tuple(renamed.columns), id(renamed))
        table = decoded(renamed.to_arrow_table())
        return Memory(table, tuple(table.column_names), id(table))


class SparkFrame(Format):
    """A Spark frame. Another engine takes its rows through Arrow."""

    name = "spark"

    def knows(self, thing: Any) -> bool:
        return type(thing).__module__.startswith("pyspark.sql") and type(thing).__name__ == "DataFrame"

    def open(self, given: Any, names: Sequence[str] | None, engine: Engine, **_: Any) -> Source:
        found = checked_names(given.columns, names)
        renamed = given.toDF(*found) if names else given
        if engine.owns(renamed):
            return Native(self.name, renamed, tuple(renamed.columns), id(renamed))
        table = decoded(renamed.toArrow())
        return Memory(table, tuple(table.column_names), id(table))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
