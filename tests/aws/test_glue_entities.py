"""Glue's EntityDetector, as scripts call it: on Arrow, pandas and Spark."""

from __future__ import annotations

import sys
from hashlib import sha256
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from tilth.aws import glue_entities
from tilth.aws.glue_entities import EntityDetector
from tilth.aws.glue_transforms import DynamicFrame
from tilth.errors import RequestError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

NOTES = pa.table(
    {
        "id": [1, 2, 3],
        "mail": ["ann@mail.example.org", None, "none"],
        "note": ["card 4111 1111 1111 1111 of ann@mail.example.org", "SSN 536-90-4399", ""],
    }
)
HOW = {
    "EMAIL": [{"action": "REDACT", "actionOptions": {"redactText": "***"}, "sourceColumnsToExclude": ["mail"]}],
    "CREDIT_CARD": [
        {"action": "PARTIAL_REDACT", "actionOptions": {"numRightCharsToExclude": "4", "redactChar": "#", "matchPattern": "[0-9]"}}
    ],
    "USA_SSN": [{"action": "DETECT", "sourceColumns": ["note", "mail"]}],
}
SCRIPT = """
from awsglueml.transforms import EntityDetector

def job(frame, how):
    detector = EntityDetector()
    kinds = detector.classifyColumns(frame, ["EMAIL", "USA_SSN"], 1.0, 0.3)
    return detector.detect(frame, how, "found", "LOW"), kinds
"""
HIDDEN = ["card #### #### #### 1111 of ***", "SSN 536-90-4399", ""]
FOUND = [
    [("CREDIT_CARD", "PARTIAL_REDACT", 5, 24), ("EMAIL", "REDACT", 28, 48)],
    [("USA_SSN", "DETECT", 4, 15)],
    [],
]


def run(frame: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, dict[str, list[str]]]:
    """What a script makes of a frame that Glue hands it."""
    monkeypatch.setitem(sys.modules, "awsglueml", SimpleNamespace(transforms=glue_entities))  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "awsglueml.transforms", glue_entities)
    names: dict[str, Any] = {}
    exec(SCRIPT, names)
    made, kinds = names["job"](DynamicFrame.fromDF(frame, None, "notes"), HOW)
    assert isinstance(made, DynamicFrame) and made.name == "notes"
    return made.toDF(), kinds


def places(found: Any) -> list[list[tuple[str, str, int, int]]]:
    return [[tuple(f[k] for k in ("entityType", "actionUsed", "start", "end")) for f in dict(row).get("note", [])] for row in found]


def test_a_script_runs_with_another_import(monkeypatch: pytest.MonkeyPatch) -> None:
    made, kinds = run(NOTES, monkeypatch)
    assert made.column_names == ["id", "mail", "note", "found"]
    assert made["note"].to_pylist() == HIDDEN
    assert made["mail"].to_pylist() == NOTES["mail"].to_pylist()
    assert places(made["found"].to_pylist()) == FOUND
    assert kinds == {"mail": ["EMAIL"], "note": ["EMAIL", "USA_SSN"]}
    assert run(NOTES.to_pandas(), monkeypatch)[0]["note"].to_list() == HIDDEN


@pytest.mark.spark
def test_a_script_runs_on_spark(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    from tilth.engine.spark import Spark

    rows = run(Spark(spark).frame(NOTES), monkeypatch)[0].orderBy("id").collect()
    assert [row["note"] for row in rows] == HIDDEN
    assert places([row["found"] for row in rows]) == FOUND


def test_a_hash_without_a_key_is_done_with_a_warning() -> None:
    how = {"USA_SSN": {"action": "SHA256_HASH"}}
    with pytest.warns(UserWarning, match="SHA256_HASH is not a protection"):
        made = EntityDetector().detect(NOTES, detectionParameters=how)
    assert made["note"].to_pylist()[1] == f"SSN {sha256(b'536-90-4399').hexdigest()}"


def test_every_mistake_is_said_at_once() -> None:
    wrong = {
        "EMIAL": [{"action": "REDACT"}],
        "PERSON_NAME": [{"action": "DETECT"}],
        "USA_SSN": [{"action": "ERASE"}, {"action": "REDACT", "actionOptions": {"text": "x"}}, {"columns": ["a"]}],
    }
    with pytest.raises(RequestError) as error:
        EntityDetector().detect(NOTES, wrong)
    assert len(error.value.mistakes) == 5
    for part in ("EMAIL", "have no pattern", "DETECT, REDACT", "redactText", "sourceColumns"):
        assert part in str(error.value)
    with pytest.raises(RequestError, match="no column 'note2'"):
        EntityDetector().detect(NOTES, {"EMAIL": {"sourceColumns": ["note2"]}})
    with pytest.raises(RequestError, match="no entities"):
        EntityDetector().detect(NOTES, [])
