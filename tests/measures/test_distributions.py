"""Histograms, skewness and outliers, against numpy and scipy."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.measures.distributions import histogram_of, histogram_of_times, shape_of
from tilth.measures.profile import QUANTILES
from tilth.measures.sampled import quantiles_of

FINITE = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50)


def made(x, whole=False):
    numbers = np.sort(np.array(x, dtype=float))
    return histogram_of(numbers, whole, quantiles_of(numbers, QUANTILES))


@given(FINITE)
def test_every_value_is_in_a_bin_or_beyond(values):
    found = made(values)
    if found is not None:
        assert sum(found.counts) + found.below + found.above == len(values)
        within = [x for x in values if found.low <= x <= found.high]
        assert list(found.counts) == np.histogram(within, len(found.counts), (found.low, found.high))[0].tolist()


def test_skewness_is_that_of_scipy_and_outliers_are_beyond_tukeys_fences():
    stats = pytest.importorskip("scipy.stats")
    x = np.sort(np.random.default_rng(1).lognormal(0, 1, 500))
    found = shape_of(x, quantiles_of(x, QUANTILES))
    low, high = np.quantile(x, [0.25, 0.75])
    assert found["skewness"] == pytest.approx(stats.skew(x))
    assert found["outliers"] == np.mean((x < low - 1.5 * (high - low)) | (x > high + 1.5 * (high - low)))
    assert found["far_outliers"] == np.mean((x < low - 3 * (high - low)) | (x > high + 3 * (high - low)))
    assert shape_of(np.array([]), {}) == shape_of(np.array([2.0, 2.0]), {}) == {}


def test_a_far_value_does_not_squeeze_the_others_into_one_bin():
    found = made([*range(100), 61_370.0])
    assert (found.low, found.below, found.above) == (0, 0, 1)
    assert found.counts.count(0) == 0 or found.high < 300


def test_whole_numbers_of_a_small_range_have_a_bin_each():
    found = made([1, 1, 2, 4], whole=True)
    assert (found.low, found.high, found.counts) == (1, 4, (2, 1, 0, 1))


def test_times_have_a_histogram_of_their_range():
    days = [dt.date(2024, 1, 1) + dt.timedelta(days=d) for d in range(40)]
    for values in (days, [dt.datetime(d.year, d.month, d.day) for d in days]):
        found = histogram_of_times(pa.chunked_array([[*values, None]]))
        assert (found.low, found.high, found.counts) == (values[0], values[-1], (2,) * 20)
    assert histogram_of_times(pa.chunked_array([pa.nulls(2, pa.date32())])) is None
