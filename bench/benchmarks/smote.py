"""SMOTE of a table of thirty numbers: a class of one row in ten grows to the size of the other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.benchmark import Benchmark, Candidate, Target, Work, close, out, ratio
from bench.data import below, normal

COLUMNS = 30
NUMBERS = ", ".join(f"{normal(200 + 2 * c)} + if(few, 0.5e0, 0e0) AS x{c}" for c in range(COLUMNS))


def rows(folder: Path, who: str) -> Path:
    """A Parquet file with as many rows as there are trips, up to a million."""
    import duckdb

    place = out(folder, "smote", who).with_suffix(".parquet")
    n = min(int(folder.name), 1_000_000)
    drawn = f"SELECT i, {below(10, 199)} = 0 AS few FROM range({n}) AS rows(i)"
    duckdb.connect().execute(f"COPY (SELECT {NUMBERS}, few FROM ({drawn})) TO '{place}'")
    return place


def tilth(folder: Path) -> Work:
    import tilth
    from tilth.engine.arrow import as_numpy
    from tilth.engine.duckdb import DuckDB
    from tilth.engine.session import everything
    from tilth.steps.balance.balance import Balance
    from tilth.steps.fitting import fit

    place, engine = rows(folder, "tilth"), DuckDB().session()

    def work() -> list[float]:
        data = tilth.read(str(place), roles={"label": "few"}, engine=engine)
        _, balanced = fit([Balance("smote")], data, engine)
        made = engine.table(engine.query(balanced, everything()))
        return [made.num_rows, *(float(as_numpy(made[f"x{c}"]).mean()) for c in range(COLUMNS))]

    return work


def imbalanced_learn(folder: Path) -> Work:
    import pandas as pd
    from imblearn.over_sampling import SMOTE

    place = rows(folder, "imbalanced-learn")

    def work() -> list[float]:
        table = pd.read_parquet(place)
        made, _ = SMOTE(random_state=0).fit_resample(table.drop(columns="few"), table["few"])
        return [len(made), *map(float, made.mean())]

    return work


def differences(results: Mapping[str, list[float]]) -> list[str]:
    (n, *first), *others = results.values()
    wrong = [f"{m:,.0f} rows, not {n:,.0f}" for m, *_ in others if m != n]
    return wrong + ["other means" for _, *means in others if not all(close(a, b, 0.05) for a, b in zip(first, means, strict=True))]


BENCHMARK = Benchmark(
    name="smote",
    title="SMOTE",
    about="Up to a million rows of 30 independent numbers, the smaller class a tenth of them, five neighbours, until both are as large.",
    candidates=(Candidate("tilth", tilth, runs=2), Candidate("imbalanced-learn", imbalanced_learn, runs=2)),
    targets=(
        Target(
            "SMOTE to imbalanced-learn",
            ratio("tilth", "imbalanced-learn"),
            0.2,
            why="with 30 independent columns, no pair of rows can be skipped, so all pairs of rows of the class are compared, by matrix "
            "products of 32 columns in single precision. These take over a third of Tilth's time, which is a tenth of imbalanced-learn's "
            "time. A fifth goes to finding near pairs in the products, a quarter to sorting rows into leaves and keeping the nearest rows "
            "of each row, a sixth to reading the table, making the rows and holding them.",
        ),
    ),
    differences=differences,
)
