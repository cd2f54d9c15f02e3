"""Connections with time limits. The server library waits forever, writes in pieces, and closes while clients still send."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, auto
from typing import Any
from weakref import proxy

from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.protocols.http.h11_impl import H11Protocol

from tilth.serve.app import HERE
from tilth.serve.direct import response

HEAD_SECONDS = 10  # time limit for the head of a request
LARGEST_HEAD = 64 * 2**10  # bytes of a head; h11 has the same limit, httptools has none
LEAVING_SECONDS = 2.0  # how long a refused client may continue to send
TAKING_SECONDS = 60.0  # time limit for a client to receive an answer
CLOSE = (b"connection", b"close")


class State(Enum):
    """The state of a connection."""

    IDLE = auto()
    HEAD = auto()  # a part of the head of a request has arrived
    BODY = auto()  # the head has arrived
    ANSWERING = auto()  # the whole request has arrived
    LEAVING = auto()  # answered before the whole request arrived; the rest is discarded until the client has received the answer
    GONE = auto()  # closed


class Noting:
    """An ASGI application around another one. It records the progress of each request in the state of its connection."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        connection = scope["state"].pop("connection")  # no reference cycle: a large body would wait for the garbage collector

        async def receiving() -> Any:
            message = await receive()
            if connection.state is State.BODY and not message.get("more_body"):
                connection.state = State.ANSWERING
            return message

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                if connection.cycle.more_body and CLOSE not in message["headers"]:  # the rest of the body is not another request
                    message = {**message, "headers": [*message["headers"], CLOSE]}
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


class Connection(AutoHTTPProtocol):  # type: ignore[misc,valid-type]  # the library chooses the base
    """The library's HTTP protocol with the connection states that `Noting` sets.

    A connection is closed if no request begins in time. A request that has arrived completely is answered even if the client has closed
    its side. If a request is refused before its body has arrived, the connection stays open until the client has received the answer;
    otherwise the answer would be lost.

    The application's `at_once` answers a complete request, if it can, without a task and without messages. It is not used with the parser
    httptools, because it would cost as much as that parser saves.
    """

    def __init__(self, config: Any, app_state: dict[str, Any], **others: Any) -> None:
        super().__init__(config=config, app_state={**app_state, "connection": self}, **others)
        self.state, self.half_closed, self.head = State.IDLE, False, 0
        self.at_once = getattr(config.app.app, "at_once", None) if isinstance(self, H11Protocol) else None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(_Transport(transport, self))
        self.since = self.loop.time()
        self.timer = self.loop.call_later(HEAD_SECONDS, self.look)

    def connection_lost(self, exc: Exception | None) -> None:
        self.state = State.GONE
        super().connection_lost(exc)
        self.app_state.clear()  # a reference cycle or a timer would keep the connection in memory
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
        """Answer the bytes if they are a complete request that can be answered at once; whether it was answered."""
        busy = len(self.connections) >= self.limit_concurrency or self.flow.write_paused
        if self.at_once is None or busy or self.conn.trailing_data[0]:  # the library's parser already has a part of a request
            return False
        found = response(self.at_once, data, self.server_state.default_headers)
        if found is None:
            return False
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
        self.since = self.loop.time()
        self.transport.write(found)
        return True

    def eof_received(self) -> bool:
        """Whether the connection stays open; with TLS it cannot."""
        self.half_closed = True
        return self.state is State.ANSWERING and self.scheme == "http"

    def pause_writing(self) -> None:
        """Called when more waits to be sent than fits: an answer that waits for it would wait forever if the client takes nothing."""
        super().pause_writing()
        self.then(TAKING_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.state is not State.LEAVING:
            self.then(HEAD_SECONDS, self.look)

    def shutdown(self) -> None:
        if self.state is not State.LEAVING:
            super().shutdown()

    def end(self) -> None:
        """Called after a request is answered."""
        if self.state in (State.BODY, State.ANSWERING):
            self.state, self.since = State.IDLE, self.loop.time()
            if self.half_closed:
                self.loop.call_soon(self.look)

    def look(self) -> None:
        """Close the connection if no request begins in time. Checking now and then costs less than a timer for each request."""
        left = self.since + HEAD_SECONDS - self.loop.time()
        if self.state in (State.IDLE, State.HEAD) and (left <= 0 or self.half_closed):
            self.then(TAKING_SECONDS, self.transport.abort)
            self.transport.close()
        else:
            self.then(left if left > 0 else HEAD_SECONDS, self.look)

    def then(self, seconds: float, act: Callable[[], None]) -> None:
        """Schedule an action in place of the scheduled one; nothing if the connection is closed."""
        self.timer.cancel()
        if self.state is not State.GONE:
            self.timer = self.loop.call_later(seconds, act)


class _Transport:
    """The transport of a connection. It sends an answer in one piece, and closes so that the client receives the answer."""

    def __init__(self, transport: Any, connection: Any) -> None:
        self._transport = transport
        self._connection: Any = proxy(connection)
        self._held: list[bytes] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def hold(self) -> None:
        """Buffer writes from now on."""
        self._held = []

    def release(self) -> None:
        """Send the buffered writes."""
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
