"""Sends HTTP requests to a server, within limits of time and size; if it is busy or fails, again after growing pauses."""

from __future__ import annotations

import http.client
import math
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from time import monotonic, sleep
from urllib.parse import SplitResult, urlsplit

from tilth.errors import MachineError, RequestError

LARGEST = 64 * 2**20  # bytes of an answer
PART = 64 * 2**10  # bytes per read, so that a slow answer is abandoned in time
PAUSE = 1.0  # seconds before the first retry; doubled before each further one
BUSY = 429
SAID = 200  # kept bytes of an answer with an error status
SCHEMES = ("http", "https")
JSON = "application/json"


class EndpointFailed(MachineError):
    """A server gave no answer, or one with another `status` than 200; `said` is the beginning of that answer."""

    status, said = 0, ""


class EndpointAbsent(EndpointFailed):
    """There is no server, or its connection broke."""


class EndpointLate(EndpointAbsent):
    """A server did not answer in time."""


class EndpointRefused(EndpointFailed):
    """A server refused a request: a status from 400 to 499."""


@dataclass(frozen=True)
class Patience:
    """How long to wait for a server: seconds for an answer, and the number of retries if it is busy, fails or is absent."""

    seconds: float = 60.0
    retries: int = 0


PATIENCE = Patience()


def is_address(text: object) -> bool:
    """Whether something is the address of a server.

    >>> is_address("http://localhost:8080/invocations"), is_address("model.skops")
    (True, False)
    """
    return isinstance(text, str) and text.startswith(tuple(f"{s}://" for s in SCHEMES))


@dataclass(frozen=True)
class Endpoint:
    """A server at an address; `largest` is the maximum size of an answer in bytes.

    Errors: `RequestError` for an invalid address, and for one with a password, a query or a fragment, because reports would show them.

    >>> Endpoint("http://localhost:8080").path
    '/invocations'
    """

    url: str
    largest: int = LARGEST

    def __post_init__(self) -> None:
        try:
            parts, _ = self._parts, self._parts.port
            known = parts.scheme in SCHEMES and parts.hostname and not (parts.username or parts.query or parts.fragment)
        except ValueError:  # an invalid port or address
            known = False
        if not known:
            shown = self.url.rpartition("@")[2][:80]
            raise RequestError(f"the address of a server is {shown!r}", accepted="http://HOST:PORT, https://HOST/PATH", code="bad-address")

    @cached_property
    def _parts(self) -> SplitResult:
        return urlsplit(self.url)

    @property
    def title(self) -> str:
        """The scheme and host."""
        return f"{self._parts.scheme}://{self._parts.netloc}"

    @property
    def path(self) -> str:
        """The path for requests: the path of the address, by default `/invocations`."""
        return self._parts.path.rstrip("/") or "/invocations"

    def answered(self, body: bytes, headers: Mapping[str, str], patience: Patience = PATIENCE, until: float = math.inf) -> bytes:
        """Send a request, and return the body of the answer with status 200. Waiting ends at `until`, by the clock `monotonic`.

        Errors: `EndpointFailed`, after the last retry; `EndpointRefused`, without a retry unless the server is busy.
        """
        for left in range(patience.retries, -1, -1):
            pause = PAUSE * 2 ** (patience.retries - left)
            try:
                status, found = self.asked("POST", self.path, body, headers, max(0.01, min(patience.seconds, until - monotonic())))
                if status == 200:
                    return found
                error = self._failed(status, found)
                if isinstance(error, EndpointRefused) and status != BUSY:
                    raise error
            except EndpointAbsent as absent:
                error = absent
            if not left or monotonic() + pause > until:
                raise error
            sleep(pause)
        raise AssertionError  # unreachable: the last try returns or raises

    def _failed(self, status: int, body: bytes) -> EndpointFailed:
        kind, code = (EndpointRefused, "endpoint-refused") if 400 <= status < 500 else (EndpointFailed, "endpoint-failed")
        error = kind(f"{self.title} answered with status {status}", code=code)
        error.status, error.said = status, " ".join(body[:SAID].decode("utf-8", "replace").split())
        return error

    def asked(self, method: str, path: str, body: bytes, headers: Mapping[str, str], seconds: float) -> tuple[int, bytes]:
        """The status and body of the answer to one request. Errors: `EndpointAbsent`, `EndpointLate`, `EndpointFailed` if too large."""
        kind = http.client.HTTPSConnection if self._parts.scheme == "https" else http.client.HTTPConnection
        until = monotonic() + seconds
        try:
            with closing(kind(self._parts.hostname or "", self._parts.port, timeout=seconds)) as connection:
                connection.request(method, path, body, dict(headers))
                answer = connection.getresponse()
                found = bytearray()
                while len(found) <= self.largest and (part := answer.read1(PART)):
                    found += part
                    if monotonic() > until:
                        raise TimeoutError
                if answer.length and len(found) <= self.largest:
                    raise http.client.IncompleteRead(b"", answer.length)
        except TimeoutError as error:
            raise EndpointLate(f"{self.title} has not answered within {seconds:.3g} seconds", code="endpoint-absent") from error
        except (OSError, http.client.HTTPException) as error:
            raise EndpointAbsent(f"{self.title} does not answer ({type(error).__name__})", code="endpoint-absent") from error
        if len(found) > self.largest:
            raise EndpointFailed(f"{self.title} answered more than {self.largest:,} bytes", code="endpoint-too-large")
        return answer.status, bytes(found)
