"""Parquet: files, folders, patterns, and folders partitioned by a column (`year=2024/…`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from tilth.data import Dataset, Files, Roles
from tilth.encryption.magic import decrypting
from tilth.engine.duckdb import scans
from tilth.engine.expressions import col, type_name
from tilth.engine.operations.operation import lower
from tilth.engine.session import Session
from tilth.errors import Mistake, RequestError, SourceError
from tilth.formats import encrypted
from tilth.formats.format import Format
from tilth.formats.partitions import are_partitioned, partition_kinds, root_of
from tilth.formats.shards import Contents, Cut
from tilth.store.local import files
from tilth.store.sealed import is_written_sealed, part_of
from tilth.store.unsealed import parquet_keys

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, DataFrameReader

MAGIC = b"PAR1"
# the fastest settings in a trial on 20 million rows; a larger dictionary costs DuckDB more than it saves
WRITE_OPTIONS: dict[str, dict[str, Any]] = {"duckdb": {"row_group_size": 122_880, "dictionary_size_limit": 3_000}, "spark": {}}
ROW_GROUP_ROWS = 1 << 20
LARGEST_DICTIONARY, DICTIONARY_BYTES = 1 << 20, 2  # limits of a dictionary in bytes, total and per row: a larger one saves nothing


class Parquet(Format):
    """Parquet files. Columns of several files are matched by name; a column that a file lacks is null in its rows."""

    name = "parquet"
    suffixes: ClassVar[tuple[str, ...]] = (".parquet", ".parq", ".pq")
    options: ClassVar[tuple[str, ...]] = ("hive",)
    write_options: ClassVar[tuple[str, ...]] = ("row_group_rows",)
    compressions: ClassVar[tuple[str, ...]] = ("snappy", "zstd", "gzip", "none")

    def open(self, given: Any, names: Sequence[str] | None, engine: Session, hive: bool | None = None, **_: Any) -> Files:
        """`hive`: whether folders named `column=value` are columns, of the kind of their values; by default if there are such folders."""
        paths = files(given, self.suffixes)
        broken = [m for p in paths if "://" not in p and (m := _broken(p))]
        if broken and encrypted.is_encrypted_place(paths):  # an encrypted file does not begin with PAR1 either
            return encrypted.source(paths, names, hive)
        SourceError.reject(broken)
        partitioned = are_partitioned(paths) if hive is None else hive
        root = root_of(paths) if partitioned and "://" not in paths[0] else ""
        parts = tuple(partition_kinds(paths, root).items()) if partitioned else ()
        found = {"hive": partitioned, "names": tuple(names or ()), "root": root, "parts": parts}
        options = tuple((name, value) for name, value in found.items() if value or name == "hive")
        source = Files(self.name, paths, (), options, scans=SCANS)
        return replace(source, columns=engine.source_schema(source).names)

    def export(self, data: Dataset, to: Path, engine: Session, folder: bool, **_: Any) -> int:
        return engine.export(data, to, "parquet", folder=folder, options=WRITE_OPTIONS[engine.name])

    def suffix(self, compression: str | None) -> str:
        return self.suffixes[0]  # pages are compressed, not files

    def put(
        self,
        rows: pa.RecordBatchReader,
        to: Path,
        roles: Roles,
        first: int,
        *,
        compression: str | None = None,
        row_group_rows: int | None = None,
        **_: Any,
    ) -> None:
        """Write a file in row groups of `row_group_rows` rows, by default a million. Readers skip row groups or read them in parallel."""
        import pyarrow.parquet as pq

        if row_group_rows is not None and row_group_rows < 1:
            raise RequestError(f"row_group_rows: {row_group_rows!r} is not a positive whole number", code="bad-value")
        cut, size = Cut(rows), row_group_rows or ROW_GROUP_ROWS
        given: Any = {"encryption_properties": part_of(to)[0].parquet.writing()} if is_written_sealed(to) else {}
        given["dictionary_pagesize_limit"] = min(LARGEST_DICTIONARY, size * DICTIONARY_BYTES)
        with pq.ParquetWriter(to, rows.schema, compression=compression or self.compressions[0], **given) as file:
            while cut.more():
                file.write_table(cut.take(size).read_all(), row_group_size=size)

    def count(self, path: str, **_: Any) -> int:
        import pyarrow.parquet as pq

        options = _readable(path)
        with decrypting(path) if options else nullcontext():
            return int(pq.read_metadata(path, **options).num_rows)

    def batches(
        self, path: str, columns: Sequence[str] | None = None, contents: Contents | None = None, **_: Any
    ) -> Iterator[pa.RecordBatch]:
        import pyarrow.parquet as pq

        options = _readable(path)
        with decrypting(path) if options else nullcontext(), pq.ParquetFile(path, **options) as file:
            wanted = columns if columns is not None and set(columns) <= set(file.schema_arrow.names) else None
            yield from file.iter_batches(file.metadata.num_rows or 1, columns=wanted)


def _duckdb(source: Files, run: Session) -> str:
    by_name = not source.option("uniform")  # matching by name opens every file before the first row is read
    options: dict[str, Any] = {"hive_partitioning": bool(source.option("hive")), "hive_types_autocast": False, "union_by_name": by_name}
    if parts := dict(source.option("parts") or ()):
        options["hive_types"] = {name: type_name(kind, "duckdb") for name, kind in parts.items()}
    scan, names = scans.table_function("read_parquet", source.paths, options), source.option("names")
    if list(parts) != sorted(parts):  # DuckDB sorts them, Spark does not
        last = scans.quoted(tuple(parts))
        scan = f"(SELECT * EXCLUDE ({last}), {last} FROM {scan})"
    return f"{scan} AS scan({scans.quoted(names)})" if names else scan


def _spark(source: Files, run: Any) -> DataFrame:
    paths = [run.seen(path) for path in source.paths]
    reader: DataFrameReader = run.own.read.option("mergeSchema", len(paths) > 1 and not source.option("uniform"))
    if source.option("hive"):
        reader = reader.option("basePath", run.seen(source.option("root")))
    frame = reader.parquet(*paths)
    if parts := dict(source.option("parts") or ()):  # Spark would convert `007` to a number
        types = {f.name: type_name(parts[f.name], "spark") if f.name in parts else f.dataType.simpleString() for f in frame.schema}
        fields = [f"{lower(col(name), 'spark')} {type_}" for name, type_ in types.items()]
        frame = reader.schema(", ".join(fields)).parquet(*paths)
    names = source.option("names")
    return frame.toDF(*names) if names else frame


SCANS: dict[str, Any] = {"duckdb": _duckdb, "spark": _spark}


def _readable(path: str) -> dict[str, Any]:
    """The options that `pyarrow` needs to read a file. Errors: `SourceError` if it is not Parquet or truncated, or its key is missing."""
    if broken := _broken(path):
        if encrypted.is_encrypted_place([path]):
            return {"decryption_properties": parquet_keys((path,)).reading()}
        raise SourceError(broken)
    return {}


def _broken(path: str) -> Mistake | None:
    """Why a file is not complete Parquet; None if it is."""
    with Path(path).open("rb") as file:
        head = file.read(4)
        size = file.seek(0, 2)
        file.seek(max(0, size - 8))
        tail = file.read(8)
    if head != MAGIC:
        return Mistake(f"{path} is not a Parquet file: it does not begin with PAR1", hint="give its format", code="not-parquet")
    footer = int.from_bytes(tail[:4], "little")
    if tail[4:] != MAGIC or footer + 12 > size:
        return Mistake(
            f"{path} is a truncated Parquet file: its footer is missing",
            hint=f"copy it again; it has {size:,} bytes here",
            code="half-parquet",
        )
    return None
