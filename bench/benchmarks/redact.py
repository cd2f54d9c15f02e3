"""Redaction under a key: the same distinct card numbers by each method that uses a key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from bench.benchmark import Benchmark, Candidate, Figures, Target, Work

KEY = "env:TILTH_BENCH_KEY"
NUMBERS = "lpad(cast(i * 7919 % 10000000000000000 as varchar), 16, '0')"
WAYS = {"hash": 8.0, "token": 8.0, "format_preserving": 25.0}
"""Method → limit in microseconds of one core per value."""
ROWS = 200_000


def redacted(way: str) -> Callable[[Path], Work]:
    """Prepares the work: redact all numbers by one method, and count the results."""

    def prepare(folder: Path) -> Work:
        import base64
        import os

        import duckdb

        import tilth
        from bench.benchmark import out
        from tilth.engine.duckdb import DuckDB
        from tilth.engine.session import everything
        from tilth.steps.fitting import fit
        from tilth.steps.protect.redact import Redact

        os.environ[KEY.partition(":")[2]] = base64.b64encode(bytes(range(32))).decode()
        place = out(folder, "redact", way).with_suffix(".parquet")
        duckdb.connect().execute(f"COPY (SELECT {NUMBERS} AS card FROM range({ROWS}) AS rows(i)) TO '{place}'")
        engine = DuckDB(threads=1).session()

        def work() -> int:
            _, made = fit([Redact("card", with_=way, key=KEY)], tilth.read(str(place), engine=engine), engine)  # type: ignore[arg-type]
            return len({value for batch in engine.batches(engine.query(made, everything())) for value in batch["card"].to_pylist()})

        return work

    return prepare


def microseconds(way: str) -> Callable[[Mapping[str, Figures]], float]:
    """A function that gives the core microseconds per value."""
    return lambda figures: figures[way].cpu / ROWS * 1e6


BENCHMARK = Benchmark(
    name="redact",
    title="Redaction under a key",
    about=f"{ROWS:,} different numbers of 16 digits become pseudonyms (HMAC-SHA-256), tokens (AES-SIV), or other numbers of 16 digits "
    "(FF1), on one thread, and are read.",
    candidates=tuple(Candidate(way, redacted(way), title=f"with: {way}") for way in WAYS),
    targets=tuple(Target(f"one core for a value, with: {way}", microseconds(way), most, "µs") for way, most in WAYS.items()),
    differences=lambda results: [f"{way}: not {ROWS:,} different values" for way, n in results.items() if n != ROWS],
    compared=False,
)
