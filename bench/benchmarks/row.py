"""One row: twenty columns imputed, scaled and one-hot encoded to eighty, as for a served model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work, ratio

NUMBERS = [f"n{i}" for i in range(10)]
TEXTS = [f"t{i}" for i in range(10)]
VALUES = [f"v{k}" for k in range(7)]  # ten texts of seven values each and ten numbers: eighty columns out
ROWS = 5_000

FLOW = f"""
features:
  - impute: {{columns: {json.dumps(NUMBERS)}, with: median}}
  - impute: {{columns: {json.dumps(TEXTS)}, with: mode}}
  - scale: {{columns: {json.dumps(NUMBERS)}, with: standard}}
  - encode: {{columns: {json.dumps(TEXTS)}, with: one_hot}}
"""


def table() -> dict[str, list[Any]]:
    """A table of numbers and texts, with a null in every eleventh cell."""
    columns: dict[str, list[Any]] = {n: [(i * (k + 3)) % 101 / 7 for i in range(ROWS)] for k, n in enumerate(NUMBERS)}
    columns |= {t: [VALUES[(i // (k + 1)) % len(VALUES)] for i in range(ROWS)] for k, t in enumerate(TEXTS)}
    return {name: [None if (i + j) % 11 == 3 else v for i, v in enumerate(cells)] for j, (name, cells) in enumerate(columns.items())}


def asked() -> list[dict[str, Any]]:
    """Rows to serve, some with nulls."""
    columns = table()
    return [{name: cells[i] for name, cells in columns.items()} for i in range(200)]


def tilth(folder: Path) -> Work:
    import pyarrow as pa

    import tilth

    flow = tilth.fit(tilth.Flow.parse(FLOW), pa.table(table()))
    rows = asked()
    first = flow.row(rows[0])

    def work() -> list[float]:
        for row in rows:
            done = flow.row(row)
        return [float(v) for v in done.values()]

    assert len(first) == 80, len(first)
    return work


FIFTY = "features:\n" + "".join(
    f"""  - null_if: {{columns: {n}, above: 14}}
  - impute: {{columns: {n}, with: median}}
  - outliers: {{columns: {n}, with: iqr}}
  - scale: {{columns: {n}, with: standard}}
  - formula: {{column: {n}_squared, expression: {n} * {n}}}
"""
    for n in NUMBERS
)


def fifty_steps(folder: Path) -> Work:
    import pyarrow as pa

    import tilth

    flow = tilth.fit(tilth.Flow.parse(FIFTY), pa.table(table()))
    rows = asked()
    assert len(flow.row(rows[0])) == 30

    def work() -> int:
        for row in rows:
            flow.row(row)
        return len(rows)

    return work


def scikit_learn(folder: Path) -> Work:
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    texts = make_pipeline(SimpleImputer(strategy="most_frequent", missing_values=None), OneHotEncoder(sparse_output=False))
    pipeline = ColumnTransformer([("numbers", numbers, NUMBERS), ("texts", texts, TEXTS)])
    frame = pd.DataFrame(table())
    frame[TEXTS] = frame[TEXTS].astype(object).where(frame[TEXTS].notna(), None)
    pipeline.fit(frame)
    rows = asked()

    def work() -> list[float]:
        for row in rows:
            one = pd.DataFrame([row])
            done = pipeline.transform(one)
        return [float(v) for v in done[0]]

    return work


def differences(results: dict[str, list[float]]) -> list[str]:
    ours, theirs = sorted(results.get("tilth", [])), sorted(results.get("scikit-learn", []))
    same = len(ours) == len(theirs) and all(abs(a - b) < 1e-9 for a, b in zip(ours, theirs, strict=True))
    return [] if same or not theirs or not ours else ["the rows differ"]


PER_ROW = 1 / 200

BENCHMARK = Benchmark(
    name="row",
    title="One row",
    about="`Flow.row()`: 20 columns in, imputed, scaled and one-hot encoded to 80; and ten numbers through fifty steps that clean, impute, "
    "clip, scale and square them. Seconds are for 200 rows, one by one.",
    candidates=(
        Candidate("tilth", tilth, times=50),
        Candidate("tilth, 50 steps", fifty_steps, times=50, title="tilth, fifty steps"),
        Candidate("scikit-learn", scikit_learn),
    ),
    targets=(
        Target("`Flow.row()`", lambda f: f["tilth"].wall * PER_ROW * 1e6, 10, "µs"),
        Target("`Flow.row()` through fifty steps", lambda f: f["tilth, 50 steps"].wall * PER_ROW * 1e6, 50, "µs"),
        Target("`Flow.row()` to the scikit-learn pipeline", ratio("tilth", "scikit-learn"), 1 / 300),
    ),
    differences=differences,
)
