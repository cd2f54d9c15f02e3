"""A stage in another process: a container that is asked over HTTP, as SageMaker's inference pipelines ask theirs."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from time import monotonic, sleep
from typing import Any
from urllib.parse import SplitResult, urlsplit

from tilth.errors import RequestError, TilthError
from tilth.serve.bodies import encoded
from tilth.serve.bodies.rows import JSON, Columns, Row

LARGEST = 5 * 2**20  # bytes between two stages, as SageMaker has it
PART = 64 * 2**10  # bytes of an answer that are read at once, so that a slow one is given up in time
PING_SECONDS = 2.0
PAUSE = 1.0  # seconds before the first retry, twice as long before each further one
BUSY = 429
MOST_CONCURRENT = 100  # batches at the same time
STRATEGIES = ("SINGLE_RECORD", "MULTI_RECORD")
SCHEMES = ("http", "https")


class StageFailed(TilthError):
    """A stage in another process did not answer as it should."""


class StageAbsent(StageFailed):
    """A stage in another process does not answer, or not in time."""


class StageRefused(StageFailed):
    """A stage in another process refused what it was asked for: a status from 400 to 499."""


@dataclass(frozen=True)
class Patience:
    """How long a stage in another process is waited for: seconds for an answer, and how often it is asked again if it fails."""

    seconds: float = 60.0
    retries: int = 0


PATIENCE = Patience()


@dataclass(frozen=True)
class Remote:
    """A server by the contract of serving containers, which gets `{"instances": […]}` and gives `{"predictions": […]}`.

    An object of the answer is a row, a number or a string its column `prediction`, a list the columns `prediction_0`, `prediction_1` …
    Rows that would be more than 5 MiB are sent in several requests. A stage that is absent, too slow or busy, or that fails (a status of
    500 or more), is asked again as often as `patience` says.
    Errors: `StageFailed` for another answer, another number of rows, a row of more than 5 MiB, and an answer of more.
    """

    url: str
    takes: Columns
    patience: Patience = PATIENCE
    quick = False

    def __post_init__(self) -> None:
        try:
            parts, _ = self._parts, self._parts.port
            known = parts.scheme in SCHEMES and parts.hostname and not (parts.username or parts.query or parts.fragment)
        except ValueError:  # a port or an address that is none
            known = False
        if not known:
            shown = self.url.rpartition("@")[2][:80]
            raise RequestError(f"a stage's address is {shown!r}", accepted="http://HOST:PORT, https://HOST/PATH", code="bad-stage")

    @cached_property
    def _parts(self) -> SplitResult:
        return urlsplit(self.url)

    @property
    def title(self) -> str:
        """The scheme and host."""
        return f"{self._parts.scheme}://{self._parts.netloc}"

    @property
    def gives(self) -> tuple[str, ...]:
        """Not known before it has answered."""
        return ()

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        """The rows that it answers."""
        objects = encoded(rows, self.takes.names, JSON).replace(b'{"predictions":', b'{"instances":', 1)
        if len(objects) > LARGEST:
            if len(rows) == 1:
                message = f"{self.title} would be sent a row of {len(objects):,} bytes, and a stage takes {LARGEST:,}"
                raise StageFailed(message, code="stage-too-large")
            middle = len(rows) // 2
            return self(rows[:middle]) + self(rows[middle:])
        found = _predictions(self._answered(objects))
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

    def parameters(self) -> dict[str, Any]:
        """How it wants to be asked by a batch transform: what it says of `single`, `largest` and `concurrency`."""
        try:
            status, body = self._asked("GET", "/execution-parameters", b"", PING_SECONDS)
            said = json.loads(body) if status == 200 else {}
        except (StageFailed, ValueError, RecursionError):
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

    def _answered(self, objects: bytes) -> bytes:
        """The body of an answer of status 200. Errors: `StageFailed`, after the last retry."""
        for left in range(self.patience.retries, -1, -1):
            try:
                status, body = self._asked("POST", self._parts.path.rstrip("/") or "/invocations", objects, self.patience.seconds)
                if status == 200:
                    return body
                refused = 400 <= status < 500
                error: StageFailed = (StageRefused if refused else StageFailed)(
                    f"{self.title} answered with status {status}", code="stage-refused" if refused else "stage-failed"
                )
                if not left or (refused and status != BUSY):
                    raise error
            except StageAbsent:
                if not left:
                    raise
            sleep(PAUSE * 2 ** (self.patience.retries - left))
        raise AssertionError  # the last turn has returned or raised

    def _asked(self, method: str, path: str, body: bytes, seconds: float) -> tuple[int, bytes]:
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        until = monotonic() + seconds
        try:
            with closing(kind(self._parts.hostname or "", self._parts.port, timeout=seconds)) as connection:
                connection.request(method, path, body, {"content-type": JSON, "accept": JSON})
                answer = connection.getresponse()
                found = bytearray()
                while len(found) <= LARGEST and (part := answer.read1(PART)):
                    found += part
                    if monotonic() > until:
                        raise TimeoutError
        except (OSError, http.client.HTTPException) as error:
            late = isinstance(error, TimeoutError)
            what = f"has not answered within {seconds:g} seconds" if late else f"does not answer ({type(error).__name__})"
            raise StageAbsent(f"{self.title} {what}", code="stage-absent") from error
        if len(found) > LARGEST:
            raise StageFailed(f"{self.title} answered more than {LARGEST:,} bytes", code="stage-too-large")
        return answer.status, bytes(found)


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
