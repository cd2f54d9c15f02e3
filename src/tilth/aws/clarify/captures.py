"""Reads files of SageMaker's data capture: the rows of requests, with their answers and, where it was merged in, the ground truth."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from tilth.data import Kind
from tilth.engine.textfiles import unzipped
from tilth.errors import Mistake, Place, SourceError, listed, warn
from tilth.formats.guess import FORMS
from tilth.web.jmespath import path

FEATURES, LABEL, PREDICTED = "features", "label", "predicted_label"
MEMBERS = {FEATURES: ("endpointInput",), LABEL: ("groundTruthData",), PREDICTED: ("endpointOutput", "batchTransformOutput")}
"""What is read → the members that may hold it. `groundTruthData` is next to the captured data, the others are inside it."""


def captured(place: str, asked: Mapping[str, Any]) -> Iterator[tuple[Place, list[Any]]]:
    """The `asked` values for each row of each request in a file.

    `asked` maps features, label and predicted label to the index of a column in CSV or to a path in JSON; it is None for features in CSV,
    which are all columns. Rows, answers and labels are matched by their order. An answer or label that was not captured is None. Requests
    without input, and requests whose rows, answers and labels differ in number, are left out, with a warning that counts them.

    Errors: `SourceError` with the line that is not a captured request, whose body is neither CSV nor JSON, or that the paths do not fit.
    """
    left, total = Counter[str](), 0
    with unzipped(place) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            total, where = total + 1, Place(place, number)
            sides = _sides(line, where)
            rows, found = 0, dict[str, list[Any]]()
            for what, key in asked.items():
                if what in sides:
                    found[what] = _values(sides[what], what, key, where, rows)
                    rows = len(found.get(FEATURES, ()))
            if FEATURES not in found:
                left["no input"] += 1
            elif wrong := [what for what, values in found.items() if len(values) != rows]:
                left[f"another number of {listed(f'{what}s' for what in wrong)} than rows"] += 1
            else:
                yield from ((where, list(row)) for row in zip(*(found.get(what, [None] * rows) for what in asked), strict=True))
    if left:
        why = listed(f"{n:,} with {reason}" for reason, n in left.items())
        warn(f"{place}: of {total:,} requests {sum(left.values()):,} are left out: {why}")


def _sides(line: bytes, where: Place) -> dict[str, Mapping[str, str]]:
    """What is read → its body, if it was captured."""
    try:
        record = json.loads(line)
        data = {**record["captureData"], **{k: record[k] for k in MEMBERS[LABEL] if k in record}}
        return {what: data[m] for what, members in MEMBERS.items() for m in members if m in data}
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        accepted = '{"captureData": {"endpointInput": {…}, "endpointOutput": {…}}, "eventMetadata": {…}}'
        raise SourceError(Mistake("it is not a captured request", where, accepted=accepted, code="bad-record")) from error


def _values(body: Mapping[str, str], what: str, key: Any, where: Place, rows: int) -> list[Any]:
    """The values in a body, one for each of its rows: lists for features. Answers for all `rows` may be on one line of CSV."""
    text, encoding, kind = (str(body.get(k, "")) for k in ("data", "encoding", "observedContentType"))
    if encoding == "CSV":
        lines = [row for row in csv.reader(io.StringIO(text)) if row]
        lines = lines[1:] if what == FEATURES and re.search(r"header\s*=\s*present", kind, re.IGNORECASE) else lines
        lines = [[cell] for cell in lines[0]] if len(lines) == 1 < rows == len(lines[0]) else lines
        return [[_typed(cell) for cell in line] if what == FEATURES else _cell(line, what, key, where) for line in lines]
    if encoding != "JSON":
        hint = "decode it before, or capture its content type as CSV or JSON"
        raise SourceError(
            Mistake(f"{what}: the body is {encoding or 'not'} encoded", where, accepted="CSV, JSON", hint=hint, code="bad-record")
        )
    if not isinstance(key, str):
        raise SourceError(Mistake(f"{what}: found {key}, and the body is JSON", where, accepted="a JMESPath", code="bad-record"))
    find = path(key)
    try:
        found = [find(document) for document in _documents(text)]
    except (ValueError, RecursionError) as error:
        raise SourceError(Mistake(f"{what}: the body is not valid JSON: {error}", where, code="invalid-json")) from error
    several = found[0] if len(found) == 1 and isinstance(found[0], list) else None
    single = several is None or (what == FEATURES and not all(isinstance(row, list) for row in several))
    return found if single else list(several or ())


def _documents(text: str) -> list[Any]:
    """The JSON documents of a body: one, or one in each line."""
    try:
        return [json.loads(text)]
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]


def _cell(row: list[str], what: str, key: Any, where: Place) -> Any:
    if isinstance(key, int) and 0 <= key < len(row):
        return _typed(row[key])
    accepted = f"the index of a column: 0 to {len(row) - 1}"
    raise SourceError(Mistake(f"{what}: found {key!r}, and the body is CSV", where, accepted=accepted, code="bad-record"))


def _typed(cell: str) -> Any:
    """A cell of CSV as a number if it has the form of one; None if it is empty."""
    cell = cell.strip()
    number = next((of for kind, of in ((Kind.INTEGER, int), (Kind.FLOAT, float)) if re.fullmatch(FORMS[kind], cell)), None)
    return None if cell == "" else cell if number is None else number(cell)
