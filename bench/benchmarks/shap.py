"""Shapley values of boosted trees of 30 columns by Kernel SHAP, compared with the package shap and its exact values for trees."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Figures, Target, Work, ratio

COLUMNS, BACKGROUND = 30, 10
AS_MANY, FEWER = 2 * COLUMNS + 2048, 900  # sets of columns for each row: those of shap, and enough for the same error


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


def tilth(folder: Path, samples: int = FEWER) -> Work:
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
    measure = Shap(predictor, names, rows=len(rows), samples=samples, background=tuple(map(tuple, background.tolist())), local=True)

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
    """The mean absolute error."""
    pairs = [(a, b) for one, other in zip(values, exact, strict=True) for a, b in zip(one, other, strict=True)]
    return sum(abs(a - b) for a, b in pairs) / len(pairs)


def errors(results: Mapping[str, dict[str, Any]]) -> dict[str, float]:
    """The error of each candidate. Errors: `KeyError` if shap, which computes the exact values, did not run."""
    exact = results["shap"]["exact"]
    return {name: error(r["values"], exact) for name, r in results.items()}


def at_no_greater_error(ours: str, theirs: str) -> Callable[[Mapping[str, Figures]], float]:
    """A function that divides our core seconds by theirs. Errors: `ValueError` if our error is greater, so that they do not compare."""

    def value(figures: Mapping[str, Figures]) -> float:
        found = errors({name: f.result for name, f in figures.items()})
        if found[ours] > found[theirs]:
            raise ValueError(f"the error of {ours} is {found[ours]}, that of {theirs} {found[theirs]}")
        return ratio(ours, theirs, of="cpu")(figures)

    return value


def error_to(ours: str, theirs: str) -> Callable[[Mapping[str, Figures]], float]:
    def value(figures: Mapping[str, Figures]) -> float:
        found = errors({name: f.result for name, f in figures.items()})
        return found[ours] / found[theirs]

    return value


def remarks(results: Mapping[str, dict[str, Any]]) -> list[str]:
    if "shap" not in results:
        return []
    titles = {c.name: c.title or c.name for c in BENCHMARK.candidates}
    found = "; ".join(f"{titles[name]} {e:.3g}" for name, e in errors(results).items())
    return [f"Mean absolute error to the exact values, which shap computes from the trees (interventional): {found}."]


BENCHMARK = Benchmark(
    name="shap",
    title="Shapley values",
    about="Ten rows of 30 columns, explained by Kernel SHAP with a background of ten rows; the model is 100 boosted trees of scikit-learn. "
    f"shap asks about {AS_MANY:,} sets of columns for each row. Times are compared only where the error of Tilth is not greater.",
    candidates=(
        Candidate("tilth", tilth, runs=3, title=f"tilth, {FEWER} sets"),
        Candidate("tilth-same", partial(tilth, samples=AS_MANY), runs=3, title=f"tilth, {AS_MANY:,} sets"),
        Candidate("shap", shap, needs=("shap", "scikit-learn"), runs=3, title="shap, as it is"),
        Candidate("shap-all", shap_all_columns, needs=("shap", "scikit-learn"), runs=3, title="shap, without choosing columns"),
    ),
    targets=(
        Target("Shapley values to shap", at_no_greater_error("tilth", "shap"), 0.5),
        Target("Shapley values to shap of all columns", at_no_greater_error("tilth", "shap-all"), 0.5),
        Target("Shapley values to shap, as many sets of columns", at_no_greater_error("tilth-same", "shap"), 1),
        Target("error of Shapley values to that of shap, as many sets of columns", error_to("tilth-same", "shap"), 1),
    ),
    scale=0,  # it makes its own rows
    remarks=remarks,
)
