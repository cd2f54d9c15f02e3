"""Resampling: 10,000 series of points in time become hourly means, with gaps filled forward."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.benchmark import Benchmark, Candidate, Target, Work, close, out, ratio
from bench.data import below, unit

SERIES = 10_000
POINTS = {
    "series": f"cast({below(SERIES, 300)} as integer)",
    "seen": f"timestamp '2024-01-01' + to_seconds({below(28 * 86_400, 301)})",
    "value": f"100 * {unit(302)}",
}
BY_HAND = """
WITH a AS (SELECT series, date_trunc('hour', seen) AS bucket, avg(value) AS value FROM read_parquet('{}') GROUP BY ALL)
SELECT series, bucket + to_hours(unnest(range(0, coalesce(date_diff('hour', bucket, next), 1)))) AS seen, value
FROM (SELECT series, bucket, value, lead(bucket) OVER (PARTITION BY series ORDER BY bucket) AS next FROM a)
"""


def points(folder: Path, who: str) -> Path:
    """A Parquet file with as many points as there are trips."""
    import duckdb

    place = out(folder, "resample", who).with_suffix(".parquet")
    made = ", ".join(f"{sql} AS {name}" for name, sql in POINTS.items())
    duckdb.connect().execute(f"COPY (SELECT {made} FROM range({int(folder.name)}) AS rows(i)) TO '{place}'")
    return place


def tilth(folder: Path) -> Work:
    import tilth
    from tilth.engine.duckdb import DuckDB
    from tilth.engine.session import everything
    from tilth.steps.fitting import fit
    from tilth.steps.time.resample import Resample

    place, engine = points(folder, "tilth"), DuckDB().session()

    def work() -> list[float]:
        data = tilth.read(str(place), engine=engine)
        _, made = fit([Resample(every="1h", time="seen", by=("series",), fill="forward")], data, engine)
        return summed(engine.batches(engine.query(made, everything())))

    return work


def duckdb(folder: Path) -> Work:
    import duckdb

    place, con = points(folder, "duckdb"), duckdb.connect()
    con.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")

    def work() -> list[float]:
        return summed(con.sql(BY_HAND.format(place)).to_arrow_reader())

    return work


def summed(batches: object) -> list[float]:
    """The number of rows in batches, and the sum of their values."""
    import pyarrow.compute as pc

    rows, total = 0, 0.0
    for batch in batches:  # type: ignore[attr-defined]
        rows, total = rows + batch.num_rows, total + (pc.sum(batch.column("value")).as_py() or 0.0)
    return [rows, total]


def differences(results: Mapping[str, list[float]]) -> list[str]:
    first, *others = results.values()
    return [f"{other}, not {first}" for other in others if not all(close(a, b, 1e-9) for a, b in zip(first, other, strict=True))]


BENCHMARK = Benchmark(
    name="resample",
    title="Resampling",
    about=f"{SERIES:,} series of points in 28 days become hourly means, filled forward, and are added up. By hand: grouped by series and "
    "hour, and each row repeated up to the next one; plain means.",
    candidates=(Candidate("tilth", tilth), Candidate("duckdb", duckdb, title="DuckDB by hand")),
    targets=(
        Target(
            "resampling to the best form by hand",
            ratio("tilth", "duckdb"),
            1.1,
            why="means are computed from exact sums, which do not depend on the order of rows: each double is cut into three parts that "
            "are added separately. That takes an eighth of the core seconds, which alone is more than the target allows. A twentieth each "
            "goes to a scan that finds the range of numbers and times, to turning NaN into null, and to finding the last value in earlier "
            "intervals, because an interval with rows may have no value.",
        ),
    ),
    differences=differences,
)
