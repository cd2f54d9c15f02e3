"""Three times the rows, little memory: the forty rules within a memory limit of 2 GiB; data beyond it is spilled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work

LIMIT = "2GiB"
SCALE = 3


def rules(folder: Path) -> Work:
    import tilth
    import tilth.verbs
    from tilth.engine.duckdb import DuckDB

    engine = DuckDB(memory_limit=LIMIT).session()
    text = (Path(__file__).parent.parent / "forty_rules.dqdl").read_text("utf-8")

    def work() -> dict[str, Any]:
        drivers = tilth.read(str(folder / "drivers" / "*.parquet"), engine=engine)
        report = tilth.check(
            tilth.read(str(folder / "trips" / "*.parquet"), engine=engine), text, engine=engine, sources={"drivers": drivers}
        )
        return {"scans": len(report.facts.scans)}

    return work


BENCHMARK = Benchmark(
    name="memory",
    title="Sixty million rows",
    about=f"The forty rules on {SCALE} times the rows, with `memory_limit` at {LIMIT}: what does not fit is spilled.",
    candidates=(Candidate("rules", rules, runs=1, title="forty rules"),),
    scale=SCALE,
    compared=False,
    targets=(Target("peak memory of the process tree", lambda f: f["rules"].peak, 3.0, "GiB"),),
)
