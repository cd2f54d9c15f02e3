"""Parts of a split without rows: refused with the reason, unless the flow allows them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import tilth
from tilth.errors import RequestError
from tilth.flow import Flow

FLIGHTS = pa.table({"year": [2013] * 6, "flight": range(6), "carrier": list("aabbcc"), "day": [date(2013, 1, 1)] * 6})
CASES = {
    "{train: 0.8, test: 0.2, by: ordered(year)}": "for test (train 6, test 0): year has 1 distinct value, from 2013 to 2013",
    "{train: 0.8, test: 0.2, by: time(day)}": "for test (train 6, test 0): day has 1 distinct value, from 2013-01-01 to 2013-01-01",
    "{train: 0.1, a: 0.8, b: 0.1, by: group(year)}": "for train and b (train 0, a 6, b 0): year has 1 distinct value",
    "{test: 0.8, train: 0.2, by: hash(year)}": "for train (test 6, train 0): year has 1 distinct value",
    "{train: 0.98, test: 0.02, by: stratified(carrier)}": "for test (train 6, test 0): carrier has 3 distinct values",
}
ORDERED = "{train: 0.8, test: 0.2, by: ordered(year)}"


def flow(split: str, roles: str = "{}") -> Flow:
    return Flow.parse(f"data: {{roles: {roles}}}\nsplit: {split}\nfeatures: [{{scale: flight}}]\n")


def allowing(split: str) -> str:
    return split.replace("}", ", allow_empty: true}")


def refusal(made: Flow, engine: Any = None) -> str:
    with pytest.raises(RequestError) as told:
        tilth.run(made, data=FLIGHTS, engine=engine)
    return str(told.value)


@pytest.mark.parametrize(
    ("split", "engine"),
    [*((split, "duckdb") for split in CASES), pytest.param("{train: 0.8, test: 0.2, by: time(day)}", "spark", marks=pytest.mark.spark)],
)
def test_a_part_without_rows_is_refused_with_the_reason(split: str, engine: str, request: pytest.FixtureRequest) -> None:
    session = None if engine == "duckdb" else tilth.Spark(request.getfixturevalue("spark")).session()
    told = refusal(flow(split), session)
    assert f"no rows are left {CASES[split]}" in told
    assert "<flow>:2:1: split by" in told


def test_what_is_learned_from_such_a_split_is_refused_too() -> None:
    with pytest.raises(RequestError, match="no rows"):
        tilth.fit(flow(ORDERED), FLIGHTS)


def test_ends_of_a_private_column_are_not_shown() -> None:
    assert "2013" not in refusal(flow(ORDERED, roles="{private: year}"))


def test_an_empty_part_is_delivered_where_the_flow_allows_it(tmp_path: Path) -> None:
    report = tilth.run(flow(allowing(ORDERED)), tmp_path / "out", data=FLIGHTS)
    sizes = {f.part: f.payload.rows for f in report.of("split") if f.name == "share of rows"}
    assert sizes == {"train": 6, "test": 0}
    assert tilth.write(tilth.read(tmp_path / "out" / "test")).num_rows == 0


def test_a_training_part_without_rows_is_never_allowed() -> None:
    assert "say `allow_empty" not in refusal(flow(allowing("{test: 0.8, train: 0.2, by: hash(year)}")))


def test_a_table_without_rows_cannot_be_split() -> None:
    with pytest.raises(RequestError, match="the table has no rows"):
        tilth.run(flow("{train: 0.8, test: 0.2}"), data=FLIGHTS.slice(0, 0))


def test_many_numbers_are_compared_by_ranges_with_as_many_rows() -> None:
    """Fifths of the training part, as numpy's quantiles cut them; labels beyond its ends are in the first and the last."""
    table = pa.table({"order": range(60), "y": [*(float(i) for i in range(50)), *[-1.5] * 5, *[99.5] * 5], "x": [1] * 60})
    flow = "data: {roles: {label: y}}\nsplit: {train: 0.8333, test: 0.1667, by: ordered(order)}\nfeatures: [{scale: x}]"
    shares = {f.part: dict(f.payload.shares) for f in tilth.run(Flow.parse(flow), data=table).of("split") if f.payload.ranges}
    names = ["up to 9", "9 to 19", "19 to 29", "29 to 39", "above 39"]
    assert shares == {"train": {n: pytest.approx(0.2) for n in names}, "test": dict(zip(names, [0.5, 0, 0, 0, 0.5], strict=True))}


def test_few_numbers_are_compared_one_by_one() -> None:
    flow = "data: {roles: {label: year}}\nsplit: {train: 0.5, test: 0.5, by: ordered(flight)}\nfeatures: [{scale: flight}]"
    found = [f.payload.shares for f in tilth.run(Flow.parse(flow), data=FLIGHTS).of("split") if f.payload.shares]
    assert found == [{"2013": 1.0}, {"2013": 1.0}]


@pytest.mark.parametrize("made", ["derived", "duplicate", "synthetic"])
def test_rows_that_were_made_are_refused_outside_of_the_training_part(made: str, tmp_path: Path) -> None:
    table = FLIGHTS.append_column("_origin", pa.array(["original", None, "original", made, "original", "original"]))
    split = "data: {roles: {id: flight}}\nsplit: {%s: 0.5, %s: 0.5, by: ordered(flight)}"
    with pytest.raises(RequestError, match=rf"<flow>:2:1: the part test has rows that are not original \(_origin: 1 {made}\)"):
        tilth.run(Flow.parse(split % ("train", "test")), data=table)
    report = tilth.run(Flow.parse(split % ("test", "train")), tmp_path / "out", data=table)
    shares = {f.part: dict(f.payload.shares) for f in report.findings if f.name == "origin of rows"}
    assert shares == {"test": {"original": 1.0}, "train": {made: pytest.approx(1 / 3), "original": pytest.approx(2 / 3)}}
    assert "Where the rows of each part come from" in (tmp_path / "out" / "report.html").read_text()


def test_a_wholly_synthetic_table_is_split() -> None:
    table = FLIGHTS.append_column("_origin", pa.array(["synthetic"] * 6))
    tilth.run(Flow.parse("split: {train: 0.5, test: 0.5, by: ordered(flight)}"), data=table)
