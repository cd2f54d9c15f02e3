"""JSON Lines: one object on each line."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from tilth.data import Dataset, Files, Kind, Source
from tilth.engine.duckdb import scans
from tilth.engine.expressions import cast_to, col, data_type
from tilth.engine.session import Session
from tilth.engine.textfiles import opened
from tilth.errors import Mistake, RequestError, SourceError
from tilth.errors import Place as FilePlace
from tilth.formats.csv import HEAD_ROWS, SPARK_TIMES
from tilth.formats.format import Format
from tilth.formats.guess import Guess, guess
from tilth.store.local import files, reject_remote, reject_zstd

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SPARK_WRITES = {**SPARK_TIMES, "ignoreNullFields": False}  # else columns of nulls would be lost, and others change places


class JsonLines(Format):
    """JSON Lines. A missing key is null; lists and objects inside a row are read as JSON strings.

    A column is numeric or boolean only if its values are so in the file: the string `"5"` stays a string. If all strings of a column are
    dates or times, it becomes a date or time column.
    """

    name = "jsonl"
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")
    is_piped: ClassVar[bool] = True
    has_header: ClassVar[bool] = False

    def open(self, given: Any, names: Sequence[str] | None, engine: Session, **_: Any) -> Files:
        if names:
            raise RequestError("JSON Lines name their columns themselves", hint="rename them afterwards", code="names")
        paths = files(given, self.suffixes)
        reject_remote(paths, "JSON Lines")
        reject_zstd(paths)
        columns = dict.fromkeys(key for path in paths for row in rows_of(path) for key in row)
        return Files(self.name, paths, tuple(columns), (("encoding", "utf-8"),), typed=False, scans={"duckdb": _duckdb, "spark": _spark})

    def guesses(self, source: Source, nulls: Sequence[str]) -> Mapping[str, Guess]:
        assert isinstance(source, Files)  # noqa: S101 -- what `open` gives
        head = list(itertools.islice((row for path in source.paths for row in rows_of(path)), HEAD_ROWS))
        return {name: _guess([row.get(name) for row in head], nulls) for name in source.columns}

    def export(self, data: Dataset, to: Path, engine: Session, folder: bool, **_: Any) -> int:
        narrow = {c.name: c.shape for c in engine.schema(data) if Kind.FLOAT in (c.kind, c.of) and "float" in c.type.lower()}
        wide = {n: cast_to(col(n), data_type("double" + "[]" * len(shape), "duckdb")) for n, shape in narrow.items()}
        data = data.change(wide)  # engines write 32-bit floats differently
        rows = engine.export(data, to, "json", folder=folder, options={} if engine.name == "duckdb" else SPARK_WRITES)
        for part in to.glob("*.json"):  # the suffix that engines use
            part.rename(part.with_suffix(self.suffixes[0]))
        return rows


def _duckdb(source: Files, run: Session) -> str:
    return scans.table_function("read_json", run.utf8_paths(source), {"format": "newline_delimited"}, source.columns)


def _spark(source: Files, run: Any) -> DataFrame:
    from tilth.engine.spark.engine import strings

    found: DataFrame = run.own.read.schema(strings(source.columns)).json(run.utf8_paths(source), mode="FAILFAST")
    return found


def rows_of(path: str) -> Iterator[dict[str, Any]]:
    """The objects of a file, one by one.

    Errors: `SourceError` with the line that is not a JSON object.
    """
    with opened(path, "utf-8") as lines:
        try:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _object(line, path, number)
        except UnicodeDecodeError as error:
            raise SourceError(f"{path} is not UTF-8, as JSON must be", code="wrong-encoding") from error


def _hint(line: str) -> str:
    return "a JSON array is not read: write an object on each line, jq -c '.[]' a.json > a.jsonl" if line.lstrip().startswith("[") else ""


def _object(line: str, path: str, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        raise SourceError(Mistake("the line is not valid JSON", FilePlace(path, number), hint=_hint(line), code="invalid-json")) from None
    if not isinstance(found, dict):
        raise SourceError(
            Mistake("the line is not a JSON object", FilePlace(path, number), '{"column": value, …}', _hint(line), code="not-object")
        )
    return found


def _guess(values: Sequence[Any], nulls: Sequence[str]) -> Guess:
    known = [v for v in values if v is not None]
    if known and all(isinstance(v, bool) for v in known):
        return Guess((Kind.BOOLEAN,), seen=True)
    if known and all(isinstance(v, int | float) and not isinstance(v, bool) for v in known):
        return guess([json.dumps(v) for v in known], nulls)
    if known and all(isinstance(v, str) for v in known):
        found = guess(known, nulls)
        return Guess(tuple(k for k in found.kinds if k.temporal), found.seen)
    return Guess((), bool(known))
