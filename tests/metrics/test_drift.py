"""Drift against a baseline, on worked examples and by its laws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.metrics.drift import is_farther, ndcg

SHARES = st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1), min_size=1)


@pytest.mark.parametrize(
    ("current", "baseline", "neutral", "farther"),
    [
        pytest.param((0.05, 0.15), 0.2, 0.0, False, id="nearer"),
        pytest.param((-0.35, -0.25), 0.2, 0.0, True, id="farther, on the other side"),
        pytest.param((-0.35, -0.15), 0.2, 0.0, False, id="farther, perhaps by chance"),
        pytest.param((0.45, 0.55), 0.8, 1.0, True, id="a ratio is measured from 1"),
        pytest.param((1.1, 1.19), 0.8, 1.0, False, id="a ratio that favours the other side less"),
        pytest.param((1.3, 1.5), 0.8, 1.0, True, id="a ratio that favours the other side more"),
    ],
)
def test_bias_drifts_where_the_whole_interval_is_farther(current, baseline, neutral, farther):
    assert is_farther(*current, baseline, neutral) is farther


def test_importance_in_another_order():
    """(0.05 + 0.50 / log₂3 + 0.70 / 2) / (0.70 + 0.50 / log₂3 + 0.05 / 2)."""
    baseline = {"SAT": 0.70, "GPA": 0.50, "rank": 0.05}
    assert ndcg(baseline, {"SAT": 0.1, "GPA": 0.2, "rank": 0.3}) == pytest.approx(0.687640, abs=5e-7)
    assert ndcg(baseline, {"SAT": 0.3, "GPA": 0.2, "rank": 0.1}) == 1
    assert ndcg(baseline, {"SAT": 0.3, "GPA": 0.3, "rank": 0.3}) == 1  # equal ones keep the order of the baseline


def test_new_and_lost_features():
    """New: 0.70 / log₂3 to 0.70. Lost: 0.50 + 0.70 / log₂3 to 0.70 + 0.50 / log₂3."""
    assert ndcg({"SAT": 0.7}, {"SAT": 0.1, "zip": 0.2}) == pytest.approx(0.630930, abs=5e-7)
    assert ndcg({"SAT": 0.7, "GPA": 0.5}, {"GPA": 0.1}) == pytest.approx((0.5 + 0.7 * 0.630930) / (0.7 + 0.5 * 0.630930), abs=5e-7)


def test_without_importance_there_is_no_order():
    assert ndcg({"SAT": 0.0}, {"SAT": 1.0}) is None


@given(SHARES, SHARES)
def test_no_order_is_better_than_that_of_the_baseline(baseline, current):
    found = ndcg(baseline, current)
    assert found is None or 0 < found <= 1 + 1e-12
    assert ndcg(baseline, baseline) in (None, 1)
