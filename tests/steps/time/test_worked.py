"""Worked examples of resampled series, whose numbers were computed by hand: what DuckDB gives, and Spark, and where there is one a row.

Times are of 2024 and in UTC, unless a zone is named. A value of 6 digits or fewer is one rounded to its places.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tests.steps.made import dataset
from tilth.engine.session import Session
from tilth.flow import Flow
from tilth.steps.fitting import fit
from tilth.steps.step import Step
from tilth.steps.time.resample import Resample
from tilth.testing.steps import rows_of

NEW_YORK = "America/New_York"
MAY = datetime(2024, 5, 1, tzinfo=UTC)


class Worked(NamedTuple):
    """A step, the table it is given, and columns of the result in the order of time, and of series."""

    step: Step
    table: Mapping[str, Any]
    gives: Mapping[str, list[Any]]
    zone: str = "UTC"


def at(*minutes: int, since: datetime = MAY) -> pa.Array:
    """Times so many minutes after another."""
    return pa.array([since + timedelta(minutes=m) for m in minutes], pa.timestamp("us", "UTC"))


def local(zone: str, day: datetime, count: int, minutes: int = 60) -> dict[str, Any]:
    """Rows of so many minutes each, from a time in a zone on, with the values 0, 1, 2 …"""
    return {"t": at(*range(0, count * minutes, minutes), since=day.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)), "x": range(count)}


HOURLY = {"t": at(*range(540, 900, 60)), "x": [4, 10, 14, 25, 20, 18]}
SENSORS = {
    "sensor": ["a", "a", "a", "a", "b", "b", "b"],
    "t": at(3, 10, 41, 90, 35, 50, 125),
    "value": [10, 20, 40, 100, 5, None, 8],
    "status": ["ok", "ok", "warn", "ok", "ok", "off", None],
}
DAYS = {"t": at(0, 1440, 2880), "x": [24, 48, 12]}
ENDS = {"d": [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)], "x": [1, 2, 3]}
HALF_HOURS = ["00:00", "00:30", "01:00", "01:30"]


def hourly(**given: Any) -> Step:
    return Resample("2h", time="t", **given)


def sensors(**given: Any) -> Step:
    return Resample("30min", time="t", by="sensor", **given)


def days(zone: str = NEW_YORK, **given: Any) -> Step:
    return Resample(given.pop("every", "1d"), time="t", zone=zone, count="n", **given)


REGULAR = {
    "mean": Worked(hourly(count="n"), HOURLY, {"t": ["08:00", "10:00", "12:00", "14:00"], "x": [4, 12, 22.5, 18], "n": [1, 2, 2, 1]}),
    "right": Worked(hourly(closed="right", label="right"), HOURLY, {"t": ["10:00", "12:00", "14:00"], "x": [7, 19.5, 19]}),
    "origin": Worked(hourly(origin="2024-05-01 09:00"), HOURLY, {"t": ["09:00", "11:00", "13:00"], "x": [7, 19.5, 19]}),
    "sum": Worked(hourly(numbers="sum"), HOURLY, {"x": [4, 24, 45, 18]}),
}
IRREGULAR = {
    "linear": Worked(
        sensors(others="mode", fill="linear", count="n"),
        SENSORS,
        {
            "sensor": ["a"] * 4 + ["b"] * 4,
            "t": [*HALF_HOURS, "00:30", "01:00", "01:30", "02:00"],
            "n": [2, 1, 0, 1, 2, 0, 0, 1],
            "value": [15, 40, 70, 100, 5, 6, 7, 8],
            "status": ["ok", "warn", "warn", "ok", "off", "off", "off", "off"],  # as frequent as ok, and seen later
        },
    ),
    "causal": Worked(sensors(fill="forward"), SENSORS, {"value": [15, 40, 40, 100, 5, 5, 5, 8]}),
    "sum": Worked(sensors(numbers="sum"), SENSORS, {"value": [30, 40, None, 100, 5, None, None, 8]}),
    "points, linear": Worked(
        sensors(at="points", fill="linear"), SENSORS, {"value": [None, 32.9032, 63.2653, 100, None, 5.8333, 6.8333, 7.8333]}
    ),
    "points, as of": Worked(sensors(at="points", fill="forward"), SENSORS, {"value": [None, 20, 40, 100, None, 5, 5, 5]}),
    "points, nearest": Worked(sensors(at="points", fill="nearest"), SENSORS, {"value": [10, 40, 40, 100, 5, 5, 8, 8]}),
    "time-weighted": Worked(
        sensors(numbers="time_weighted_mean"), SENSORS, {"value": [17.4074, 32.6667, 40, 100, 5, 5, 5, 7.5]}
    ),  # from 2:00: 5 minutes of 5, and 25 of 8
}
GAPS = {
    "45 min": Worked(sensors(fill="linear", max_gap="45 min"), SENSORS, {"value": [15, 40, None, 100, 5, None, None, 8]}),
    "90 min": Worked(sensors(fill="linear", max_gap="90 min"), SENSORS, {"value": [15, 40, 70, 100, 5, 6, 7, 8]}),
}
FINER = {
    "a level": Worked(Resample("6h", time="t", fill="linear"), DAYS, {"x": [24, 30, 36, 42, 48, 39, 30, 21, 12]}),
    "the last one": Worked(Resample("6h", time="t", fill="forward"), DAYS, {"x": [24] * 4 + [48] * 4 + [12]}),
    "a flow": Worked(Resample("6h", time="t", spread="1d", numbers="sum"), DAYS, {"x": [6] * 4 + [12] * 4 + [3] * 4}),  # 84 as before
}
MONTHS = {
    "first days": Worked(Resample("1mo", time="d"), ENDS, {"d": ["01-01", "02-01", "03-01"], "x": [1, 2, 3]}),
    "last days": Worked(Resample("1mo", time="d", label="last_day"), ENDS, {"d": ["01-31", "02-29", "03-31"], "x": [1, 2, 3]}),
    "from the 31st": Worked(
        Resample("1mo", time="d", origin="2024-01-31", fill="forward"),
        {"d": [date(2024, 1, 31), date(2024, 3, 30), date(2024, 6, 30)], "x": [1, 2, 3]},  # 30 March is of the month since 29 February
        {"d": ["01-31", "02-29", "03-31", "04-30", "05-31", "06-30"], "x": [1, 2, 2, 2, 2, 3]},
    ),
}
AUTUMN = {
    "hours": Worked(
        days(every="1h", numbers="sum"),
        local(NEW_YORK, datetime(2024, 11, 3), 10, 30),
        {"t": ["00:00 EDT", "01:00 EDT", "01:00 EST", "02:00 EST", "03:00 EST"], "x": [1, 5, 9, 13, 17]},
        NEW_YORK,
    ),
    "days": Worked(days(), local(NEW_YORK, datetime(2024, 11, 2), 73), {"n": [24, 25, 24]}),
    "24 hours": Worked(
        days(every="24h", origin="2024-11-02"),
        local(NEW_YORK, datetime(2024, 11, 2), 73),
        {"t": ["00:00 EDT", "00:00 EDT", "23:00 EST", "23:00 EST"], "n": [24, 24, 24, 1]},
        NEW_YORK,
    ),
    "6 hours": Worked(
        days(every="6h"),
        local(NEW_YORK, datetime(2024, 11, 3), 25),
        {"t": ["00:00 EDT", "06:00 EST", "12:00 EST", "18:00 EST"], "n": [7, 6, 6, 6]},
        NEW_YORK,
    ),
}
SPRING = {
    "days": Worked(days(), local(NEW_YORK, datetime(2024, 3, 9), 71), {"n": [24, 23, 24]}),
    "6 hours": Worked(days(every="6h"), local(NEW_YORK, datetime(2024, 3, 10), 23), {"n": [5, 6, 6, 6]}),
    "2 hours": Worked(
        days(every="2h"),
        local(NEW_YORK, datetime(2024, 3, 10), 4),
        {"t": ["00:00 EST", "03:00 EDT", "04:00 EDT"], "n": [2, 1, 1]},
        NEW_YORK,
    ),
}
KOLKATA = "Asia/Kolkata"
HALF_HOUR_ZONE = {
    "days": Worked(days(KOLKATA), {"t": at(1200, since=datetime(2024, 1, 1, tzinfo=UTC))}, {"t": ["18:30"]}),
    "hours": Worked(days(KOLKATA, every="1h"), {"t": at(1200, since=datetime(2024, 1, 1, tzinfo=UTC))}, {"t": ["19:30"]}),
}
WEEK = {"t": at(*(1440 * d for d in (0, 1, 2, 7, 13))), "x": [1.0, 2.0, None, 8.0, 14.0], "s": ["a", "b", "c", None, "d"]}
SEASONS = {
    "weeks": Worked(
        Resample("1d", time="t", fill="seasonal", season="1w"),
        WEEK,
        {
            "x": [1, 2, None, None, None, None, None, 8, 2, None, None, None, None, 14],
            "s": ["a", "b", "c", *[None] * 4, "a", "b", "c", *[None] * 3, "d"],
        },
    ),
    "the clock": Worked(  # 1 o'clock of the day before, which is 25 hours ago
        Resample("1h", time="t", zone=NEW_YORK, fill="seasonal", season="1d", numbers="sum"),
        {"t": at(0, 60, 25 * 60, since=datetime(2024, 11, 3, 4, tzinfo=UTC)), "x": [7, 8, 5]},
        {"x": [7, 8, 8, *[None] * 22, 5]},
    ),
}
EXAMPLES: Mapping[str, Mapping[str, Worked]] = {
    "regular": REGULAR,
    "irregular": IRREGULAR,
    "longest gap": GAPS,
    "finer": FINER,
    "months": MONTHS,
    "autumn": AUTUMN,
    "spring": SPRING,
    "half an hour": HALF_HOUR_ZONE,
    "seasons": SEASONS,
}


def differences(example: Worked, engine: Session) -> Iterator[str]:
    """What an engine gives otherwise."""
    _, made = fit([example.step], dataset({**example.table}), engine)
    place = {name: made.names.index(name) for name in made.names}
    time = place["t" if "t" in place else "d"]
    rows = sorted(rows_of(made, engine), key=lambda row: (row[place["sensor"]] if "sensor" in place else "", row[time]))
    for name, expected in example.gives.items():
        found = [_shown(row[place[name]], example.zone) for row in rows]
        if found != expected:
            yield f"{example.step}: {name} is {found}, not {expected}"


def _shown(value: Any, zone: str) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(ZoneInfo(zone)).strftime("%H:%M" if zone == "UTC" else "%H:%M %Z")
    return value.strftime("%m-%d") if isinstance(value, date) else round(value, 4) if isinstance(value, float) else value


@pytest.mark.parametrize("name", EXAMPLES)
def test_worked_example(name):
    assert [text for example in EXAMPLES[name].values() for text in differences(example, duckdb_session())] == []


@pytest.mark.spark
def test_spark_gives_the_same(spark):
    from tilth.engine.spark import Spark

    cluster = Spark(spark).session()
    assert [text for examples in EXAMPLES.values() for example in examples.values() for text in differences(example, cluster)] == []


CLOCKS = """
features:
  - formula: {column: at, expression: "to_utc_timestamp(wall, 'America/New_York')"}
  - formula: {column: shown, expression: "strftime(from_utc_timestamp(at, 'America/New_York'), '%H:%M')"}
"""


def test_a_time_that_does_not_exist_or_occurs_twice_on_a_clock():
    """02:30 is skipped in March: as much after the change, 03:30 EDT or 07:30 UTC. 01:30 occurs twice in November: the earlier one."""
    walls = [datetime(2024, 3, 10, 2, 30), datetime(2024, 11, 3, 1, 30), datetime(2024, 7, 1, 12)]
    flow = tilth.fit(Flow.parse(CLOCKS), pa.table({"wall": walls}))
    expected = [(datetime(2024, 3, 10, 7, 30), "03:30"), (datetime(2024, 11, 3, 5, 30), "01:30"), (datetime(2024, 7, 1, 16), "12:00")]
    made = tilth.write(tilth.apply(flow, pa.table({"wall": walls})))
    assert list(zip(made["at"].to_pylist(), made["shown"].to_pylist(), strict=True)) == expected
    assert [tuple(flow.row({"wall": w})[c] for c in ("at", "shown")) for w in walls] == expected
