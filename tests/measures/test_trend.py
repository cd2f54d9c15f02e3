"""Rows and means over time."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

import tilth
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


def test_rows_and_means_in_periods():
    report = tilth.measure(tilth.read(TABLE, roles=ROLES), "profile")
    (finding,) = report.of("trend")
    p = finding.payload
    assert (p.period, p.rows) == ("hour", (1,) * N)
    assert p.means["x"] == tuple(map(float, range(N)))
    assert p.means["share of yes"][0] == 0 and p.means["share of yes"][-1] == 1
    assert set(p.means) == {"x", "share of yes"}
    assert (p.first, p.last) == (dt.datetime(2024, 1, 1), dt.datetime(2024, 1, 2, 23))
    assert "Over time" in to_text(report) and "by hour: 48 periods; the first and the last may be incomplete" in " ".join(
        to_text(report).split()
    )


PANDAS = {"second": "s", "minute": "min", "hour": "h", "day": "D", "week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}
SPANS = [
    (dt.timedelta(seconds=20), "second"),
    (dt.timedelta(minutes=20), "minute"),
    (dt.timedelta(hours=30), "hour"),
    (dt.timedelta(days=30), "day"),
    (dt.timedelta(days=150), "week"),
    (dt.timedelta(days=700), "month"),
    (dt.timedelta(days=2000), "quarter"),
    (dt.timedelta(days=9000), "year"),
]


@pytest.mark.parametrize("begin", [dt.datetime(1958, 2, 25, 13, 7), dt.datetime(2023, 12, 30, 23, 59, 58)])
@pytest.mark.parametrize(("span", "unit"), SPANS)
def test_periods_are_those_of_the_calendar(begin, span, unit):
    """As pandas counts them, before 1970 too."""
    import pandas as pd

    at = [begin + span * float(i) for i in np.random.default_rng(1).random(200)]
    (finding,) = tilth.measure(tilth.read(pa.table({"at": at, "x": range(200)}), roles={"time": "at"}), "profile").of("trend")
    periods = pd.Series(pd.PeriodIndex(at, freq=PANDAS[unit])).value_counts().sort_index()
    whole = pd.period_range(periods.index[0], periods.index[-1], freq=PANDAS[unit])
    assert finding.payload.period == unit
    assert finding.payload.rows == tuple(periods.reindex(whole, fill_value=0))


@pytest.mark.parametrize(
    ("years", "period", "rows"), [((1931, 1939, 1940, 2199), "10 years", 27), ((1000, 1999, 2000, 2999), "100 years", 20)]
)
def test_long_times_are_counted_in_decades_and_centuries(years, period, rows):
    table = pa.table({"at": [dt.date(year, 12, 31) for year in years], "x": range(4)})
    (finding,) = tilth.measure(tilth.read(table, roles={"time": "at"}), "profile").of("trend")
    p = finding.payload
    assert (p.period, len(p.rows), sum(p.rows)) == (period, rows, 4)


def test_days_are_the_shortest_period_of_dates():
    table = pa.table({"at": [dt.date(2024, 1, day) for day in (1, 2, 4)], "x": range(3)})
    (finding,) = tilth.measure(tilth.read(table, roles={"time": "at"}), "profile").of("trend")
    assert (finding.payload.period, finding.payload.rows) == ("day", (1, 1, 0, 1))


def test_without_a_time_there_is_no_trend():
    assert not tilth.measure(TABLE, "profile").of("trend")
    assert not tilth.measure(tilth.read(TABLE.slice(0, 1), roles=ROLES), "profile").of("trend")
    assert not tilth.measure(tilth.read(TABLE, roles={"time": "at", "private": ["at"]}), "profile").of("trend")
