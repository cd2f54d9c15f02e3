"""times: microseconds, and the way back."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from tests.engine.operations.three import by_row, on_duckdb, on_spark
from tilth.data import Kind
from tilth.engine.expressions import col, lit
from tilth.engine.operations.times import AtLocalTime, FromMicros, FromMonths, LocalTime, Micros, Months, from_micros, known

TABLE = pa.table(
    {
        "d": [date(1969, 12, 31), date(2024, 2, 29), date(1, 1, 1), None],
        "t": pa.array([datetime(1969, 12, 31, 23, 59, 59, 999999), datetime(2024, 2, 29), datetime(1, 1, 1), None], pa.timestamp("us")),
        "z": pa.array([datetime(2024, 2, 29, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), None, None], pa.timestamp("us", "UTC")),
    }
)
TREES = [Micros.of(col(c)) for c in "dtz"]
NUMBERS = pa.table({"micros": [-1, 0, -719_162 * 86_400_000_000, None], "months": [12 * 1969 + 11, 12, 12 * 2024 + 1, None]})
BACK = [FromMicros.of(col("micros")), FromMonths.of(col("months")), Months.of(FromMonths.of(col("months")))]
TIMES = [
    (datetime(1969, 12, 31, 23, 59, 59, 999999), datetime(1969, 12, 1), 12 * 1969 + 11),
    (datetime(1970, 1, 1), datetime(1, 1, 1), 12),
    (datetime(1, 1, 1), datetime(2024, 2, 1), 12 * 2024 + 1),
    (None, None, None),
]
NEW_YORK, HAVANA, CAIRO = (lit(zone) for zone in ("America/New_York", "America/Havana", "Africa/Cairo"))
LOCAL = [
    *(AtLocalTime.of(col("t"), zone) for zone in (NEW_YORK, HAVANA, CAIRO)),
    *(LocalTime.of(AtLocalTime.of(col("t"), zone), zone) for zone in (NEW_YORK, CAIRO)),
]
CLOCKS = [
    datetime(2024, 11, 3, 1, 30),  # twice in New York
    datetime(2024, 3, 10, 2, 30),  # not in New York
    datetime(2024, 11, 3),  # twice in Havana
    datetime(2024, 4, 26),  # not in Cairo
    datetime(2024, 7, 1, 12),
    None,
]
LOCAL_TABLE = pa.table({"t": pa.array(CLOCKS, pa.timestamp("us"))})


def local_rows():
    """What Python's zoneinfo says, which takes the earlier of two times, and goes on by the old clock past a change."""

    def instant(clock, zone):
        return clock.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)

    def shown(clock, zone):
        return instant(clock, zone).astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    names = [zone.name for zone in (NEW_YORK, HAVANA, CAIRO)]
    rows = [(*(instant(c, z) for z in names), shown(c, names[0]), shown(c, names[2])) for c in CLOCKS if c]
    return [*rows, (None,) * 5]


KNOWN = [known(kind)(col(c)) for c, kind in zip("dtz", (Kind.DATE, Kind.TIMESTAMP, Kind.TIMESTAMP_TZ), strict=True)]
DAY = 86_400_000_000
BEGIN = -719_162 * DAY  # days from 0001-01-01 to 1970-01-01 in the Gregorian calendar
EXPECTED = [(-DAY, -1, 19_782 * DAY), (19_782 * DAY, 19_782 * DAY, 0), (BEGIN, BEGIN, None), (None, None, None)]


def test_microseconds_since_1970():
    assert on_duckdb(TABLE, TREES) == by_row(TABLE, TREES) == EXPECTED


def test_times_of_microseconds_and_months():
    assert on_duckdb(NUMBERS, BACK) == by_row(NUMBERS, BACK) == TIMES


def test_local_times():
    assert on_duckdb(LOCAL_TABLE, LOCAL) == by_row(LOCAL_TABLE, LOCAL) == local_rows()
    assert local_rows()[0][0] == datetime(2024, 11, 3, 5, 30, tzinfo=UTC)
    assert local_rows()[1][3] == datetime(2024, 3, 10, 3, 30)


@pytest.mark.spark
def test_spark_has_the_same_local_times(spark):
    assert on_spark(spark, LOCAL_TABLE, LOCAL) == local_rows()


@pytest.mark.spark
def test_spark_counts_the_same(spark):
    assert on_spark(spark, TABLE, TREES) == EXPECTED
    assert on_spark(spark, NUMBERS, BACK) == TIMES


def test_a_time_that_python_has_stays():
    assert on_duckdb(TABLE, KNOWN) == by_row(TABLE, KNOWN) == [tuple(row.values()) for row in TABLE.to_pylist()]


@pytest.mark.spark
def test_spark_keeps_it_too(spark):
    assert on_spark(spark, TABLE, KNOWN) == [tuple(row.values()) for row in TABLE.to_pylist()]


@pytest.mark.parametrize("name", ["d", "t", "z"])
def test_there_is_a_way_back(name):
    kind = {"d": Kind.DATE, "t": Kind.TIMESTAMP, "z": Kind.TIMESTAMP_TZ}[name]
    values = [v for v in TABLE[name].to_pylist() if v is not None]
    assert [from_micros(Micros.row(v), kind) for v in values] == values
