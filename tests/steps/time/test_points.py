"""resample at points in time."""

from datetime import datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.made import made
from tilth.errors import RequestError
from tilth.steps.time.resample import Resample

MAY = datetime(2024, 5, 1)
SENSOR = {"t": [MAY + timedelta(minutes=m) for m in (3, 10, 41, 90)], "x": [10, 20, 40, 100], "s": ["ok", "ok", "warn", "ok"]}


def points(fill, table=SENSOR, **more):
    return made(Resample("30min", time="t", at="points", fill=fill, **more), table)


@pytest.mark.parametrize(
    ("fill", "values"),
    [
        ("linear", [None, pytest.approx(32.9032, abs=1e-4), pytest.approx(63.2653, abs=1e-4), 100]),
        ("forward", [None, 20, 40, 100]),
        ("nearest", [10, 40, 40, 100]),
        ("backward", [10, 40, 100, 100]),
        ("null", [None, None, None, 100]),
    ],
)
def test_a_sensor_is_read_at_the_half_hours(fill, values):
    """From 00:00, ahead of the first row, to 01:30, at which there is one."""
    found = points(fill)
    assert [t.strftime("%H:%M") for t in found["t"]] == ["00:00", "00:30", "01:00", "01:30"]
    assert found["x"] == values


def test_a_long_gap_stays_null_and_a_constant_fills_what_is_not_observed():
    assert points("linear", max_gap="45 min")["x"] == [None, pytest.approx(32.9032, abs=1e-4), None, 100]
    assert points("forward", values={"x": 0})["x"] == [0, 0, 0, 100]
    assert points("linear")["s"] == [None, "ok", "warn", "ok"]


def test_each_series_and_column_is_read_by_its_own_values():
    table = {"t": SENSOR["t"] * 2, "k": ["a"] * 4 + ["b"] * 4, "x": [1, None, None, 4, 5, 6, None, None]}
    found = points("forward", table, by="k")
    series = {"a": [None, 1, 1, 4], "b": [None, 6, 6, 6]}
    theirs = {(k, MAY + timedelta(minutes=30 * i)): x for k, values in series.items() for i, x in enumerate(values)}
    assert {(k, t): x for k, t, x in zip(found["k"], found["t"], found["x"], strict=True)} == theirs


ROWS = st.lists(st.tuples(st.integers(0, 400), st.none() | st.integers(-9, 9)), min_size=1, max_size=20, unique_by=lambda r: r[0])


@pytest.mark.slow
@given(ROWS)
def test_a_line_between_rows_is_that_of_pandas(rows):
    """`interpolate("time", limit_area="inside")` over the times of the rows and of the points together."""
    times, values = [MAY + timedelta(minutes=m) for m, _ in rows], [x for _, x in rows]
    series = pd.Series(values, index=pd.DatetimeIndex(times), dtype="float64").sort_index()
    grid = pd.date_range(series.index[0].floor("30min"), series.index[-1].floor("30min"), freq="30min")
    theirs = series.reindex(series.index.union(grid)).interpolate("time", limit_area="inside")[grid]
    ours = points("linear", pa.table({"t": pa.array(times, pa.timestamp("us")), "x": pa.array(values, pa.int64())}))
    assert ours["t"] == list(grid.to_pydatetime())
    assert ours["x"] == [None if pd.isna(v) else pytest.approx(v, abs=1e-9) for v in theirs]


@pytest.mark.parametrize("given", [{"closed": "right"}, {"label": "right"}, {"with_": {"x": "sum"}}, {"numbers": "max"}, {"spread": "1d"}])
def test_nothing_is_aggregated(given):
    with pytest.raises(RequestError, match="`at: points` aggregates nothing"):
        Resample("30min", at="points", **given)
