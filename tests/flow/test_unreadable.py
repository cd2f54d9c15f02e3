"""Values that cannot be read as the kind that a flow has learned or states: counted, said, limited; and columns that a row lacks."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

import tilth
from tests.cli.processes import finish, start
from tilth.engine.session import Session
from tilth.errors import ColumnError, RequestError
from tilth.flow import Flow

LEARNED = pa.table({"tenure": range(100), "plan": ["a", "b"] * 50, "id": range(100)})
TEXT = "data: {nulls: ['?']%s}\nfeatures: [{impute: {columns: tenure, with: mean}}, {encode: plan}]\n"
MANY = pa.table({"tenure": ["abc"] * 100, "plan": ["a"] * 100})
FEW = pa.table({"tenure": ["abc", "", "?", None, *map(str, range(96))], "plan": ["a"] * 100})  # 1 of 97 values
ENGINES = ["duckdb", pytest.param("spark", marks=pytest.mark.spark)]


@pytest.fixture
def session(request: pytest.FixtureRequest) -> Session:
    return tilth.DuckDB().session() if request.param == "duckdb" else tilth.Spark(request.getfixturevalue("spark")).session()


def flow(more: str = "") -> Flow:
    return tilth.fit(Flow.parse(TEXT % more), LEARNED)


def csv(table: pa.Table, folder: Path) -> Path:
    table.to_pandas().to_csv(folder / "t.csv", index=False)
    return folder / "t.csv"


GIVEN: dict[str, Callable[[pa.Table, Path], Any]] = {
    "a frame": lambda table, folder: table,
    "a CSV file": csv,
    "a dataset": lambda table, folder: tilth.read(table),
}


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("session", ENGINES, indirect=True)
def test_a_column_that_cannot_be_read_is_refused_when_a_flow_is_applied(given: str, session: Session, tmp_path: Path) -> None:
    with pytest.raises(ColumnError) as told:
        tilth.apply(flow(), GIVEN[given](MANY, tmp_path), engine=session)
    (mistake,) = told.value.mistakes
    assert mistake.message == "column 'tenure': 100 of 100 values cannot be read as integer"
    assert mistake.accepted == "at most 0.05 of a column's values, as `max_invalid` says"


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("session", ENGINES, indirect=True)
def test_a_few_such_values_are_null_and_counted(given: str, session: Session, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="column 'tenure': 1 of 97 values cannot be read as integer; they are null") as caught:
        data = tilth.apply(flow(), GIVEN[given](FEW, tmp_path), engine=session)
    assert [w.filename for w in caught] == [__file__]  # where it was applied
    assert [(u.column, u.values, u.of) for u in data.unreadable] == [("tenure", 1, 97)]
    assert tilth.write(data, engine=session)["tenure"].to_pylist()[:5] == [49.5, 49.5, 49.5, 49.5, 0.0]  # the mean of 0 to 99


def test_a_flow_may_allow_all_of_them_or_none() -> None:
    assert tilth.write(tilth.apply(flow(", max_invalid: 1"), MANY))["tenure"].to_pylist() == [49.5] * 100
    with pytest.raises(ColumnError, match="1 of 97 values"):
        tilth.apply(flow(", max_invalid: 0"), FEW)


@pytest.mark.parametrize("given", ["a CSV file", "a frame"])
def test_a_table_that_can_be_read_is_scanned_once(given: str, tmp_path: Path) -> None:
    engine = tilth.DuckDB().session()
    with warnings.catch_warnings(action="error", category=UserWarning):  # not of what the collector finds of other tests
        assert tilth.apply(flow(), GIVEN[given](LEARNED, tmp_path), engine=engine).unreadable == ()
    assert [scan.title for scan in engine.scans] == (["load text files"] if given == "a CSV file" else [])


def test_a_number_that_is_not_whole_and_a_time_that_is_not_midnight_cannot_be_read() -> None:
    day = pd.Timestamp("2024-02-29")
    learned = tilth.fit(Flow.parse("features: [{select: [n, d]}]"), pa.table({"n": [1], "d": [day.date()]}))
    with pytest.raises(ColumnError) as told:
        tilth.apply(learned, pd.DataFrame({"n": [1.5, None, 2.0], "d": [day, day + pd.Timedelta(hours=12), None]}))
    assert [m.message for m in told.value.mistakes] == [
        "column 'n': 1 of 2 values cannot be read as integer",
        "column 'd': 1 of 2 values cannot be read as date",
    ]


def test_a_run_counts_what_is_not_of_a_stated_kind(tmp_path: Path) -> None:
    text = "data: {read: t.csv, types: {tenure: integer}, nulls: ['?']}\nfeatures: [{impute: {columns: tenure, with: mean}}]\n"
    csv(MANY, tmp_path)
    (tmp_path / "f.yaml").write_text(text)
    with pytest.raises(ColumnError, match="100 of 100 values"):
        tilth.run(tmp_path / "f.yaml")
    csv(FEW, tmp_path)
    with pytest.warns(UserWarning, match="1 of 97"):
        (found,) = tilth.run(tmp_path / "f.yaml").of("warning")
    assert (found.name, found.subject, found.payload.details) == ("UNREADABLE", ("tenure",), {"kind": "integer", "values": 1, "of": 97})


@pytest.mark.slow
def test_the_command_says_so_on_standard_error(tmp_path: Path) -> None:
    flow().save(tmp_path / "f.tilth")
    csv(FEW, tmp_path)
    done = finish(start("apply", "f.tilth", "t.csv", "-o", "out.parquet", cwd=tmp_path))
    assert done.code == 0
    assert "warning: column 'tenure': 1 of 97 values cannot be read as integer; they are null" in done.err.splitlines()
    csv(MANY, tmp_path)
    assert finish(start("apply", "f.tilth", "t.csv", "-o", "many.parquet", cwd=tmp_path)).code == 2
    assert not (tmp_path / "many.parquet").exists()


# ── one row ──


def test_a_row_without_a_column_that_the_flow_needs_is_refused_as_the_table_is() -> None:
    with pytest.raises(ColumnError) as row:
        flow().row({"plan": "a"})
    with pytest.raises(ColumnError) as table:
        tilth.apply(flow(), pa.table({"plan": ["a"]}))
    assert str(row.value) == str(table.value)
    assert str(row.value).startswith("there is no column 'tenure', which the fitted flow needs [unknown-column]")


def test_a_row_needs_no_column_that_no_step_reads() -> None:
    assert flow().row({"tenure": 3, "plan": "a"})["id"] is None


def test_every_missing_column_of_a_row_is_named() -> None:
    with pytest.raises(ColumnError) as told:
        flow().row({})
    assert [m.message.split("'")[1] for m in told.value.mistakes] == ["tenure", "plan"]


@pytest.mark.parametrize("value", ["abc", "1.5", 1.5, float("inf")], ids=repr)
def test_a_value_of_a_row_that_cannot_be_read_is_refused(value: Any) -> None:
    with pytest.raises(RequestError) as told:
        flow().row({"tenure": value, "plan": "a"})
    assert told.value.mistakes[0].code == "unreadable"
    assert "abc" not in str(told.value)
    assert flow(", max_invalid: 1").row({"tenure": value, "plan": "a"})["tenure"] == 49.5


@pytest.mark.parametrize("value", [None, "", " ", "?", float("nan"), pd.NA], ids=repr)
def test_what_means_null_in_a_row_can_be_read(value: Any) -> None:
    assert flow().row({"tenure": value, "plan": "a"})["tenure"] == 49.5


def test_a_saved_flow_keeps_its_limit(tmp_path: Path) -> None:
    again = Flow.load(flow(", max_invalid: 0.25").save(tmp_path / "f.tilth"))
    assert again.reading.max_invalid == 0.25
