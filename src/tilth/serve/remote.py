"""A stage in another process: a container that gets requests over HTTP, as in SageMaker's inference pipelines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tilth.serve.bodies import encoded
from tilth.serve.bodies.rows import JSON, Columns, Row
from tilth.web.client import PATIENCE, Endpoint, EndpointFailed, Patience

HEADERS = {"content-type": JSON, "accept": JSON}
LARGEST = 5 * 2**20  # bytes between two stages, the limit of SageMaker
PING_SECONDS = 2.0
MOST_CONCURRENT = 100  # batches at the same time
STRATEGIES = ("SINGLE_RECORD", "MULTI_RECORD")


@dataclass(frozen=True)
class Remote:
    """A server with the interface of serving containers, which gets `{"instances": […]}` and returns `{"predictions": […]}`.

    In the answer, an object is a row; a number or a string is the column `prediction`; a list is the columns `prediction_0`,
    `prediction_1` … Rows of more than 5 MiB are sent in several requests, or, if `strict`, are an error. If the server is absent, too
    slow or busy, or fails (status 500 or more), the request is repeated as `patience` says.
    Errors: `EndpointFailed` for an answer of another form or another number of rows, and for a row or an answer of more than 5 MiB.
    """

    url: str
    takes: Columns
    patience: Patience = PATIENCE
    strict: bool = False
    quick = False

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
        objects = encoded(rows, self.takes.names, JSON).replace(b'{"predictions":', b'{"instances":', 1)
        if len(objects) > LARGEST:
            if len(rows) == 1 or self.strict:
                what = "a row" if len(rows) == 1 else f"{len(rows):,} rows"
                message = f"{self.title} would be sent {what} of {len(objects):,} bytes, but a stage accepts {LARGEST:,}"
                raise EndpointFailed(message, code="endpoint-too-large")
            middle = len(rows) // 2
            return self(rows[:middle]) + self(rows[middle:])
        found = _predictions(self._endpoint.answered(objects, HEADERS, self.patience))
        if found is None or len(found) != len(rows):
            given = "nothing that is read" if found is None else f"{len(found)} rows"
            raise EndpointFailed(f"{self.title} was asked for {len(rows)} rows and answered {given}", code="endpoint-answer")
        return [predicted_row(one) for one in found]

    def ready(self) -> bool:
        """Whether it answers `GET /ping`."""
        try:
            return self._endpoint.asked("GET", "/ping", b"", {}, PING_SECONDS)[0] == 200
        except EndpointFailed:
            return False

    def parameters(self) -> dict[str, Any]:
        """The limits that it reports for a batch transform: `single`, `largest` and `concurrency`."""
        try:
            status, body = self._endpoint.asked("GET", "/execution-parameters", b"", HEADERS, PING_SECONDS)
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


def _predictions(body: bytes) -> list[Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    found = found.get("predictions") if isinstance(found, dict) else found
    return found if isinstance(found, list) else None


def predicted_row(given: Any) -> Row:
    """A row of an answer: an object unchanged, a list as the columns `prediction_0`, `prediction_1` …, a value as `prediction`."""
    match given:
        case dict():
            return given
        case list():
            return {f"prediction_{i}": value for i, value in enumerate(given)}
    return {"prediction": given}
