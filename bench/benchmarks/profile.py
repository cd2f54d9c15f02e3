"""A first look at data: every column of a large table, compared with one scan with the same aggregates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work, close, ratio

ANY, ENDS = ("count({c})", "approx_count_distinct({c})"), ("min({c})", "max({c})")
TEXT = ("count(nullif(trim({c}), ''))", "min(length({c}))", "max(length({c}))", "avg(length({c}))")
NUMBER = ("avg({c})", "stddev_pop({c})")


def tilth(folder: Path) -> Work:
    """`tilth.profile`: in addition to the aggregates a sample with its quantiles, histograms, frequent values, gaps and associations."""
    import tilth
    import tilth.verbs

    def work() -> dict[str, list[float]]:
        found = tilth.profile(str(folder / "trips" / "*.parquet")).of("column")
        return {f.name: [f.payload.mean, f.payload.deviation] for f in found if f.payload.mean is not None}

    return work


def duckdb(folder: Path) -> Work:
    """The aggregates of a profile over all rows, in one scan of all columns."""
    import duckdb

    con = duckdb.connect()
    con.execute("SET enable_progress_bar = false")
    trips = f"read_parquet('{folder}/trips/*.parquet')"

    def asked(kind: str) -> tuple[str, ...]:
        return (*ANY, *(TEXT if kind == "VARCHAR" else ENDS if kind == "TIMESTAMP" else ENDS + NUMBER))

    def work() -> dict[str, list[float]]:
        kinds = {name: kind for name, kind, *_ in con.execute(f"DESCRIBE SELECT * FROM {trips}").fetchall()}
        numbers = [form.format(c=c) for c, kind in kinds.items() for form in asked(kind)]
        ((*values,),) = con.execute(f"SELECT {', '.join(numbers)} FROM {trips}").fetchall()
        found = dict(zip(numbers, values, strict=True))
        return {c: [found[form.format(c=c)] for form in NUMBER] for c in kinds if NUMBER[0].format(c=c) in found}

    return work


def differences(results: Mapping[str, Any]) -> list[str]:
    """Means and standard deviations that differ from those computed by hand."""
    by_hand, found = results.get("duckdb", {}), results.get("tilth", {})
    pairs = ((c, a, b) for c, numbers in by_hand.items() if found for a, b in zip(found[c], numbers, strict=True))
    return [f"{c}: {a}, by hand {b}" for c, a, b in pairs if not close(a, b)]


BENCHMARK = Benchmark(
    name="profile",
    title="Profile",
    about="A profile of 20 columns; by hand, one scan with the aggregates that Tilth computes over all rows. Tilth also fetches a sample, "
    "for quantiles, histograms, frequent values and associations. For a small table see [Start](#start).",
    candidates=(Candidate("tilth", tilth), Candidate("duckdb", duckdb, title="one scan, DuckDB")),
    targets=(Target("profile to one scan with the same aggregates by hand", ratio("tilth", "duckdb"), 1.5),),
    differences=differences,
)
