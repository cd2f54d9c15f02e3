"""Replays captured requests as a batch. The engine and the model must give the answers that were given live."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from tilth import verbs
from tilth.data import Dataset, Memory
from tilth.errors import RequestError, SourceError, TilthError, listed
from tilth.serve.bodies import decoded
from tilth.serve.bodies.answers import plain
from tilth.serve.bodies.rows import RECORDIO, Columns, Row
from tilth.serve.media import media_type
from tilth.serve.pipeline import Pipeline
from tilth.serve.predictions import ModelFailed
from tilth.serve.remote import predicted_row
from tilth.serve.stages import Output, Preparation, Stage
from tilth.store.local import reject_absent
from tilth.store.places import copies

ROWS = 100_000  # the least number of rows to prepare as one table, if there are enough
CLOSE = 1e-9  # relative tolerance: a model may add numbers of a whole table in another order
CLOSE_SINGLE = 1e-6  # … for answers of 32-bit floats, and for models that compute with them


@dataclass(frozen=True)
class Difference:
    """A value that differs in the batch: the event of the request, the row in the request, and the column."""

    event: str
    row: int
    column: str


@dataclass(frozen=True)
class Replayed:
    """The result: the numbers of compared requests and rows, and the differences."""

    requests: int
    rows: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Logged:
    """A captured request: its rows, and the rows of the answer."""

    event: str
    rows: Sequence[Row]
    answered: Sequence[Row]
    close: float


def replayed(place: str, pipeline: Pipeline) -> Replayed:
    """Answer the requests captured at a place in batches, and compare the answers with the captured ones.

    Errors: `SourceError` for a place without captured requests; `RequestError` if the flow reads private columns, because their values are
    not captured.
    """
    first = pipeline.stages[0]
    if isinstance(first, Preparation) and (hidden := sorted(first.reads & set(first.flow.reading.roles.private))):
        message = f"{first.title} reads private columns, but their values are not captured: {listed(hidden)}"
        raise RequestError(message, hint="a flow without them can be replayed", code="private-values")
    requests, rows, differences = 0, 0, list[Difference]()
    for group in _groups(_logged(place, pipeline)):
        requests += len(group)
        rows += sum(len(one.rows) for one in group)
        differences += _differences(group, pipeline)
    return Replayed(requests, rows, tuple(differences))


def _groups(requests: Iterator[Logged]) -> Iterator[list[Logged]]:
    """Group requests, so that each group has enough rows for one table."""
    group, rows = list[Logged](), 0
    for one in requests:
        group.append(one)
        rows += len(one.rows)
        if rows >= ROWS:
            yield group
            group, rows = [], 0
    if group:
        yield group


def _differences(group: Sequence[Logged], pipeline: Pipeline) -> Iterator[Difference]:
    rows: list[Row] = [row for one in group for row in one.rows]
    for stage in pipeline.stages:
        made = _batch(stage, rows)
        if len(made) != len(rows):
            raise ModelFailed(f"{stage.title} makes {len(made):,} rows of {len(rows):,}", code="record-count")
        rows = made
    found = iter(rows)
    for one in group:
        for i, (answer, row) in enumerate(zip(one.answered, found, strict=False), 1):
            compared = pipeline.gives or {**answer, **row}  # the columns of a stage in another process are not declared
            for column in compared:
                if not (column in answer and column in row and _same(answer[column], row[column], one.close)):
                    yield Difference(one.event, i, column)


def _batch(stage: Stage, rows: Sequence[Row]) -> list[Row]:
    """The output of a stage for a table."""
    if isinstance(stage, Preparation):
        void = ("",) if stage.flow.need_learned().strings else ()  # in files of strings, empty is null
        columns = {name: [None if (v := row.get(name)) in void else v for row in rows] for name in stage.takes.names}
        table = pa.table({name: _column(values) for name, values in columns.items()})
        made: list[Row] = verbs.write(verbs.apply(stage.flow, table)).to_pylist()
        return made
    if isinstance(stage, Output):
        names = stage.takes.names
        table = pa.table({name: pa.array([row[name] for row in rows], pa.float64()) for name in names})
        data = Dataset(Memory(table, names))
        for fitted in stage.steps:
            data = fitted.apply(data)
        found: list[Row] = verbs.write(data).to_pylist()
        return found
    return stage(rows)


def _column(values: Sequence[Any]) -> pa.Array:
    """Values of a request as a column; strings if the values have several types or exceed 64 bits."""
    kinds = {type(v) for v in values if v is not None}
    if not kinds:
        return pa.array(values, pa.string())
    if len(kinds) == 1 or kinds == {int, float}:
        with suppress(OverflowError, pa.ArrowException):
            return pa.array([float(v) if kinds == {int, float} and v is not None else v for v in values])
    return pa.array([v if v is None or isinstance(v, str) else json.dumps(v) for v in values])


def _same(answered: Any, made: Any, close: float) -> bool:
    """Whether an answer in JSON or CSV equals a computed value; numbers may differ by `close`."""
    made = plain(made)
    if isinstance(answered, str) and not isinstance(made, str) and made is not None:  # from CSV
        try:
            answered = json.loads(answered)
        except ValueError:
            return False
    if isinstance(answered, list) and isinstance(made, list):
        return len(answered) == len(made) and all(_same(a, m, close) for a, m in zip(answered, made, strict=True))
    if isinstance(answered, bool) or isinstance(made, bool):
        return answered is made
    if not (isinstance(answered, int | float) and isinstance(made, int | float)):
        return bool(answered == made)
    return math.isclose(answered, made, rel_tol=close, abs_tol=1e-12)


# ── the log ──


def _logged(place: str, pipeline: Pipeline) -> Iterator[Logged]:
    held = copies(place)
    root = Path(held.path)
    reject_absent(str(root))
    files = sorted(root.rglob("*.jsonl")) if root.is_dir() else [root]
    found = False
    for file in files:
        for number, line in enumerate(_lines(file), 1):
            found = True
            try:
                yield _request(json.loads(line), pipeline)
            except (KeyError, TypeError, ValueError, TilthError) as error:
                message = f"{file.name}, line {number}: it is not a captured request and answer of {pipeline}"
                hint = "name the stages that answered, with the same --output"
                raise SourceError(message, accepted='{"captureData": …, "eventMetadata": …}', hint=hint, code="bad-log") from error
    if not found:
        raise SourceError(f"there are no captured requests at {place!r}", accepted="a folder of .jsonl files, or one", code="bad-log")


def _lines(file: Path) -> Iterator[str]:
    r"""The lines of a file, split only at `\n`: JSON strings may contain other characters at which Python splits lines."""
    try:
        with file.open(encoding="utf-8", newline="\n") as text:
            yield from text
    except (OSError, UnicodeError) as error:
        raise SourceError(f"{str(file)!r} cannot be read", accepted="captured requests: .jsonl", code="bad-log") from error


def _request(line: Mapping[str, Any], pipeline: Pipeline) -> Logged:
    sides = line["captureData"]
    rows = _rows(sides["endpointInput"], pipeline.columns)
    answered = _rows(sides["endpointOutput"], Columns(pipeline.gives))
    if len(rows) != len(answered):
        raise ValueError
    single = sides["endpointOutput"]["observedContentType"] == RECORDIO or pipeline.single
    return Logged(str(line["eventMetadata"]["eventId"]), rows, answered, CLOSE_SINGLE if single else CLOSE)


def _rows(side: Mapping[str, str], columns: Columns) -> list[Row]:
    kind = media_type(side["observedContentType"])
    if kind is None:
        raise ValueError
    data = base64.b64decode(side["data"]) if side["encoding"] == "BASE64" else side["data"].encode()
    found = json.loads(data) if "json" in kind.name and "lines" not in kind.name else None
    if isinstance(found, dict) and isinstance(found.get("predictions"), list):
        return [predicted_row(row) for row in found["predictions"]]
    return decoded(data, kind, columns)
