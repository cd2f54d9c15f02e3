"""Jobs of AWS Glue: the nodes that detect sensitive data, run on a table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import tilth

NOTES = pa.table({"id": [1, 2], "note": ["card 4111 1111 1111 1111 of ann@mail.example.org", None]})


def node(kind: str, **more: Any) -> dict[str, Any]:
    return {"PIIDetection": {"Name": kind, "Inputs": ["source"], "PiiType": kind, "EntityTypesToDetect": ["EMAIL", "CREDIT_CARD"], **more}}


def converted(nodes: dict[str, Any], folder: Path) -> Any:
    path = folder / "job.json"
    path.write_text(json.dumps({"Job": {"Name": "hide", "CodeGenConfigurationNodes": nodes}}), "utf-8")
    return tilth.convert(path)


def test_nodes_become_steps_that_hide_what_they_found(tmp_path: Path) -> None:
    by_entity = {
        "EMAIL": [{"action": "REDACT", "actionOptions": {"redactText": "?"}, "sourceColumns": ["note"]}],
        "USA_SSN": [{"action": "DETECT"}],
    }
    conversion = converted(
        {
            "a": {"S3CsvSource": {"Name": "read", "Paths": ["s3://bucket/a"]}},
            "d": node("RowMasking", DetectionParameters=json.dumps(by_entity)),
            "b": node("RowPartialMasking", NumRightCharsToExclude=4, MatchPattern="[0-9]", OutputColumnName="found"),
            "c": node("ColumnMasking", SampleFraction=0.2, MaskValue="x"),
            "e": node("RowHashing", EntityTypesToDetect=["PERSON_NAME"]),
        },
        tmp_path,
    )
    assert [str(s).partition("(")[0] for s in conversion.flow.parts["features"]] == ["redact"] * 3
    left = "\n".join(conversion.left_out)
    assert len(conversion.left_out) == 3
    assert [part for part in ("--sample-portion 0.2", "--entities EMAIL,CREDIT_CARD", "have no pattern") if part not in left] == []
    assert any("say which" in note for note in conversion.notes)
    tilth.run(conversion.flow, tmp_path / "out", NOTES)
    (file,) = (tmp_path / "out").rglob("*.parquet")
    made = pq.read_table(file)
    assert made["note"].to_pylist() == ["card **** **** **** 1111 of ?", None]
    assert [f["entityType"] for f in dict(made["found"].to_pylist()[0])["note"]] == ["CREDIT_CARD"]
    assert {"DetectedEntities_1", "DetectedEntities_2"} <= set(made.column_names)
