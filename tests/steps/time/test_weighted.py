"""The mean of a value over time."""

from datetime import datetime, timedelta
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.made import made
from tilth.steps.time.resample import Resample

TIMES = st.integers(-3_000, 3_000).map(lambda m: datetime(2000, 3, 1) + timedelta(minutes=7 * m))
ROWS = st.lists(st.tuples(TIMES, st.none() | st.integers(-9, 9)), min_size=1, max_size=30, unique_by=lambda row: row[0])


@pytest.mark.slow
@given(ROWS, st.sampled_from(["6h", "1d", "w"]))
def test_a_mean_over_time_is_that_of_the_time_that_each_value_lasts(rows, every):
    """By hand: each value lasts until the next one, or to the end of the last interval, and is cut where intervals begin."""
    times, values = zip(*rows, strict=True)
    ours = made(
        Resample(every, time="t", numbers="time_weighted_mean"),
        pa.table({"t": pa.array(times, pa.timestamp("us")), "x": pa.array(values, pa.int64())}),
    )
    ends = [*ours["t"], ours["t"][-1] + {"6h": timedelta(hours=6), "1d": timedelta(days=1), "w": timedelta(days=7)}[every]]
    known = sorted((t, x) for t, x in rows if x is not None)
    lasts = [(t, x, until) for (t, x), until in zip(known, [*(t for t, _ in known[1:]), ends[-1]], strict=False)]
    expected = []
    for start, end in pairwise(ends):
        pieces = [(x, (min(until, end) - max(t, start)) / timedelta(hours=1)) for t, x, until in lasts if t < end and until > start]
        whole = sum(hours for _, hours in pieces)
        expected.append(pytest.approx(sum(x * hours for x, hours in pieces) / whole, abs=1e-9) if whole else None)
    assert ours["x"] == expected


def test_a_value_at_the_very_end_of_an_interval_is_its_mean_where_there_is_no_other():
    step = Resample("1h", time="t", numbers="time_weighted_mean", closed="right", label="right")
    assert made(step, {"t": [datetime(2024, 5, 1, 9)], "x": [3]})["x"] == [3]
