"""bins: how they are written, counted and named."""

from datetime import datetime

import pyarrow as pa
import pytest

from tests.engine.operations.three import by_row, on_duckdb
from tilth.data import Column, Kind
from tilth.engine.expressions import col
from tilth.steps.time.bins import DAY, Bins

TABLE = pa.table({"t": pa.array([datetime(1969, 12, 28, 23, 59), datetime(2024, 2, 29), None], pa.timestamp("us")), "b": [-1, 0, None]})
TIME = Column("t", Kind.TIMESTAMP)


@pytest.mark.parametrize(
    ("every", "length", "months"),
    [("ms", 1_000, 0), ("s", 10**6, 0), ("90 min", DAY // 16, 0), ("1d", DAY, 0), ("2 weeks", 14 * DAY, 0), ("3mo", 0, 3), ("2y", 0, 24)],
)
def test_bins_are_read(every, length, months):
    found = Bins.read(every)
    assert found is not None
    assert (found.length, found.months) == (length, months)


@pytest.mark.parametrize("every", ["", "5", "5m", "0h", "fortnight", "1.5h", "-1d"])
def test_what_is_no_interval(every):
    assert Bins.read(every) is None


@pytest.mark.parametrize(
    ("every", "bins", "starts"),
    [
        ("1h", [-3 * 24 - 1, 19_782 * 24], [datetime(1969, 12, 31, 23), datetime(1970, 1, 1)]),
        ("1w", [-2, 2_825], [datetime(1969, 12, 29), datetime(1970, 1, 5)]),
        ("q", [1969 * 4 + 3, 2024 * 4], [datetime(1, 1, 1), datetime(1, 4, 1)]),
    ],
)
def test_the_bin_of_a_time_and_the_start_of_a_bin(every, bins, starts):
    found = Bins.read(every)
    assert found is not None
    table = TABLE if not found.months else TABLE.set_column(1, "b", pa.array([4, 5, None], pa.int64()))
    trees = [found.bin_of(TIME), found.start(col("b"), Kind.TIMESTAMP)]
    assert on_duckdb(table, trees) == by_row(table, trees) == [*zip(bins, starts, strict=True), (None, None)]
