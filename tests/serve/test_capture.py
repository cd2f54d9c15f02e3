"""Captured requests have SageMaker's shape and no private value, and give in a batch what they gave live."""

import json
import re
from copy import copy
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.serve.asking import ask
from tests.serve.conftest import TABLE
from tilth.cli.app import run
from tilth.errors import RequestError, SourceError
from tilth.serve import capture as capture_module
from tilth.serve import replaying
from tilth.serve.app import Server
from tilth.serve.bodies.rows import Columns
from tilth.serve.capture import WAITING, Capture, capture_of
from tilth.serve.pipeline import Answer, Pipeline
from tilth.serve.predictions import ModelFailed
from tilth.serve.replaying import replayed

ROWS = TABLE.to_pylist()
CSV = "".join(f"{row['no']},{row['email']},{row['age'] or ''},{row['job'] or ''},{row['paid']}\n" for row in ROWS)
BODIES = [
    (json.dumps(ROWS[0]), "application/json", "application/json"),
    (json.dumps({"instances": [*ROWS, {"age": "38", "job": ""}]}), "application/json; charset=utf-8", "text/csv"),
    ("".join(f"{json.dumps(row)}\n" for row in ROWS), "application/jsonlines", "application/jsonlines"),
    (CSV, "text/csv; charset=utf-8", "text/csv"),
    ("job,email,age\ncook,ada@mail.invalid,31\n", "text/csv", "application/json"),
    (f"no,email,age,job,paid\n{CSV}", "text/csv; header=present", "text/csv"),
    ("7,ada@mail.invalid,31,Ärztin\n".encode("latin-1"), "text/csv; charset=latin-1", "application/json"),
    ('[{"age": 31, "job": "co\u2028ok"}, {"age": 31, "job": "co\x85ok"}]', "application/json", "application/json"),
    (json.dumps([{"age": 31, "job": 2**70}, {"age": 31, "job": True}]), "application/json", "application/json"),
]


@pytest.fixture
def captured(served, tmp_path):
    """A folder with one file of captured requests, and the pipeline that answered them."""
    pipeline = Pipeline.of(str(served / "people.tilth"), str(served / "model.skops"), output=["softmax", "argmax"])
    capture = capture_of(pipeline, str(tmp_path / "log"), "people")
    server = Server(pipeline, captured=capture)
    for body, kind, accept in BODIES:
        headers = {"content-type": kind, "accept": accept, "x-amzn-sagemaker-inference-id": "order-17"}
        assert ask(server, "POST", "/invocations", body if isinstance(body, bytes) else body.encode(), headers).status == 200
    ask(server, "POST", "/invocations", b"{}", {"content-type": "application/json"})  # refused: not captured
    capture.close()
    (file,) = (tmp_path / "log").rglob("*.jsonl")
    return file, pipeline


def test_a_captured_request(captured):
    file, _ = captured
    path = file.relative_to(file.parents[6]).as_posix()
    assert re.fullmatch(r"people/AllTraffic/\d{4}/\d\d/\d\d/\d\d/\d\d-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl", path)
    text = file.read_text()
    assert "@mail.invalid" not in text
    lines = [json.loads(line) for line in text.split("\n")[:-1]]
    assert len({line["eventMetadata"]["eventId"] for line in lines}) == len(BODIES)
    assert lines[0]["eventVersion"] == "0"
    assert lines[0]["eventMetadata"]["inferenceId"] == "order-17"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", lines[0]["eventMetadata"]["inferenceTime"])
    sides = [line["captureData"] for line in lines]
    assert [(s["endpointInput"]["encoding"], s["endpointOutput"]["encoding"]) for s in sides] == [
        ("JSON", "JSON"),
        ("JSON", "CSV"),
        ("JSON", "JSON"),
        ("CSV", "CSV"),
        ("CSV", "JSON"),
        ("CSV", "CSV"),
        ("CSV", "JSON"),
        ("JSON", "JSON"),
        ("JSON", "JSON"),
    ]
    assert sides[3]["endpointInput"]["observedContentType"] == "text/csv; header=absent"
    assert sides[3]["endpointInput"]["data"].splitlines()[0] == "0,,20,cook,no"
    assert sides[0]["endpointInput"]["mode"] == "INPUT"


@pytest.mark.slow
def test_a_batch_gives_what_was_answered(captured, served, monkeypatch, capsys):
    file, pipeline = captured
    found = replayed(str(file.parents[6]), pipeline)
    assert (found.requests, found.rows, found.differences) == (9, 1 + 41 + 40 + 40 + 1 + 40 + 1 + 2 + 2, ())
    monkeypatch.setattr(replaying, "ROWS", 50)  # in several tables
    assert replayed(str(file.parents[6]), pipeline) == found
    lines = file.read_text().split("\n")[:-1]
    answer = json.loads(lines[0])
    answer["captureData"]["endpointOutput"]["data"] = re.sub(r'no":0\.', 'no":0.1', answer["captureData"]["endpointOutput"]["data"])
    file.write_text("\n".join([json.dumps(answer), *lines[1:]]))
    words = ["replay", str(file), str(served / "people.tilth"), str(served / "model.skops"), "--output", "softmax,argmax"]
    assert run(words) == 1
    out = capsys.readouterr().out
    assert "9 requests with 168 rows: 1 values differ" in out
    assert f"event {answer['eventMetadata']['eventId']}, row 1: prediction_no" in out
    answer["captureData"]["endpointOutput"]["data"] = '{"predictions": [{"prediction": "no"}]}'
    file.write_text(json.dumps(answer))
    assert {d.column for d in replayed(str(file), pipeline).differences} >= {"prediction_no", "prediction_yes"}


@pytest.mark.parametrize(
    ("answered", "made", "same"),
    [
        ("1.5", 1.5, True),
        ("true", True, True),
        ("[1.0, 2.0000000001]", [1.0, 2.0], True),
        ([1.0, None], [1.0, float("nan")], True),
        ([1.0, 2.1], [1.0, 2.0], False),
        ([1.0], [1.0, 2.0], False),
        ("abc", 1.5, False),
        ("yes", True, False),
        (1, True, False),
        (None, 0.0, False),
        ("2024-02-29", date(2024, 2, 29), True),
    ],
)
def test_what_is_the_same(answered, made, same):
    assert replaying._same(answered, made, 1e-9) is same


@pytest.mark.parametrize("single", [True, False])
def test_a_model_of_32_bit_floats_may_differ_by_a_millionth(captured, single):
    """Its digits depend on how many rows it is given."""
    file, pipeline = captured
    first, predicts, *others = pipeline.stages
    model, scores = copy(predicts.model), predicts.model.scores
    model.single, model.scores = single, lambda x: scores(x) * (1 + 1e-8)
    assert (replayed(str(file), Pipeline([first, replace(predicts, model=model), *others])).differences == ()) is single


def test_a_stage_that_loses_rows_is_no_proof(captured):
    file, pipeline = captured

    class Losing:
        title, takes, gives = "losing", pipeline.columns, pipeline.gives

        def __call__(self, rows):
            return list(rows)[1:]

    with pytest.raises(ModelFailed, match="losing makes 167 rows of 168"):
        replayed(str(file), Pipeline([*pipeline.stages, Losing()]))


def test_a_request_that_cannot_be_written_is_told_and_left_out(tmp_path, monkeypatch, capsys):
    """The thread goes on: the next ones are captured."""
    capture, real = Capture(str(tmp_path), "x", Columns(("a",))), capture_module.record

    def failing(one, columns, private):
        if one.body == b"bad":
            raise RuntimeError("secret")
        return real(one, columns, private)

    monkeypatch.setattr(capture_module, "record", failing)
    for body in (b"1", b"bad", b"2"):
        capture(body, "text/csv", Answer(200, "application/json", b"{}"), "")
    capture.close()
    (file,) = tmp_path.rglob("*.jsonl")
    assert [json.loads(line)["captureData"]["endpointInput"]["data"] for line in file.read_text().splitlines()] == ["1", "2"]
    said = capsys.readouterr().err
    assert '"event": "capture-failed", "error": "RuntimeError"' in said
    assert "secret" not in said


def test_what_cannot_be_replayed(captured, tmp_path):
    file, pipeline = captured
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no captured requests"):
        replayed(str(tmp_path / "empty"), pipeline)
    with pytest.raises(SourceError, match="there is no file"):
        replayed(str(tmp_path / "absent"), pipeline)
    file.write_text('{"captureData": {}}\n')
    with pytest.raises(SourceError, match="line 1: it is not a captured request"):
        replayed(str(file), pipeline)


def test_sampling_and_room(tmp_path):
    with pytest.raises(RequestError, match="0 to 100"):
        Capture(str(tmp_path), "x", Columns(("a",)), percent=101)
    none = Capture(str(tmp_path), "x", Columns(("a",)), percent=0)
    answer = Answer(200, "application/json", b"{}")
    assert none(b"1", "text/csv", answer, "")
    none.close()
    full = Capture(str(tmp_path), "x", Columns(("a",)))
    full._size = WAITING
    assert not full(b"1", "text/csv", answer, "")
    full.close()
    assert not list(Path(tmp_path).rglob("*.jsonl"))
