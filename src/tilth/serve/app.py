"""The HTTP interface, by the contract of SageMaker's serving containers, and `/metrics`."""

from __future__ import annotations

import asyncio
import gzip
import hmac
import io
import json
import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit

from anyio import CapacityLimiter, to_thread
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tilth.errors import RequestError
from tilth.serve.bodies import JSON
from tilth.serve.media import media_type
from tilth.serve.pipeline import Answer, Pipeline, Refused, failed
from tilth.serve.watching import Metrics, log

LARGEST = 6 * 2**20  # bytes of a body, as SageMaker's endpoints take
INLINE = 64 * 2**10  # bytes of a body that is answered at once: a thread of its own would cost more than a few hundred rows
CODINGS, BAD_CODING = ("gzip", "x-gzip"), "bad-content-encoding"
ROUTES = "GET /ping, POST /invocations, GET /execution-parameters, GET /metrics"


@dataclass(frozen=True)
class Limits:
    """What a server takes.

    `largest`: bytes of a body. `requests`: how many are answered at the same time; more are refused at once. `seconds`: within which a body
    has to arrive. `token`: what a client has to know, if anything. `hosts`: the names by which it may be asked; empty for any.
    """

    largest: int = LARGEST
    requests: int = 100
    seconds: float = 30.0
    token: str = field(default="", repr=False)
    hosts: frozenset[str] = frozenset()

    @classmethod
    def of_environment(cls, **others: Any) -> Limits:
        """Those that the environment of a container gives, and others. Errors: `RequestError`."""
        given = os.environ.get("SAGEMAKER_MAX_PAYLOAD_IN_MB", "6")
        try:
            return replace(cls(**others), largest=int(float(given) * 2**20))
        except ValueError as error:
            raise RequestError(f"SAGEMAKER_MAX_PAYLOAD_IN_MB is {given!r}", accepted="a number", code="bad-value") from error


class Server:
    """The ASGI application of a pipeline, which a server runs, or another application mounts."""

    def __init__(self, pipeline: Pipeline, limits: Limits | None = None, captured: Callable[..., bool] | None = None) -> None:
        self.pipeline, self.limits = pipeline, limits or Limits()
        self.metrics = Metrics(str(pipeline), pipeline.digest)
        self._captured = captured
        self._threads: CapacityLimiter | None = None
        routes = [
            Route("/ping", self.ping),
            Route("/invocations", self.invocations, methods=["POST"]),
            Route("/execution-parameters", self.execution_parameters),
            Route("/metrics", self.measured),
        ]
        self._routes = Starlette(routes=routes, exception_handlers={HTTPException: _http_error, Exception: _failed})

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request; nothing is raised."""
        if scope["type"] != "http":
            await self._routes(scope, receive, send)
            return
        begun, facts = perf_counter(), {"status": 500, "rows": 0, "bytes": 0}
        scope["tilth"] = facts

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                facts["status"] = message["status"]
            await send(message)

        self.metrics.in_flight += 1
        try:
            refused = self._refused(scope)
            if refused is None:
                await self._routes(scope, receive, sending)
            else:
                await _response(refused)(scope, receive, sending)
        except Exception as error:  # noqa: BLE001 -- it was answered: a log of the server's would show where it happened, with values
            log("failed", error=type(error).__name__)
        finally:
            self.metrics.in_flight -= 1
            if scope["path"] == "/invocations":
                seconds = perf_counter() - begun
                self.metrics.observe(facts["status"], facts["rows"], seconds)
                log("request", **facts, seconds=round(seconds, 6), digest=self.pipeline.digest)

    def _refused(self, scope: Any) -> Answer | None:
        """The answer to a request that is refused before its body is read."""
        headers, path = Headers(scope=scope), scope["path"]
        if self.limits.hosts and _host(headers.get("host", "")) not in self.limits.hosts:
            return Refused(421, "bad-host", "the request is for another host").answer
        if path == "/ping":
            return None
        given = headers.get("authorization", "").removeprefix("Bearer ").encode("latin-1")
        if self.limits.token and not hmac.compare_digest(given, self.limits.token.encode()):
            return Refused(401, "no-token", "the request has not the token", accepted="Authorization: Bearer TOKEN").answer
        if path == "/invocations" and self.metrics.in_flight > self.limits.requests:
            return Refused(503, "overloaded", "too many requests are being answered", accepted="the same request later").answer
        return None

    async def ping(self, request: Request) -> Response:
        """Ready: stages here are loaded before the socket opens, and those on other machines answer."""
        ready = self.pipeline.quick or await to_thread.run_sync(self.pipeline.ready)
        return Response() if ready else _response(Refused(503, "not-ready", "a stage on another machine does not answer").answer)

    async def measured(self, request: Request) -> Response:
        """The counters."""
        return Response(self.metrics.text(), headers={"content-type": "text/plain; version=0.0.4; charset=utf-8"})

    async def execution_parameters(self, request: Request) -> Response:
        """What batch transform is to send."""
        largest = max(1, self.limits.largest // 2**20)
        content = {"MaxConcurrentTransforms": os.cpu_count() or 1, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": largest}
        return _response(Answer(200, JSON, json.dumps(content).encode()))

    async def invocations(self, request: Request) -> Response:
        """Predictions for the rows of a body."""
        try:
            body = await self._body(request)
        except Refused as refused:
            return _response(refused.answer)
        except ClientDisconnect:
            return Response(status_code=400)
        kind, accept = request.headers.get("content-type", ""), ",".join(request.headers.getlist("accept"))
        if len(body) <= INLINE and self.pipeline.quick and not _unfolds(body, kind.lower()):
            answer = self.pipeline.answer(body, kind, accept)
        else:
            self._threads = self._threads or CapacityLimiter(os.cpu_count() or 1)
            answer = await to_thread.run_sync(self.pipeline.answer, body, kind, accept, limiter=self._threads)
        facts = request.scope["tilth"]
        read = media_type(kind)
        facts |= {"rows": answer.rows, "bytes": len(body), "type": read.name if read and answer.status != 415 else ""}
        if answer.code:
            facts["code"] = answer.code
        if self._captured is not None and answer.status == 200:
            identity = request.headers.get("x-amzn-sagemaker-inference-id", "")
            self.metrics.dropped += not self._captured(body, kind, answer, identity)
        return _response(answer)

    async def _body(self, request: Request) -> bytes:
        limit = self.limits.largest
        stated = request.headers.get("content-length", "")
        if stated.isdigit() and int(stated) > limit:
            raise _too_large(limit)
        parts, size = [], 0
        try:
            async with asyncio.timeout(self.limits.seconds):
                async for part in request.stream():
                    size += len(part)
                    if size > limit:
                        raise _too_large(limit)
                    parts.append(part)
        except TimeoutError:
            message = f"the body has not arrived within {self.limits.seconds:g} seconds"
            raise Refused(408, "too-slow", message) from None
        body, coding = b"".join(parts), ",".join(request.headers.getlist("content-encoding")).strip().lower()
        if coding in ("", "identity"):
            return body
        if coding not in CODINGS:
            raise Refused(415, BAD_CODING, f"the content encoding is {coding[:80]!r}", accepted="gzip, or none")
        return await to_thread.run_sync(_unzipped, body, limit)


def _unfolds(body: bytes, kind: str) -> bool:
    """Whether a small body may hold many values: a table of Parquet, or sparse rows."""
    return "parquet" in kind or "recordio" in kind or b'"shape"' in body


def _host(header: str) -> str:
    """The host that a request is for, in lower case and without a port."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _unzipped(body: bytes, limit: int) -> bytes:
    """A body unpacked, of which no more is made than may be sent. Errors: `Refused`."""
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


def _response(answer: Answer) -> Response:
    headers = {"content-type": answer.media}  # no charset: AWS's containers compare the whole header
    headers |= {"accept-encoding": "gzip"} if answer.code == BAD_CODING else {}
    headers |= {401: {"www-authenticate": "Bearer"}, 503: {"retry-after": "1"}}.get(answer.status, {})
    if answer.status in (401, 408, 413, 503):  # a body that was not read would be taken for the next request
        headers["connection"] = "close"
    return Response(answer.body, answer.status, headers)


async def _http_error(request: Request, error: Exception) -> Response:
    """404 and 405, as JSON."""
    status: int = getattr(error, "status_code", 500)
    code, message = {404: ("not-found", "there is no such route"), 405: ("bad-method", "the route has another method")}.get(
        status, ("http", "the request is wrong")
    )
    return _response(Refused(status, code, message, accepted=ROUTES).answer)


async def _failed(request: Request, error: Exception) -> Response:
    return _response(failed(error).answer)
