"""Captured requests have SageMaker's shape and no private value, and give in a batch what they gave live."""

import json
import re
from pathlib import Path

import pytest

from tests.serve.asking import ask
from tests.serve.conftest import TABLE
from tilth.cli.app import run
from tilth.errors import RequestError, SourceError
from tilth.serve.app import Server
from tilth.serve.bodies import Columns
from tilth.serve.capture import WAITING, Capture, capture_of
from tilth.serve.pipeline import Answer, Pipeline
from tilth.serve.replaying import replayed

ROWS = TABLE.to_pylist()
CSV = "".join(f"{row['no']},{row['email']},{row['age'] or ''},{row['job'] or ''},{row['paid']}\n" for row in ROWS)
BODIES = [
    (json.dumps(ROWS[0]), "application/json", "application/json"),
    (json.dumps({"instances": [*ROWS, {"age": "38", "job": ""}]}), "application/json; charset=utf-8", "text/csv"),
    ("".join(f"{json.dumps(row)}\n" for row in ROWS), "application/jsonlines", "application/jsonlines"),
    (CSV, "text/csv; charset=utf-8", "text/csv"),
    ("job,email,age\ncook,ada@mail.invalid,31\n", "text/csv", "application/json"),
]


@pytest.fixture
def captured(served, tmp_path):
    """A folder with one file of five captured requests, and the pipeline that answered them."""
    pipeline = Pipeline.of(str(served / "people.tilth"), str(served / "model.skops"), output=["softmax", "argmax"])
    capture = capture_of(pipeline, str(tmp_path / "log"), "people")
    server = Server(pipeline, captured=capture)
    for body, kind, accept in BODIES:
        headers = {"content-type": kind, "accept": accept, "x-amzn-sagemaker-inference-id": "order-17"}
        assert ask(server, "POST", "/invocations", body.encode(), headers).status == 200
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
    lines = [json.loads(line) for line in text.splitlines()]
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
    ]
    assert sides[3]["endpointInput"]["observedContentType"] == "text/csv; charset=utf-8"
    assert sides[3]["endpointInput"]["data"].splitlines()[0] == "0,,20,cook,no"
    assert sides[0]["endpointInput"]["mode"] == "INPUT"


def test_a_batch_gives_what_was_answered(captured, served, capsys):
    file, pipeline = captured
    found = replayed(str(file.parents[6]), pipeline)
    assert (found.requests, found.rows, found.differences) == (5, 1 + 41 + 40 + 40 + 1, ())
    lines = file.read_text().splitlines()
    answer = json.loads(lines[0])
    answer["captureData"]["endpointOutput"]["data"] = re.sub(r'no":0\.', 'no":0.1', answer["captureData"]["endpointOutput"]["data"])
    file.write_text("\n".join([json.dumps(answer), *lines[1:]]))
    words = ["replay", str(file), str(served / "people.tilth"), str(served / "model.skops"), "--output", "softmax,argmax"]
    assert run(words) == 1
    out = capsys.readouterr().out
    assert "5 requests with 123 rows: 1 values differ" in out
    assert f"event {answer['eventMetadata']['eventId']}, row 1: prediction_no" in out


def test_what_cannot_be_replayed(captured, tmp_path):
    file, pipeline = captured
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="no captured requests"):
        replayed(str(tmp_path / "empty"), pipeline)
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
