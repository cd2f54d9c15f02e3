"""A function of the user's as the stage that predicts."""

import json
import sys

import pyarrow as pa
import pytest

import tilth
from tests.serve.test_remote import answering
from tilth.cli.app import run
from tilth.errors import NotAllowed, RequestError
from tilth.serve.bodies.rows import BadRows
from tilth.serve.capture import Capture
from tilth.serve.pipeline import Pipeline
from tilth.serve.replaying import replayed

SCORING = """
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

def columns(age, *jobs):
    return pc.multiply(age, 2.0)

def table(rows: pa.Table):
    return pa.table({"old": pc.greater(rows["age"], 40.0), "age": rows["age"]})

def frame(rows: pd.DataFrame):
    return rows["age"] * 2

def matrix(x: np.ndarray):
    return np.stack([x[:, 0], -x[:, 0]], axis=1)

def values(x: np.ndarray):
    return [float(v) for v in x[:, 0] * 2]

def turned(rows: pd.DataFrame):
    return rows.sort_values("age")["age"]

def fewer(x: np.ndarray):
    return x[1:]

def fails(x: np.ndarray):
    raise ValueError("ada@mail.invalid")

def wrong(x: dict):
    return 0
"""
ROWS = [{"age": 50, "job": "cook"}, {"age": None, "job": "clerk"}, {"age": 30, "job": "cook"}]
BODY = json.dumps(ROWS).encode()


@pytest.fixture
def scoring(tmp_path, monkeypatch):
    """The name of a module of functions, which is imported anew."""
    (tmp_path / "scoring.py").write_text(SCORING)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "python:scoring:"
    sys.modules.pop("scoring", None)


def answered(served, *things, **options):
    with tilth.allow_python():
        return Pipeline.of(str(served / "people.tilth"), *things, **options)


def test_what_functions_take_and_give(served, scoring):
    ages = [
        row["age"] for row in json.loads(Pipeline.of(str(served / "people.tilth")).answer(BODY, "application/json").body)["predictions"]
    ]
    doubled = [{"prediction": age * 2} for age in ages]
    expected = {
        "columns": doubled,
        "frame": doubled,
        "values": doubled,
        "table": [{"old": age > 40, "age": age} for age in ages],
        "matrix": [{"prediction_0": age, "prediction_1": -age} for age in ages],
    }
    for name, rows in expected.items():
        pipeline = answered(served, scoring + name)
        assert pipeline.gives == tuple(rows[0])
        assert json.loads(pipeline.answer(BODY, "application/json").body) == {"predictions": rows}
        assert str(pipeline) == f"people.tilth → python:scoring:{name}"
        assert not pipeline.quick
    transformed = answered(served, scoring + "matrix", output=["softmax", "argmax"])
    assert [row["prediction"] for row in transformed.predicted(BODY, "application/json")] == ["0", "0", "0"]
    further = answered(served, scoring + "columns", scoring + "columns")
    assert further.predicted(BODY, "application/json")[0] == {"prediction": 200.0}


def test_one_row_is_given_as_many_are(served, scoring):
    pipeline = answered(served, scoring + "columns")
    assert pipeline.predicted(json.dumps(ROWS[1]).encode(), "application/json") == pipeline.predicted(BODY, "application/json")[1:2]


def test_a_function_that_fails(served, scoring):
    for name, code, said in (
        ("fails", "python-failed", "python:scoring:fails failed (ValueError)"),
        ("turned", "python-failed", "python:scoring:turned failed (ValueError)"),
        ("fewer", "python-result", "python:scoring:fewer returned 2 rows for 3"),
    ):
        answer = answered(served, scoring + name).answer(BODY, "application/json")
        assert (answer.status, json.loads(answer.body)["error"]) == (500, {"code": code, "message": said})


def test_values_that_a_model_does_not_accept(served):
    """scikit-learn rejects infinite and missing values; the request is at fault, and not the server."""
    (stage,) = Pipeline.of(str(served / "number.skops")).stages
    row = dict.fromkeys(stage.columns, 1.0)
    for value, code in ((float("inf"), "too-large"), (None, "missing-value")):
        with pytest.raises(BadRows) as error:
            stage([row, row | {"age": value}])
        assert [(at, column, mistake.code) for at, column, mistake in error.value.rows] == [(2, "age", code)]


def test_functions_that_are_refused(served, scoring, capsys):
    with pytest.raises(NotAllowed, match="'scoring:columns' is not part of Tilth"):
        Pipeline.of(str(served / "people.tilth"), scoring + "columns")
    assert run(["serve", str(served / "people.tilth"), scoring + "columns"]) == 2
    assert "--allow-python" in capsys.readouterr().err
    for name, said in (("absent", "is not found"), ("wrong", "annotated as builtins.dict"), ("columns", "takes columns that")):
        with pytest.raises(RequestError, match=said):
            answered(served, scoring + name, *([str(served / "model.skops")] if name == "columns" else []))
    with tilth.allow_python(), pytest.raises(RequestError, match="no stage of Tilth before it"):
        Pipeline.of(scoring + "columns")


def test_a_flow_that_calls_a_function_is_answered_in_a_thread(scoring, tmp_path):
    step = "features: [{python: {function: 'scoring:columns', reads: [age], makes: {twice: float}}}]"
    with tilth.allow_python():
        tilth.fit(tilth.Flow.parse(step), pa.table({"age": [1.0, 2.0]})).save(tmp_path / "twice.tilth")
        pipeline = Pipeline.of(str(tmp_path / "twice.tilth"))
    assert not pipeline.quick
    assert pipeline.predicted(b'{"age": 21}', "application/json") == [{"age": 21.0, "twice": 42.0}]


def test_the_digest_is_of_the_module(served, scoring, tmp_path):
    before = answered(served, scoring + "columns").digest
    (tmp_path / "scoring.py").write_text(SCORING + "\n")
    assert answered(served, scoring + "columns").digest != before


def test_answers_of_unknown_columns_are_replayed(served, tmp_path):
    """Of a stage in another process the columns are not known before it answers."""
    with answering(lambda given: {"predictions": [len(row) for row in given["instances"]]}) as (url, _):
        pipeline = Pipeline.of(str(served / "people.tilth"), url)
        captured = Capture(str(tmp_path / "log"), "people", pipeline.columns)
        captured(BODY, "application/json", pipeline.answer(BODY, "application/json"), "")
        captured.close()
        assert replayed(str(tmp_path / "log"), pipeline).differences == ()
    with answering(lambda given: {"predictions": [6] * len(given["instances"])}) as (url, _):
        found = replayed(str(tmp_path / "log"), Pipeline.of(str(served / "people.tilth"), url))
        assert [one.column for one in found.differences] == ["prediction"] * len(ROWS)
