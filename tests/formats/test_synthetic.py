"""Synthetic rows are what their schema says, and the same wherever and however often they are made."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

import tilth
from tests.engines import duckdb_session
from tilth.engine.spark import Spark
from tilth.errors import RequestError
from tilth.formats import read, to_arrow, write
from tilth.formats import synthetic_rows as module

SCHEMA = """
rows: 3000
seed: 7
columns:
  patient: {pattern: "P-[0-9]{5}", unique: true}
  name: {pattern: "(Mc)?[A-Z][a-z]{2,8}( van| de)?"}
  answer: {values: {yes: 0.25, no: 0.75}, nulls: 0.1}
  smoker: {kind: boolean}
  age: {kind: integer, from: -3, to: 90}
  number: {kind: integer, unique: true, from: 1000}
  weight: {kind: float, from: 40, to: 140, decimals: 1}
  born: {kind: date, from: 1930-01-01, to: 2006-12-31}
  seen: {kind: timestamp, from: 2024-01-01, to: 2024-12-31 18:30:00}
  any: {kind: integer, from: -9223372036854775808, to: 9223372036854775807}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "patients.synthetic"
    path.write_text(SCHEMA)
    return path


def rows_of(place: Path, **options: int) -> pa.Table:
    engine = duckdb_session()
    return to_arrow(read(place, engine=engine, **options), engine)


def test_rows_are_what_the_schema_says(place: Path) -> None:
    rows = rows_of(place)
    kinds = [str(t) for t in rows.schema.types]
    expected = ["string"] * 3 + ["bool", "int64", "int64", "double", "date32[day]", "timestamp[us]", "int64", "string", "string"]
    assert (len(rows), kinds) == (3_000, expected)
    found = rows.to_pydict()
    assert len({*found["patient"]}) == len({*found["number"]}) == 3_000
    assert all(re.fullmatch(r"P-\d{5}", text) for text in found["patient"])
    assert all(re.fullmatch(r"(Mc)?[A-Z][a-z]{2,8}( van| de)?", text) for text in found["name"])
    ends = {c: [str(end) for end in pc.min_max(rows[c]).as_py().values()] for c in ("age", "number", "born", "seen")}
    assert ends["age"] == ["-3", "90"]
    assert ends["number"] == ["1000", "3999"]
    assert "1930" < ends["born"][0] < "1931" < "2006" < ends["born"][1] < "2007"
    assert "2024-01-0" < ends["seen"][0] < ends["seen"][1] <= "2024-12-31 18:30:00"
    assert all(40 <= w <= 140 and round(w, 1) == w for w in found["weight"])
    assert min(found["any"]) < -(2**62) < 2**62 < max(found["any"])
    assert found["answer"].count("yes") == pytest.approx(0.9 * 0.25 * 3_000, rel=0.15)
    assert rows["answer"].null_count == pytest.approx(300, rel=0.2)
    assert {*found["_origin"]} == {"synthetic"}
    assert rows["_parent"].null_count == 3_000


def test_they_follow_from_the_file_the_rows_and_the_seed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = rows_of(place)
    assert rows_of(place) == first
    assert rows_of(place, seed=8)["age"] != first["age"]
    assert rows_of(place, rows=0).num_rows == 0
    monkeypatch.setattr(module, "AT_ONCE", 1_000)
    assert len({*rows_of(place, rows=2_999)["number"].to_pylist()}) == 2_999  # of three batches


@pytest.mark.spark
def test_they_are_the_same_on_spark(place: Path, spark) -> None:
    engine = Spark(spark).session()
    assert to_arrow(read(place, engine=engine), engine).to_pydict() == rows_of(place).to_pydict()


@pytest.mark.parametrize("text", ["[1]", "a: {b", "\x00"])
def test_files_that_are_no_schema(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.synthetic").write_text(text)
    with pytest.raises(RequestError, match="is not"):
        read(tmp_path / "a.synthetic", engine=duckdb_session())


def test_rows_are_not_written_as_a_schema(tmp_path: Path) -> None:
    engine = duckdb_session()
    with pytest.raises(RequestError, match="cannot be written"):
        write(read(pa.table({"a": [1]}), engine=engine), tmp_path / "a.synthetic", format="synthetic", engine=engine)


@pytest.mark.slow
def test_a_flow_prepares_them_and_its_features_do_not_see_where_rows_come_from(place: Path, tmp_path: Path) -> None:
    text = "data: {roles: {id: patient, label: answer}}\nrows: [{filter: answer is not null}]\nsplit: {train: 0.5, test: 0.5}\n"
    flow = tilth.Flow.parse(text + "features: [{scale: numeric}, {encode: smoker}]\ntraining: [{balance: over}]\n")
    report = tilth.run(flow, tmp_path / "out", data=place)
    shares = {f.part: f.payload.shares for f in report.findings if f.name == "origin of rows"}
    assert shares == {"train": {"synthetic": 1.0}, "test": {"synthetic": 1.0}}
    engine = duckdb_session()
    train = to_arrow(read(tmp_path / "out" / "train", engine=engine), engine)
    assert {*train["_origin"].to_pylist()} == {"synthetic", "duplicate"}
