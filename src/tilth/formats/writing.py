"""`write`: a dataset to a place; and a dataset as a table of Arrow, pandas, Polars, DuckDB or Spark."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.data import Dataset, Memory
from tilth.engine.session import Session
from tilth.errors import RequestError, unknown
from tilth.formats.format import SHARED, Format, by_name, by_suffix, reject_unknown
from tilth.formats.trainers import format_for, options_for, table_for
from tilth.store.local import suffix_of
from tilth.store.places import atomic
from tilth.store.uri import Place, is_local

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow as pa
    from pyspark.sql import DataFrame


def write(
    data: Dataset,
    place: Place,
    *,
    engine: Session,
    format: str | None = None,
    trainer: str | None = None,
    **options: Any,
) -> Path | str:
    """Write a dataset to a file or a folder, atomically. Return the place.

    The default format is that of the place's suffix; a place without a suffix is a folder of Parquet files. Rows keep their order if it is
    significant (`data.ordered`). `options` are `shards` or `rows_per_shard` and `compression` for the files in a folder, and those of the
    format. `trainer` is the training program that reads the files (see `formats.trainers`): it determines the default format, and data that
    it cannot read are refused before anything is written.

    Errors: `MachineError` if the disk is full or not writable, `RequestError` for a place with other content.
    """
    if trainer:
        format = format or format_for(trainer, os.fspath(place))
    form = by_name(format) if format else format_of(place)
    reject_unknown(form, options, (*SHARED, *form.write_options))
    if trainer:
        options = {**options_for(trainer, form.name, options), "trainer": trainer}
        data = table_for(trainer, form.name, data, engine)
    form.write(data, place, engine, **options)
    return Path(place) if is_local(place) else os.fspath(place)


def write_together(tables: Sequence[tuple[Dataset, Place]], engine: Session) -> list[int]:
    """Write several datasets, each in the format of its place: all, or none if one fails. Return the row count of each.

    Errors: as for `write`.
    """
    forms = [format_of(place) for _, place in tables]
    with ExitStack() as all_of_them:
        new = [
            all_of_them.enter_context(atomic(place, suffix_of(os.fspath(place)) not in form.suffixes))
            for form, (_, place) in zip(forms, tables, strict=True)
        ]
        return [form.write(data, to, engine) for form, (data, _), to in zip(forms, tables, new, strict=True)]


def format_of(place: Place) -> Format:
    """The default format for writing a table to a place. Errors: `SourceError` for an unknown suffix."""
    return by_suffix(os.fspath(place), default="parquet")


def to_frame(data: Dataset, kind: str, engine: Session) -> Any:
    """A dataset as a table in memory or in an engine: arrow, pandas, polars, duckdb or spark.

    Errors: `RequestError` for any other.
    """
    RequestError.reject(unknown([kind], FRAMES, "there is no kind of table {}", "unknown-frame"))
    return FRAMES[kind](data, engine)


def to_arrow(data: Dataset, engine: Session) -> pa.Table:
    """A dataset as an Arrow table."""
    return engine.table(engine.whole(data))


def to_pandas(data: Dataset, engine: Session) -> pd.DataFrame:
    """A dataset as a pandas frame.

    Integer and boolean columns with nulls get the nullable dtypes `Int64` and `boolean`: as floats, the default of pandas, integers
    beyond 2⁵³ would change.
    """
    import pyarrow as pa

    table = to_arrow(data, engine)
    frame: pd.DataFrame = table.to_pandas()
    for name, column in zip(table.column_names, table.columns, strict=True):
        if column.null_count and (pa.types.is_integer(column.type) or pa.types.is_boolean(column.type)):
            frame[name] = column.to_pandas(types_mapper=_nullable)
    return frame


def _nullable(kind: pa.DataType) -> Any:
    """The nullable pandas dtype for an Arrow type."""
    import pandas as pd

    name = {"bool": "boolean"}.get(str(kind), str(kind).replace("uint", "UInt").replace("int", "Int"))
    return pd.api.types.pandas_dtype(name)


def to_polars(data: Dataset, engine: Session) -> pl.DataFrame:
    """A dataset as a Polars frame."""
    import polars as pl

    return pl.DataFrame(to_arrow(data, engine))


def to_duckdb(data: Dataset, engine: Session) -> duckdb.DuckDBPyRelation:
    """A dataset as a DuckDB relation, on the engine's own connection if it is DuckDB."""
    from tilth.engine.duckdb import DuckDB

    if engine.name != DuckDB.name:
        table = to_arrow(data, engine)
        return to_duckdb(Dataset(Memory(table, tuple(table.column_names))), DuckDB().session())
    held: Any = engine.checkpoint(data).source
    engine.hand_over()
    relation: duckdb.DuckDBPyRelation = held.handle
    return relation


def to_spark(data: Dataset, engine: Session) -> DataFrame:
    """A dataset as a Spark frame, of the engine's own session if it is Spark."""
    from tilth.engine.spark import Spark
    from tilth.engine.spark.engine import SparkRun
    from tilth.formats.arrow import decoded

    if isinstance(engine, SparkRun):
        held: Any = engine.checkpoint(data).source
        engine.hand_over()
        return engine.returned(held.handle)
    return Spark().frame(decoded(to_arrow(data, engine)))


FRAMES: dict[str, Callable[[Dataset, Session], Any]] = {
    "arrow": to_arrow,
    "pandas": to_pandas,
    "polars": to_polars,
    "duckdb": to_duckdb,
    "spark": to_spark,
}
