"""Tables in an engine (a DuckDB relation, a Spark frame), and tables in memory through the Arrow C interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tilth.data import Memory, Native, Source
from tilth.engine.expressions import alias, col
from tilth.engine.operations.operation import lower
from tilth.engine.session import Session
from tilth.formats.format import Format, checked_names


class DuckDBRelation(Format):
    """A DuckDB relation. An engine on the same connection reads it in place; other engines get its rows through Arrow.

    Arrow has no 128-bit integers, the type of sums in DuckDB: such a column gets 64 bits if its values fit, otherwise it becomes decimal.
    """

    name = "duckdb"

    def knows(self, thing: Any) -> bool:
        return type(thing).__name__ == "DuckDBPyRelation"

    def open(self, given: Any, names: Sequence[str] | None, engine: Session, **_: Any) -> Source:
        from tilth.formats.arrow import decoded, of_64_bits

        found = zip(given.columns, checked_names(given.columns, names), strict=True)
        renamed = given.project(", ".join(lower(alias(col(c), n), "duckdb") for c, n in found)) if names else given
        if engine.owns(renamed):
            return Native(self.name, renamed, tuple(renamed.columns), id(renamed))
        table = decoded(of_64_bits(renamed.to_arrow_table(), [str(t) for t in renamed.types]))
        return Memory(table, tuple(table.column_names))


class SparkFrame(Format):
    """A Spark frame. Other engines get its rows through Arrow."""

    name = "spark"

    def knows(self, thing: Any) -> bool:
        return type(thing).__module__.startswith("pyspark.sql") and type(thing).__name__ == "DataFrame"

    def open(self, given: Any, names: Sequence[str] | None, engine: Session, **_: Any) -> Source:
        from tilth.formats.arrow import decoded

        found = checked_names(given.columns, names)
        renamed = given.toDF(*found) if names else given
        if engine.owns(renamed):
            return Native(self.name, renamed, tuple(renamed.columns), id(renamed))
        table = decoded(renamed.toArrow())
        return Memory(table, tuple(table.column_names))


class Arrow(Format):
    """An Arrow table, batch, reader or dataset; a pandas or Polars frame, also a lazy one; any object with `__arrow_c_stream__`.

    The rows of readers (which can be read only once), lazy frames and datasets are loaded into memory. Dictionaries (categories) become
    their values. The index of a pandas frame is not a column; `frame.reset_index()` makes it one.
    """

    name = "arrow"

    def knows(self, thing: Any) -> bool:
        return hasattr(thing, "__arrow_c_stream__") or hasattr(thing, "__arrow_c_array__") or _collector(thing) is not None

    def open(self, given: Any, names: Sequence[str] | None, engine: Session, **_: Any) -> Memory:
        from tilth.formats.arrow import as_table, decoded

        collect = _collector(given)
        table = decoded(as_table(collect() if collect else given, names))
        return Memory(table, tuple(table.column_names))


def _collector(given: Any) -> Callable[[], Any] | None:
    """The function that computes a lazy table: a Polars lazy frame, an Arrow dataset or scanner."""
    module, name = type(given).__module__, type(given).__name__
    if module.startswith("polars.") and name == "LazyFrame":
        return partial(given.collect)
    return given.to_table if module.startswith("pyarrow._dataset") and hasattr(given, "to_table") else None
