"""Insights of a large table: their cost in addition to the profile that they contain."""

from __future__ import annotations

from pathlib import Path

from bench.benchmark import Benchmark, Candidate, Target, Work


def measuring(name: str, folder: Path) -> Work:
    """A measure of the trips. The library that trains models is loaded first, like other libraries."""
    import sklearn.ensemble  # noqa: F401

    import tilth
    import tilth.verbs

    def work() -> int:
        trips = tilth.read(str(folder / "trips" / "*.parquet"), roles={"label": "status"})
        return len(tilth.measure(trips, name).findings)

    return work


BENCHMARK = Benchmark(
    name="insights",
    title="Insights",
    about="The power of 19 columns for a label of four classes, a quick model, collinear, anomalous and repeated rows, and the profile; "
    "for comparison, the profile alone. Everything except the profile uses 10,000 rows of the profile's sample.",
    candidates=(
        Candidate("tilth", lambda folder: measuring("insights", folder), title="insights"),
        Candidate("profile", lambda folder: measuring("profile", folder), title="profile"),
    ),
    targets=(Target("insights beyond the profile", lambda f: f["tilth"].wall - f["profile"].wall, 5, "s"),),
    compared=False,
)
