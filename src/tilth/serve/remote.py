"""A stage in another process: a container that gets requests over HTTP, as in SageMaker's inference pipelines."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tilth.serve.bodies import encoded
from tilth.serve.bodies.rows import CSV, JSON, LINES, Columns, Row
from tilth.web.client import PATIENCE, Endpoint, EndpointFailed, Patience, is_address

TYPES = {"csv+": CSV, "jsonl+": LINES}  # prefix of an address → the content type of requests; without one, it is JSON
ANSWERS = ("predictions", "projections", "scores")  # members of a JSON answer with the rows, as SageMaker's algorithms name them
LARGEST = 5 * 2**20  # bytes between two stages, the limit of SageMaker
PING_SECONDS = 2.0
MOST_CONCURRENT = 100  # batches at the same time
STRATEGIES = ("SINGLE_RECORD", "MULTI_RECORD")


@dataclass(frozen=True)
class Remote:
    """A server with the interface of serving containers, which gets `{"instances": […]}` and returns `{"predictions": […]}`.

    `kind` is the content type of requests and answers: with CSV a row is a line of values, with JSON Lines an object. In the answer, an
    object is a row; a number or a string is the column `prediction`; a list, or a line of several values, is the columns `prediction_0`,
    `prediction_1` … Rows of more than 5 MiB are sent in several requests, or, if `strict`, are an error. If the server is absent, too
    slow or busy, or fails (status 500 or more), the request is repeated as `patience` says.
    Errors: `EndpointFailed` for an answer of another form or another number of rows, and for a row or an answer of more than 5 MiB.
    """

    url: str
    takes: Columns
    patience: Patience = PATIENCE
    strict: bool = False
    kind: str = JSON
    quick = False

    @classmethod
    def at(cls, address: str, takes: Columns, patience: Patience) -> Remote:
        """The stage at an address, which may begin with a prefix of `TYPES`."""
        prefix = next((p for p in TYPES if address.startswith(p)), "")
        return cls(address.removeprefix(prefix), takes, patience, kind=TYPES.get(prefix, JSON))

    def __post_init__(self) -> None:
        self._endpoint  # noqa: B018 -- reject an invalid address at once

    @cached_property
    def _endpoint(self) -> Endpoint:
        return Endpoint(self.url, LARGEST)

    @property
    def title(self) -> str:
        """The scheme and host."""
        return self._endpoint.title

    @property
    def gives(self) -> tuple[str, ...]:
        """Empty, because its columns are unknown before it answers."""
        return ()

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        """The rows of its answer."""
        body = self._body(rows)
        if len(body) > LARGEST:
            if len(rows) == 1 or self.strict:
                what = "a row" if len(rows) == 1 else f"{len(rows):,} rows"
                message = f"{self.title} would be sent {what} of {len(body):,} bytes, but a stage accepts {LARGEST:,}"
                raise EndpointFailed(message, code="endpoint-too-large")
            middle = len(rows) // 2
            return self(rows[:middle]) + self(rows[middle:])
        answer = self._endpoint.answered(body, {"content-type": self.kind, "accept": self.kind}, self.patience)
        found = answers_in(answer, self.kind, len(rows))
        if found is None or len(found) != len(rows):
            given = "nothing that is read" if found is None else f"{len(found)} rows"
            raise EndpointFailed(f"{self.title} was asked for {len(rows)} rows and answered {given}", code="endpoint-answer")
        return [predicted_row(one) for one in found]

    def _body(self, rows: Sequence[Row]) -> bytes:
        names = self.takes.names
        if self.kind == CSV:  # programs that read numbers do not read `true`
            rows = [{name: int(row[name]) if row[name] is True or row[name] is False else row[name] for name in names} for row in rows]
        body = encoded(rows, names, self.kind)
        return body.replace(b'{"predictions":', b'{"instances":', 1) if self.kind == JSON else body

    def ready(self) -> bool:
        """Whether it answers `GET /ping`."""
        try:
            return self._endpoint.asked("GET", "/ping", b"", {}, PING_SECONDS)[0] == 200
        except EndpointFailed:
            return False

    def parameters(self) -> dict[str, Any]:
        """The limits that it reports for a batch transform: `single`, `largest` and `concurrency`."""
        try:
            status, body = self._endpoint.asked("GET", "/execution-parameters", b"", {"accept": JSON}, PING_SECONDS)
            said = json.loads(body) if status == 200 else {}
        except (EndpointFailed, ValueError, RecursionError):
            return {}
        match said:
            case dict():
                strategy, largest, concurrency = (said.get(k) for k in ("BatchStrategy", "MaxPayloadInMB", "MaxConcurrentTransforms"))
                found: dict[str, Any] = {}
                if strategy in STRATEGIES:
                    found["single"] = strategy == STRATEGIES[0]
                if type(largest) is int and 1 <= largest <= 100:
                    found["largest"] = float(largest)
                if type(concurrency) is int and concurrency >= 1:
                    found["concurrency"] = min(concurrency, MOST_CONCURRENT)
                return found
        return {}


def is_stage_address(text: str) -> bool:
    """Whether a word names a stage in another process.

    >>> is_stage_address("csv+http://localhost:8081"), is_stage_address("http://localhost:8081"), is_stage_address("data.csv")
    (True, True, False)
    """
    return is_address(text) or any(text.startswith(p) and is_address(text.removeprefix(p)) for p in TYPES)


def answers_in(body: bytes, kind: str, rows: int) -> list[Any] | None:
    """The answer for each of so many rows: objects, lists or values. None for a body that cannot be read.

    One line of CSV with as many values as rows has a value for each, as SageMaker's XGBoost writes it.

    >>> answers_in(b"0.25,0.75\\n1,0\\n", CSV, 2), answers_in(b"0.25,no", CSV, 2), answers_in(b'{"scores": [{"score": 1}]}', JSON, 1)
    ([[0.25, 0.75], [1, 0]], [0.25, 'no'], [{'score': 1}])
    """
    try:
        if kind == CSV:
            lines = [[_value(text) for text in line] for line in csv.reader(io.StringIO(body.decode(), newline=""), strict=True) if line]
            if len(lines) == 1 and len(lines[0]) == rows:
                return lines[0]
            return [line[0] if len(line) == 1 else line for line in lines]
        if kind == LINES:
            return [json.loads(line) for line in body.splitlines() if line.strip()]
        found = json.loads(body)
    except (ValueError, RecursionError, csv.Error):
        return None
    if isinstance(found, dict):
        found = next((found[name] for name in ANSWERS if name in found), None)
    return found if isinstance(found, list) else None


def _value(text: str) -> Any:
    """A number, or the text; null for NaN."""
    try:
        number = float(text.replace("_", "x"))  # which Python would read between digits
    except ValueError:
        return text
    if text.lstrip("+-").isdecimal():
        return int(text)
    return None if math.isnan(number) else number


def predicted_row(given: Any) -> Row:
    """A row of an answer: an object unchanged, a list as the columns `prediction_0`, `prediction_1` …, a value as `prediction`."""
    match given:
        case dict():
            return given
        case list():
            return {f"prediction_{i}": value for i, value in enumerate(given)}
    return {"prediction": given}
