"""How a column is read: the decision table of the specification's §2.1, line by line; matching, §2.2; names, §2.3."""

import datetime as dt
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.data import Kind
from tilth.measures.bias.kinds import (
    ColumnFacts,
    Interval,
    Undecided,
    is_ambiguous,
    means,
    measured_as,
    text_of,
    threshold_name,
    values_name,
)


def facts(kind, rows=1000, distinct=None, low=None, high=None, whole=False, present=None, truth=False):
    return ColumnFacts("x", kind, rows, rows if present is None else present, distinct, low, high, whole, truth)


@pytest.mark.parametrize(
    ("column", "configured", "stated", "expected"),
    [
        pytest.param(facts(Kind.STRING, distinct=2), ["a"], "continuous", "continuous", id="1 as stated"),
        pytest.param(facts(Kind.FLOAT, distinct=900), [1.5, 2.5], None, "categorical", id="2 several values"),
        pytest.param(facts(Kind.INTEGER, distinct=2), ["(20, 40]"], None, "continuous", id="3 an interval"),
        pytest.param(facts(Kind.BOOLEAN, distinct=2), [True], None, "categorical", id="4 boolean"),
        pytest.param(facts(Kind.DATE, distinct=900), ["2024-01-01"], None, "categorical", id="4 date"),
        pytest.param(facts(Kind.STRING, rows=3, distinct=3, whole=True, truth=True), [True], None, "categorical", id="4 true and false"),
        pytest.param(facts(Kind.STRING, distinct=50, whole=True), ["7"], None, "continuous", id="5 integer texts, u = 0.05"),
        pytest.param(facts(Kind.STRING, distinct=49, whole=True), ["7"], None, "categorical", id="5 integer texts, u < 0.05"),
        pytest.param(facts(Kind.STRING, rows=4, distinct=2, whole=True), ["1"], None, "categorical", id="5 two integer texts"),
        pytest.param(facts(Kind.STRING, distinct=900), ["7.5"], None, "categorical", id="6 other texts"),
        pytest.param(facts(Kind.INTEGER, rows=10, distinct=2, low=0, high=1, whole=True), [1], None, "categorical", id="7 two integers"),
        pytest.param(facts(Kind.INTEGER, distinct=50, low=0, high=99, whole=True), [40], None, "continuous", id="8 u = 0.05"),
        pytest.param(facts(Kind.INTEGER, distinct=49, low=0, high=99, whole=True), [40], None, "categorical", id="8 u < 0.05"),
        pytest.param(facts(Kind.FLOAT, distinct=20, present=900, whole=True), [40], None, "categorical", id="9 whole with gaps"),
        pytest.param(facts(Kind.FLOAT, distinct=900, present=900, whole=True), [40], None, "continuous", id="9 then 8"),
        pytest.param(facts(Kind.FLOAT, distinct=2, low=0.0, high=1.0, whole=True), [1], None, "categorical", id="10 the larger of two"),
        pytest.param(facts(Kind.FLOAT, distinct=2, low=0.0, high=1.0, whole=True), [0], None, "continuous", id="10 not the smaller"),
        pytest.param(facts(Kind.FLOAT, distinct=2, low=0.0, high=1.0, whole=True), [2], None, "continuous", id="10 none of them"),
        pytest.param(facts(Kind.FLOAT, distinct=3, low=0.0, high=1.0), [1], None, "continuous", id="11 other floats"),
        pytest.param(facts(Kind.DECIMAL, distinct=300, low=0.0, high=1.0), [1], None, "continuous", id="11 decimals"),
        pytest.param(facts(Kind.INTEGER, rows=0, distinct=0), [1], None, "categorical", id="no rows"),
    ],
)
def test_the_first_line_that_applies_decides(column, configured, stated, expected):
    assert measured_as(column, configured, stated) == expected


def test_a_bound_spares_counting_where_it_decides():
    ages = facts(Kind.INTEGER, rows=1_000_000, low=17, high=90, whole=True)
    assert measured_as(ages, [40]) == "categorical"
    with pytest.raises(Undecided):
        measured_as(facts(Kind.INTEGER, rows=1_000_000, low=0, high=10**9, whole=True), [40])


def test_an_integer_column_near_the_limit_is_ambiguous():
    """§2.1: 3 to 100 values and u from 0.01 to 0.25."""
    assert is_ambiguous(facts(Kind.INTEGER, rows=1000, distinct=40))
    assert not is_ambiguous(facts(Kind.INTEGER, rows=1000, distinct=2))
    assert not is_ambiguous(facts(Kind.INTEGER, rows=1000, distinct=5))
    assert not is_ambiguous(facts(Kind.INTEGER, rows=1000, distinct=300))
    assert not is_ambiguous(facts(Kind.FLOAT, rows=1000, distinct=40))


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


def test_texts_of_true_and_false_are_compared_in_any_case():
    assert means("true", "TRUE", truths=True)
    assert not means("true", "False", truths=True)
    assert not means("true", "TRUE")


NUMBERS = st.floats(-1e6, 1e6) | st.integers(-100, 100)


@given(NUMBERS, NUMBERS, st.booleans(), st.booleans(), NUMBERS)
def test_an_interval_is_its_text(low, high, low_in, high_in, x):
    interval = Interval(low, high, low_in, high_in)
    read = Interval.parsed(str(interval))
    assert read is not None
    assert (x in read) == (x in interval)


@pytest.mark.parametrize("text", ["(1, 2", "1, 2", "(a, 2]", "(1; 2]", "(1, 2, 3]", "", 5, None, "(, 2]"])
def test_other_texts_are_no_intervals(text):
    assert Interval.parsed(text) is None


def test_names_of_selections():
    """§2.3's examples."""
    assert values_name(["F"]) == "F"
    assert values_name(["pl", "ro"]) == "pl,ro"
    assert values_name([1]) == "1"
    assert threshold_name(40, 89, as_float=False) == "(40, 89]"
    assert threshold_name(40, 68.6, as_float=True) == "(40.0, 68.6]"
    assert threshold_name(40, None, as_float=False) == "(40, inf]"
    assert text_of(dt.datetime(2024, 1, 31, 12, tzinfo=dt.UTC)) == "2024-01-31 12:00:00"
    assert str(Interval(-math.inf, 3)) == "(-inf, 3]"
