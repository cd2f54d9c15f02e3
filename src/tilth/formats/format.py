"""Formats, and the shelf of them."""

from __future__ import annotations

import itertools
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, ClassVar

from tilth.data import Dataset, Kind, Memory, Roles, Source, reject_duplicate_names
from tilth.engine.session import Session
from tilth.engine.statistics import count
from tilth.engine.textfiles import compressed
from tilth.errors import RequestError, SourceError, listed, unknown
from tilth.formats.shards import COMPRESSIONS, Contents, Counted, Cut, Manifest, Shard, WrittenColumn, name_of, reject_wrong, sizes
from tilth.shelf import Shelf
from tilth.store.local import in_folder, is_folder, reject_absent, reject_unopenable, suffix_of
from tilth.store.places import atomic, has_rows
from tilth.store.sealed import is_written_sealed, piped
from tilth.store.uri import Place

if TYPE_CHECKING:
    from pyarrow import RecordBatch, RecordBatchReader

    from tilth.formats.guess import Guess

OTHERS = (".arrow", ".avro", ".feather", ".json", ".orc", ".tilth", ".xls", ".xlsx", ".yaml", ".zip")  # never suffixes of a folder
ELSEWHERE: Mapping[str, str] = {
    ".json": "JSON Lines, an object on each line, is read by the format jsonl; of an array make it: jq -c '.[]' a.json > a.jsonl",
    **dict.fromkeys((".xls", ".xlsx"), "save the sheet as CSV, with the names of the columns in its first line"),
}  # hints for common suffixes that are not supported
SHARED = ("shards", "rows_per_shard", "compression")  # options of writing that every format has
READ_AGAIN: Mapping[str, Kind] = {str(k): k for k in Kind if k.numeric or k.temporal or k is Kind.BOOLEAN} | {"decimal": Kind.FLOAT}
ROWS = 1_000_000  # the default number of rows of a file in a folder


class Format(ABC):
    """A format of tables in files or in memory: how to open and write them.

    `options` are the options of `open`, `write_options` those of `write` in addition to `SHARED`. `suffixes` are the suffixes of its files
    (none for tables in memory); `writes`: whether such files can be written. `named`: whether its tables have column names; `has_header`:
    whether an empty table has them too; `lists`: whether it can have columns of lists. `by_suffix`: whether files with its suffixes are
    recognized as this format; `beside_others`: whether they are an error in a folder with files of another format, or are ignored there.
    `compressions` are the possible compressions of its files, the default first. `streams`: whether rows are always written
    as a stream, by `put`; otherwise the engine writes if no option is given; `is_piped`: whether the engine can write to a pipe.
    `written_as` are the options of `open` for delivered files, which it would otherwise guess.
    """

    name: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = ()
    options: ClassVar[tuple[str, ...]] = ()
    write_options: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[bool] = True
    named: ClassVar[bool] = True
    has_header: ClassVar[bool] = True
    lists: ClassVar[bool] = True
    by_suffix: ClassVar[bool] = True
    beside_others: ClassVar[bool] = True
    compressions: ClassVar[tuple[str, ...]] = ("none", "gzip")
    streams: ClassVar[bool] = False
    is_piped: ClassVar[bool] = False
    written_as: ClassVar[Mapping[str, Any]] = MappingProxyType({})

    def knows(self, thing: Any) -> bool:
        """Whether a table in memory has this format."""
        return False

    @abstractmethod
    def open(self, given: Any, names: Sequence[str] | None, engine: Session, **options: Any) -> Source:
        """A source that the engine can scan. It reads only the head of the files, and rejects files that cannot be read."""

    def guesses(self, source: Source, nulls: Sequence[str]) -> Mapping[str, Guess]:
        """For a text format: column → its possible kinds according to the first rows."""
        return {}

    def write(
        self,
        data: Dataset,
        place: Place,
        engine: Session,
        *,
        shards: int | None = None,
        rows_per_shard: int | None = None,
        compression: str | None = None,
        **options: Any,
    ) -> int:
        """Write a table atomically, to a file if the place has one of the format's suffixes, otherwise to a folder. Return the row count.

        `shards` is the number of files in the folder, `rows_per_shard` the rows of each file except the last, `compression` applies to each
        file.
        """
        folder = suffix_of(os.fspath(place)) not in self.suffixes
        if not self.is_written:
            raise RequestError(f"the format {self.name!r} cannot be written to files", accepted=listed(writable()))
        reject_wrong(place, folder, shards, rows_per_shard, compression)
        RequestError.reject(
            unknown([compression or "none"], dict.fromkeys(("none", *self.compressions)), f"{self.name}: no compression {{}}", "bad-value")
        )
        with atomic(place, folder) as new:
            if not folder and is_written_sealed(new) and self.is_piped and engine.name == "duckdb" and not options:
                with piped(new) as to:
                    return self.export(data, to, engine, folder)
            if (
                not is_written_sealed(new)
                and not self.streams
                and not options
                and (shards, rows_per_shard, compression) == (None, None, None)
            ):
                return self.export(data, new, engine, folder)
            return self.stream(data, new, engine, folder, shards, rows_per_shard, compression, options)

    def stream(
        self,
        data: Dataset,
        to: Path,
        engine: Session,
        folder: bool,
        shards: int | None = None,
        rows_per_shard: int | None = None,
        compression: str | None = None,
        options: Mapping[str, Any] = MappingProxyType({}),
    ) -> int:
        """Stream rows to a new file, or to shards in an empty folder with a manifest. Return the row count."""
        data, options = self.prepared(data, engine, folder, options)
        if shards is not None:
            data = engine.checkpoint(data)
            rows = sizes(int(engine.answer(data, [n := count()])[n]), shards)
        else:
            rows = [rows_per_shard or ROWS]
        text, done, written = engine.whole(data), 0, list[Shard]()
        with engine.timed("write", text), closing(engine.batches(text)) as reader:
            cut = Cut(reader)
            for i in itertools.count():
                if i and not (cut.more() if shards is None else i < shards):
                    break
                file = to / name_of(to, i, self.suffix(compression)) if folder else to
                given = Counted(cut.take(rows[min(i, len(rows) - 1)]) if folder else cut.take(sys.maxsize))
                facts = self.put(given.reader, file, data.roles, done, compression=compression, **options)
                done += given.rows
                if not folder:
                    return done
                written.append(Shard.of(file, given.rows, facts))
        Manifest(self.name, tuple(written), self.contents(data, engine, options)).write(to)
        return done

    def prepared(self, data: Dataset, engine: Session, folder: bool, options: Mapping[str, Any]) -> tuple[Dataset, Mapping[str, Any]]:
        """Called before anything is written: the columns to write, and the options of `put`."""
        return data, options

    def contents(self, data: Dataset, engine: Session, options: Mapping[str, Any]) -> Contents:
        """The contents of the written files, for the manifest."""
        columns = (WrittenColumn(c.name, str(c), data.roles.of_column(c.name)) for c in engine.schema(data))
        return Contents(tuple(columns), options)

    @property
    def is_written(self) -> bool:
        """Whether files of this format can be written."""
        return bool(self.suffixes) and self.writes

    def suffix(self, compression: str | None) -> str:
        """The suffix of a file with this compression of the whole file."""
        return self.suffixes[0] + COMPRESSIONS[compression or "none"]

    def put(self, rows: RecordBatchReader, to: Path, roles: Roles, first: int, **options: Any) -> Mapping[str, Any] | None:
        """Write a stream of rows to a new file, compressed as its name says. Return facts about the file for the manifest.

        `first` is the number of the first row in the delivery. By default the rows are collected in memory and exported by a separate
        engine, because the caller's engine is still producing them.
        """
        from tilth.engine.duckdb import DuckDB

        options.pop("compression", None)
        table = rows.read_all()
        with piped(to) as place:
            self.export(Dataset(Memory(table, tuple(table.column_names)), roles), place, DuckDB().session(), folder=False, **options)
        return None

    def count(self, path: str, **options: Any) -> int:
        """The number of rows in one file."""
        return sum(batch.num_rows for batch in self.batches(path, **options))

    def batches(
        self, path: str, columns: Sequence[str] | None = None, contents: Contents | None = None, **options: Any
    ) -> Iterator[RecordBatch]:
        """The rows of one file in order, with the types in the file, otherwise with the types in its manifest.

        `columns` are the wanted columns; others need not be read. Errors: `RequestError` for a file without types.
        """
        if contents is None:
            hint = "deliver it with `shards` or `rows_per_shard`, and its manifest says the types, or deliver another format"
            raise RequestError(f"files of the format {self.name!r} have no types by which to read a stream", hint=hint, code="no-stream")
        from tilth.engine.duckdb import DuckDB
        from tilth.formats.reading import read
        from tilth.formats.writing import to_arrow

        given: dict[str, Any] = {"format": self.name, "types": self.kinds(contents), **self.written_as, **options}
        with DuckDB().session() as engine:
            data = read(path, engine=engine, max_invalid=0, **given)
            wanted = data.names if columns is None or not set(columns) <= set(data.names) else columns
            yield from to_arrow(data.keep(wanted), engine).to_batches()

    def kinds(self, contents: Contents) -> dict[str, Kind]:
        """Column → the kind for reading files without types again, according to their manifest. Nested kinds such as lists are strings."""
        return {name: READ_AGAIN.get(kind, Kind.STRING) for name, kind in contents.kinds().items()}

    def export(self, data: Dataset, to: Path, engine: Session, folder: bool, **options: Any) -> int:
        """Write a table to a new file, or into an empty folder. Return the row count."""
        raise NotImplementedError


class Encoded(Format):
    """A format that writes files with one function, `encode`."""

    streams: ClassVar[bool] = True

    @abstractmethod
    def encode(self, batches: RecordBatchReader, file: IO[bytes], **options: Any) -> Mapping[str, Any] | None:
        """Write rows to a file. Return facts about the file for the manifest, if any.

        In addition to the options of the format there are `roles`, and `first`, the number of the first row in the delivery.
        """

    def put(
        self, rows: RecordBatchReader, to: Path, roles: Roles, first: int, *, compression: str | None = None, **options: Any
    ) -> Mapping[str, Any] | None:
        with compressed(to) as file:
            return self.encode(rows, file, roles=roles, first=first, **options)


FORMATS: Shelf[type[Format]] = Shelf(
    "format",
    "formats",
    {
        "csv": "tilth.formats.csv:Csv",
        "parquet": "tilth.formats.parquet:Parquet",
        "jsonl": "tilth.formats.jsonl:JsonLines",
        "tfrecord": "tilth.formats.tfrecord:TFRecord",
        "webdataset": "tilth.formats.webdataset:WebDataset",
        "libsvm": "tilth.formats.libsvm:LibSVM",
        "recordio_protobuf": "tilth.formats.recordio_protobuf:RecordIOProtobuf",
        "sagemaker_csv": "tilth.formats.sagemaker_csv:SagemakerCsv",
        "sagemaker_parquet": "tilth.formats.sagemaker_parquet:SagemakerParquet",
        "sagemaker_json": "tilth.formats.instances:SagemakerJson",
        "sagemaker_jsonl": "tilth.formats.instances:SagemakerJsonLines",
        "augmented_manifest": "tilth.formats.augmented_manifest:AugmentedManifest",
        "npz": "tilth.formats.npz:Npz",
        "npy": "tilth.formats.npz:Npy",
        "image_records": "tilth.formats.image_records:ImageRecords",
        "image_list": "tilth.formats.image_records:ImageList",
        "image_folder": "tilth.formats.image_folder:ImageFolder",
        "synthetic": "tilth.formats.synthetic:Synthetic",
        "table": "tilth.formats.table:Table",
        "duckdb": "tilth.formats.relations:DuckDBRelation",
        "spark": "tilth.formats.relations:SparkFrame",
        "arrow": "tilth.formats.relations:Arrow",  # last: relations and frames of other libraries have its interface too
    },
)


@cache
def by_name(name: str) -> Format:
    """The format with a name. Errors: `RequestError` with the nearest name."""
    return FORMATS.find(name)()


def formats() -> Iterator[Format]:
    """Every format, each loaded when the iterator reaches it."""
    return map(by_name, FORMATS)


def recognised(given: Any) -> Format:
    """The format of a table in memory, recognized by its type, or of files, recognized by suffix."""
    if isinstance(given, str | os.PathLike) and not has_rows(given):
        reject_unopenable(os.fspath(given))
    places = given if isinstance(given, list | tuple) else [given]
    if places and all(isinstance(p, str | os.PathLike) for p in places):
        return by_name("table") if has_rows(places[0]) else by_suffix(os.fspath(places[0]))
    if form := next((form for form in formats() if form.knows(given)), None):
        return form
    raise SourceError(
        f"a value of type {type(given).__module__}.{type(given).__qualname__} cannot be read as a table",
        accepted="a path, or a table of Arrow, pandas, Polars, DuckDB or Spark",
        code="unknown-source",
    )


def by_suffix(path: str, default: str | None = None) -> Format:
    """The format of a file, from its suffix, or of a folder, from its manifest or otherwise the suffixes of its files."""
    held = in_folder(path) if is_folder(path) else (path,)
    if is_folder(path) and (manifest := Manifest.beside(Path(path))):
        return by_name(manifest.format)
    wanted, found = {suffix_of(p) for p in held}, list[Format]()
    for form in formats():  # if several formats have a suffix, the first on the shelf wins
        if form.by_suffix and (here := wanted.intersection(form.suffixes)):
            wanted, found = wanted - here, [*found, form] if form.beside_others or not found else found
        if not wanted:
            break
    if len(found) == 1:
        return found[0]
    if not found and default and suffix_of(path) not in OTHERS:
        return by_name(default)
    if default is None:
        reject_absent(path)
    if parts := sorted(str(p.parent) for p in Path(path).glob("*/_schema.json")):
        raise SourceError(f"{path} is a delivery, whose parts are tables of their own", accepted=listed(parts), code="no-part")
    what = f"the files in {path} are of several formats: {listed(f.name for f in found)}" if found else f"{path}: no format has this suffix"
    if not held:
        what = f"the folder {path} has no data files"
    known = dict.fromkeys(suffix for form in formats() if form.by_suffix for suffix in form.suffixes)
    hint = ELSEWHERE.get(suffix_of(path), "or give the format: `format: NAME` in a flow, format= in Python, --format at the command line")
    raise SourceError(what, accepted=listed(known), hint=hint, code="unknown-format")


def writable() -> list[str]:
    """The names of the formats that can be written to files."""
    return [form.name for form in formats() if form.is_written]


def reject_unknown(form: Format, options: Iterable[str], known: Sequence[str]) -> None:
    """Reject options that a format does not have, all at once."""
    RequestError.reject(unknown(options, known, f"the format {form.name!r} has no option {{}}", "unknown-option"))


def checked_names(columns: Sequence[str], names: Sequence[str] | None) -> list[str]:
    """The given names, or those of the table's columns. Rejects a wrong number of names, empty names and duplicates."""
    if names and len(names) != len(columns):
        raise SourceError(f"{len(names)} names are given for {len(columns)} columns", accepted="one name for each column", code="names")
    reject_duplicate_names(names or columns)
    return list(names or columns)
