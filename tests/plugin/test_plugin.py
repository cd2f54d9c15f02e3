"""What another package brings works as what Tilth brings: from a flow, on the command line and in Python, on both engines."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path

import pyarrow as pa
import pytest

import tilth
from tilth.cli.app import run
from tilth.engine.duckdb import DuckDB
from tilth.errors import RequestError
from tilth.formats.format import by_name
from tilth.testing.formats import check_format
from tilth.testing.measures import check_measure
from tilth.testing.metrics import check_metric
from tilth.testing.rule_types import check_rule_type
from tilth.testing.steps import check_step

FLOW = """
data: {read: a.avro, roles: {id: id}}
check: 'Rules = [ Midrange "x" between 9 and 10, RowCount = 40 ]'
split: {train: 0.5, test: 0.5, by: hash(id)}
features: [{absolute: x}]
measure: [{gaps: {least: 2}}, {metrics: ["midrange:x"]}]
deliver: {to: out, format: avro}
"""
TABLE = pa.table({"id": range(40), "x": [None, -1.0, 20.0, None, *(float(i % 7) for i in range(36))]})
ENGINES = ["duckdb", pytest.param("spark", marks=pytest.mark.spark)]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    tilth.write(tilth.read(TABLE), "a.avro", format="avro")
    (tmp_path / "f.yaml").write_text(FLOW)
    return tmp_path


@pytest.fixture(params=ENGINES)
def engine(request):
    if request.param == "duckdb":
        return DuckDB()
    from tilth.engine.spark import Spark

    return Spark(request.getfixturevalue("spark"))


@pytest.mark.slow
def test_the_batteries(tmp_path):
    from tilth_plugin.absolute import Absolute
    from tilth_plugin.gaps import Gaps
    from tilth_plugin.midrange import MIDRANGE, Midrange

    check_format(by_name("avro"), tmp_path)
    check_metric(Midrange("float"))
    check_step(Absolute("number"))
    check_measure(Gaps(), tilth.read(TABLE), (DuckDB().session(),))
    check_rule_type(MIDRANGE, ['Midrange "number" > 0', 'Midrange "whole" between 1 and 5'])


@pytest.mark.slow
def test_in_a_flow(place, engine):
    report = tilth.run("f.yaml", engine=engine)
    assert [str(f.outcome) for f in report.of("rule")] == ["Passed", "Passed"]
    parts = [tilth.write(tilth.read(f"out/{part}")) for part in ("train", "test")]
    assert sum(p.num_rows for p in parts) == 40
    assert all(x is None or x >= 0 for p in parts for x in p["x"].to_pylist())
    assert {p.name for p in (place / "out/train").iterdir() if p.name[0] not in "._"} == {"train-000000.avro"}
    assert [f.payload.missing for f in report.of("gaps") if f.part == "raw"] == [2]
    assert next(f.value for f in report.of("metric") if f.part == "raw") == 9.5
    assert "Columns with nulls" in (place / "out/report.html").read_text()
    assert tilth.Flow.load("out/f.tilth").row({"id": 1, "x": -3.0})["x"] == 3.0


def test_in_python(place, engine):
    from tilth_plugin.midrange import Midrange

    data = tilth.read("a.avro", engine=engine)
    assert tilth.measure(data, Midrange("x"), engine=engine).findings[0].value == 9.5
    assert tilth.measure(data, {"metrics": {"metrics": ["midrange:x"]}}, engine=engine).findings[0].value == 9.5
    assert [f.subject for f in tilth.measure(data, "gaps", engine=engine).findings] == [("x",)]
    assert tilth.check(data, 'Rules = [ Midrange "x" > 9 ]', engine=engine).passed


@pytest.mark.slow
@pytest.mark.parametrize("engine_name", ENGINES)
def test_on_the_command_line(place, engine_name, request):
    if engine_name == "spark":
        request.getfixturevalue("spark")
    (place / "r.dqdl").write_text('Rules = [ Midrange "x" > 9 ]')

    def call(*words: str) -> str:
        with redirect_stdout(io.StringIO()) as out:
            assert run([*words, "--engine", engine_name]) == 0
        return out.getvalue()

    assert "Midrange" in call("check", "a.avro", "r.dqdl", "--json")
    found = call("measure", "a.avro", "--measure", "gaps", "--measure", "midrange:x", "--json")
    assert '"gaps"' in found and "9.5" in found
    call("fit", "f.yaml", "-o", "f.tilth")
    call("apply", "f.tilth", "a.avro", "-o", "all.avro")
    assert min(x for x in tilth.write(tilth.read("all.avro"))["x"].to_pylist() if x is not None) == 0


def test_it_is_in_the_schema_of_flows_and_in_errors():
    from tilth.flow.schema import flow_schema

    assert "absolute" in str(flow_schema())
    with pytest.raises(RequestError, match="midrange"):
        tilth.measure(TABLE, {"metrics": {"metrics": ["midrang:x"]}})
