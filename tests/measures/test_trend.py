"""Rows and means over time."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tilth.measures.trend import PERIODS
from tilth.report.text import to_text

N = 48
TABLE = pa.table(
    {
        "at": [dt.datetime(2024, 1, 1) + dt.timedelta(hours=i) for i in range(N)],
        "x": [float(i) for i in range(N)],
        "secret": range(N),
        "paid": ["yes" if i >= 24 else "no" for i in range(N)],
    }
)
ROLES = {"time": "at", "label": "paid", "positive": "yes", "private": ["secret"]}


def test_rows_and_means_in_equal_periods():
    report = tilth.measure(tilth.read(TABLE, roles=ROLES), "profile")
    (finding,) = report.of("trend")
    p = finding.payload
    at = np.minimum(np.arange(N) / (N - 1) * PERIODS, PERIODS - 1).astype(int)
    assert p.rows == tuple(np.bincount(at).tolist())
    assert p.means["x"] == tuple(pytest.approx(np.arange(N)[at == k].mean()) for k in range(PERIODS))
    assert p.means["share of yes"][0] == 0 and p.means["share of yes"][-1] == 1
    assert set(p.means) == {"x", "share of yes"}
    assert (p.first, p.last) == (dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2, 23))
    assert "Over time" in to_text(report)


def test_without_a_time_there_is_no_trend():
    assert not tilth.measure(TABLE, "profile").of("trend")
    assert not tilth.measure(tilth.read(TABLE.slice(0, 1), roles=ROLES), "profile").of("trend")
    assert not tilth.measure(tilth.read(TABLE, roles={"time": "at", "private": ["at"]}), "profile").of("trend")
