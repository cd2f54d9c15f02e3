"""impute."""

import math
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from tests.steps.made import applied, fitted, made
from tilth.errors import RequestError
from tilth.steps.clean.impute import Impute


@pytest.mark.parametrize(
    ("way", "expected"),
    [("mean", 7 / 3), ("median", 2.0), ("mode", 1)],  # by hand, of 1, 2, 4; equally frequent, so the smallest
)
def test_the_fill_is_learned(way, expected):
    assert made(Impute("x", with_=way), {"x": [1, 2, None, 4]})["x"][2] == expected


def test_a_fill_of_0_is_a_fill():
    assert made(Impute("x"), {"x": [0.0, None]})["x"] == [0, 0]


def test_blank_strings_are_missing():
    assert made(Impute("x", with_="mode"), {"x": ["b", " ", None, "b", "a", " ", " "]})["x"] == ["b", "b", "b", "b", "a", "b", "b"]


def test_infinite_values_are_not_learned_from():
    assert made(Impute("x", with_="mean"), {"x": [1.0, 3.0, math.inf, None]})["x"] == [1, 3, math.inf, 2]


@pytest.mark.parametrize(
    "values",
    [
        [True, True, False],
        [date(2024, 1, 1), date(2024, 1, 1), date(2023, 1, 1)],
        [datetime(2024, 1, 1, 12), datetime(2024, 1, 1, 12), datetime(2025, 1, 1)],
        [datetime(2024, 1, 1, tzinfo=UTC)] * 3,
        [Decimal("0.50"), Decimal("0.50"), Decimal("1.25")],
    ],
)
def test_every_kind_has_a_most_frequent_value(values):
    assert made(Impute("x", with_="mode"), {"x": [*values, None]})["x"] == [*values, values[0]]


@pytest.mark.parametrize(
    ("value", "values", "fill"),
    [
        ("(missing)", ["a"], "(missing)"),
        (0, [1], 0),
        (0.5, [1], 0.5),
        (1, [0.5], 1.0),
        (False, [True], False),
        ("2024-02-29", [date(2020, 1, 1)], date(2024, 2, 29)),
        ("2024-02-29T12:00", [datetime(2020, 1, 1)], datetime(2024, 2, 29, 12)),
        ("2024-02-29T12:00Z", [datetime(2020, 1, 1, tzinfo=UTC)], datetime(2024, 2, 29, 12, tzinfo=UTC)),
    ],
)
def test_a_constant_needs_no_values(value, values, fill):
    step = Impute("x", with_="constant", value=value)
    kind = pa.array(values).type
    assert made(step, pa.table({"x": pa.array([None], kind)}))["x"] == [fill]
    assert made(step, pa.table({"x": pa.array([*values, None], kind)}))["x"] == [*values, fill]


@pytest.mark.parametrize(("value", "values"), [(1, ["a"]), ("a", [1]), (True, [1]), ("soon", [date(2020, 1, 1)]), (None, [1])])
def test_a_constant_must_be_of_the_columns_kind(value, values):
    with pytest.raises(RequestError, match="cannot be filled"):
        made(Impute("x", with_="constant", value=value), {"x": values})


def test_an_indicator_says_where():
    assert made(Impute("x", indicator=True), {"x": [1.0, None]}) == {"x": [1, 1], "x_missing": [0, 1]}
    with pytest.raises(RequestError, match="there is a column 'x_missing' already"):
        made(Impute("x", indicator=True), {"x": [1.0, None], "x_missing": [0, 1]})


def test_later_rows_get_what_training_has_learned():
    assert applied(fitted(Impute("x"), {"x": [1, 2, 3]}), {"x": pa.array([None, 10], pa.int64())})["x"] == [2, 10]


def test_a_column_without_values_cannot_be_learned():
    with pytest.raises(RequestError, match="has no value in the training part"):
        made(Impute("x", with_="mean"), {"x": pa.array([None, None], pa.float64())})


@pytest.mark.parametrize(
    "values", [pa.array([None, ""], pa.string()), pa.array([], pa.string()), pa.nulls(2)], ids=["blank", "no rows", "null"]
)
def test_the_message_for_a_column_without_values_does_not_call_it_a_string(values):
    with pytest.raises(RequestError, match="column 'x' has no value in the training part, so its kind is unknown"):
        made(Impute("x"), {"x": values})


def test_a_mean_beyond_all_doubles():
    with pytest.raises(RequestError, match="too large for a double"):
        made(Impute("x", with_="mean"), {"x": [1.7e308, 1.7e308]})


def test_strings_have_no_median():
    with pytest.raises(RequestError, match="has no median"):
        made(Impute("x"), {"x": ["a"]})
