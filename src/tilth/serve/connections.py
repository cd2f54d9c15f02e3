"""What the server library leaves to do for a connection: it waits for ever, writes in pieces, and closes on clients that still send."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from typing import Any
from weakref import proxy

HEAD_SECONDS = 10.0  # within which the head of a request has to arrive
LARGEST_HEAD = 64 * 2**10  # bytes after which a head has to be complete; h11 has the same limit, httptools has none
LEAVING_SECONDS = 2.0  # for which a refused client may go on sending
TAKING_SECONDS = 60.0  # for which a client may take to receive an answer
HERE = "tilth.body_here"  # the extension in the scope of a request whose body has arrived as a whole


class State(Enum):
    """Where a connection stands."""

    IDLE = auto()
    HEAD = auto()  # some of the head of a request has arrived
    BODY = auto()  # the head has arrived
    ANSWERING = auto()  # all of it has arrived
    LEAVING = auto()  # it was answered before that: what still comes is thrown away, until the client has received the answer
    GONE = auto()  # it is closed


class Noting:
    """An ASGI application around another: it notes at the connection of each request how far that is."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        connection = scope["state"].pop("connection")  # no circle: a large body would wait for the collector of garbage

        async def receiving() -> Any:
            message = await receive()
            if connection.state is State.BODY and not message.get("more_body"):
                connection.state = State.ANSWERING
            return message

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                connection.transport.hold()
                await send(message)
            else:
                await send(message)
                connection.transport.release()

        if connection.state is not State.GONE:
            connection.state = State.BODY
        if not connection.cycle.more_body:
            scope["extensions"] = {HERE: {}}
        await self.app(scope, receiving, sending)
        connection.end()


def protocol(at_once: Any = None) -> type[asyncio.Protocol]:
    """The library's protocol of HTTP, at whose connections `Noting` notes how far requests are.

    A connection on which no request begins in time is closed. A request that arrived as a whole is answered even if the client has closed
    its side since. Where a request is refused before that, the connection is kept until the client has received the answer, which it
    would lose otherwise.

    `at_once` answers a request that has arrived as a whole, if it can: it needs no task and no messages. With the parser httptools that is
    left out, because it would cost what the parser saves.
    """
    from uvicorn.protocols.http.auto import AutoHTTPProtocol
    from uvicorn.protocols.http.h11_impl import H11Protocol

    from tilth.serve.direct import Direct

    directly = at_once is not None and issubclass(AutoHTTPProtocol, H11Protocol)

    class Connection(AutoHTTPProtocol):  # type: ignore[misc,valid-type]  # a base known at run time only
        def __init__(self, *given: Any, app_state: dict[str, Any], **others: Any) -> None:
            super().__init__(*given, app_state={**app_state, "connection": self}, **others)
            self.state, self.half_closed, self.head = State.IDLE, False, 0
            self.direct = Direct(at_once) if directly else None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(_Transport(transport, self))
            self.since = self.loop.time()
            self.timer = self.loop.call_later(HEAD_SECONDS, self.look)

        def connection_lost(self, exc: Exception | None) -> None:
            self.state = State.GONE
            super().connection_lost(exc)
            self.app_state.clear()  # a circle would keep all of it, as would a timer
            for timer in filter(None, (self.timer, self.timeout_keep_alive_task)):
                timer.cancel()

        def data_received(self, data: bytes) -> None:
            if self.state is State.IDLE:
                if self.answered_directly(data):
                    return
                self.state, self.head = State.HEAD, 0
            if self.state is State.HEAD and self.head > LARGEST_HEAD:
                self.send_400_response("The head of the request is too large.")
            elif self.state is not State.LEAVING:
                self.head += len(data)
                super().data_received(data)

        def answered_directly(self, data: bytes) -> bool:
            """Whether the bytes are a request that could be answered at once, and was."""
            busy = len(self.connections) >= self.limit_concurrency or self.flow.write_paused
            if self.direct is None or busy or self.conn.trailing_data[0]:  # the library's parser holds part of a request
                return False
            response = self.direct.response(data, self.server_state.default_headers)
            if response is None:
                return False
            if self.timeout_keep_alive_task is not None:
                self.timeout_keep_alive_task.cancel()
            self.since = self.loop.time()
            self.transport.write(response)
            return True

        def eof_received(self) -> bool:
            """Whether the connection stays open; with TLS it cannot."""
            self.half_closed = True
            return self.state is State.ANSWERING and self.scheme == "http"

        def shutdown(self) -> None:
            if self.state is not State.LEAVING:
                super().shutdown()

        def end(self) -> None:
            """A request was answered."""
            if self.state in (State.BODY, State.ANSWERING):
                self.state, self.since = State.IDLE, self.loop.time()
                if self.half_closed:
                    self.loop.call_soon(self.look)

        def look(self) -> None:
            """Close if no request begins. A timer of its own for each request would cost more than to look now and then."""
            left = self.since + HEAD_SECONDS - self.loop.time()
            if self.state in (State.IDLE, State.HEAD) and (left <= 0 or self.half_closed):
                self.then(TAKING_SECONDS, self.transport.abort)
                self.transport.close()
            else:
                self.then(left if left > 0 else HEAD_SECONDS, self.look)

        def then(self, seconds: float, act: Callable[[], None]) -> None:
            """Do something later, and nothing else; of a connection that is gone, nothing."""
            self.timer.cancel()
            if self.state is not State.GONE:
                self.timer = self.loop.call_later(seconds, act)

    return Connection


class _Transport:
    """The transport of a connection: it sends an answer as one piece, and knows how to leave."""

    def __init__(self, transport: Any, connection: Any) -> None:
        self._transport = transport
        self._connection: Any = proxy(connection)
        self._held: list[bytes] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def hold(self) -> None:
        """Keep what is written from now on."""
        self._held = []

    def release(self) -> None:
        """Send what was kept."""
        held, self._held = self._held, None
        if held:
            self._transport.write(b"".join(held))

    def write(self, data: bytes) -> None:
        if self._held is None:
            self._transport.write(data)
        else:
            self._held.append(data)

    def is_closing(self) -> bool:
        return self._connection.state is State.LEAVING or bool(self._transport.is_closing())

    def close(self) -> None:
        self.release()
        if self._connection.state not in (State.HEAD, State.BODY):
            self._transport.close()
            return
        self._connection.state = State.LEAVING
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._transport.resume_reading()
        self._connection.then(LEAVING_SECONDS, self._transport.abort)
