"""Reads labels and scores of rows from the body of an answer."""

from __future__ import annotations

import csv
import io
import json
import math
from ast import literal_eval
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from tilth.measures.endpoint.records import CSV, JSON, LINES
from tilth.web.jmespath import path

SHOWN = 60  # most characters of an answer in an error message
PREFIX = "prediction_"  # `tilth serve` puts it before the names of scores
ABSENT = object()


class Unreadable(ValueError):
    """An answer without the expected labels and scores; `at` is the record with the mistake, if there is only one."""

    def __init__(self, message: str, at: int | None = None) -> None:
        super().__init__(message)
        self.at = at


class Said(NamedTuple):
    """A model's answer for a row: a `label`, or a label for each score; `scores`, with their `names` if given."""

    label: Any
    scores: tuple[float, ...]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class AnswerFormat:
    """Where the label and the scores are: positions in a line of CSV, JMESPaths in a line of JSON Lines, or in a JSON document.

    Without either, the whole answer for a record is read; in a JSON document, the list or its member `predictions`. A number is a score,
    a list of numbers has a score for each class, an object of numbers has named scores, a string or boolean is a label. A number alone is
    both label and score. CSV may have all records in one line. A list of labels needs as many scores.

    Errors: `Unreadable` for another number of answers, and for values other than labels and finite numbers.

    >>> AnswerFormat(JSON, probability="predictions[*].score").read(b'{"predictions": [{"score": 0.25}, {"score": 1}]}', 2)
    [Said(label=None, scores=(0.25,), names=()), Said(label=None, scores=(1.0,), names=())]
    """

    accept_type: str = JSON
    label: int | str | None = None
    probability: int | str | None = None

    def read(self, body: bytes, records: int) -> list[Said]:
        """The label and scores of each record."""
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Unreadable("the answer is not UTF-8") from error
        of_each = self._of_each(text, records)
        keys = (self.label, self.probability)
        whole = keys == (None, None)
        given = [of_each(None)] if whole else [[ABSENT] * records if key is None else of_each(key) for key in keys]
        found = []
        for at, values in enumerate(zip(*given, strict=True)):
            try:
                found.append(_said(*values) if whole else _placed(*values))
            except Unreadable as error:
                raise Unreadable(str(error), at) from None
        return found

    def _of_each(self, text: str, records: int) -> Callable[[int | str | None], list[Any]]:
        """The function that reads a value per record at a position or path, or, for None, the whole answer."""
        if self.accept_type == JSON:
            document = _parsed(text)
            return lambda key: _several(document, key, records)
        lines = self._lines(text, records)
        return lambda key: lines if key is None else list(map(_finder(key, self.accept_type), lines))

    def _lines(self, text: str, records: int) -> list[Any]:
        """The values in each line of CSV, or the document in each line of JSON Lines."""
        if self.accept_type == CSV:
            return _count(_cells(text, records), records)
        return _count([_parsed(line, at) for at, line in enumerate(filter(str.strip, text.split("\n")))], records)


def _finder(key: int | str, kind: str) -> Callable[[Any], Any]:
    if kind == LINES:
        return path(str(key))
    place = int(key)
    return lambda cells: cells[place] if -len(cells) <= place < len(cells) else None


def _cells(text: str, records: int) -> list[list[Any]]:
    """The lines of CSV. A single line with as many values as records is read as one value per line."""
    lines = [list(map(_cell, line)) for line in csv.reader(io.StringIO(text, newline="")) if line]
    if len(lines) == 1 and records > 1 and len(lines[0]) == records:
        return [[value] for value in lines[0]]
    return lines


def _cell(text: str) -> Any:
    """A number, a list such as "[0.1, 0.9]", or the string."""
    text = text.strip()
    if text.startswith("["):
        try:
            return literal_eval(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            pass
    return {"true": True, "false": False}.get(text.lower(), text)


def _parsed(text: str, at: int | None = None) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Unreadable(f"the answer is not JSON, it begins with {_shown(text.lstrip())}", at) from None


def _several(document: Any, key: int | str | None, records: int) -> list[Any]:
    """A value for each record of a document; a value that is not a list belongs to a single record."""
    found = document
    if key is not None or isinstance(document, dict):
        found = path(str(key) if key is not None else "predictions")(document)
    if found is None:
        raise Unreadable(f"the answer has nothing at {str(key or 'predictions')!r}")
    return _count(found if isinstance(found, list) else [found], records)


def _count(found: list[Any], records: int) -> list[Any]:
    if len(found) != records:
        raise Unreadable(f"it has {len(found):,} answer{'s' * (len(found) != 1)} for {records:,} records")
    return found


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


# ── a record ──


def _said(value: Any) -> Said:
    """The label and scores in an answer, if the configuration names no part of it."""
    if isinstance(value, dict):
        if len(value) == 1:
            return _said(*value.values())
        names = tuple(str(n).removeprefix(PREFIX) for n in value)
        return Said(None, _scores(list(value.values())), names)
    if isinstance(value, str | bool):
        return Said(value, ())
    if isinstance(value, list):
        return _said(value[0]) if len(value) == 1 else _placed(ABSENT, value)
    return _placed(value, ABSENT)


def _placed(label: Any, scores: Any) -> Said:
    """Check a label, scores, or both, from the places that the configuration names."""
    numbers = () if scores is ABSENT else _scores(scores)
    if label is ABSENT:
        return Said(None, numbers)
    if isinstance(label, list) and len(label) == len(numbers) and all(isinstance(x, str | int | float) for x in label):
        return Said(tuple(label), numbers)
    if not isinstance(label, str | int | float):
        raise Unreadable(f"the label is {_shown(label)}, and not a string, number or boolean")
    if isinstance(label, str | bool) or numbers:
        return Said(label, numbers)
    return Said(label, _scores(label))


def _scores(value: Any) -> tuple[float, ...]:
    several = value if isinstance(value, list) else [value]
    wrong = [v for v in several if isinstance(v, bool) or not isinstance(v, int | float) or not math.isfinite(v)]
    if wrong or not several:
        raise Unreadable(f"the score is {_shown(wrong[0] if wrong else value)}, and not a finite number")
    return tuple(map(float, several))


def numbers(found: Any) -> bool:
    """Whether a part of an answer is a non-empty list of finite numbers."""
    return isinstance(found, list) and bool(found) and all(isinstance(x, int | float) and math.isfinite(x) for x in found)


def best(labels: Sequence[Any], scores: Sequence[float]) -> Any:
    """The label of the highest score; the first of equal ones."""
    return labels[max(range(len(scores)), key=scores.__getitem__)]
