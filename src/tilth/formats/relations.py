"""Tables in an engine: a DuckDB relation, a Spark frame."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tilth.data import Memory, Native, Source
from tilth.engine.expressions import alias, col
from tilth.engine.operations.operation import lower
from tilth.engine.session import Session
from tilth.formats.arrow import checked_names, decoded
from tilth.formats.format import Format

if TYPE_CHECKING:
    import pyarrow as pa


class DuckDBRelation(Format):
    """A relation of DuckDB. It is read in place by an engine on the same connection; another engine takes its rows through Arrow.

    Arrow has no integers of 128 bits, which DuckDB makes of sums: such a column gets 64 bits if its values fit, otherwise decimals.
    """

    name = "duckdb"

    def knows(self, thing: Any) -> bool:
        return type(thing).__name__ == "DuckDBPyRelation"

    def open(self, given: Any, names: Sequence[str] | None, engine: Session, **_: Any) -> Source:
        found = zip(given.columns, checked_names(given.columns, names), strict=True)
        renamed = given.project(", ".join(lower(alias(col(c), n), "duckdb") for c, n in found)) if names else given
        if engine.owns(renamed):
            return Native(self.name, renamed, tuple(renamed.columns), id(renamed))
        table = decoded(_of_64_bits(renamed.to_arrow_table(), [str(t) for t in renamed.types]))
        return Memory(table, tuple(table.column_names))


class SparkFrame(Format):
    """A Spark frame. Another engine takes its rows through Arrow."""

    name = "spark"

    def knows(self, thing: Any) -> bool:
        return type(thing).__module__.startswith("pyspark.sql") and type(thing).__name__ == "DataFrame"

    def open(self, given: Any, names: Sequence[str] | None, engine: Session, **_: Any) -> Source:
        found = checked_names(given.columns, names)
        renamed = given.toDF(*found) if names else given
        if engine.owns(renamed):
            return Native(self.name, renamed, tuple(renamed.columns), id(renamed))
        table = decoded(renamed.toArrow())
        return Memory(table, tuple(table.column_names))


def _of_64_bits(table: pa.Table, types: Sequence[str]) -> pa.Table:
    """The table with 128-bit integers, which arrive as decimals, as 64-bit integers if all of them fit."""
    import pyarrow as pa

    for i, name in enumerate(table.column_names):
        if types[i] == "HUGEINT":
            with suppress(pa.ArrowInvalid):
                table = table.set_column(i, name, table.column(i).cast(pa.int64()))
    return table
