"""Which values a configured value means, intervals, and the names of selections."""

import datetime as dt
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.measures.bias.values import Interval, means, text_of, values_name


@pytest.mark.parametrize(
    ("configured", "value", "expected"),
    [
        (1, 1.0, True), ("1", 1, True), ("1.0", "1", True), (1, Decimal("1.00"), True), (0.5, "0.5", True), ("1e1", 10, True),
        ("true", True, True), ("FALSE", False, True), (1, True, True), (0, False, True), (True, "True", True), (True, 1, True),
        ("False", True, False), ("yes", True, False), (2, True, False),
        ("F", "F", True), ("F", "f", False), ("F", " F", False), ("1 ", 1, False), ("nan", "nan", True),
        ("2024-01-31", dt.date(2024, 1, 31), True), ("١", "1", False),
    ],
)  # fmt: skip
def test_equality_is_by_what_both_sides_mean(configured, value, expected):
    assert means(configured, value) is expected


def test_strings_of_true_and_false_are_compared_in_any_case():
    assert means("true", "TRUE", booleans=True)
    assert not means("true", "False", booleans=True)
    assert not means("true", "TRUE")


NUMBERS = st.floats(-1e6, 1e6) | st.integers(-100, 100)


@given(NUMBERS, NUMBERS, st.booleans(), st.booleans(), NUMBERS)
def test_an_interval_is_its_string(low, high, low_in, high_in, x):
    interval = Interval(low, high, low_in, high_in)
    read = Interval.parsed(str(interval))
    assert read is not None
    assert (x in read) == (x in interval)


@pytest.mark.parametrize("text", ["(1, 2", "1, 2", "(a, 2]", "(1; 2]", "(1, 2, 3]", "", 5, None, "(, 2]"])
def test_other_strings_are_not_intervals(text):
    assert Interval.parsed(text) is None


def test_names_of_selections():
    assert values_name(["F"]) == "F"
    assert values_name(["pl", "ro"]) == "pl,ro"
    assert values_name([1]) == "1"
    assert text_of(dt.datetime(2024, 1, 31, 12, tzinfo=dt.UTC)) == "2024-01-31 12:00:00"
    assert str(Interval(-math.inf, 3)) == "(-inf, 3]"
