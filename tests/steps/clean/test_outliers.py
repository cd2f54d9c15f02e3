"""outliers."""

import math

import numpy as np
import pytest
from scipy.stats import median_abs_deviation
from scipy.stats.mstats import winsorize

import tilth
from tests.steps.made import applied, fitted, made
from tilth.errors import FlowError, RequestError
from tilth.steps.clean.outliers import Outliers

CHANCE = np.random.default_rng(7)
NORMAL = CHANCE.normal(10, 3, 100_000)
SKEWED = np.exp(CHANCE.normal(0, 1, 500))


def bounds(step, values):
    state = fitted(step, {"x": list(values)}).learned["x"]
    return state["low"], state["high"]


@pytest.mark.parametrize("values", [NORMAL, SKEWED], ids=["normal", "skewed"])
def test_the_bounds_are_those_of_numpy_and_scipy(values):
    q25, q75 = np.percentile(values, [25, 75])
    assert bounds(Outliers("x"), values) == pytest.approx((q25 - 1.5 * (q75 - q25), q75 + 1.5 * (q75 - q25)), rel=1e-12)
    mean, deviation = values.mean(), values.std(ddof=1)
    assert bounds(Outliers("x", with_="z_score", times=2.0), values) == pytest.approx(
        (mean - 2 * deviation, mean + 2 * deviation), rel=1e-9
    )
    around = 3.5 * median_abs_deviation(values) / 0.6745
    assert bounds(Outliers("x", with_="robust_z"), values) == pytest.approx((np.median(values) - around, np.median(values) + around))
    assert bounds(Outliers("x", with_="quantile"), values) == pytest.approx(tuple(np.percentile(values, [1, 99])), rel=1e-12)
    assert bounds(Outliers("x", with_="range", low=1.0), values) == (1.0, None)


@pytest.mark.parametrize(("way", "share"), [("iqr", 0.00698), ("robust_z", 0.00046), ("z_score", 0.0027), ("quantile", 0.02)])
def test_how_much_of_a_normal_distribution_is_outside(way, share):
    """By the normal distribution function: 2Φ(−2.698), 2Φ(−3.5), 2Φ(−3)."""
    flags = made(Outliers("x", with_=way, action="flag"), {"x": NORMAL.tolist()})["x_outlier"]
    assert np.mean(flags) == pytest.approx(share, abs=4 * math.sqrt(share / len(NORMAL)))


def test_clipped_at_quantiles_is_winsorized():
    values = list(range(100))
    found = made(Outliers("x", with_="quantile", low=5 / 99, high=94 / 99), {"x": values})["x"]
    assert found == winsorize(np.array(values, float), limits=(0.05, 0.05)).tolist()


def test_what_becomes_of_a_value_outside():
    rows = {"x": [1, 2, None, 9, -9]}
    assert made(Outliers("x", with_="range", low=0, high=5), rows) == {"x": [1.0, 2.0, None, 5.0, 0.0]}
    assert made(Outliers("x", with_="range", high=5, action="null"), rows) == {"x": [1, 2, None, None, -9]}
    assert made(Outliers("x", with_="range", low=0, high=5, action="flag"), rows) == {**rows, "x_outlier": [0, 0, 0, 1, 1]}
    assert made(Outliers("x", with_="range", low=0, high=5, action="drop"), rows) == {"x": [1, 2, None]}


def test_infinite_values_are_outside_and_not_learned_from():
    rows = {"x": [1.0, 2.0, 3.0, math.inf, -math.inf]}
    assert bounds(Outliers("x", with_="z_score", times=2.0), rows["x"]) == (0.0, 4.0)
    assert made(Outliers("x", with_="z_score", times=2.0), rows)["x"] == [1.0, 2.0, 3.0, 4.0, 0.0]


@pytest.mark.parametrize("way", ["iqr", "z_score", "robust_z", "quantile"])
def test_values_that_do_not_spread_have_no_outliers(way):
    found = fitted(Outliers("x", with_=way), {"x": [5.0, 5.0, 5.0]})
    assert found.learned == {"x": {"low": None, "high": None}}
    assert applied(found, {"x": [1e9, None]}) == {"x": [1e9, None]}


def test_the_mean_deviation_where_most_values_are_equal():
    values = [5.0] * 8 + [4.0, 8.0]  # MAD 0, mean absolute deviation (1 + 3) / 10
    assert bounds(Outliers("x", with_="robust_z"), values) == pytest.approx((5 - 3.5 * 1.2533 * 0.4, 5 + 3.5 * 1.2533 * 0.4))


def test_rows_are_dropped_in_the_training_part_only():
    flow = "split: {train: 0.5, test: 0.5}\n"
    assert tilth.Flow.parse(f"{flow}training: [{{outliers: {{columns: numeric, action: drop}}}}]")
    with pytest.raises(FlowError, match="may touch the training part only"):
        tilth.Flow.parse("features: [{outliers: {columns: numeric, action: drop}}]")
    with pytest.raises(FlowError, match="outliers is not a step of `training`"):
        tilth.Flow.parse(f"{flow}training: [{{outliers: {{columns: numeric}}}}]")


@pytest.mark.parametrize(
    "wrong",
    [
        {"with_": "range"},
        {"low": 1.0},
        {"times": 0.0},
        {"with_": "quantile", "low": 0.9, "high": 0.1},
        {"with_": "quantile", "high": 99.0},
        {"with_": "range", "low": 1.0, "times": 2.0},
        {"action": "drop", "into": "y"},
    ],
)
def test_contradictory_parameters_are_rejected(wrong):
    with pytest.raises(RequestError):
        Outliers("x", **wrong)


@pytest.mark.parametrize(("values", "message"), [(["a"], "it is not numeric"), ([1.0, None], "too few finite values")])
def test_what_cannot_be_learned_is_rejected(values, message):
    with pytest.raises(RequestError, match=message):
        made(Outliers("x", with_="z_score"), {"x": values})


def test_clipped_cells_are_counted():
    assert [reason for _, reason in fitted(Outliers("x"), {"x": [1.0, 2.0]}).reasons()] == ["outlier below", "outlier above"]
