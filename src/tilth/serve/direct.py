"""Answers complete requests without ASGI. Its task and messages cost as much as the answer."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import h11

from tilth.serve.app import INVOCATIONS, Headers, headers_of
from tilth.serve.pipeline import Answer

TARGET = INVOCATIONS.encode()
BEGINNING, HEAD_END = b"POST %b " % TARGET, b"\r\n\r\n"
STATUS_LINES = {int(status): b"HTTP/1.1 %d %b" % (status, status.phrase.encode()) for status in HTTPStatus}
AtOnce = Callable[[Headers, bytes], Answer | None]


def response(at_once: AtOnce, data: bytes, first_headers: Headers) -> bytes | None:
    """The response if the bytes are one complete request; None if the request must be parsed again by the library.

    None is for a request that is incomplete, malformed, followed by another one, or the last of its connection. `at_once` is the
    application's function; it gives None for requests that take long.
    """
    if not data.startswith(BEGINNING) or data.endswith(HEAD_END):
        return None
    answer = _answer(at_once, data)
    if answer is None:
        return None
    return b"\r\n".join([STATUS_LINES[answer.status], *map(b": ".join, (*first_headers, *headers_of(answer))), b"", answer.body])


def _answer(at_once: AtOnce, data: bytes) -> Answer | None:
    parser, parts = h11.Connection(h11.SERVER), list[bytes]()  # a new parser costs less than reporting the sent bytes to the last one
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
    return at_once(request.headers, b"".join(parts))
