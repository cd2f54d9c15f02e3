"""Light clients of an HTTP server on this machine: one thread, and sockets that stay open."""

from __future__ import annotations

import atexit
import json
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bench.processes import cpu_seconds

LONGEST = 180.0  # seconds for a server to start


@dataclass(frozen=True)
class Asked:
    """The time of some requests: the median of one and the total by the clock, and the core seconds of the server."""

    median: float
    wall: float
    core: float


class Served:
    """A server in a separate process, which ends with this one. The port is appended to `command`."""

    def __init__(self, command: list[str], content: Any, path: str = "/invocations", environment: Mapping[str, str] | None = None) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        words = [*command[:-1], f"{command[-1]}{self.port}"] if command[-1].endswith(("=", ":")) else [*command, str(self.port)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(words, env=os.environ | (environment or {}), start_new_session=True, **quiet)
        atexit.register(os.killpg, self.process.pid, signal.SIGTERM)  # includes its workers
        body = json.dumps(content).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost:{self.port}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.message = head.encode() + body
        self.first = self.ready()

    def ready(self) -> Any:
        """The first answer, once there is one."""
        end = time.monotonic() + LONGEST
        while time.monotonic() < end and self.process.poll() is None:
            with suppress(OSError, AssertionError), socket.create_connection(("127.0.0.1", self.port), timeout=30) as client:
                client.sendall(self.message)
                held = b""
                while (body := whole(held)) is None:
                    held += client.recv(65536) or b"\r\n\r\n"
                return json.loads(body)
            time.sleep(0.2)
        raise AssertionError("the server does not answer")

    def ask(self, requests: int, connections: int) -> Asked:
        """Send requests over several connections; on each, the next request follows the last answer."""
        selector, seconds, left = selectors.DefaultSelector(), list[float](), requests
        core, begun = cpu_seconds(self.process.pid), time.perf_counter()
        for _ in range(min(connections, requests)):
            client = socket.create_connection(("127.0.0.1", self.port))
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.sendall(self.message)
            selector.register(client, selectors.EVENT_READ, [b"", time.perf_counter()])
            left -= 1
        while selector.get_map():
            for key, _ in selector.select():
                found = key.fileobj.recv(65536)
                key.data[0] += found
                if whole(key.data[0]) is None:
                    assert found, "the server closed the connection"
                    continue
                seconds.append(time.perf_counter() - key.data[1])
                if left:
                    left -= 1
                    key.data[:] = b"", time.perf_counter()
                    key.fileobj.sendall(self.message)
                else:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()
        wall = time.perf_counter() - begun
        return Asked(sorted(seconds)[len(seconds) // 2], wall, cpu_seconds(self.process.pid) - core)


def whole(held: bytes) -> bytes | None:
    """The body of an answer with status 200; None if it is not complete."""
    head, end, body = held.partition(b"\r\n\r\n")
    if not end:
        return None
    assert head.startswith(b"HTTP/1.1 200"), held
    size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    return body if len(body) >= size else None
