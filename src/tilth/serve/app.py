"""The HTTP interface, by the contract of SageMaker's serving containers: `/ping`, `/invocations`, `/execution-parameters`."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tilth.errors import RequestError
from tilth.serve.bodies import JSON
from tilth.serve.pipeline import Answer, Pipeline, Refused, failed

LARGEST = 6 * 2**20  # bytes of a body, as SageMaker's endpoints take
ROUTES = "GET /ping, POST /invocations, GET /execution-parameters"


@dataclass(frozen=True)
class Limits:
    """What a request may be: `largest` is the size of its body in bytes."""

    largest: int = LARGEST

    @classmethod
    def of_environment(cls) -> Limits:
        """Those that the environment of a container gives. Errors: `RequestError`."""
        given = os.environ.get("SAGEMAKER_MAX_PAYLOAD_IN_MB", "6")
        try:
            return cls(int(float(given) * 2**20))
        except ValueError as error:
            raise RequestError(f"SAGEMAKER_MAX_PAYLOAD_IN_MB is {given!r}", accepted="a number", code="bad-value") from error


class Server:
    """The ASGI application of a pipeline; `app` is what a server runs, or another application mounts."""

    def __init__(self, pipeline: Pipeline, limits: Limits | None = None) -> None:
        self.pipeline, self.limits = pipeline, limits or Limits()
        routes = [
            Route("/ping", self.ping),
            Route("/invocations", self.invocations, methods=["POST"]),
            Route("/execution-parameters", self.execution_parameters),
        ]
        self.app = Starlette(routes=routes, exception_handlers={HTTPException: _http_error, Exception: _failed})

    async def ping(self, request: Request) -> Response:
        """Ready: the stages are loaded before the socket opens."""
        return Response()

    async def execution_parameters(self, request: Request) -> Response:
        """What batch transform is to send."""
        content = {"MaxConcurrentTransforms": 1, "BatchStrategy": "MULTI_RECORD", "MaxPayloadInMB": self.limits.largest // 2**20}
        return _response(Answer(200, JSON, json.dumps(content).encode()))

    async def invocations(self, request: Request) -> Response:
        """Predictions for the rows of a body."""
        accept = ",".join(request.headers.getlist("accept"))
        try:
            body = await self._body(request)
        except Refused as refused:
            return _response(refused.answer)
        except ClientDisconnect:
            return Response(status_code=400)
        return _response(self.pipeline.answer(body, request.headers.get("content-type", ""), accept))

    async def _body(self, request: Request) -> bytes:
        limit = self.limits.largest
        stated = request.headers.get("content-length", "")
        if stated.isdigit() and int(stated) > limit:
            raise _too_large(limit)
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise _too_large(limit)
            parts.append(part)
        return b"".join(parts)


def _too_large(limit: int) -> Refused:
    return Refused(413, "too-large", "the body is too large", accepted=f"up to {limit:,} bytes; send the rows in several requests")


def _response(answer: Answer) -> Response:
    return Response(answer.body, answer.status, {"content-type": answer.media})  # no charset: AWS's containers compare the whole header


async def _http_error(request: Request, error: Exception) -> Response:
    """404 and 405, as JSON."""
    status: int = getattr(error, "status_code", 500)
    code, message = {404: ("not-found", "there is no such route"), 405: ("bad-method", "the route has another method")}.get(
        status, ("http", "the request is wrong")
    )
    return _response(Refused(status, code, message, accepted=ROUTES).answer)


async def _failed(request: Request, error: Exception) -> Any:
    return _response(failed(error).answer)
