"""A client of an ASGI application, in the same process and without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def text(self) -> str:
        return self.content.decode()


def ask(app: Any, method: str, path: str, body: bytes | Iterable[bytes] = b"", headers: Mapping[str, str] | None = None) -> Response:
    """The response to one request; a body of several parts comes without a length, as chunks do."""
    parts = [body] if isinstance(body, bytes) else list(body)
    given = (
        {"host": "localhost"}
        | {k.lower(): v for k, v in (headers or {}).items()}
        | ({"content-length": str(len(body))} if isinstance(body, bytes) else {})
    )
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in given.items()],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 8080),
    }
    waiting = [{"type": "http.request", "body": part, "more_body": i + 1 < len(parts)} for i, part in enumerate(parts)]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    start = next(m for m in sent if m["type"] == "http.response.start")
    found = {k.decode("latin-1"): v.decode("latin-1") for k, v in start["headers"]}
    return Response(start["status"], found, b"".join(m.get("body", b"") for m in sent if m["type"] == "http.response.body"))
