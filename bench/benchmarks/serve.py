"""Serving: the demo's flow behind HTTP, beside a bare server that returns a constant, and the same row without HTTP."""

from __future__ import annotations

import asyncio
import atexit
import json
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work, ratio

REQUESTS = 2_000
CONNECTIONS = 16
ROWS = 5_000
MICRO = 1e6 / REQUESTS

BARE = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

async def constant(request: Request) -> Response:
    await request.body()
    return Response(b'{"predictions":[0]}', headers={"content-type": "application/json"})

app = Starlette(routes=[Route("/invocations", constant, methods=["POST"]), Route("/ping", constant)])
uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="error", ws="none")
"""


def fitted(folder: Path) -> Path:
    """The demo's fitted flow."""
    import tilth
    from tilth.demo.loans import write_loans

    place = folder.parent / "served"
    place.mkdir(parents=True, exist_ok=True)
    if not (place / "loans.tilth").exists():
        write_loans(place / "loans.csv", ROWS, 2)
        text = (Path(tilth.__file__).parent / "demo" / "loans.yaml").read_text("utf-8")
        (place / "loans.yaml").write_text(text, "utf-8")
        tilth.fit(str(place / "loans.yaml")).save(place / "loans.tilth")
    return place / "loans.tilth"


def asked() -> dict[str, Any]:
    """A row with the columns that the demo's flow needs."""
    strings = {"sex": "female", "marital": "Single", "region": "north", "employment": "employed", "channel": "web", "purpose": "car"}
    numbers = {"age": 38, "income": 4100.0, "amount": 9000, "term_months": 36, "existing_loans": 0, "credit.score": 700}
    return {**strings, **numbers, "debt to income (%)": 21.4}


def over_http(server: list[str], connections: int) -> Work:
    """Requests of one row to a server in a process of its own, over connections that stay open."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([*server, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    atexit.register(process.kill)
    for _ in range(600):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            break
        time.sleep(0.05)
    body = json.dumps(asked()).encode()
    head = f"POST /invocations HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"

    async def client(requests: int) -> list[float]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        seconds = []
        for _ in range(requests):
            begun = time.perf_counter()
            writer.write(head.encode() + body)
            answered = await reader.readuntil(b"\r\n\r\n")
            assert answered.startswith(b"HTTP/1.1 200"), answered
            length = next(line for line in answered.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
            seconds.append(time.perf_counter() - begun)
        writer.close()
        return seconds

    async def all_of_them() -> float:
        seconds = sorted(s for of in await asyncio.gather(*(client(REQUESTS // connections) for _ in range(connections))) for s in of)
        return seconds[len(seconds) // 2]

    return lambda: asyncio.run(all_of_them())


def bare(connections: int) -> Any:
    return lambda folder: over_http([sys.executable, "-c", BARE], connections)


def tilth_served(connections: int) -> Any:
    def prepare(folder: Path) -> Work:
        return over_http([sys.executable, "-m", "tilth", "serve", str(fitted(folder)), "--port"], connections)

    return prepare


def row(folder: Path) -> Work:
    from tilth.serve.pipeline import Pipeline

    (stage,), one = Pipeline.of(str(fitted(folder))).stages, asked()

    def work() -> int:
        for _ in range(REQUESTS):
            made = stage([one])
        return len(made[0])

    return work


def answer(folder: Path) -> Work:
    from tilth.serve.pipeline import Pipeline

    pipeline, body = Pipeline.of(str(fitted(folder))), json.dumps(asked()).encode()

    def work() -> int:
        for _ in range(REQUESTS):
            made = pipeline.answer(body, "application/json")
        return made.status

    return work


BENCHMARK = Benchmark(
    name="serve",
    title="Serving",
    about=f"{REQUESTS:,} requests of one row as JSON to the flow of `tilth demo`, 13 columns in and 47 out, over connections that stay "
    "open, and to a server of the same libraries that returns a constant. The last two are without HTTP: from the body to the body, and "
    "the row alone. The client is Python too, on the same machine.",
    candidates=(
        Candidate("served", tilth_served(1), title="tilth, one connection"),
        Candidate("bare", bare(1), title="a constant, one connection"),
        Candidate("served, many", tilth_served(CONNECTIONS), title=f"tilth, {CONNECTIONS} connections"),
        Candidate("bare, many", bare(CONNECTIONS), title=f"a constant, {CONNECTIONS} connections"),
        Candidate("answer", answer, times=10, title="tilth, from body to body"),
        Candidate("row", row, times=50, title="tilth, the row alone"),
    ),
    compared=False,
    targets=(
        Target(
            "median of a request, one connection",
            lambda f: f["served"].result * 1e6,
            500,
            "µs",
            why="other work kept more than all cores busy, and a server that returns a constant took as long.",
        ),
        Target("processor time of a request to one that returns a constant", ratio("served", "bare", of="cpu"), 2),
        Target(f"the same with {CONNECTIONS} connections", ratio("served, many", "bare, many", of="cpu"), 2),
        Target("processor time of one row, beyond HTTP", lambda f: f["row"].cpu * MICRO, 20, "µs"),
    ),
)
