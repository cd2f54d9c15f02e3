"""Target encoding: categories of three columns become smoothed means of a number, of 200,000, 7 and 6 categories."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.benchmark import Benchmark, Candidate, Target, Work, close, ratio

COLUMNS = ("driver_id", "city", "channel")
LABEL = "fare"
PRIOR = 10  # weight of the overall mean, in rows
FLOW = f"""
data: {{roles: {{id: trip_id, label: {LABEL}}}}}
features:
  - encode: {{columns: [{", ".join(COLUMNS)}], with: target, smooth: {PRIOR}, most: 500000}}
  - select: [{", ".join(COLUMNS)}, "!trip_id"]
"""


def tilth(folder: Path) -> Work:
    import numpy as np

    import tilth
    from tilth.engine.arrow import as_numpy
    from tilth.engine.duckdb import DuckDB
    from tilth.engine.session import everything

    trips, engine = str(folder / "trips" / "*.parquet"), DuckDB().session()

    def work() -> list[float]:
        flow = tilth.fit(tilth.Flow.parse(FLOW), trips, engine=engine)
        sums = np.zeros(len(COLUMNS))
        for batch in engine.batches(engine.query(tilth.apply(flow, trips, engine=engine).keep(COLUMNS), everything())):
            sums += [as_numpy(batch.column(c)).sum() for c in COLUMNS]
        return list(map(float, sums))

    return work


def category_encoders(folder: Path) -> Work:
    import category_encoders
    import pandas as pd

    def work() -> list[float]:
        table = pd.read_parquet(folder / "trips", columns=[*COLUMNS, LABEL])
        encoder = category_encoders.MEstimateEncoder(cols=list(COLUMNS), m=PRIOR)
        made = encoder.fit(table[list(COLUMNS)], table[LABEL]).transform(table[list(COLUMNS)])
        return [float(made[c].sum()) for c in COLUMNS]

    return work


def differences(results: Mapping[str, list[float]]) -> list[str]:
    first, *others = results.values()
    return ["not the same sums" for other in others if not all(close(a, b, 1e-9) for a, b in zip(first, other, strict=True))]


BENCHMARK = Benchmark(
    name="target",
    title="Target encoding",
    about="Three columns become smoothed means of a number: learned with five folds and applied, and each column added up. "
    "category_encoders' MEstimateEncoder learns the same means without folds; it is given 5 million rows at most, its seconds are scaled.",
    candidates=(
        Candidate("tilth", tilth),
        Candidate(
            "category_encoders",
            category_encoders,
            needs=("category_encoders==2.11.2", "pandas==3.1.1", "pyarrow==26.0.1"),
            rows=5_000_000,
            runs=1,
        ),
    ),
    targets=(
        Target(
            "target encoding to category_encoders",
            ratio("tilth", "category_encoders"),
            1 / 20,
            why="a fold is by the MD5 of the row's id, which is the same on every engine. One scan learns in half of Tilth's core "
            "seconds: half of these read the columns and hash the ids, which alone takes more than the target allows, and half group by "
            "category and fold, two fifths of it for the smallest and largest number of each, which make exact sums possible. A sixth "
            "joins the numbers to the rows; an eighth loads modules; the rest makes the numbers of 200,000 categories in five folds and "
            "writes them into the query. category_encoders learns without folds.",
        ),
    ),
    differences=differences,
)
