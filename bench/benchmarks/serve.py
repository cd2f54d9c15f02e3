"""Serving: the flow of the demo over HTTP, compared with a bare server that returns a constant, and with the same row without HTTP."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work
from bench.clients import Served

REQUESTS = 2_000
CONNECTIONS = 16
TURNS, TURN = 20, 500  # turns of both servers, and requests of each
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
    """The fitted flow of the demo."""
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
    """A row with the columns that the flow of the demo needs."""
    strings = {"sex": "female", "marital": "Single", "region": "north", "employment": "employed", "channel": "web", "purpose": "car"}
    numbers = {"age": 38, "income": 4100.0, "amount": 9000, "term_months": 36, "existing_loans": 0, "credit.score": 700}
    return {**strings, **numbers, "debt to income (%)": 21.4}


def constant() -> Served:
    return Served([sys.executable, "-c", BARE], asked())


def over_http(connections: int, bare: bool = False) -> Any:
    """Requests with one row to a server in a separate process: the median of their seconds."""

    def prepare(folder: Path) -> Work:
        server = constant() if bare else tilth_served(folder)
        return lambda: server.ask(REQUESTS, connections).median

    return prepare


def tilth_served(folder: Path) -> Served:
    return Served([sys.executable, "-m", "tilth", "serve", str(fitted(folder)), "--port"], asked())


def side_by_side(folder: Path) -> Work:
    """Start both servers and request them in turns, so that other work on the machine affects them alike: the medians of the ratios."""
    ours, bare = tilth_served(folder), constant()

    def ratios(connections: int) -> dict[str, float]:
        turns = [(ours.ask(TURN, connections), bare.ask(TURN, connections)) for _ in range(TURNS + 1)][1:]  # the first one warms up
        made = {what: median(getattr(a, what) / getattr(b, what) for a, b in turns) for what in ("median", "wall")}
        return made | {"core": sum(a.core for a, _ in turns) / sum(b.core for _, b in turns)}  # the clock of cores is coarse

    return lambda: {str(n): ratios(n) for n in (1, CONNECTIONS)}


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


def many(what: str) -> Any:
    return lambda f: f["both"].result[str(CONNECTIONS)][what]


BENCHMARK = Benchmark(
    name="serve",
    title="Serving",
    about=f"{REQUESTS:,} requests of one row as JSON to the flow of `tilth demo`, 13 columns in and 47 out, over connections that stay "
    "open, and to a server of the same libraries that returns a constant. The last two are without HTTP: from the body to the body, and "
    "the row alone. The client is Python too, on the same machine.",
    candidates=(
        Candidate("served", over_http(1), title="tilth, one connection"),
        Candidate("bare", over_http(1, bare=True), title="a constant, one connection"),
        Candidate("served, many", over_http(CONNECTIONS), title=f"tilth, {CONNECTIONS} connections"),
        Candidate("bare, many", over_http(CONNECTIONS, bare=True), title=f"a constant, {CONNECTIONS} connections"),
        Candidate("both", side_by_side, title="both in turns"),
        Candidate("answer", answer, times=10, title="tilth, from body to body"),
        Candidate("row", row, times=50, title="tilth, the row alone"),
    ),
    compared=False,
    targets=(
        Target("median of a request, one connection", lambda f: f["served"].result * 1e6, 500, "µs"),
        Target("the same, divided by that of the constant in turns with it", lambda f: f["both"].result["1"]["median"], 1.3),
        Target(f"time of all requests over {CONNECTIONS} connections, by that of the constant", many("wall"), 1.25),
        Target("the server's core seconds, one connection, by those of the constant", lambda f: f["both"].result["1"]["core"], 1.3),
        Target(f"the same, {CONNECTIONS} connections", many("core"), 1.25),
        Target("processor time of one row, beyond HTTP", lambda f: f["row"].cpu * MICRO, 20, "µs"),
    ),
)
