"""resample."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tests.steps.made import made
from tilth.data import Roles
from tilth.errors import ColumnError, RequestError
from tilth.flow import Flow
from tilth.steps.time.resample import MOST_BINS, Resample

NEW_YORK = "America/New_York"
NINE = datetime(2024, 5, 1, 9)
HOURLY = {"t": [NINE + timedelta(hours=h) for h in range(6)], "x": [4, 10, 14, 25, 20, 18]}


def hours(found):
    return [t.hour for t in found["t"]]


def test_an_interval_begins_at_the_origin():
    found = made(Resample("1d", time="t", origin="2020-02-02 10:00", numbers="count"), HOURLY)
    assert (hours(found), found["x"]) == ([10, 10], [1, 5])
    weeks = made(Resample("w", time="d", origin="2024-05-05"), {"d": [date(2024, 5, 11), date(2024, 5, 12)], "x": [1, 2]})
    assert weeks["d"] == [date(2024, 5, 5), date(2024, 5, 12)]  # Sundays


def test_there_is_a_row_for_an_interval_without_rows():
    found = made(Resample("1h", count="n"), {"t": [NINE, NINE + timedelta(hours=2)], "x": [1, 3], "s": ["a", "b"]}, Roles.of(time="t"))
    assert (hours(found), found["x"], found["s"], found["n"]) == ([9, 10, 11], [1, None, 3], ["a", None, "b"], [1, 0, 1])
    assert made(Resample("1h", numbers="count", time="t"), {"t": [NINE, NINE + timedelta(hours=2)], "x": [1, 3]})["x"] == [1, 0, 1]


def test_months_begin_on_their_first_day():
    days = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)]
    assert made(Resample("month", time="d"), {"d": days, "x": [1, 2, 3]})["d"] == [date(2024, m, 1) for m in (1, 2, 3)]
    assert made(Resample("quarter", time="d", label="right"), {"d": days, "x": [1, 2, 3]})["d"] == [date(2024, 4, 1)]


def test_the_first_and_last_value_of_an_interval_are_by_time_whatever_the_order_of_rows():
    table = {"t": [NINE + timedelta(minutes=m) for m in (5, 1, 5, 9)], "x": [2, 1, 3, None], "s": ["b", "a", "c", None]}
    assert made(Resample("1h", time="t", numbers="first", others="first"), table)["x"] == [1]
    assert made(Resample("1h", time="t", numbers="last"), table) == {"t": [NINE], "x": [3], "s": ["c"]}


MAY = datetime(2024, 5, 1)
SENSORS = {
    "sensor": ["a", "a", "a", "a", "b", "b", "b"],
    "t": [MAY + timedelta(minutes=m) for m in (3, 10, 41, 90, 35, 50, 125)],
    "value": [10, 20, 40, 100, 5, None, 8],
    "status": ["ok", "ok", "warn", "ok", "ok", "off", None],
}


@pytest.mark.slow
@pytest.mark.parametrize("fill", ["linear", "forward", "backward"])
def test_a_longer_gap_stays_null_as_a_whole(fill):
    def value(gap):
        found = made(Resample("30min", time="t", by="sensor", fill=fill, max_gap=gap), SENSORS)
        return [x for _, _, x in sorted(zip(found["sensor"], found["t"], found["value"], strict=True))]

    whole = made(Resample("30min", time="t", by="sensor", fill=fill), SENSORS)["value"]
    assert value("45 min") == [15, 40, None, 100, 5, None, None, 8]
    assert None not in value("60 min")[:4]
    assert value("60 min")[4:] == [5, None, None, 8]
    assert sorted(value("90 min")) == sorted(whole)


def test_a_level_in_smaller_steps():
    days = {"t": [MAY + timedelta(days=d) for d in range(3)], "x": [24, 48, 12]}
    assert made(Resample("6h", time="t", fill="backward"), days)["x"] == [24] + [48] * 4 + [12] * 4
    assert made(Resample("6h", time="t", values={"x": 0.5}), days)["x"] == [24] + [0.5] * 3 + [48] + [0.5] * 3 + [12]


def test_a_total_is_divided_over_smaller_intervals():
    days = {"t": [MAY + timedelta(days=d) for d in range(3)], "x": [24, 48, 12], "price": [1.0, 2.0, 3.0]}
    found = made(Resample("6h", time="t", spread="1d", with_={"x": "sum"}), days)
    assert found["x"] == [6] * 4 + [12] * 4 + [3] * 4
    assert found["price"] == [1] * 4 + [2] * 4 + [3] * 4
    gap = made(Resample("12h", time="t", spread="1d", numbers="sum"), {"t": [MAY, MAY + timedelta(days=2)], "x": [1, 2]})
    assert gap["x"] == [0.5, 0.5, None, None, 1, 1]


def test_weeks_are_divided_over_months_by_their_days():
    weeks = {"d": [date(2024, 4, 29), date(2024, 5, 6)], "x": [7, 70]}  # two days of the first are in April
    found = made(Resample("month", time="d", spread="1w", numbers="sum"), weeks)
    assert (found["d"], found["x"]) == ([date(2024, 4, 1), date(2024, 5, 1)], [2, 75])


def test_a_day_of_23_hours_is_divided_by_23():
    table = {"t": pa.array([datetime(2024, 3, 10, 5)], pa.timestamp("us", "UTC")), "x": [23]}
    found = made(Resample("6h", time="t", spread="1d", zone=NEW_YORK, numbers="sum"), table)
    assert found["x"] == [5, 6, 6, 6]


@pytest.mark.slow
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(-9, 9)), min_size=1, max_size=20), st.sampled_from(["1h", "7h", "1d", "w", "month"])
)
def test_what_is_divided_adds_up_to_the_same(rows, every):
    table = {"t": [MAY + timedelta(hours=7 * d) for d, _ in rows], "x": [x for _, x in rows]}
    found = made(Resample(every, time="t", spread="2d", numbers="sum"), table)["x"]
    assert sum(x for x in found if x is not None) == pytest.approx(sum(table["x"]), abs=1e-9)


def test_months_are_filled_by_the_time_that_elapses():
    days = {"d": [date(2024, 1, 1), date(2024, 3, 1)], "x": [0, 60]}
    assert made(Resample("month", time="d", fill="linear"), days)["x"] == [0, 31, 60]


def test_nothing_is_made_up_beyond_the_values_of_a_series():
    table = {"t": [NINE + timedelta(hours=h) for h in range(4)], "x": [None, 1, 2, None], "s": [None, "a", "b", None]}
    assert made(Resample("1h", time="t", fill="linear"), table)["x"] == [None, 1, 2, None]
    assert made(Resample("1h", time="t", fill="forward"), table)["s"] == [None, "a", "b", "b"]


def test_a_null_key_is_a_series():
    found = made(Resample("1d", time="t", by="k"), {"t": [NINE, NINE, NINE], "k": [None, 1, None], "x": [1, 2, 3]})
    assert sorted(zip(found["k"], found["x"], strict=True), key=repr) == [(1, 2), (None, 2)]


def hourly(begin, count, zone, minutes=60):
    """A table of rows from a time on, and the local times of what is made of it."""
    first = begin.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    times = [first + timedelta(minutes=minutes * i) for i in range(count)]
    return {"t": pa.array(times, pa.timestamp("us", "UTC")), "x": pa.array(range(count))}


def shown(found, zone):
    return [t.astimezone(ZoneInfo(zone)).strftime("%d %H:%M %Z") for t in found["t"]]


def test_with_an_origin_hours_of_a_day_are_counted_in_what_elapses():
    table = hourly(datetime(2024, 11, 2), 73, NEW_YORK)
    found = made(Resample("6h", time="t", zone=NEW_YORK, count="n", origin="2024-11-02"), table)
    assert shown(found, NEW_YORK)[5] == "03 05:00 EST"


def test_an_hour_that_occurs_twice_begins_two_hours_once():
    """In Berlin the clock shows 2:00 to 3:00 twice: the interval from 2:00 to 4:00 has three hours."""
    found = made(Resample("2h", time="t", zone="Europe/Berlin", count="n"), hourly(datetime(2024, 10, 27), 7, "Europe/Berlin"))
    assert (shown(found, "Europe/Berlin"), found["n"]) == (["27 00:00 CEST", "27 02:00 CEST", "27 04:00 CET"], [2, 3, 2])


def test_days_are_filled_by_the_hours_that_elapse():
    table = hourly(datetime(2024, 11, 2), 3, NEW_YORK, 24 * 60 + 30)
    table["x"] = [0, None, 49]  # from midnight of the 2nd to midnight of the 4th
    assert made(Resample("1d", time="t", zone=NEW_YORK, fill="linear"), table)["x"] == [0, 24, 49]


RESAMPLED = """
rows:
  - resample: {every: 1h, time: t, by: k, fill: forward, count: n}
features:
  - impute: {columns: x}
"""


def test_a_flow_serves_rows_of_the_resampled_table():
    table = pa.table({"t": [NINE, NINE + timedelta(minutes=1), NINE + timedelta(hours=2)], "k": ["a", "a", "a"], "x": [1.0, 2.0, 5.5]})
    flow = tilth.fit(Flow.parse(RESAMPLED), table)
    assert flow.row({"t": NINE, "k": "a", "x": None})["x"] == 1.5  # the median of 1.5, 1.5 and 5.5
    counts = tilth.fit(Flow.parse(RESAMPLED.replace("columns: x", "columns: n")), table)
    assert counts.row({"t": NINE, "k": "a", "x": 2.5, "n": None})["n"] == 1  # the median of 2, 0 and 1
    with pytest.raises(ColumnError, match="there is no column 'n', which the fitted flow needs"):
        counts.row({"t": NINE, "k": "a", "x": 2.5})


def test_what_is_made_of_a_resampled_table_among_rows_is_not_served():
    table = pa.table({"t": [NINE, NINE], "k": ["a", "b"], "x": [1.0, 2.0]})
    text = RESAMPLED.replace("features:", "  - formula: {column: y, expression: 2 * x}\nfeatures:").replace("columns: x", "columns: y")
    with pytest.raises(RequestError, match="features read y, which `formula` of `rows` makes"):
        tilth.fit(Flow.parse(text), table)


def test_it_cannot_be_served_itself():
    with pytest.raises(RequestError, match="resample changes which rows there are, and `features` is served: one row in, one row out"):
        Flow.parse(RESAMPLED.replace("rows:", "features:", 1).replace("features:\n  - impute: {columns: x}", ""))


def test_rows_without_a_time_may_be_left_out():
    assert made(Resample("1h", time="t", missing="drop"), {"t": [NINE, None], "x": [1, 2]}) == {"t": [NINE], "x": [1]}


TIMES = st.integers(-3_000, 3_000).map(lambda m: datetime(2000, 3, 1) + timedelta(minutes=7 * m))
AGGREGATIONS = ["mean", "sum", "min", "max", "median", "first", "last"]
ROWS = st.lists(st.tuples(TIMES, st.none() | st.integers(-9, 9)), min_size=1, max_size=30, unique_by=lambda row: row[0])
LENGTHS = [("15min", "15min"), ("7min", "7min"), ("6h", "6h"), ("1d", "1D")]
CALENDAR = [("w", "W-MON"), ("month", "MS"), ("quarter", "QS"), ("1y", "YS")]  # pandas takes their right ends for whole days
GRIDS = [(every, theirs, closed) for every, theirs in LENGTHS for closed in ("left", "right")] + [(*c, "left") for c in CALENDAR]


@pytest.mark.slow
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


@pytest.mark.slow
@given(ROWS, st.sampled_from([("month", "ME"), ("quarter", "QE"), ("1y", "YE"), ("w", "W-SUN")]))
def test_last_days_are_those_of_pandas(rows, grid):
    """`resample("ME")`, which takes the last day whole, as `closed` and `label` right say there."""
    every, rule = grid
    times, values = map(list, zip(*rows, strict=True))
    theirs = pd.Series(values, index=pd.DatetimeIndex(times), dtype="Int64").sort_index().resample(rule).sum(min_count=1)
    table = pa.table({"t": pa.array(times, pa.timestamp("us")), "x": pa.array(values, pa.int64())})
    ours = made(Resample(every, time="t", numbers="sum", label="last_day"), table)
    assert ours["t"] == [t.to_pydatetime() for t in theirs.index]
    assert ours["x"] == [None if pd.isna(v) else v for v in theirs]


FILLS = {"null": lambda s: s, "forward": pd.Series.ffill, "backward": pd.Series.bfill}
FILLS["linear"] = lambda s: s.interpolate("time", limit_area="inside")


def test_the_nearer_value_fills_and_of_two_the_earlier():
    table = {"t": [NINE + timedelta(hours=h) for h in (0, 4, 7)], "x": [1, 5, 8]}
    assert made(Resample("1h", time="t", fill="nearest"), table)["x"] == [1, 1, 1, 5, 5, 5, 8, 8]


KEYED = st.lists(
    st.tuples(st.sampled_from("ab"), TIMES, st.none() | st.integers(-9, 9)), min_size=1, max_size=30, unique_by=lambda r: r[:2]
)


@pytest.mark.slow
@given(KEYED, st.sampled_from(sorted(FILLS)), st.sampled_from(["6h", "24h"]))
def test_series_are_filled_as_by_pandas(rows, fill, every):
    """`groupby(key).resample(every, origin="epoch").mean()`, and then for each key `ffill()`, `bfill()` or `interpolate("time")`."""
    frame = pd.DataFrame(rows, columns=["k", "t", "x"]).astype({"x": "float64"}).set_index("t").sort_index()
    theirs = {}
    for key, series in frame.groupby("k")["x"]:
        filled = FILLS[fill](series.resample(every, origin="epoch").mean())
        theirs |= {(key, t.to_pydatetime()): None if pd.isna(x) else pytest.approx(x, abs=1e-9) for t, x in filled.items()}
    arrays = [
        pa.array([r[0] for r in rows]),
        pa.array([r[1] for r in rows], pa.timestamp("us")),
        pa.array([r[2] for r in rows], pa.int64()),
    ]
    ours = made(Resample(every, time="t", by="k", fill=fill), pa.table(arrays, ["k", "t", "x"]))
    assert {(k, t): x for k, t, x in zip(ours["k"], ours["t"], ours["x"], strict=True)} == theirs
    assert len(ours["t"]) == len(theirs)


@pytest.mark.parametrize(
    ("step", "table", "message"),
    [
        (Resample("1h"), {"x": [1]}, "no column of times is named"),
        (Resample("1h", time="x"), {"x": [1]}, "is not a time"),
        (Resample("1h", time="d"), {"d": [date(2024, 1, 1)]}, "has days, and the intervals are shorter"),
        (Resample("1h", time="t"), {"t": [NINE, None]}, "1 rows have no time"),
        (Resample("1h", time="t", with_={"y": "sum"}), {"t": [NINE]}, "there is no column 'y'"),
        (Resample("1h", time="t", with_={"s": "sum"}), {"t": [NINE], "s": ["a"]}, "has no sum: it is not numeric"),
        (
            Resample("1h", time="t", values={"s": 1}),
            {"t": [NINE], "s": ["a"]},
            "cannot be filled with 1: that is not a value of kind string",
        ),
        (Resample("1h", time="t", by="t"), {"t": [NINE]}, "cannot be part of the key too"),
        (Resample("1h", time="t", by="s", with_={"s": "last"}), {"t": [NINE], "s": ["a"]}, "no column 's' to aggregate"),
        (Resample("1d", time="t", zone=NEW_YORK), {"t": [NINE]}, "has no time zone"),
        (Resample("1h", time="t"), {"t": [NINE], "l": [[1]]}, "its values have no order"),
        (Resample("1h", time="t", count="n"), {"t": [NINE], "n": [1]}, "there is a column 'n' already"),
        (Resample("1ms", time="t"), {"t": [datetime(1970, 1, 1), NINE]}, f"up to {MOST_BINS:,}"),
    ],
)
def test_what_is_refused(step, table, message):
    with pytest.raises(RequestError, match=message):
        made(step, table)


@pytest.mark.parametrize(
    ("spread", "message"), [("fortnight", "`spread` is 'fortnight'"), ("1d", "1d are more than 10,000 intervals of 1s")]
)
def test_periods_that_cannot_be(spread, message):
    with pytest.raises(RequestError, match=message):
        Resample("1s", spread=spread)


def test_a_gap_that_cannot_be_read():
    with pytest.raises(RequestError, match="`max_gap` is 'month'"):
        Resample("1d", max_gap="month")


@pytest.mark.shared_data
def test_the_days_that_a_series_lacks(shared_data):
    """3,650 rows over 3,652 days: the last days of leap years are not in the file."""
    read = tilth.read(shared_data("timeseries/daily-min-temperatures.csv"), header=True)
    found = made(Resample("1d", time=read.names[0], count="n"), tilth.write(read))
    days = next(iter(found.values()))
    assert (len(days), [str(d)[:10] for d, n in zip(days, found["n"], strict=True) if not n]) == (3_652, ["1984-12-31", "1988-12-31"])


@pytest.mark.slow
@pytest.mark.shared_data
def test_the_days_of_hours(shared_data):
    """The mode of the wind as by pandas, where one value is the most frequent; the first 24 hours have no value, and stay null."""
    hours = pd.read_csv(shared_data("timeseries/pollution.csv"))
    times = pd.to_datetime(hours[["year", "month", "day", "hour"]])
    table = pa.table(
        {"t": pa.array(times.astype("datetime64[us]")), "cbwd": hours["cbwd"], "pm": pa.array(hours["pm2.5"], from_pandas=True)}
    )
    found = made(Resample("1d", time="t", others="mode", fill="linear"), table)
    counts = hours.groupby([times.dt.normalize(), "cbwd"]).size().unstack(fill_value=0)
    alone = counts.eq(counts.max(axis=1), axis=0).sum(axis=1) == 1
    assert len(found["t"]) == len(alone) == 1_826
    assert [c for c, one in zip(found["cbwd"], alone, strict=True) if one] == counts.idxmax(axis=1)[alone].tolist()
    assert [i for i, x in enumerate(found["pm"]) if x is None] == [0]
    assert hours["pm2.5"].isna().sum() == 2_067


@pytest.mark.parametrize("origin", ["9 o'clock", "2024-05-01T09:00Z"])
def test_an_origin_that_cannot_be(origin):
    with pytest.raises(RequestError, match="`origin` is"):
        Resample("1h", origin=origin)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"label": "last_day"}, "intervals of 1h have no last day"),
        ({"fill": "seasonal"}, "`season` is ''"),
        ({"season": "1d"}, "`season` is '1d'"),
        ({"fill": "seasonal", "season": "90 min"}, "of which several intervals of 1h make one"),
        ({"fill": "seasonal", "season": "1mo"}, "of which several intervals of 1h make one"),
        ({"fill": "seasonal", "season": "1d", "at": "points"}, "and not `at: points`"),
        ({"with_": {"x": "time_weighted_mean"}, "spread": "1d"}, "are of periods, and have no time-weighted mean"),
    ],
)
def test_what_cannot_be_together(given, message):
    with pytest.raises(RequestError, match=message):
        Resample("1h", **given)


def test_a_zone_that_there_is_not():
    with pytest.raises(RequestError, match="`zone` is 'Berlin'"):
        Resample("1d", zone="Berlin")


@pytest.mark.parametrize("every", ["", "5m", "0h", "fortnight", "1.5h", "-1d"])
def test_an_interval_that_cannot_be_read(every):
    with pytest.raises(RequestError, match="a number and ms, s, min"):
        Resample(every)
