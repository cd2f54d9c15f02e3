"""The benchmarks: each has targets, runs Tilth on a small table, and computes its ratios right."""

from pathlib import Path

import pytest

from bench.benchmark import Figures, close, ratio
from bench.data import make
from bench.run import BENCHMARKS, checked_targets, load

TILTH = {"tilth", "tilth_as_pointblank", "plan", "check", "measured"}
HERE = {"duckdb": Figures(2.0, 4.0, 1.0), "tilth": Figures(1.0, 3.0, 1.0)}


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_benchmark_is_named_as_its_file(name):
    benchmark = load(name)
    assert benchmark.name == name
    assert benchmark.targets
    assert len({c.name for c in benchmark.candidates}) == len(benchmark.candidates)


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> Path:
    return make(1_000, tmp_path_factory.mktemp("bench"))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "candidate"), [(n, c.name) for n in BENCHMARKS for c in load(n).candidates if c.name in TILTH])
def test_tilth_runs(name, candidate, tables):
    (found,) = (c for c in load(name).candidates if c.name == candidate)
    assert found.prepare(tables)() is not None


def test_a_ratio_is_to_the_best_that_ran():
    assert ratio("tilth", "duckdb", "polars")(HERE) == 0.5
    assert ratio("tilth", "duckdb", of="cpu")(HERE) == 0.75


def test_a_target_is_not_measured_where_a_candidate_is_absent():
    found = list(checked_targets(load("rules"), {"tilth": Figures(1.0, 1.0, 1.0)}))
    assert {t["text"]: t["value"] for t in found if t["value"] is not None} == {"peak memory of forty rules": 1.0}
    assert all(t["unit"] == "×" for t in found if t["value"] is None)


def test_times_of_shapley_values_are_compared_at_no_greater_error():
    """Errors of 0.1 and 0.2: theirs takes four core seconds, ours one."""
    exact = {"exact": [[1.0, 2.0]]}
    near, far = {"values": [[1.1, 1.9]], **exact}, {"values": [[1.2, 1.8]], **exact}

    def measured(ours, theirs):
        figures = {"tilth": Figures(1.0, 1.0, 1.0, ours), "shap": Figures(4.0, 4.0, 1.0, theirs)}
        return {t["text"]: t["value"] for t in checked_targets(load("shap"), figures)}["Shapley values to shap"]

    assert measured(near, far) == measured(near, near) == 0.25
    assert measured(far, near) is None
    (said,) = load("shap").remarks({"tilth": far, "shap": near})
    assert said.endswith("tilth, 900 sets 0.2; shap, as it is 0.1.")


def test_numbers_are_close_by_their_size():
    assert close(1e12, 1e12 + 1)
    assert not close(1.0, 1.001)
    assert close("a", "a")
