"""JSON Lines: one object on each line."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from tilth.data import Dataset, Files, Kind, Source
from tilth.engine.session import Session
from tilth.engine.textfiles import opened
from tilth.errors import Mistake, RequestError, SourceError
from tilth.errors import Place as Spot
from tilth.formats.csv import SPARK_TIMES
from tilth.formats.format import Format
from tilth.formats.guess import Guess, guess
from tilth.store.local import files, refuse_far

HEAD_ROWS = 2000
TEMPORAL = (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ)


class JsonLines(Format):
    """JSON Lines. A member that an object lacks is null; lists and objects inside a row are texts of JSON.

    A column is a number or a boolean where its values are such in the file: a text `"5"` stays text. Texts that are all written like
    dates or times become those.
    """

    name = "jsonl"
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")
    has_header: ClassVar[bool] = False

    def open(self, given: Any, names: Sequence[str] | None, engine: Session, **_: Any) -> Files:
        if names:
            raise RequestError("JSON Lines name their columns themselves", hint="rename them afterwards", code="names")
        paths = files(given, self.suffixes)
        refuse_far(paths, "JSON Lines")
        columns = dict.fromkeys(key for path in paths for row in rows_of(path) for key in row)
        return Files(self.name, paths, tuple(columns), (("encoding", "utf-8"),), typed=False)

    def guesses(self, source: Source, nulls: Sequence[str]) -> Mapping[str, Guess]:
        assert isinstance(source, Files)  # noqa: S101 -- what `open` gives
        head = list(itertools.islice((row for path in source.paths for row in rows_of(path)), HEAD_ROWS))
        return {name: _guess([row.get(name) for row in head], nulls) for name in source.columns}

    def export(self, data: Dataset, to: Path, engine: Session, folder: bool, **_: Any) -> int:
        rows = engine.export(data, to, "json", folder=folder, options={} if engine.name == "duckdb" else SPARK_TIMES)
        for part in to.glob("*.json"):  # the ending that engines give
            part.rename(part.with_suffix(self.suffixes[0]))
        return rows


def rows_of(path: str) -> Iterator[dict[str, Any]]:
    """The objects of a file, one after the other.

    Errors: `SourceError` that names the line which is no JSON object.
    """
    with opened(path, "utf-8") as lines:
        try:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _object(line, path, number)
        except UnicodeDecodeError as error:
            raise SourceError(f"{path} is not in utf-8, as JSON must be", code="wrong-encoding") from error


def _object(line: str, path: str, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        raise SourceError(Mistake("the line is no JSON", Spot(path, number), code="no-json")) from None
    if not isinstance(found, dict):
        raise SourceError(Mistake("the line is no JSON object", Spot(path, number), accepted='{"column": value, …}', code="no-object"))
    return found


def _guess(values: Sequence[Any], nulls: Sequence[str]) -> Guess:
    there = [v for v in values if v is not None]
    if there and all(isinstance(v, bool) for v in there):
        return Guess((Kind.BOOLEAN,), seen=True)
    if there and all(isinstance(v, int | float) and not isinstance(v, bool) for v in there):
        return guess([json.dumps(v) for v in there], nulls)
    if there and all(isinstance(v, str) for v in there):
        found = guess(there, nulls)
        return Guess(tuple(k for k in found.kinds if k in TEMPORAL), found.seen)
    return Guess((), bool(there))
