"""scale."""

import math

import pytest

from tests.steps.made import applied, fitted, made
from tilth.errors import RequestError
from tilth.steps.scale.scale import Scale

TABLE = {"x": [1, 2, 3, 4, None]}


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (Scale("x"), [(v - 2.5) / math.sqrt(1.25) for v in (1, 2, 3, 4)]),
        (Scale("x", ddof=1), [(v - 2.5) / math.sqrt(5 / 3) for v in (1, 2, 3, 4)]),
        (Scale("x", with_="minmax"), [0, 1 / 3, 2 / 3, 1]),
        (Scale("x", with_="minmax", low=-1, high=1), [-1, -1 / 3, 1 / 3, 1]),
        (Scale("x", with_="robust"), [-1, -1 / 3, 1 / 3, 1]),  # median 2.5, quartiles 1.75 and 3.25
        (Scale("x", with_="mean"), [-1 / 2, -1 / 6, 1 / 6, 1 / 2]),
        (Scale("x", with_="maxabs"), [0.25, 0.5, 0.75, 1]),
        (Scale("x", with_="mean", center=False), [1 / 3, 2 / 3, 1, 4 / 3]),
        (Scale("x", with_="mean", scale=False), [-1.5, -0.5, 0.5, 1.5]),
        (Scale("x", with_="robust", quantiles=(0, 1)), [-1 / 2, -1 / 6, 1 / 6, 1 / 2]),
    ],
)
def test_numbers_are_moved_and_stretched(step, expected):
    assert made(step, TABLE)["x"] == [*map(pytest.approx, expected), None]


def test_scikit_learn_gives_the_same():
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    values = [0.1, 7.5, -3.25, 1e6, 2.0, 2.0]
    robust = {"quantiles": (0.1, 0.8), "center": False}
    theirs = [
        (Scale("x"), preprocessing.StandardScaler()),
        (Scale("x", center=False), preprocessing.StandardScaler(with_mean=False)),
        (Scale("x", scale=False), preprocessing.StandardScaler(with_std=False)),
        (Scale("x", with_="minmax"), preprocessing.MinMaxScaler()),
        (Scale("x", with_="robust"), preprocessing.RobustScaler()),
        (Scale("x", with_="robust", **robust), preprocessing.RobustScaler(with_centering=False, quantile_range=(10, 80))),
        (Scale("x", with_="maxabs"), preprocessing.MaxAbsScaler()),
    ]
    for step, scaler in theirs:
        assert made(step, {"x": values})["x"] == pytest.approx(scaler.fit_transform([[v] for v in values]).ravel().tolist())


@pytest.mark.parametrize(
    "wrong",
    [
        {"with_": "minmax", "center": False},
        {"with_": "maxabs", "scale": False},
        {"center": False, "scale": False},
        {"quantiles": (0.1, 0.9)},
        {"with_": "robust", "quantiles": (0.9, 0.1)},
    ],
)
def test_parameters_that_mean_nothing_are_refused(wrong):
    with pytest.raises(RequestError, match=r"scale: `(center|quantiles)`"):
        Scale("x", **wrong)


@pytest.mark.parametrize(
    ("step", "value"),
    [
        (Scale("x"), 0),
        (Scale("x", with_="minmax"), 0.5),
        (Scale("x", with_="robust"), 0),
        (Scale("x", with_="mean"), 0),
        (Scale("x", with_="maxabs"), 1),
    ],
)
def test_a_constant_column(step, value):
    assert made(step, {"x": [7.0, 7.0, None]})["x"] == [value, value, None]


def test_a_column_of_zeros_stays():
    assert made(Scale("x", with_="maxabs"), {"x": [0.0, 0.0]})["x"] == [0, 0]


def test_later_values_land_outside_or_are_clipped():
    later = {"x": [0, 5, None, 2.5]}
    assert applied(fitted(Scale("x", with_="minmax"), TABLE), later)["x"] == [*map(pytest.approx, [-1 / 3, 4 / 3]), None, 0.5]
    assert applied(fitted(Scale("x", with_="minmax", clip=True), TABLE), later)["x"] == [0, 1, None, 0.5]


def test_infinite_values_are_not_learned_from_and_stay_infinite():
    assert made(Scale("x"), {"x": [1.0, 3.0, math.inf, -math.inf]})["x"] == [-1, 1, math.inf, -math.inf]


@pytest.mark.parametrize("values", [[None, None], [math.inf, None]])
def test_a_column_without_finite_values_cannot_be_learned(values):
    with pytest.raises(RequestError, match="too few finite values"):
        made(Scale("x"), {"x": [*values, math.inf]})


def test_values_too_far_apart():
    with pytest.raises(RequestError, match="too far apart"):
        made(Scale("x", with_="minmax"), {"x": [1.7e308, -1.7e308]})


def test_contradictory_parameters_are_rejected():
    with pytest.raises(RequestError, match="must be below"):
        Scale("x", with_="minmax", low=1, high=0)
    with pytest.raises(RequestError, match="are for `with: minmax`"):
        Scale("x", clip=True)
    with pytest.raises(RequestError, match="it is not numeric"):
        made(Scale("x"), {"x": ["a"]})
