"""The statistics of a profile job, beside scipy's and numpy's of the same name."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.aws.profile_jobs.job import looked
from tilth.aws.profile_jobs.statistics import OF_COLUMNS
from tilth.data import Column, Kind

stats = pytest.importorskip("scipy.stats")
numbers = st.lists(st.none() | st.floats(-1e6, 1e6, width=32), min_size=1, max_size=60).filter(lambda xs: any(x is not None for x in xs))


def found(values, name, kind=Kind.FLOAT, **parameters):
    types = {Kind.FLOAT: pa.float64(), Kind.INTEGER: pa.int64(), Kind.STRING: pa.string(), Kind.BOOLEAN: pa.bool_()}
    statistic = OF_COLUMNS[name]
    asked = {p: parameter.default for p, parameter in statistic.parameters.items()} | parameters
    return statistic.value(looked(Column("x", kind), pa.chunked_array([pa.array(values, types[kind])])), asked)


@given(numbers)
def test_numbers_are_described_as_scipy_does(values):
    x = np.array([v for v in values if v is not None])
    if x.std() < 1e-3 * max(1.0, abs(x).max()):  # of nearly equal numbers no two ways of rounding agree
        return
    theirs = {
        "MIN": x.min(), "MAX": x.max(), "MEAN": x.mean(), "MEDIAN": np.median(x), "SUM": math.fsum(x.tolist()), "RANGE": np.ptp(x),
        "STANDARD_DEVIATION": x.std(ddof=1), "VARIANCE": x.var(ddof=1), "SKEWNESS": stats.skew(x), "KURTOSIS": stats.kurtosis(x),
        "MEDIAN_ABSOLUTE_DEVIATION": stats.median_abs_deviation(x), "INTER_QUARTILE_RANGE": stats.iqr(x), "MODE": stats.mode(x).mode,
        "ENTROPY": stats.entropy(np.unique(x, return_counts=True)[1]), "ZEROS_COUNT": (x == 0).sum(),
        "DISTINCT_VALUES_COUNT": len(np.unique(x)), "MISSING_VALUES_COUNT": len(values) - len(x),
        "UNIQUE_VALUES_COUNT": (np.unique(x, return_counts=True)[1] == 1).sum(),
    }  # fmt: skip
    for name, expected in theirs.items():
        (ours,) = found(values, name).values()
        assert ours == pytest.approx(float(expected), rel=1e-6, abs=1e-6), name
    assert list(found(values, "PERCENTILES").values()) == pytest.approx(np.percentile(x, [5, 25, 75, 95]).tolist(), rel=1e-9)
    z = stats.zscore(x, ddof=1)
    outliers = found(values, "OUTLIER_DETECTION", threshold=1.5, mildThreshold=0.5)
    edge = np.isclose(np.abs(z), 1.5) | np.isclose(np.abs(z), 0.5)
    if not edge.any():
        assert outliers["zScoreOutliersCount"] == (np.abs(z) > 1.5).sum() == len(outliers["zScoreOutliersSample"])
        assert outliers["zScoreMildOutliersCount"] == ((np.abs(z) > 0.5) & (np.abs(z) <= 1.5)).sum()


@given(numbers, st.integers(1, 30))
def test_every_row_is_in_one_bucket(values, bins):
    for name, key in (("VALUE_DISTRIBUTION", "valueDistribution"), ("Z_SCORE_DISTRIBUTION", "zScoreDistribution")):
        buckets = found(values, name, binNumber=bins)[key]
        rows = sum(v is not None for v in values)
        assert sum(b["count"] for b in buckets) in (rows, 0 if key.startswith("z") else rows)
        assert all(a["bucket"][1] == b["bucket"][0] for a, b in pairwise(buckets))
        assert not buckets or buckets[-1]["bucket"][1] == "inf"


def test_values_are_listed_with_their_rows():
    values = [3, 1, 1, 2, 2, 2, None, 9]
    assert found(values, "MOST_COMMON_VALUES", Kind.INTEGER, sampleSize=2)["mostCommonValues"] == [
        {"value": 2, "count": 3}, {"value": 1, "count": 2}]  # fmt: skip
    assert found(values, "MINIMUM_VALUES", Kind.INTEGER, sampleSize=2)["minimumValues"] == [
        {"value": 1, "count": 2}, {"value": 2, "count": 3}]  # fmt: skip
    assert found(values, "MAXIMUM_VALUES", Kind.INTEGER, sampleSize="ALL")["maximumValues"][0] == {"value": 9, "count": 1}
    assert found([True, False, True, None], "MOST_COMMON_VALUES", Kind.BOOLEAN)["mostCommonValues"][0] == {"value": True, "count": 2}


def test_strings_are_described_by_their_lengths_and_empty_ones_are_missing():
    values = ["a", "bb", "bb", "", None, " "]
    assert found(values, "MISSING_VALUES_COUNT", Kind.STRING) == {"missingValuesCount": 2}
    assert found(values, "DISTINCT_VALUES_COUNT", Kind.STRING) == {"distinctValuesCount": 3}
    assert [found(values, name, Kind.STRING) for name in ("MIN", "MAX", "MEAN", "MODE")] == [
        {"min": 1},
        {"max": 2},
        {"mean": 1.5},
        {"mode": 1},
    ]


def test_the_farthest_outliers_are_listed_with_their_scores():
    listed = found([0.0] * 98 + [50.0, -100.0], "OUTLIER_DETECTION", sampleSize=1)
    assert listed["zScoreOutliersCount"] == 2
    assert listed["zScoreOutliersSample"][0]["value"] == -100
    assert listed["zScoreOutliersSample"][0]["zScore"] == pytest.approx(stats.zscore([0.0] * 98 + [50.0, -100.0], ddof=1)[-1])


def test_sums_of_large_integers_are_exact_and_equal_numbers_have_one_bucket():
    large = 2**62
    assert found([large, large, large], "SUM", Kind.INTEGER) == {"sum": 3 * large}
    assert found([5, 5], "VALUE_DISTRIBUTION", Kind.INTEGER)["valueDistribution"] == [{"bucket": [5, "inf"], "count": 2}]
    assert found([5, 5], "Z_SCORE_DISTRIBUTION", Kind.INTEGER)["zScoreDistribution"] == []
    assert found([5], "VARIANCE", Kind.INTEGER) == {"variance": None}
