"""Metrics of columns against figures worked out with Python's own statistics, and the law that parts merge to the whole."""

from __future__ import annotations

import math
import statistics

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tilth.data import Dataset, Memory
from tilth.engine.expressions import col, gt, lit
from tilth.errors import Gap
from tilth.metrics.columns import (
    Completeness,
    Correlation,
    Maximum,
    Mean,
    Minimum,
    Percentile,
    RowCount,
    Share,
    StandardDeviation,
    Sum,
    Variance,
)
from tilth.metrics.metric import measured

ENGINE = duckdb_session()
NUMBERS = st.lists(st.none() | st.floats(-1e6, 1e6), max_size=30)
MERGEABLE = [RowCount(), Completeness("x"), Sum("x"), Mean("x"), Variance("x"), StandardDeviation("x", 1), Minimum("x"), Maximum("x")]


def table(xs: list[float | None], ys: list[float | None] | None = None) -> Dataset:
    made = pa.table({"x": pa.array(xs, pa.float64()), "y": pa.array(ys if ys is not None else xs, pa.float64())})
    return Dataset(Memory(made, ("x", "y"), id(made)))


def value(metric, xs, ys=None):
    return measured(table(xs, ys), [metric], ENGINE)[metric]


@given(NUMBERS.filter(lambda xs: any(x is not None for x in xs)))
def test_moments_ignore_nulls(xs):
    there = [x for x in xs if x is not None]
    scale = max(1.0, max(abs(x) for x in there))
    assert value(Mean("x"), xs) == pytest.approx(statistics.fmean(there), rel=1e-9, abs=1e-9 * scale)
    assert value(StandardDeviation("x"), xs) == pytest.approx(statistics.pstdev(there), rel=1e-6, abs=1e-7 * scale)
    assert value(Minimum("x"), xs) == min(there)
    assert value(Percentile("x", 0.5), xs) == pytest.approx(statistics.median(there))


def test_without_values_there_is_no_value_rather_than_zero():
    for metric in (Mean("x"), Sum("x"), Variance("x"), Minimum("x"), Percentile("x"), Correlation("x", "y")):
        assert value(metric, [None, None]) is None
        assert value(metric, []) is None
    assert value(RowCount(), []) == 0
    assert value(Completeness("x"), []) is None
    assert value(Completeness("x"), [None]) == 0


def test_infinities_are_left_out_where_that_is_asked():
    assert value(Mean("x", finite=True), [1.0, math.inf, 3.0]) == 2.0
    assert value(Mean("x"), [1.0, math.inf, 3.0]) == math.inf
    assert value(Percentile("x"), [1.0, -math.inf, 3.0]) == 2.0


def test_correlation_is_pearsons():
    xs, ys = [1.0, 2.0, 3.0, None], [2.0, 1.0, 4.0, 5.0]
    assert value(Correlation("x", "y"), xs, ys) == pytest.approx(statistics.correlation(xs[:3], ys[:3]))
    assert value(Correlation("x", "y"), [1.0, 1.0], [1.0, 2.0]) is None  # one side is constant


def test_a_row_whose_condition_is_null_is_not_a_hit():
    assert value(Share(gt(col("x"), lit(1))), [0.0, 2.0, None, None]) == 0.25


@pytest.mark.slow
@given(NUMBERS, NUMBERS, st.integers(0, 8))
def test_parts_merge_to_the_whole(left, right, _):
    whole = left + right
    for metric in MERGEABLE:
        a, b = (tuple(ENGINE.answer(table(part), metric.needs()).values()) for part in (left, right))
        merged = metric.value(*metric.merge(a, b))
        expected = value(metric, whole)
        assert (merged is None) == (expected is None), metric
        if expected is not None:
            assert merged == pytest.approx(expected, rel=1e-6, abs=1e-3), metric


def test_a_quantile_says_that_it_has_no_such_law():
    with pytest.raises(Gap, match="of parts does not give"):
        Percentile("x").merge((1.0,), (2.0,))
