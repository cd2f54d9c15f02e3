"""The HTTP interface of SageMaker's serving containers, and `/metrics`."""

from __future__ import annotations

import asyncio
import gzip
import hmac
import io
import json
import os
import zlib
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from time import perf_counter
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from tilth.serve.bodies.rows import JSON
from tilth.serve.media import media_type
from tilth.serve.pipeline import Answer, Pipeline, Refused, refusal
from tilth.serve.watching import Metrics, log, log_request

LARGEST = 6 * 2**20  # bytes of a body, the limit of SageMaker's endpoints
INLINE = 64 * 2**10  # bytes of a body that is answered in the event loop: a thread would cost more than a few hundred rows
THREADS = os.cpu_count() or 1  # for bodies that take long
FRAMES, BAD_LENGTH = frozenset({b"content-length", b"transfer-encoding"}), "bad-length"
CODINGS, BAD_CODING = ("gzip", "x-gzip"), "bad-content-encoding"
GET, POST = ("GET", "HEAD"), ("POST",)
INVOCATIONS = "/invocations"
HERE = "tilth.body_here"  # the extension in a scope that says that the whole body has arrived
EXPLAIN = b"x-amzn-sagemaker-enable-explanations"  # a condition that replaces the configured one
ASKS = {401: (b"www-authenticate", b"Bearer"), 503: (b"retry-after", b"1")}
UNREAD = frozenset({401, 408, 413, 503})  # close the connection: an unread body would be taken for the next request
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]
ROUTES = "GET /ping, POST /invocations, GET /execution-parameters, GET /metrics"


@dataclass(frozen=True)
class Limits:
    """Limits on the requests that a server accepts.

    `largest`: bytes of a body. `requests`: how many are answered at the same time; more are refused at once. `seconds`: the time limit for
    receiving a body. `answering`: the time limit in seconds for an answer. `token`: the token that clients must send, if any. `hosts`: the
    accepted host names; empty for any. `level`: the lowest level of log lines, as in Python: answered requests have 20, refused ones 30,
    failures 40.
    """

    largest: int = LARGEST
    requests: int = 100
    seconds: float = 30.0
    answering: float = 60.0
    token: str = field(default="", repr=False)
    hosts: frozenset[str] = frozenset()
    level: float = 20


@dataclass(slots=True)
class Request:
    """A request: its head, and the function that receives its body.

    `here`: whether the whole body has arrived. `size` and `media` describe the body and are set when it is read.
    """

    method: str
    path: str
    headers: dict[bytes, bytes]
    receive: Callable[[], Awaitable[Any]]
    here: bool = False
    size: int = 0
    media: str = ""

    @classmethod
    def of(cls, scope: Any, receive: Callable[[], Awaitable[Any]]) -> Request:
        """The request in an ASGI scope."""
        path, here = scope["path"].removeprefix(scope.get("root_path", "")), HERE in scope.get("extensions", ())
        return cls(scope["method"], path, _joined(scope["headers"]), receive, here)

    def header(self, name: bytes) -> str:
        """The value of a header, empty if it is absent."""
        return self.headers.get(name, b"").decode("latin-1")


class Server:
    """The ASGI application for a pipeline. A server runs it, or another application mounts it."""

    def __init__(
        self, pipeline: Pipeline, limits: Limits | None = None, captured: Callable[..., bool] | None = None, metrics: Metrics | None = None
    ) -> None:
        self.pipeline, self.limits = pipeline, limits or Limits()
        self.metrics = metrics or Metrics(pipeline.titles, pipeline.digest)
        self._captured = captured
        self._routes: dict[str, tuple[tuple[str, ...], Callable[[Request], Awaitable[Answer]]]] = {
            "/ping": (GET, self.ping),
            INVOCATIONS: (POST, self.invocations),
            "/execution-parameters": (GET, self.execution_parameters),
            "/metrics": (GET, self.measured),
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request. Errors: `ValueError` for protocols other than HTTP, as ASGI requires."""
        if scope["type"] != "http":
            raise ValueError(f"{scope['type']} is not answered")
        begun, request, answer = perf_counter(), Request.of(scope, receive), None
        self.metrics.in_flight += 1
        try:
            answer = await self._answer(request)
            await _send(answer, send)
        finally:
            self.metrics.in_flight -= 1
            if request.path == INVOCATIONS:
                self._note(request, answer or Answer(500, JSON, b""), perf_counter() - begun)

    def at_once(self, headers: Headers, body: bytes) -> Answer | None:
        """Predictions for the rows of a body that has arrived. None if the request must go through ASGI, also if it is refused here."""
        request = Request("POST", INVOCATIONS, _joined(headers), _nothing, here=True, size=len(body))
        kind = request.header(b"content-type")
        if b"content-encoding" in request.headers or not self._is_quick(body, kind):
            return None
        begun = perf_counter()
        self.metrics.in_flight += 1
        try:
            self._refuse(request)
            answer = self._known(request, body, self.pipeline.answer(body, kind, request.header(b"accept")))
        except Refused:
            return None
        finally:
            self.metrics.in_flight -= 1
        self._note(request, answer, perf_counter() - begun)
        return answer

    async def _answer(self, request: Request) -> Answer:
        """The answer of a route. An error becomes an error answer; nothing is raised."""
        methods, route = self._routes.get(request.path, ((), self.ping))
        try:
            self._refuse(request)
            if request.method in methods:
                return await route(request)
            if methods:
                wrong = Refused(405, "bad-method", "the route does not allow this method", accepted=ROUTES)
                return wrong.answer._replace(allow=", ".join(methods))
            raise Refused(404, "not-found", "there is no such route", accepted=ROUTES)
        except Refused as refused:
            return refused.answer
        except Exception as error:  # noqa: BLE001 -- only the type is sent: the message could contain values
            log("failed", error=type(error).__name__)
            return refusal(error).answer

    def _refuse(self, request: Request) -> None:
        """Refuse a request before its body is read. Errors: `Refused`."""
        if request.headers.keys() >= FRAMES:  # a proxy in front may have used the other one, and then a body is a request (RFC 9112, 6.3)
            raise Refused(400, BAD_LENGTH, "the request has both Content-Length and Transfer-Encoding", accepted="one of them")
        if self.limits.hosts and _host(request.header(b"host")) not in self.limits.hosts:
            raise Refused(421, "bad-host", "the request is for another host")
        if request.path == "/ping":
            return
        scheme, _, given = request.headers.get(b"authorization", b"").partition(b" ")
        if self.limits.token and not (scheme.lower() == b"bearer" and hmac.compare_digest(given.strip(), self.limits.token.encode())):
            raise Refused(401, "no-token", "the request does not have the token", accepted="Authorization: Bearer TOKEN")
        if request.path == INVOCATIONS and self.metrics.in_flight > self.limits.requests:
            raise Refused(503, "overloaded", "the server is answering too many requests", accepted="the same request later")

    def _note(self, request: Request, answer: Answer, seconds: float) -> None:
        """Count a request and write its log line."""
        self.metrics.observe(answer.status, answer.rows, seconds, answer.stages)
        if (40 if answer.status >= 500 else 30 if answer.status >= 400 else 20) < self.limits.level:
            return
        size, media, digest = request.size, request.media, self.pipeline.digest
        log_request(answer.status, answer.rows, size, media, answer.code, seconds, answer.stages, digest)

    async def ping(self, request: Request) -> Answer:
        """Ready if the stages on other machines answer. Local stages are loaded before the socket opens."""
        if self.metrics.overdue >= THREADS:
            raise Refused(503, "not-ready", "all threads are busy with requests that take too long")
        if self.pipeline.quick or await self._in_thread(self.pipeline.ready):
            return Answer(200, "", b"")
        raise Refused(503, "not-ready", "a stage on another machine does not answer")

    async def measured(self, request: Request) -> Answer:
        """The counters."""
        return Answer(200, "text/plain; version=0.0.4; charset=utf-8", self.metrics.text().encode())

    async def execution_parameters(self, request: Request) -> Answer:
        """The sizes and concurrency that batch transform should use."""
        single = self.pipeline.strict and self.pipeline.schema is not None  # as the SparkML container
        strategy, largest = ("SINGLE_RECORD", 5) if single else ("MULTI_RECORD", max(1, self.limits.largest // 2**20))
        content = {"MaxConcurrentTransforms": os.cpu_count() or 1, "BatchStrategy": strategy, "MaxPayloadInMB": largest}
        return Answer(200, JSON, json.dumps(content).encode())

    async def invocations(self, request: Request) -> Answer:
        """Predictions for the rows of a body."""
        body = await self._body(request)
        kind, accept = request.header(b"content-type"), request.header(b"accept")
        request.size = len(body)
        if self.pipeline.explainer is not None:
            answer: Answer = await self._in_thread(self.pipeline.explainer.answer, body, kind, accept, request.header(EXPLAIN))
        elif self._is_quick(body, kind):
            answer = self.pipeline.answer(body, kind, accept)
        else:
            answer = await self._in_thread(self.pipeline.answer, body, kind, accept)
        return self._known(request, body, answer)

    def _is_quick(self, body: bytes, kind: str) -> bool:
        """Whether answering a body takes less time than starting a thread for it."""
        quick = self.pipeline.quick and self.pipeline.explainer is None
        return quick and len(body) <= min(INLINE, self.limits.largest) and not _unfolds(body, kind.lower())

    def _known(self, request: Request, body: bytes, answer: Answer) -> Answer:
        """Note the media type for the log, capture the request, and return the answer."""
        kind = request.header(b"content-type")
        read = media_type(kind)
        request.media = read.name if read and answer.status != 415 else ""
        if self._captured is not None and answer.status == 200:
            self.metrics.dropped += not self._captured(body, kind, answer, request.header(b"x-amzn-sagemaker-inference-id"))
        return answer

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(THREADS, "answer")

    async def _in_thread(self, work: Callable[..., Any], *given: Any) -> Any:
        """Run long work outside the event loop, in one thread per core. Errors: `Refused` if it takes too long."""
        running, seconds = self._threads.submit(work, *given), self.limits.answering
        try:
            return await asyncio.wait_for(asyncio.wrap_future(running), seconds)
        except TimeoutError:
            if not running.cancelled():  # it continues: a thread cannot be stopped
                self.metrics.overdue += 1
                running.add_done_callback(partial(self._done, asyncio.get_running_loop()))
            raise Refused(504, "too-long", f"the request was not answered within {seconds:g} seconds", accepted="fewer rows") from None

    def _done(self, loop: asyncio.AbstractEventLoop, running: Future[Any]) -> None:
        def count() -> None:
            self.metrics.overdue -= 1

        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(count)

    async def _body(self, request: Request) -> bytes:
        """The body, unpacked. Errors: `Refused`."""
        limit, stated = self.limits.largest, request.header(b"content-length")
        if stated.isdigit() and int(stated) > limit:
            raise _too_large(limit)
        try:
            if request.here:  # the common case: a timer would cost more than receiving the body
                body = await _received(request, limit)
            else:
                async with asyncio.timeout(self.limits.seconds):
                    body = await _received(request, limit)
        except TimeoutError:
            raise Refused(408, "too-slow", f"the body did not arrive within {self.limits.seconds:g} seconds") from None
        coding = request.header(b"content-encoding").strip().lower()
        if coding in ("", "identity"):
            return body
        if coding not in CODINGS:
            raise Refused(415, BAD_CODING, f"the content encoding is {coding[:80]!r}", accepted="gzip, or none")
        unzipped: bytes = await self._in_thread(_unzipped, body, limit)
        return unzipped


async def _nothing() -> Any:
    """The message after the body: the client has disconnected."""
    return {"type": "http.disconnect"}


async def _received(request: Request, limit: int) -> bytes:
    """Receive a body, still packed. Errors: `Refused`."""
    parts, size, more = [], 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "cut-off", "the connection was closed before the body had arrived")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise _too_large(limit)
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _joined(headers: Headers) -> dict[bytes, bytes]:
    """Headers by name. The values of a repeated header are joined with commas (RFC 9110)."""
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        found[name] = found[name] + b"," + value if name in found else value
    return found


def _unfolds(body: bytes, kind: str) -> bool:
    """Whether a small body may contain many values: a Parquet table, or sparse rows."""
    return "parquet" in kind or "recordio" in kind or b'"shape"' in body


@lru_cache(64)  # clients send the same header again
def _host(header: str) -> str:
    """The host in a `Host` header, in lower case and without the port."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _unzipped(body: bytes, limit: int) -> bytes:
    """Unpack a body, up to the size limit. Errors: `Refused`."""
    try:
        with gzip.open(io.BytesIO(body)) as file:
            found = file.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Refused(400, "bad-gzip", "the body is not gzip, as its content encoding says, or is cut off") from error
    if len(found) > limit:
        raise _too_large(limit)
    return found


def _too_large(limit: int) -> Refused:
    return Refused(
        413, "too-large", "the body is too large", accepted=f"up to {limit:,} bytes, unpacked; send the rows in several requests"
    )


def headers_of(answer: Answer) -> list[tuple[bytes, bytes]]:
    """The headers of an answer. The content type has no charset, because AWS's containers compare the whole header."""
    headers = [(b"content-length", str(len(answer.body)).encode())]
    if answer.media:
        headers.append((b"content-type", answer.media.encode()))
    if answer.code == BAD_CODING:
        headers.append((b"accept-encoding", b"gzip"))
    if answer.allow:
        headers.append((b"allow", answer.allow.encode()))
    if answer.status in ASKS:
        headers.append(ASKS[answer.status])
    if answer.status in UNREAD or answer.code == BAD_LENGTH:
        headers.append((b"connection", b"close"))
    return headers


async def _send(answer: Answer, send: Callable[[Any], Awaitable[None]]) -> None:
    await send({"type": "http.response.start", "status": answer.status, "headers": headers_of(answer)})
    await send({"type": "http.response.body", "body": answer.body})
