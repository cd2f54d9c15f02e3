"""flag."""

import math

import numpy as np
import pyarrow as pa
import pytest
from sklearn.impute import MissingIndicator

from tests.steps.made import made
from tilth.errors import RequestError, TilthError
from tilth.steps.clean.flag import Flag


def test_missing_cells_are_flagged():
    table = {"x": ["a", None, " ", ""], "n": [1.5, None, 2.0, 0.0]}
    assert made(Flag(("x", "n")), table) == {**table, "x_missing": [0, 1, 1, 1], "n_missing": [0, 1, 0, 0]}
    expected = MissingIndicator(features="all").fit_transform(np.array([table["n"]], float).T)
    assert made(Flag("n", into="gap"), table)["gap"] == expected[:, 0].astype(int).tolist()


def test_infinite_numbers_are_flagged():
    found = made(Flag(("x", "i"), with_="infinite"), {"x": [math.inf, -math.inf, None, 1e308], "i": [1, 2, None, 2**62]})
    assert found["x_infinite"] == [1, 1, 0, 0]
    assert found["i_infinite"] == [0, 0, 0, 0]


@pytest.mark.parametrize(
    ("values", "where", "expected"),
    [
        ([1, 5, None], "value > 2", [0, 1, None]),
        (["ab1", "x", None], "full_match(value, '[a-z]{2}[0-9]')", [1, 0, None]),
        (["a", "b", None], "value = 'a' OR value IS NULL", [1, 0, 1]),
        ([True, False, None], "value", [1, 0, None]),
    ],
)
def test_a_condition_is_true_false_or_neither(values, where, expected):
    assert made(Flag("value", with_="condition", where=where, into="f"), {"value": values})["f"] == expected
    assert made(Flag("x", with_="condition", where=where), {"x": values, "value": values})["x_condition"] == expected


@pytest.mark.parametrize("table", [{"x": pa.array([], pa.float64())}, {"x": pa.array([None, None], pa.float64())}])
def test_no_rows_and_nulls_only(table):
    assert made(Flag("x"), table)["x_missing"] == [1] * len(table["x"])


@pytest.mark.parametrize(
    "parameters",
    [
        {"with_": "condition"},
        {"where": "value > 1"},
        {"with_": "condition", "where": "x > 1"},
        {"with_": "condition", "where": "value + 1"},
        {"with_": "infinite"},
    ],
)
def test_what_cannot_be_flagged_is_rejected(parameters):
    with pytest.raises(TilthError):
        made(Flag("x", **parameters), {"x": ["a"]})
    with pytest.raises(RequestError):
        made(Flag("x", into="y"), {"x": ["a"], "y": [1]})
