"""The events of OpenLineage: what a run read and wrote, in the shape of the standard."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pytest
from jsonschema import Draft202012Validator

import tilth
from tilth import Flow
from tilth.flow.lineage import named

FACET = {"type": "object", "required": ["_producer", "_schemaURL"]}
FACETS = {"type": "object", "additionalProperties": FACET}
DATASET = {
    "type": "object",
    "required": ["namespace", "name"],
    "properties": {"namespace": {"type": "string"}, "facets": FACETS, "inputFacets": FACETS, "outputFacets": FACETS},
}
EVENT = {
    "type": "object",
    "required": ["eventTime", "producer", "schemaURL", "run", "job"],
    "properties": {
        "eventType": {"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
        "eventTime": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$"},
        "run": {"type": "object", "required": ["runId"], "properties": {"facets": FACETS}},
        "job": {"type": "object", "required": ["namespace", "name"]},
        "inputs": {"type": "array", "items": DATASET},
        "outputs": {"type": "array", "items": DATASET},
    },
}
"""The parts of the schema of OpenLineage 2.0.2 that these events have."""
FLOW = """
data: {read: loans.csv, roles: {id: no, label: paid}}
check: 'Rules = [ IsPrimaryKey "no", Completeness "age" > 0.99, RowCount > 1 ]'
split: {train: 0.75, test: 0.25, by: hash(no)}
"""


@pytest.mark.parametrize("deliver", ["", "deliver: {shards: 2}\n", "deliver: {format: csv}\n"])
def test_a_run_says_what_it_read_and_wrote(tmp_path: Path, deliver: str) -> None:
    (tmp_path / "loans.csv").write_text("no,age,paid\n" + "".join(f"{i},{'' if i % 9 == 0 else 20 + i},{i % 2}\n" for i in range(40)))
    (tmp_path / "loans.yaml").write_text(FLOW + deliver)
    tilth.run(tmp_path / "loans.yaml", tmp_path / "out")
    begun, done = map(json.loads, (tmp_path / "out/openlineage.jsonl").read_text("utf-8").splitlines())
    for event in (begun, done):
        Draft202012Validator(EVENT).validate(event)
    assert [e["eventType"] for e in (begun, done)] == ["START", "COMPLETE"]
    assert begun["run"] == done["run"] and begun["eventTime"] <= done["eventTime"]
    UUID(done["run"]["runId"])
    assert done["job"] == {"namespace": "tilth", "name": "loans"}
    (read,) = done["inputs"]
    assert (read["namespace"], read["name"]) == ("file", str(tmp_path / "loans.csv"))
    assert read["facets"]["version"]["datasetVersion"].startswith("sha256:")
    assert read["inputFacets"]["dataQualityAssertions"]["assertions"] == [
        {"assertion": 'IsPrimaryKey "no"', "success": True, "column": "no"},
        {"assertion": 'Completeness "age" > 0.99', "success": False, "column": "age"},
        {"assertion": "RowCount > 1", "success": True},
    ]
    parts = {Path(o["name"]).name: o for o in done["outputs"]}
    assert [f["name"] for f in parts["train"]["facets"]["schema"]["fields"]] == ["no", "age", "paid"]
    rows = {name: tilth.write(tilth.read(tmp_path / "out" / name)).num_rows for name in parts}
    assert {n: o["outputFacets"]["outputStatistics"]["rowCount"] for n, o in parts.items() if "outputFacets" in o} == (
        {} if "csv" in deliver else rows
    )


def test_data_in_memory_has_no_input(tmp_path: Path) -> None:
    tilth.run(Flow.parse("split: {train: 0.5, test: 0.5}", name="f"), tmp_path / "out", data=pa.table({"x": range(20)}))
    assert json.loads((tmp_path / "out/openlineage.jsonl").read_text("utf-8").splitlines()[1])["inputs"] == []


def test_places_are_named_as_the_standard_names_them() -> None:
    assert named("https://data.example.com/a/b.csv") == {"namespace": "https://data.example.com", "name": "a/b.csv"}
    assert named("file:///data/a%20b.csv") == {"namespace": "file", "name": "/data/a b.csv"}
