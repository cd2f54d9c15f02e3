"""Codecs: file formats that are defined by two functions and share folders, patterns, compression, parts and atomic writes."""

from __future__ import annotations

import itertools
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, ClassVar
from weakref import WeakValueDictionary

import pyarrow as pa
import pyarrow.parquet as pq

from tilth.data import Files
from tilth.encryption.dataset import DataSet
from tilth.encryption.parquet import Keys
from tilth.engine.session import Session
from tilth.engine.textfiles import unzipped
from tilth.errors import Place, SourceError, TilthError, located
from tilth.formats import encrypted
from tilth.formats.arrow import decoded
from tilth.formats.format import Encoded, checked_names
from tilth.formats.parquet import SCANS
from tilth.formats.shards import Contents
from tilth.store.local import files, reject_remote, state_of
from tilth.store.places import Copies
from tilth.store.protection import in_force
from tilth.store.scratch import Scratch


class Codec(Encoded):
    """A file format with two functions. A subclass has a `name` and `suffixes`, decodes an open file into Arrow batches and encodes them.

    Each file is decoded once: its batches are streamed into Parquet in a scratch folder, which every engine reads, so memory stays bounded.
    If an engine can scan such files itself, `scans` has the engine's name and a function of the source and the session, which returns a
    table function in DuckDB's SQL (see `engine.duckdb.scans`) or a Spark frame (of `session.own`).
    """

    compressions: ClassVar[tuple[str, ...]] = ("none", "gzip", "zstd")
    scans: ClassVar[Mapping[str, Callable[[Files, Any], Any]]] = {}

    @abstractmethod
    def decode(self, file: IO[bytes], **options: Any) -> Iterable[pa.RecordBatch]:
        """The rows of a file; one empty batch if there are none. An exception means that the file is not of this format."""

    def open(self, given: Any, names: Sequence[str] | None, engine: Session, **options: Any) -> Files:
        paths = files(given, self.suffixes)
        reject_remote(paths, self.name)
        if engine.name in self.scans and not names:
            source = Files(self.name, paths, (), tuple(sorted(options.items())), scans=self.scans)
            return replace(source, columns=tuple(checked_names(engine.source_schema(source).names, None)))
        place = paths[0] if len(paths) == 1 else f"{len(paths)} files ({paths[0]} …)"
        key = (self.name, paths, state_of(paths), tuple(sorted(options.items())), tuple(names or ()))
        return as_parquet(place, key, lambda: itertools.chain.from_iterable(self._decoded(p, options) for p in paths), names)

    def _decoded(self, path: str, options: dict[str, Any]) -> Iterator[pa.RecordBatch]:
        try:
            with located(Place(path)), unzipped(path) as file:
                yield from self.decode(file, **options)
        except TilthError:
            raise
        except Exception as error:  # codecs of other packages, and damaged bytes, may raise anything
            what = f"{path} cannot be read as {self.name} ({type(error).__name__})"
            raise SourceError(what, hint="is it another format, or truncated?", code="unreadable") from error

    def batches(
        self, path: str, columns: Sequence[str] | None = None, contents: Contents | None = None, **options: Any
    ) -> Iterator[pa.RecordBatch]:
        return self._decoded(path, options)


_held: WeakValueDictionary[Any, Copies] = WeakValueDictionary()


def as_parquet(place: str, key: Any, batches: Callable[[], Iterable[pa.RecordBatch]], names: Sequence[str] | None = None) -> Files:
    """Write batches to Parquet in a scratch folder, as a source for every engine. The folder is removed with the source.

    Equal keys must mean equal rows, because a source is reused for an equal key.

    Errors: `SourceError` for batches with different columns, and for unsupported types.
    """
    keys = Keys(DataSet.of_process()) if in_force() else None
    copies = _held.get(key) if keys is None else None
    if copies is None:
        scratch = Scratch()
        copies = Copies(str(Path(scratch.name, "rows.parquet")), place, scratch=scratch)
        _write(place, batches(), copies.path, names, keys)
        if keys:
            return replace(encrypted.source((copies.path,), None, hive=False, keys=keys), copies=copies)
        _held[key] = copies
    return Files("parquet", (copies.path,), tuple(pq.read_schema(copies.path).names), (("hive", False),), copies=copies, scans=SCANS)


def _write(place: str, batches: Iterable[pa.RecordBatch], path: str, names: Sequence[str] | None, keys: Keys | None) -> None:
    found = (decoded(pa.Table.from_batches([batch])) for batch in batches)
    first = next(found, None)
    if first is None:
        raise SourceError(f"{place} has no columns", code="no-columns")
    columns = checked_names(first.column_names, names)
    given: dict[str, Any] = {"encryption_properties": keys.writing()} if keys else {}
    schema = first.rename_columns(columns).schema
    with pq.ParquetWriter(path, schema, coerce_timestamps="us", allow_truncated_timestamps=True, **given) as file:
        for table in itertools.chain([first], found):
            if table.column_names != first.column_names:
                raise SourceError(f"{place}: the files have different columns", hint="read them one by one", code="headers-differ")
            try:
                file.write_table(table.cast(first.schema).rename_columns(columns))
            except pa.ArrowException as error:
                hint = "read them one by one"
                raise SourceError(f"{place}: the columns of the files have different types", hint=hint, code="types-differ") from error
