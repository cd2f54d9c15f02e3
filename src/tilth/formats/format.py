"""Formats, and the shelf of them."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tilth.data import Dataset, Source, reject_duplicate_names
from tilth.engine.session import Session
from tilth.errors import RequestError, SourceError, listed, unknown
from tilth.shelf import Shelf
from tilth.store.local import in_folder, is_folder, reject_unopenable, suffix_of
from tilth.store.places import atomic, has_rows
from tilth.store.uri import Place

if TYPE_CHECKING:
    from tilth.formats.guess import Guess

OTHERS = (".arrow", ".avro", ".feather", ".json", ".orc", ".tilth", ".xls", ".xlsx", ".yaml", ".zip")  # never a folder


class Format(ABC):
    """A format of tables, in files or in memory: how they are opened and written.

    `options` are the options of `open`, `write_options` those of `write`; `suffixes` are those of its files (none for tables in
    memory), `writes`: whether it can be written to them. `named`: whether its tables have column names; `has_header`: whether an empty
    table has them, too.
    """

    name: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = ()
    options: ClassVar[tuple[str, ...]] = ()
    write_options: ClassVar[tuple[str, ...]] = ()
    writes: ClassVar[bool] = True
    named: ClassVar[bool] = True
    has_header: ClassVar[bool] = True

    def knows(self, thing: Any) -> bool:
        """Whether a table in memory is of this format."""
        return False

    @abstractmethod
    def open(self, given: Any, names: Sequence[str] | None, engine: Session, **options: Any) -> Source:
        """A source that the engine can scan. Reads only the head of the files; rejects what cannot be read."""

    def guesses(self, source: Source, nulls: Sequence[str]) -> Mapping[str, Guess]:
        """For a text format: column → its possible kinds by the first rows."""
        return {}

    def write(self, data: Dataset, place: Place, engine: Session, **options: Any) -> int:
        """Write a table atomically: to a file if the place has one of the format's suffixes, else to a folder; the number of rows."""
        folder = suffix_of(os.fspath(place)) not in self.suffixes
        if self.name not in writable():
            raise RequestError(f"the format {self.name!r} cannot be written to files", accepted=listed(writable()))
        with atomic(place, folder) as new:
            return self.export(data, new, engine, folder, **options)

    def export(self, data: Dataset, to: Path, engine: Session, folder: bool, **options: Any) -> int:
        """Write a table to a new file, or into an empty folder; the number of rows."""
        raise NotImplementedError


FORMATS: Shelf[type[Format]] = Shelf(
    "format",
    "formats",
    {
        "csv": "tilth.formats.csv:Csv",
        "parquet": "tilth.formats.parquet:Parquet",
        "jsonl": "tilth.formats.jsonl:JsonLines",
        "synthetic": "tilth.formats.synthetic:Synthetic",
        "table": "tilth.formats.table:Table",
        "duckdb": "tilth.formats.relations:DuckDBRelation",
        "spark": "tilth.formats.relations:SparkFrame",
        "arrow": "tilth.formats.relations:Arrow",  # last: relations and frames of other libraries have its interface too
    },
)


@cache
def formats() -> Mapping[str, Format]:
    """Every format by its name."""
    return {name: FORMATS[name]() for name in FORMATS}


def by_name(name: str) -> Format:
    """The format of a name. Errors: `RequestError` with the nearest name."""
    FORMATS.find(name)
    return formats()[name]


def recognised(given: Any) -> Format:
    """The format of a table in memory, by its type, or of files, by their suffix."""
    if isinstance(given, str | os.PathLike) and not has_rows(given):
        reject_unopenable(os.fspath(given))
    places = given if isinstance(given, list | tuple) else [given]
    if places and all(isinstance(p, str | os.PathLike) for p in places):
        return by_name("table") if has_rows(places[0]) else by_suffix(os.fspath(places[0]))
    for form in formats().values():
        if form.knows(given):
            return form
    raise SourceError(
        f"a value of type {type(given).__module__}.{type(given).__qualname__} cannot be read as a table",
        accepted="a path, or a table of Arrow, pandas, Polars, DuckDB or Spark",
        code="unknown-source",
    )


def by_suffix(path: str, default: str | None = None) -> Format:
    """The format of a file by its suffix; of a folder by the suffixes of its files."""
    held = in_folder(path) if is_folder(path) else (path,)
    known = {suffix: form for form in formats().values() for suffix in form.suffixes}
    found = dict.fromkeys(known[s] for p in held if (s := suffix_of(p)) in known)
    if len(found) == 1:
        return next(iter(found))
    if not found and default and suffix_of(path) not in OTHERS:
        return by_name(default)
    what = f"the files in {path} are of several formats: {listed(f.name for f in found)}" if found else f"{path}: no format has this suffix"
    if not held:
        what = f"the folder {path} has no data files"
    raise SourceError(what, accepted=f"{listed(known)}; or give the format", code="unknown-format")


def writable() -> list[str]:
    """The names of the formats that can be written to files."""
    return [name for name, form in formats().items() if form.suffixes and form.writes]


def reject_unknown(form: Format, options: Iterable[str], known: Sequence[str]) -> None:
    """Reject options that a format does not have, all at once."""
    RequestError.reject(unknown(options, known, f"the format {form.name!r} has no option {{}}", "unknown-option"))


def checked_names(columns: Sequence[str], names: Sequence[str] | None) -> list[str]:
    """The names of a table's columns, or the given ones; rejects a wrong number of names, empty names and duplicates."""
    if names and len(names) != len(columns):
        raise SourceError(f"{len(names)} names are given for {len(columns)} columns", accepted="one name for each column", code="names")
    reject_duplicate_names(names or columns)
    return list(names or columns)
