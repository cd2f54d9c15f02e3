"""Fills by the phase of a time: the profile of a season."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import tilth
from tests.steps.made import fitted, made
from tilth.data import Roles
from tilth.errors import RequestError
from tilth.flow import Flow
from tilth.steps.clean.impute import Impute

RNG = np.random.default_rng(8)
N = 24 * 7 * 6
HOURS = [datetime(2024, 3, 4) + timedelta(hours=i) for i in range(N)]


def test_the_fill_is_that_of_the_phase_as_pandas_has_it():
    table = pd.DataFrame({"t": HOURS, "x": RNG.normal(size=N), "c": RNG.choice(list("abc"), N)})
    table.loc[RNG.random(N) < 0.3, ["x", "c"]] = None
    table.loc[(table["t"].dt.day_of_week == 2) & (table["t"].dt.hour == 5), "x"] = None  # a phase without a value
    keys = [table["t"].dt.day_of_week, table["t"].dt.hour]
    given = pa.Table.from_pandas(table, preserve_index=False)
    for way in ("mean", "median"):
        of_phase = table.groupby(keys)["x"].transform(way)
        expected = table["x"].fillna(of_phase).fillna(getattr(table["x"], way)())
        assert made(Impute("x", with_=way, phase=("weekday", "hour")), given, Roles.of(time="t"))["x"] == pytest.approx(expected.tolist())
    modes = table.groupby(keys)["c"].agg(lambda c: min(c.mode()))
    expected = [c if isinstance(c, str) else modes[key] for c, *key in zip(table["c"], *keys, strict=True) for key in [tuple(key)]]
    assert made(Impute("c", with_="mode", phase=("weekday", "hour"), time="t"), given)["c"] == expected


def test_a_row_without_a_time_gets_the_fill_of_all_and_a_zone_moves_the_day():
    days = [date(2024, 1, 1), date(2024, 1, 2), None, date(2024, 1, 8)]
    found = made(Impute("x", with_="mean", phase="weekday", time="t"), {"t": days, "x": [1.0, 3.0, None, None]})
    assert found["x"] == [1, 3, 2, 1]
    late = pa.table({"t": [datetime(2024, 1, 1, 23, tzinfo=UTC), datetime(2024, 1, 2, 1, tzinfo=UTC)], "x": [5, None]})
    learned = fitted(Impute("x", with_="mode", phase="weekday", time="t", zone="Europe/Berlin"), late).learned["x"]
    assert (learned["phases"], learned["fills"]) == ([1], [5])  # 0:00 on a Tuesday in Berlin


def test_it_is_learned_on_the_training_part_and_served(tmp_path):
    values = [None if i % 9 == 0 else i % 24 + (1000 if i > N * 0.8 else 0) for i in range(N)]
    table = pa.table({"t": HOURS, "x": values, "y": [0, 1] * (N // 2)})
    flow = Flow.parse(
        "data: {roles: {time: t, label: y}}\nsplit: {train: 0.8, test: 0.2, by: time}\n"
        "features: [{impute: {columns: x, with: mean, phase: hour}}, {scale: x}]"
    )
    learned = tilth.fit(flow, table)
    fills = learned.need_learned().features[0].learned["x"]["fills"]
    assert fills == pytest.approx(list(range(24)))  # nothing of the rows after the split
    again = Flow.load(learned.save(tmp_path / "f.tilth"))
    missing, there = (again.row({"t": HOURS[9], "x": x})["x"] for x in (None, 9))
    assert missing == there


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"phase": "year"}, "'year' is not a part of a time that comes round"),
        ({"phase": "hour", "with_": "sum"}, "`phase` is not for `with: sum`"),
        ({"time": "t"}, "`time` and `zone` are for `phase`"),
        ({"phase": "hour", "zone": "Berlin"}, "`zone` is 'Berlin'"),
        ({"phase": "hour"}, "no column of times"),
        ({"phase": "hour", "time": "d"}, "'d' .* has no hour"),
        ({"phase": "hour", "time": "x"}, "'x' .* is not of days or times"),
        ({"columns": "d", "phase": "month", "with_": "mode", "time": "d"}, "cannot be filled by phase"),
    ],
)
def test_what_has_no_phase_is_refused(parameters, message):
    with pytest.raises(RequestError, match=message):
        made(Impute(**{"columns": "x", **parameters}), {"x": [1.0], "d": [date(2024, 1, 1)]})
