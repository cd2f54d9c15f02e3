"""Shapley values of boosted trees of 30 columns by Kernel SHAP, compared with the package shap and its exact values for trees."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work, ratio

COLUMNS, BACKGROUND = 30, 10
SAMPLES = 900  # instead of the 2,108 of shap: enough for the same error


def model_and_rows(folder: Path) -> tuple[Any, Any, Any]:
    """Boosted trees, a background, and rows to explain: ten, or one in a test."""
    import numpy as np
    from sklearn.ensemble import HistGradientBoostingRegressor

    random = np.random.default_rng(0)
    x = (random.normal(size=(3_000, COLUMNS)) * 64).round() / 64  # exact in float32, with which the exact values are computed
    y = x[:, 0] + x[:, 1] * x[:, 2] + np.abs(x[:, 3]) + x[:, 4:9].sum(axis=1) / 4 + random.normal(size=len(x)) / 4
    large = not 0 < int(folder.name) < 100_000  # a test has few rows
    model = HistGradientBoostingRegressor(max_iter=100 if large else 5, random_state=0).fit(x, y)
    return model, x[:BACKGROUND], x[100 : 110 if large else 101]


def tilth(folder: Path) -> Work:
    import pyarrow as pa

    import tilth
    import tilth.verbs
    from tilth.engine.duckdb import DuckDB
    from tilth.measures.explain.shap import Shap
    from tilth.measures.measure import Predictor

    model, background, rows = model_and_rows(folder)
    names = tuple(f"x{i}" for i in range(COLUMNS))
    predictor = Predictor(lambda table: model.predict(table), ("y",), lambda x: model.predict(x)[:, None])
    table = pa.table([*rows.T, range(len(rows))], names=[*names, "id"])
    engine = DuckDB().session()
    measure = Shap(predictor, names, rows=len(rows), samples=SAMPLES, background=tuple(map(tuple, background.tolist())), local=True)

    def work() -> dict[str, Any]:
        (found,) = tilth.measure(tilth.read(table, roles={"id": "id"}), measure, engine=engine).of("shap_values")
        ids = found.payload.ids["id"]
        return {"values": [found.payload.values[ids.index(i)] for i in range(len(ids))]}

    return work


def shap(folder: Path) -> Work:
    return of_shap(folder)


def shap_all_columns(folder: Path) -> Work:
    return of_shap(folder, l1_reg=False)


def of_shap(folder: Path, **options: Any) -> Work:
    """The package's values, with its defaults or other options; and the exact ones."""
    import numpy as np
    import shap

    model, background, rows = model_and_rows(folder)
    exact = shap.TreeExplainer(model, background, feature_perturbation="interventional").shap_values(rows)
    np.random.seed(0)

    def work() -> dict[str, Any]:
        explainer = shap.KernelExplainer(model.predict, background)
        return {"values": explainer.shap_values(rows, silent=True, **options).tolist(), "exact": exact.tolist()}

    return work


def error(values: Any, exact: Any) -> float:
    """The root of the mean squared error."""
    n = sum(map(len, exact))
    return float((sum((a - b) ** 2 for one, other in zip(values, exact, strict=True) for a, b in zip(one, other, strict=True)) / n) ** 0.5)


def differences(results: Mapping[str, dict[str, Any]]) -> list[str]:
    exact = next((r["exact"] for r in results.values() if "exact" in r), None)
    if exact is None:
        return []
    errors = {name: error(r["values"], exact) for name, r in results.items()}
    least = min(e for name, e in errors.items() if name != "tilth")
    return [f"errors of {errors}"] if errors["tilth"] > least else []


BENCHMARK = Benchmark(
    name="shap",
    title="Shapley values",
    about="Ten rows of 30 columns, explained by Kernel SHAP with a background of ten rows; the model is 100 boosted trees of scikit-learn. "
    "shap asks about 2,108 sets of columns for each row, Tilth about 900, with no greater error to the exact values.",
    candidates=(
        Candidate("tilth", tilth, runs=3),
        Candidate("shap", shap, needs=("shap", "scikit-learn"), runs=3, title="shap, as it is"),
        Candidate("shap-all", shap_all_columns, needs=("shap", "scikit-learn"), runs=3, title="shap, without choosing columns"),
    ),
    targets=(
        Target("Shapley values to shap", ratio("tilth", "shap", of="cpu"), 0.5),
        Target("Shapley values to shap of all columns", ratio("tilth", "shap-all", of="cpu"), 0.5),
    ),
    scale=0,  # it makes its own rows
    differences=differences,
)
