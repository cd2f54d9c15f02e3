"""The server process: its address, connections and shutdown."""

from __future__ import annotations

import ipaddress
import logging
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tilth.errors import MachineError, RequestError
from tilth.serve.watching import log

GRACE = 25  # seconds for accepted requests after SIGTERM; a container is killed after 30
CONNECTIONS = 1000
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def is_local(host: str) -> bool:
    """Whether only this machine can reach an address.

    >>> is_local("127.0.0.1"), is_local("localhost"), is_local("0.0.0.0")
    (True, True, False)
    """
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def reject_open(host: str, token: str, tls: bool, trusted: bool) -> None:
    """Reject an address that other machines can reach without a token and TLS, unless the network is trusted."""
    if is_local(host) or trusted or (token and tls):
        return
    lacking = " and ".join(["a token"] * (not token) + ["TLS"] * (not tls))
    raise RequestError(
        f"{host} can be reached from other machines, and that requires {lacking}",
        accepted="--token-file FILE with --tls-cert FILE and --tls-key FILE; or --host 127.0.0.1",
        hint="if a proxy or platform in front authenticates clients, as in SageMaker: --trust-network",
        code="open-network",
    )


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens at an address; port 0 is any free one. Errors: `MachineError`, `RequestError`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except socket.gaierror as error:
        raise RequestError(f"--host {host!r} is not an address of this machine", accepted="127.0.0.1, 0.0.0.0", code="bad-host") from error
    except OSError as error:
        message = f"{host}:{port} cannot be opened: {error.strerror}"
        raise MachineError(message, hint="another port: --port N", code="port-taken") from error
    return listening


def run(
    app: Any, listening: socket.socket, certificate: str = "", key: str = "", notify: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Answer requests until a signal, then answer the accepted ones and end. Errors: `RequestError`."""
    server_of(app, certificate, key, notify).run(sockets=[listening])


def server_of(app: Any, certificate: str = "", key: str = "", notify: Callable[[], Awaitable[None]] | None = None) -> Any:
    """The library's server for an application; it calls `notify` every second. Errors: `RequestError`."""
    import uvicorn

    from tilth.serve.connections import HEAD_SECONDS, Connection, Noting

    for file in filter(None, (certificate, key)):
        if not Path(file).is_file():
            raise RequestError(f"{file!r} is not a file", accepted="a PEM file", code="bad-tls")
    quietly = logging.getLogger("uvicorn")
    quietly.handlers, quietly.propagate, quietly.level = [_Lines()], False, logging.WARNING
    config = uvicorn.Config(
        Noting(app),
        http=Connection,
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=HEAD_SECONDS,
        timeout_graceful_shutdown=GRACE,
        callback_notify=notify,
        timeout_notify=1,
        ssl_certfile=certificate or None,
        ssl_keyfile=key or None,
    )
    try:
        config.load()
    except (OSError, ValueError) as error:
        accepted = "PEM files, the key in one of them"
        raise RequestError(f"the TLS certificate or its key cannot be read: {error}", accepted=accepted, code="bad-tls") from error
    return uvicorn.Server(config)


class _Lines(logging.Handler):
    """The server library's own warnings as lines of JSON, without a traceback."""

    def emit(self, record: logging.LogRecord) -> None:
        log("server", message=record.getMessage())
