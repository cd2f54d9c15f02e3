"""resample."""

from datetime import date, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.made import made
from tilth.data import Roles
from tilth.errors import RequestError
from tilth.steps.time.resample import MOST_BINS, Resample

NINE = datetime(2024, 5, 1, 9)
HOURLY = {"t": [NINE + timedelta(hours=h) for h in range(6)], "x": [4, 10, 14, 25, 20, 18]}


def hours(found):
    return [t.hour for t in found["t"]]


def test_the_mean_of_two_hours():
    found = made(Resample("2h", time="t"), HOURLY)
    assert (hours(found), found["x"], found["n"]) == ([8, 10, 12, 14], [4, 12, 22.5, 18], [1, 2, 2, 1])


def test_the_right_end():
    found = made(Resample("2h", time="t", closed="right", label="right"), HOURLY)
    assert (hours(found), found["x"]) == ([10, 12, 14], [7, 19.5, 19])


def test_a_sum():
    assert made(Resample("2h", time="t", with_={"x": "sum"}), HOURLY)["x"] == [4, 24, 45, 18]


def test_there_is_a_row_for_an_interval_without_rows():
    found = made(Resample("1h"), {"t": [NINE, NINE + timedelta(hours=2)], "x": [1, 3], "s": ["a", "b"]}, Roles.of(time="t"))
    assert (hours(found), found["x"], found["s"], found["n"]) == ([9, 10, 11], [1, None, 3], ["a", None, "b"], [1, 0, 1])
    assert made(Resample("1h", numbers="count", time="t"), {"t": [NINE, NINE + timedelta(hours=2)], "x": [1, 3]})["x"] == [1, 0, 1]


def test_months_begin_on_their_first_day():
    days = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)]
    assert made(Resample("month", time="d"), {"d": days, "x": [1, 2, 3]})["d"] == [date(2024, m, 1) for m in (1, 2, 3)]
    assert made(Resample("quarter", time="d", label="right"), {"d": days, "x": [1, 2, 3]})["d"] == [date(2024, 4, 1)]


def test_the_first_and_last_value_of_an_interval_are_by_time_whatever_the_order_of_rows():
    table = {"t": [NINE + timedelta(minutes=m) for m in (5, 1, 5, 9)], "x": [2, 1, 3, None], "s": ["b", "a", "c", None]}
    assert made(Resample("1h", time="t", numbers="first", others="first"), table)["x"] == [1]
    assert made(Resample("1h", time="t", numbers="last"), table) == {"t": [NINE], "x": [3], "s": ["c"], "n": [4]}


def test_rows_without_a_time_may_be_left_out():
    assert made(Resample("1h", time="t", missing="drop"), {"t": [NINE, None], "x": [1, 2]}) == {"t": [NINE], "x": [1], "n": [1]}


TIMES = st.integers(-3_000, 3_000).map(lambda m: datetime(2000, 3, 1) + timedelta(minutes=7 * m))
AGGREGATIONS = ["mean", "sum", "min", "max", "median", "first", "last"]
ROWS = st.lists(st.tuples(TIMES, st.none() | st.integers(-9, 9)), min_size=1, max_size=30, unique_by=lambda row: row[0])
LENGTHS = [("15min", "15min"), ("7min", "7min"), ("6h", "6h"), ("1d", "1D")]
CALENDAR = [("w", "W-MON"), ("month", "MS"), ("quarter", "QS"), ("1y", "YS")]  # pandas takes their right ends for whole days
GRIDS = [(every, theirs, closed) for every, theirs in LENGTHS for closed in ("left", "right")] + [(*c, "left") for c in CALENDAR]


@given(ROWS, st.sampled_from(GRIDS), st.sampled_from(AGGREGATIONS))
def test_it_does_as_pandas(rows, grid, aggregation):
    """`resample(every, closed=, label=, origin="epoch")`; sums of no values are null here, which is `min_count=1` there."""
    every, rule, closed = grid
    times, values = map(list, zip(*rows, strict=True))
    theirs = pd.Series(values, index=pd.DatetimeIndex(times), dtype="Int64").sort_index()
    binned = theirs.resample(rule, closed=closed, label=closed, origin="start_day" if rule[0].isalpha() else "epoch")
    theirs = binned.sum(min_count=1) if aggregation == "sum" else binned.agg(aggregation)
    step = Resample(every, time="t", numbers=aggregation, closed=closed, label=closed)
    ours = made(step, pa.table({"t": pa.array(times, pa.timestamp("us")), "x": pa.array(values, pa.int64())}))
    assert ours["t"] == [t.to_pydatetime() for t in theirs.index]
    assert ours["x"] == [None if pd.isna(v) else pytest.approx(float(v), abs=1e-12) for v in theirs]


@pytest.mark.parametrize(
    ("step", "table", "message"),
    [
        (Resample("1h"), {"x": [1]}, "no column of times is named"),
        (Resample("1h", time="x"), {"x": [1]}, "is not a time"),
        (Resample("1h", time="d"), {"d": [date(2024, 1, 1)]}, "has days, and the intervals are shorter"),
        (Resample("1h", time="t"), {"t": [NINE, None]}, "1 rows have no time"),
        (Resample("1h", time="t", with_={"y": "sum"}), {"t": [NINE]}, "there is no column 'y'"),
        (Resample("1h", time="t", with_={"s": "sum"}), {"t": [NINE], "s": ["a"]}, "has no sum: it is not numeric"),
        (Resample("1h", time="t"), {"t": [NINE], "l": [[1]]}, "its values have no order"),
        (Resample("1h", time="t"), {"t": [NINE], "n": [1]}, "there is a column 'n' already"),
        (Resample("1ms", time="t"), {"t": [datetime(1970, 1, 1), NINE]}, f"up to {MOST_BINS:,}"),
    ],
)
def test_what_is_refused(step, table, message):
    with pytest.raises(RequestError, match=message):
        made(step, table)


@pytest.mark.parametrize("every", ["", "5m", "0h", "fortnight", "1.5h", "-1d"])
def test_an_interval_that_cannot_be_read(every):
    with pytest.raises(RequestError, match="a number and ms, s, min"):
        Resample(every)
