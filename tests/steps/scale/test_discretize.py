"""discretize, beside scikit-learn and pandas."""

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import KBinsDiscretizer

from tests.steps.made import applied, fitted, made
from tilth.errors import RequestError
from tilth.steps.scale.discretize import Discretize

CHANCE = np.random.default_rng(3)
SAMPLES = {
    "normal": CHANCE.normal(0, 1, 400),
    "skewed": np.exp(CHANCE.normal(0, 1, 400)),
    "zeros": np.where(CHANCE.random(400) < 0.5, 0.0, CHANCE.random(400)),
    "whole": CHANCE.integers(0, 9, 400).astype(float),
}


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("way", ["uniform", "quantile"])
@pytest.mark.filterwarnings("ignore:Bins whose width are too small:UserWarning")
def test_the_bins_are_those_of_scikit_learn(name, way):
    x = SAMPLES[name]
    other = KBinsDiscretizer(6, encode="ordinal", strategy=way, quantile_method="linear", subsample=None).fit(x[:, None])
    found = fitted(Discretize("x", with_=way, bins=6), {"x": x.tolist()})
    assert found.learned["x"]["edges"] == pytest.approx(list(other.bin_edges_[0][1:-1]))
    later = np.array([-9.0, 0.0, 0.5, 3.0, 99.0, *x[:50]])
    other.bin_edges_[0][1:-1] = found.learned["x"]["edges"]  # the same to the last digit
    assert applied(found, {"x": later.tolist()})["x"] == other.transform(later[:, None])[:, 0].tolist()


@pytest.mark.parametrize("name", ["normal", "skewed"])
def test_closed_right_the_bins_are_those_of_pandas(name):
    x = SAMPLES[name]
    assert made(Discretize("x", bins=4, closed="right"), {"x": x.tolist()})["x"] == pd.qcut(x, 4, labels=False).tolist()
    edges = (-1.0, 0.0, 0.5)
    expected = pd.cut(x, [-math.inf, *edges, math.inf], labels=["a", "b", "c", "d"]).tolist()
    step = Discretize("x", with_="edges", edges=edges, closed="right", labels=("a", "b", "c", "d"))
    assert made(step, {"x": x.tolist()})["x"] == expected


@pytest.mark.parametrize(
    ("closed", "expected"),
    [
        ("left", ["(-inf, 18)", "[18, 65.5)", "[65.5, inf)", "[65.5, inf)", "(-inf, 18)", None]),
        ("right", ["(-inf, 18]", "(-inf, 18]", "(18, 65.5]", "(65.5, inf)", "(-inf, 18]", None]),
    ],
)
def test_intervals_are_written(closed, expected):
    step = Discretize("x", with_="edges", edges=(18.0, 65.5), closed=closed, labels="interval")
    assert made(step, {"x": [3.0, 18.0, 65.5, math.inf, -math.inf, None]})["x"] == expected


def test_a_constant_column_has_one_bin():
    for way in ("uniform", "quantile"):
        found = fitted(Discretize("x", with_=way), {"x": [5, 5, None]})
        assert found.learned == {"x": {"edges": []}}
        assert applied(found, {"x": [4, None]}) == {"x": [0, None]}


@pytest.mark.slow
def test_a_thousand_edges():
    step = Discretize("x", with_="edges", edges=tuple(float(i) for i in range(1000)))
    assert made(step, {"x": [-1.0, 0.0, 499.5, 999.0]})["x"] == [0, 1, 500, 1000]


@pytest.mark.parametrize(
    "wrong",
    [
        {"with_": "edges"},
        {"edges": (1.0,)},
        {"with_": "edges", "edges": (2.0, 1.0)},
        {"bins": 1},
        {"with_": "edges", "edges": (1.0,), "labels": ("a",)},
        {"labels": ("a", "a")},
    ],
)
def test_contradictory_parameters_are_rejected(wrong):
    with pytest.raises(RequestError):
        Discretize("x", **wrong)


@pytest.mark.parametrize(
    ("values", "parameters", "message"),
    [
        ([None, math.inf], {}, "has no finite value"),
        ([1.0, 1.0, 1.0, 2.0], {"bins": 3, "labels": ("a", "b", "c")}, "3 `labels` for column 'x', which has 1 bins"),
        (["a"], {}, "it is not numeric"),
    ],
)
def test_what_cannot_be_learned_is_rejected(values, parameters, message):
    with pytest.raises(RequestError, match=message):
        made(Discretize("x", **parameters), {"x": values})
