"""Encrypted Parquet as a source: pyarrow decrypts pages in memory when engines read rows.

DuckDB scans a pyarrow dataset and pushes columns and conditions of a query down to it. Each Spark task reads row groups.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tilth.data import Files
from tilth.encryption.magic import PARQUET, decrypting, head_of
from tilth.engine.arrow import arrow_type
from tilth.engine.duckdb import scans
from tilth.errors import SourceError
from tilth.formats.partitions import are_partitioned, partition_kinds, root_of
from tilth.store.protection import protected
from tilth.store.unsealed import parquet_keys

if TYPE_CHECKING:
    import pyarrow.dataset as ds
    import pyarrow.parquet as pq
    from pyspark.sql import DataFrame

    from tilth.encryption.parquet import Keys

FORMAT = "encrypted parquet"


def is_encrypted_place(paths: Sequence[str]) -> bool:
    """Whether files are encrypted. Errors: `SourceError` if only some are."""
    local = [p for p in paths if "://" not in p]
    found = [p for p in local if head_of(Path(p)) == PARQUET]
    if found and len(found) < len(paths):
        other = next(p for p in paths if p not in found)
        message = f"{found[0]} is encrypted, and {other} is not"
        raise SourceError(message, hint="read them one by one", code="half-encrypted")
    return bool(found)


def source(paths: tuple[str, ...], names: Sequence[str] | None, hive: bool | None, keys: Keys | None = None) -> Files:
    """Encrypted files as a source. `keys`: by default those of their data set, found with the key in force.

    Errors: `SourceError` without a key, for a wrong key, and for changed data.
    """
    given = keys or parquet_keys(paths)
    import pyarrow.dataset as ds  # imported here because it loads pandas, if installed
    import pyarrow.parquet as pq

    footers = list[pq.FileMetaData]()
    for path in paths:
        with decrypting(path):
            footers.append(pq.read_metadata(path, decryption_properties=given.reading()))
    schemas = [footer.schema.to_arrow_schema() for footer in footers]
    try:
        schema = pa.unify_schemas([_plain(s) for s in schemas], promote_options="permissive")
    except pa.ArrowException as error:
        raise SourceError(f"{paths[0]} and other files have different types", hint="read them one by one", code="types-differ") from error
    partitioned = are_partitioned(paths) if hive is None else hive
    root = root_of(paths) if partitioned else ""
    parts = partition_kinds(paths, root) if partitioned else {}
    extra = pa.schema([pa.field(name, arrow_type(kind)) for name, kind in parts.items() if name not in schema.names])
    plain, repeating = pa.schema([*schema, *extra]), _repeating(footers[0], schema)
    data = ds.dataset(
        list(paths),
        schema=pa.schema([f.with_type(pa.dictionary(pa.int32(), f.type)) if f.name in repeating else f for f in plain]),
        format=given.format(repeating),
        partitioning=ds.partitioning(extra, flavor="hive") if len(extra) else None,
        partition_base_dir=root or None,
    )
    reference = "" if keys else given.reference
    columns = tuple(names or plain.names)

    def in_duckdb(found: Files, run: Any) -> str:
        name = run.arrow_name(data)
        return f"(SELECT * FROM {name}) AS scan({scans.quoted(found.columns)})"

    def in_spark(found: Files, run: Any) -> DataFrame:
        return _in_spark(data, plain, reference, run).toDF(*found.columns)

    return Files(FORMAT, paths, columns, (), scans={"duckdb": in_duckdb, "spark": in_spark})


def _plain(schema: pa.Schema) -> pa.Schema:
    """The schema without dictionary types, which DuckDB and Spark also ignore."""
    return pa.schema([f.with_type(f.type.value_type) if pa.types.is_dictionary(f.type) else f for f in schema.remove_metadata()])


def _repeating(footer: pq.FileMetaData, schema: pa.Schema) -> set[str]:
    """The string columns that are stored as dictionaries. They are read as dictionaries, so each distinct string is decoded only once.

    They are recognized by their size: in other encodings, the length of a string already takes four bytes.
    """
    if not footer.num_row_groups:
        return set()
    group = footer.row_group(0)
    found = (group.column(i) for i in range(group.num_columns))
    short = {c.path_in_schema for c in found if c.total_uncompressed_size < 4 * c.num_values}
    return {f.name for f in schema if f.name in short and pa.types.is_string(f.type)}


def _in_spark(data: ds.FileSystemDataset, schema: pa.Schema, reference: str, run: Any) -> DataFrame:
    """A frame of this schema with partitions that read row groups. Workers get only the key's reference, and find the key with it.

    Without a reference (files encrypted with a key of this process) the rows are sent to Spark.
    """
    from tilth.engine.spark.engine import frame_of, without_pandas_warning

    empty = frame_of(run.own, schema.empty_table())
    if not reference:
        return frame_of(run.own, data.to_table().cast(schema))
    pieces = [(f.path, part.row_groups[0].id, json.dumps(_values(f))) for f in data.get_fragments() for part in f.split_by_row_group()]
    if not pieces:
        return empty

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        with protected(reference):
            for batch in batches:
                for piece in batch.to_pylist():
                    yield from _read(piece["path"], piece["group"], piece["parts"], schema)

    asked = run.own.createDataFrame(pieces, "path string, group int, parts string").repartition(min(len(pieces), 64))
    with without_pandas_warning():
        made: DataFrame = asked.mapInArrow(read, empty.schema)
    return made


def _values(fragment: Any) -> dict[str, str | None]:
    """The values of the columns in the names of folders."""
    import pyarrow.dataset as ds  # imported here because it loads pandas, if installed

    values = ds.get_partition_keys(fragment.partition_expression)
    return {name: None if value is None else str(value) for name, value in values.items()}


def _read(path: str, group: int, parts: str, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq

    fixed = json.loads(parts)
    with decrypting(path), pq.ParquetFile(path, decryption_properties=parquet_keys((path,)).reading()) as file:
        for batch in file.iter_batches(row_groups=[group]):
            here = set(batch.schema.names)
            columns = [
                batch[f.name].cast(f.type) if f.name in here else _repeated(fixed.get(f.name), f.type, batch.num_rows) for f in schema
            ]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)


def _repeated(value: str | None, of: pa.DataType, rows: int) -> pa.Array:
    return pa.repeat(pa.scalar(None, of) if value is None else pa.scalar(value).cast(of), rows)
