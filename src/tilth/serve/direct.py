"""Answers complete requests without ASGI. Its task and messages cost as much as the answer."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import h11

from tilth.serve.app import INVOCATIONS, Headers, headers_of
from tilth.serve.pipeline import Answer

TARGET = INVOCATIONS.encode()
BEGINNING, HEAD_END = b"POST %b " % TARGET, b"\r\n\r\n"
AtOnce = Callable[[Headers, bytes], Answer | None]


class Direct:
    """Answers requests of one connection. `at_once` is the application's function; it gives None for requests that take long."""

    def __init__(self, at_once: AtOnce) -> None:
        self._at_once = at_once
        self._parser: h11.Connection | None = None  # for the next request, after one was answered

    def response(self, data: bytes, first_headers: Headers) -> bytes | None:
        """The response if the bytes are one complete request; None if the request must be parsed again by the library.

        None is for a request that is incomplete, malformed, followed by another one, or the last of its connection.
        """
        if not data.startswith(BEGINNING) or data.endswith(HEAD_END):
            return None
        parser, self._parser = self._parser or h11.Connection(h11.SERVER), None
        answer = self._answer(parser, data)
        if answer is None:
            return None
        headers = [*first_headers, *headers_of(answer)]
        head = parser.send(h11.Response(status_code=answer.status, headers=headers, reason=HTTPStatus(answer.status).phrase))
        body = parser.send(h11.Data(data=answer.body))
        parser.send(h11.EndOfMessage())
        parser.start_next_cycle()
        self._parser = parser
        return (head or b"") + (body or b"")

    def _answer(self, parser: h11.Connection, data: bytes) -> Answer | None:
        parts: list[bytes] = []
        try:
            parser.receive_data(data)
            request = parser.next_event()
            while isinstance(event := parser.next_event(), h11.Data):
                parts.append(event.data)
        except h11.RemoteProtocolError:
            return None
        whole = isinstance(event, h11.EndOfMessage) and parser.their_state is h11.DONE and not parser.trailing_data[0]
        if not whole or not isinstance(request, h11.Request) or request.target != TARGET:
            return None
        return self._at_once(request.headers, b"".join(parts))
