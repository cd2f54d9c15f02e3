"""A stage in another process: a container that is asked over HTTP, as SageMaker's inference pipelines ask theirs."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, urlsplit

from tilth.errors import RequestError, TilthError
from tilth.serve.bodies import JSON, Columns, Row, encoded

LARGEST = 5 * 2**20  # bytes between two stages, as SageMaker has it
SECONDS = 60.0  # for an answer
PING_SECONDS = 2.0
SCHEMES = ("http", "https")


class StageFailed(TilthError):
    """A stage in another process did not answer as it should."""


@dataclass(frozen=True)
class Remote:
    """A server by the contract of serving containers, which gets `{"instances": […]}` and gives `{"predictions": […]}`.

    An object of the answer is a row, a number or a string its column `prediction`, a list the columns `prediction_0`, `prediction_1` …
    Errors: `StageFailed` for another answer, another number of rows, and a body of more than 5 MiB either way.
    """

    url: str
    takes: Columns
    quick = False

    def __post_init__(self) -> None:
        if self._parts.scheme not in SCHEMES or not self._parts.hostname or self._parts.username:
            raise RequestError(f"a stage's address is {self.title!r}", accepted="http://HOST:PORT, https://HOST", code="bad-stage")

    @cached_property
    def _parts(self) -> SplitResult:
        return urlsplit(self.url)

    @property
    def title(self) -> str:
        """The scheme and host, without a user or a query."""
        port = f":{self._parts.port}" if self._parts.port else ""
        return f"{self._parts.scheme}://{self._parts.hostname or ''}{port}"

    @property
    def gives(self) -> tuple[str, ...]:
        """Not known before it has answered."""
        return ()

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that it answers."""
        objects = encoded(rows, self.takes.names, JSON).replace(b'{"predictions":', b'{"instances":', 1)
        if len(objects) > LARGEST:
            message = f"{self.title} would be sent {len(objects):,} bytes, and a stage takes {LARGEST:,}"
            raise StageFailed(message, hint="send fewer rows at a time: a smaller --max-payload of `tilth batch`", code="stage-too-large")
        status, body = self._asked("POST", self._parts.path.rstrip("/") or "/invocations", objects, SECONDS)
        if status != 200:
            raise StageFailed(f"{self.title} answered with status {status}", code="stage-failed")
        found = _predictions(body)
        if found is None or len(found) != len(rows):
            given = "nothing that is read" if found is None else f"{len(found)} rows"
            raise StageFailed(f"{self.title} was asked for {len(rows)} rows and answered {given}", code="stage-answer")
        return [predicted_row(one) for one in found]

    def ready(self) -> bool:
        """Whether it answers a ping."""
        try:
            return self._asked("GET", "/ping", b"", PING_SECONDS)[0] == 200
        except StageFailed:
            return False

    def _asked(self, method: str, path: str, body: bytes, seconds: float) -> tuple[int, bytes]:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        try:
            with closing(kind(self._parts.hostname or "", self._parts.port, timeout=seconds)) as connection:
                connection.request(method, path, body, {"content-type": JSON, "accept": JSON})
                answer = connection.getresponse()
                found = answer.read(LARGEST + 1)
        except (OSError, http.client.HTTPException) as error:
            raise StageFailed(f"{self.title} does not answer ({type(error).__name__})", code="stage-absent") from error
        if len(found) > LARGEST:
            raise StageFailed(f"{self.title} answered more than {LARGEST:,} bytes", code="stage-too-large")
        return answer.status, found


def _predictions(body: bytes) -> list[Any] | None:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    found = found.get("predictions") if isinstance(found, dict) else found
    return found if isinstance(found, list) else None


def predicted_row(given: Any) -> Row:
    """A row of an answer: an object as it is, a list as the columns `prediction_0`, `prediction_1` …, a value as `prediction`."""
    match given:
        case dict():
            return given
        case list():
            return {f"prediction_{i}": value for i, value in enumerate(given)}
    return {"prediction": given}
