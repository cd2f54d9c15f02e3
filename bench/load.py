"""A server at full load: valid and broken requests from many clients at once, for a given time: python -m bench.load --seconds 300.

Each request has one right answer: that of the pipeline without HTTP; for valid rows it is compared with the engine. At the end, more
clients come than are allowed, and a signal ends the server while requests are half sent. Violations are listed in `Result.problems`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gzip
import io
import json
import os
import pickle
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench.benchmark import close
from bench.processes import resident_bytes

CLIENTS = 32
ROWS = 200
LARGEST = 2**20  # bytes of a body, set by SAGEMAKER_MAX_PAYLOAD_IN_MB
ALLOWED = 100  # requests at the same time
PATIENCE = 60.0  # seconds after which an answer counts as lost
GROWTH = 32 * 2**20  # allowed growth of memory after the warm-up in bytes, for caches and the allocator, regardless of the duration
JSON, CSV, LINES = "application/json", "text/csv", "application/jsonlines"
NPY, PARQUET, RECORDIO = "application/x-npy", "application/x-parquet", "application/x-recordio-protobuf"
FLOW = """
data: {roles: {id: no, label: paid, private: email}}
features:
  - impute: {columns: [age, income], with: median}
  - scale: {columns: [age, income], with: standard}
  - impute: {columns: job, with: constant, value: unknown}
  - encode: {columns: job}
"""


@dataclass(frozen=True)
class Case:
    """A request, sent in pieces with pauses between them, and its answers.

    `end` is what the client does after sending: wait for the answer, or close its side and wait (`half`), or close (`cut`) or break
    (`reset`) the connection without reading an answer.
    """

    name: str
    pieces: tuple[bytes, ...]
    answers: tuple[tuple[int, bytes | None], ...]  # status and body of each; None for any body
    end: str = ""
    often: int = 1


@dataclass
class Result:
    """The observations of a run."""

    seconds: float = 0.0
    requests: int = 0
    cases: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)  # of the answers that clients read
    counted: Counter[int] = field(default_factory=Counter)  # by the server
    unheard: int = 0  # requests without a client waiting for the answer
    again: int = 0  # requests sent again, because the connection was closed before the server read them
    times: list[float] = field(default_factory=list, repr=False)  # of small valid requests
    warm: int = 0  # bytes of memory after the warm-up
    grown: int = 0
    core: float = 0.0  # core seconds of the server
    problems: list[str] = field(default_factory=list)

    def problem(self, text: str) -> None:
        if len(self.problems) < 20:
            self.problems.append(text)

    def described(self) -> dict[str, Any]:
        """All observations, with times as percentiles in milliseconds."""
        found = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "times"}
        quantiles = {f"p{q:g}": round(float(np.percentile(self.times, q)) * 1e3, 2) for q in (50, 99, 99.9)} if self.times else {}
        return found | {"milliseconds": quantiles, "per_second": round(self.requests / max(self.seconds, 1e-9))}


# ── requests ──


def table() -> pa.Table:
    jobs = ["cook", "clerk", "Ärztin", None]
    return pa.table(
        {
            "no": range(ROWS),
            "email": [f"person{i}@mail.invalid" for i in range(ROWS)],
            "age": [None if i % 7 == 3 else 20 + i % 50 for i in range(ROWS)],
            "income": [None if i % 11 == 5 else 1000 + 17.25 * i for i in range(ROWS)],
            "job": [jobs[i % 4] for i in range(ROWS)],
            "paid": ["yes" if i % 3 else "no" for i in range(ROWS)],
        }
    )


def fitted(folder: Path) -> Path:
    import tilth

    tilth.fit(tilth.Flow.parse(FLOW), table()).save(folder / "load.tilth")
    return folder / "load.tilth"


def wire(
    body: bytes, kind: str = JSON, *, method: str = "POST", path: str = "/invocations", length: int | None = None, **others: str
) -> bytes:
    headers = {"Host": "localhost", "Content-Type": kind, "Content-Length": str(len(body) if length is None else length)}
    headers |= {name.replace("_", "-"): value for name, value in others.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items() if value)
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + body


def bodies(rows: list[dict[str, Any]]) -> Iterator[tuple[str, bytes, str]]:
    """The same rows as bodies of all content types."""
    from tilth.serve.bodies import ENCODERS

    text = json.dumps(rows, ensure_ascii=False)
    yield "json", text.encode(), JSON
    yield "latin-1", text.encode("latin-1"), f"{JSON}; charset=latin-1"
    yield "instances", json.dumps({"instances": [list(row.values()) for row in rows]}).encode(), JSON
    for kind in (CSV, LINES):
        yield kind, ENCODERS[kind](rows, list(rows[0])), kind
    made = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), made)
    yield PARQUET, made.getvalue(), PARQUET


def cases(path: Path, seed: int) -> list[Case]:
    """All requests of a run, with their answers."""
    return list(_Cases(path, seed).all())


class _Cases:
    def __init__(self, path: Path, seed: int) -> None:
        from tilth.serve.pipeline import Pipeline

        self.pipeline, self.random = Pipeline.of(str(path)), random.Random(seed)
        self.rows: list[dict[str, Any]] = table().drop_columns("paid").to_pylist()
        self.check(path)

    def check(self, path: Path) -> None:
        """Prove by the engine that the pipeline's answers are right."""
        import tilth

        prepared = tilth.apply(tilth.Flow.load(path), table())
        features = self.pipeline.gives
        wanted = tilth.arrays(prepared, format="arrow").X.to_pylist()
        found = json.loads(self.pipeline.answer(json.dumps(self.rows).encode(), JSON).body)["predictions"]
        assert len(found) == len(wanted) == ROWS
        assert all(close(a[n], b[n]) for a, b in zip(found, wanted, strict=True) for n in features), "the pipeline and the engine differ"

    def some(self, most: int = 4) -> list[dict[str, Any]]:
        begin = self.random.randrange(ROWS - most)
        return self.rows[begin : begin + self.random.randint(1, most)]

    def answer(self, body: bytes, kind: str, accept: str = "") -> tuple[int, bytes]:
        found = self.pipeline.answer(body, kind, accept)
        return found.status, found.body

    def all(self) -> Iterator[Case]:
        yield from self.valid()
        yield from self.broken()
        yield from self.damaged()
        yield from self.connections()

    def valid(self) -> Iterator[Case]:
        for _ in range(20):
            for name, body, kind in bodies(self.some()):
                accept = self.random.choice(["", "*/*", JSON, CSV, LINES, NPY, PARQUET, RECORDIO])
                if accept == PARQUET:  # a file names the library that wrote it, and is equal for the same library
                    accept = ""
                yield Case(name, (wire(body, kind, Accept=accept),), (self.answer(body, kind, accept),), often=20)
        large = json.dumps(self.rows * 5).encode()
        yield Case("large", (wire(large),), (self.answer(large, JSON),), often=5)
        packed = gzip.compress(large)
        yield Case("gzip", (wire(packed, Content_Encoding="gzip"),), (self.answer(large, JSON),))
        unknown = json.dumps({"age": 30, "income": 1.5, "job": "pilot"}).encode()
        yield Case("unknown category", (wire(unknown),), (self.answer(unknown, JSON),), often=20)
        yield Case("ping", (wire(b"", "", method="GET", path="/ping"),), ((200, b""),), often=20)
        yield Case("metrics", (wire(b"", "", method="GET", path="/metrics"),), ((200, None),), often=5)

    def broken(self) -> Iterator[Case]:
        body = json.dumps(self.some()).encode()
        for name, sent, kind, accept in (
            ("truncated", body[:-3], JSON, ""),
            ("NaN", body.replace(b"null", b"1").replace(b'"age": ', b'"age": NaN, "x": '), JSON, ""),
            ("infinite", b'{"age": 1e999, "income": 1, "job": "cook"}', JSON, ""),
            ("nested", b"[" * 50_000, JSON, ""),
            ("nested objects", b'{"a":' * 50_000, JSON, ""),
            ("wrong kind", b'{"age": [1], "income": {"a": [1]}, "job": 3}', JSON, ""),
            ("missing column", b'{"age": 1}', JSON, ""),
            ("no rows", b"", CSV, ""),
            ("ragged", b"1,2\n1,2,3\n", CSV, ""),
            ("open quote", b'1,"2', CSV, ""),
            ("wrong charset", b'{"job": "\xff\xfe"}', JSON, ""),
            ("unknown charset", body, f"{JSON}; charset=klingon", ""),
            ("wrong type", body, "text/html", ""),
            ("malformed type", body, "nonsense", ""),
            ("pickle", pickle.dumps({"age": 1}), "application/x-python-pickle", ""),
            ("pickle as NPY", pickle.dumps({"age": 1}), NPY, ""),
            ("not acceptable", body, JSON, "image/png"),
        ):
            yield Case(name, (wire(sent, kind, Accept=accept),), (self.answer(sent, kind, accept),), often=5)
        yield Case("not gzip", (wire(body, Content_Encoding="gzip"),), ((400, None),), often=5)
        yield Case("other coding", (wire(body, Content_Encoding="br"),), ((415, None),), often=5)
        yield Case("gzip of more", (wire(gzip.compress(b" " * (LARGEST + 1)), Content_Encoding="gzip"),), ((413, None),))
        yield Case("other route", (wire(body, path="/etc/passwd"),), ((404, None),), often=5)
        yield Case("other method", (wire(b"", "", method="GET"),), ((405, None),), often=5)
        yield Case("huge", (wire(b" " * (2 * LARGEST)),), ((413, None),), often=2)
        chunk = b"10000\r\n" + b" " * 2**16 + b"\r\n"
        head = wire(b"", Transfer_Encoding="chunked").replace(b"Content-Length: 0\r\n", b"")
        yield Case("huge in chunks", (head, *[chunk] * (2 * LARGEST // 2**16)), ((413, None),), often=2)
        yield Case("not HTTP", (b"nonsense\r\n\r\n",), ((400, None),), often=5)
        yield Case("huge head", (wire(body, X_Large="x" * 2**18),), ((400, None),))

    def damaged(self) -> Iterator[Case]:
        """Binary bodies with one flipped bit or a missing end."""
        from tilth.formats.recordio_protobuf import Tensor, record

        whole = {kind: body for _, body, kind in bodies(self.some())}
        whole[RECORDIO] = record({"values": Tensor(np.array([1, 2, 30, 4.5, 1], "<f4"))})
        made = io.BytesIO()
        np.save(made, np.ones((2, 5)))
        whole[NPY] = made.getvalue()
        for kind in (RECORDIO, NPY, PARQUET):
            for _ in range(30):
                body = bytearray(whole[kind])
                at = self.random.randrange(len(body))
                if self.random.random() < 0.5:
                    body[at] ^= 1 << self.random.randrange(8)
                else:
                    del body[at:]
                yield Case(f"damaged {kind}", (wire(bytes(body), kind),), (self.answer(bytes(body), kind),))

    def connections(self) -> Iterator[Case]:
        """Clients that are slow, disconnect, close their side, or send the next request before they have the answer."""
        for _ in range(10):
            body, large = json.dumps(self.some()).encode(), json.dumps(self.rows).encode() + b" " * 100_000
            sent, answer = wire(body), self.answer(body, JSON)
            third = len(sent) // 3
            yield Case("slow", (sent[:third], sent[third:-5], sent[-5:]), (answer,))
            yield Case("half-closed", (sent,), (answer,), "half", often=2)
            yield Case("half-closed, large", (wire(large),), (self.answer(large, JSON),), "half")
            yield Case("two at once", (sent + wire(body, Accept=CSV),), (answer, self.answer(body, JSON, CSV)), often=2)
            yield Case("cut", (sent[:-5],), (), "cut")
            yield Case("cut in the head", (sent[:20],), (), "cut")
            yield Case("reset", (sent[:-5],), (), "reset")
            yield Case("gone", (sent,), (), "reset")
            yield Case("gone, large", (wire(large),), (), "cut")


# ── clients ──


class Lost(Exception):
    """There was no answer, or an incomplete one."""


@dataclass
class Client:
    """A client that sends requests, over a connection that is kept open as long as the server keeps it open."""

    port: int
    result: Result
    random: random.Random
    open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, case: Case) -> None:
        """Send a request, and compare the answer."""
        reused = self.open is not None
        self.result.requests += 1
        self.result.cases[case.name] += 1
        begun = time.perf_counter()
        try:
            async with asyncio.timeout(PATIENCE):
                heard = await self.exchange(case)
                if heard == 0 and case.answers and reused:  # the server closed the connection before it read anything
                    self.result.again += 1
                    await self.leave()
                    heard = await self.exchange(case)
        except (TimeoutError, Lost, OSError, asyncio.IncompleteReadError) as error:
            self.result.problem(f"{case.name}: {type(error).__name__} {error}")
            await self.leave()
            return
        if heard < len(case.answers):
            self.result.problem(f"{case.name}: {heard} answers")
            await self.leave()
        elif case.often >= 20:
            self.result.times.append(time.perf_counter() - begun)

    async def exchange(self, case: Case) -> int:
        """Send a request, read its answers, and return their number."""
        if self.open is None:
            self.open = await asyncio.open_connection("127.0.0.1", self.port)
        reader, writer = self.open
        with contextlib.suppress(ConnectionError):  # the server refused the request: the answer can be read
            for i, piece in enumerate(case.pieces):
                if i and len(case.pieces) < 5:
                    await asyncio.sleep(self.random.random() / 20)
                writer.write(piece)
                await writer.drain()
        if case.end == "reset":
            writer.transport.abort()
        if case.end == "half":
            writer.write_eof()
        heard, closes = 0, case.end == "half"
        for status, body in case.answers:
            found = await answer_of(reader)
            if found is None:
                return heard
            heard += 1
            if b"/invocations" in case.pieces[0][:40]:
                self.result.statuses[found[0]] += 1
            if found[0] != status or (body is not None and found[2] != body):
                self.result.problem(f"{case.name}: {found[0]} {found[2][:200]!r} instead of {status} {body and body[:200]!r}")
            closes = closes or found[1].get("connection") == "close"
        if closes and await reader.read(1):
            self.result.problem(f"{case.name}: more than one answer")
        if closes or not case.answers:
            self.result.unheard += not case.answers
            await self.leave()
        return heard

    async def leave(self) -> None:
        if self.open is not None:
            self.open[1].close()
            with contextlib.suppress(OSError):
                await self.open[1].wait_closed()
        self.open = None


async def answer_of(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes] | None:
    """Read an answer: status, headers and body; None if the connection was closed before its first byte."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise Lost(f"an answer that ends at {error.partial[-80:]!r}") from error
        return None
    except ConnectionResetError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    size = headers.get("content-length")
    body = await (reader.read() if size is None else reader.readexactly(int(size)))
    return int(first.split()[1]), headers, body


# ── a run ──


@contextlib.asynccontextmanager
async def served(path: Path, errors: Path, workers: int) -> AsyncIterator[tuple[subprocess.Popen[bytes], int]]:
    """A server in a separate process, and its port."""
    environment = os.environ | {"SAGEMAKER_MAX_PAYLOAD_IN_MB": str(LARGEST // 2**20)}
    words = ["serve", str(path), "--port", "0", *(["--workers", str(workers)] if workers else [])]
    with errors.open("wb") as stream:
        process = subprocess.Popen([sys.executable, "-m", "tilth", *words], env=environment, stderr=stream)
    try:
        while not (found := re.search(rb"http://127.0.0.1:(\d+)\n", errors.read_bytes())):
            assert process.poll() is None, errors.read_text()
            await asyncio.sleep(0.05)
        port = int(found[1])
        while await metrics(port) is None:
            await asyncio.sleep(0.05)
        yield process, port
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


async def metrics(port: int) -> str | None:
    """The metrics of the server; None if there is no server."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return None
    writer.write(wire(b"", "", method="GET", path="/metrics", Connection="close"))
    found = await answer_of(reader)
    writer.close()
    return found[2].decode() if found else None


async def load(path: Path, seconds: float, seed: int, folder: Path, workers: int = 0) -> Result:
    """Send mixed requests for some seconds, the first fifth as warm-up; then overload the server, and end it."""
    result, made, errors = Result(), cases(path, seed), folder / "errors.txt"
    async with served(path, errors, workers) as (process, port):
        from bench.processes import cpu_seconds

        begun, core = time.perf_counter(), cpu_seconds(process.pid)
        await asyncio.gather(*(Client(port, result, random.Random(seed)).ask(case) for case in made[::7]))
        clients = [Client(port, result, random.Random(f"{seed} {i}")) for i in range(CLIENTS)]
        await asyncio.gather(*(mixed(client, made, begun + seconds / 5) for client in clients))
        result.warm = resident_bytes(process.pid)
        await asyncio.gather(*(mixed(client, made, begun + seconds) for client in clients))
        result.grown = resident_bytes(process.pid) - result.warm
        result.seconds, result.core = time.perf_counter() - begun, cpu_seconds(process.pid) - core
        for client in clients:
            await client.leave()
        if not workers:  # with several processes, each has its own limit
            await overload(port, result)
        await ended(process, port, result)
    judge(result, errors.read_text())
    return result


async def mixed(client: Client, made: list[Case], until: float) -> None:
    weights = [case.often for case in made]
    while time.perf_counter() < until:
        for case in client.random.choices(made, weights, k=20):
            await client.ask(case)


HELD = wire(b'{"age": 30, "income": 1, "job": "cook"}')


async def held(port: int, n: int) -> list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open connections, each with a request that the server has begun to read and whose last bytes are not sent yet."""
    found = []
    for _ in range(n):
        found.append(await asyncio.open_connection("127.0.0.1", port))
        found[-1][1].write(HELD[:-5])
    while f"tilth_serve_requests_in_flight {n + 1}\n" not in (await metrics(port) or ""):
        await asyncio.sleep(0.01)
    return found


async def answered(waiting: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]], result: Result, what: str) -> None:
    """Send the missing bytes, and read the answers."""
    for _, writer in waiting:
        writer.write(HELD[-5:])
    for reader, writer in waiting:
        found = await answer_of(reader)
        result.requests += 1
        result.statuses[found[0] if found else 0] += 1
        if found is None or found[0] != 200:
            result.problem(f"{what}: {found}")
        writer.close()


async def overload(port: int, result: Result) -> None:
    """While the allowed number of requests is half sent, further ones are refused before they send a body. The held ones are answered."""
    waiting = await held(port, ALLOWED)
    for _ in range(CLIENTS):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(wire(b"", length=LARGEST))
        found = await answer_of(reader)
        result.requests += 1
        result.statuses[found[0] if found else 0] += 1
        if found is None or found[0] != 503 or "retry-after" not in found[1]:
            result.problem(f"overload: {found}")
        writer.close()
    await answered(waiting, result, "held in an overload")


async def ended(process: subprocess.Popen[bytes], port: int, result: Result) -> None:
    """Read the counts, then send the signal while requests are half sent: only these are answered."""
    text = await metrics(port) or ""
    result.counted = Counter({int(status): int(n) for status, n in re.findall(r'requests_total{status="(\d+)"} (\d+)', text)})
    waiting = await held(port, CLIENTS)
    process.send_signal(signal.SIGTERM)
    while await metrics(port) is not None:
        await asyncio.sleep(0.01)
    heard = result.statuses.copy()
    await answered(waiting, result, "accepted before the signal")
    result.counted += result.statuses - heard
    code = await asyncio.to_thread(process.wait, PATIENCE)
    if code != 0:
        result.problem(f"the server ended with {code}")


def judge(result: Result, errors: str) -> None:
    """Record a problem for everything that is not as expected."""
    lines = errors[errors.index("\n{") + 1 :].splitlines()  # without the first lines, which say what is served
    events = Counter(json.loads(line)["event"] if line.startswith("{") else line for line in lines)
    known = {"started", "worker-ready", "request", "server"}  # `server` events come from the HTTP library, about input that is not HTTP
    for event in events.keys() - known:
        result.problem(f"the server wrote {event!r}")
    if result.counted[500]:
        result.problem(f"{result.counted[500]} requests failed")
    lacking = result.statuses - result.counted
    beyond = (result.counted - result.statuses).total()
    if +lacking or beyond > result.unheard:
        result.problem(f"the server counted {dict(result.counted)}, and clients heard {dict(result.statuses)}")
    if events["request"] != result.counted.total():
        result.problem(f"the server counted {result.counted.total()} requests and logged {events['request']}")
    if result.grown > GROWTH:
        result.problem(f"memory grew by {result.grown / 2**20:.0f} MiB")


def run(seconds: float, seed: int = 0, workers: int = 0) -> Result:
    """Run for some seconds; `workers`: processes of the server, 0 for the default."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(load(fitted(Path(folder)), seconds, seed, Path(folder), workers))


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.load", description="Mixed requests at full load; exit code 1 for a wrong answer."
    )
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=0, help="processes of the server")
    asked = parser.parse_args()
    result = run(asked.seconds, asked.seed, asked.workers)
    print(json.dumps(result.described(), indent=1))
    sys.exit(bool(result.problems))


if __name__ == "__main__":
    main()
