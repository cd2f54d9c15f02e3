"""A stage in another process, by a small server that answers what a test says."""

import json
import time

import pytest

from tests.answering import answering
from tests.serve.asking import ask
from tests.servers import free_port
from tilth.errors import RequestError
from tilth.serve import remote
from tilth.serve.app import Server
from tilth.serve.batching import Sending, transformed
from tilth.serve.bodies.rows import Columns
from tilth.serve.pipeline import Pipeline
from tilth.serve.remote import Remote, predicted_row
from tilth.web import client
from tilth.web.client import EndpointFailed, Patience

ROWS = json.dumps([{"age": 30, "job": "cook"}, {"age": None, "job": "clerk"}]).encode()


def test_a_foreign_model_between_or_behind(served):
    with answering(lambda given: {"predictions": [len(row) for row in given["instances"]]}) as (url, asked):
        pipeline = Pipeline.of(str(served / "people.tilth"), url)
        server = Server(pipeline)
        assert ask(server, "GET", "/ping").status == 200
        answer = ask(server, "POST", "/invocations", ROWS, {"content-type": "application/json"})
        assert answer.json() == {"predictions": [{"prediction": 5}, {"prediction": 5}]}
        path, kind, body = asked[0]
        assert (path, kind) == ("/invocations", "application/json")
        assert json.loads(body)["instances"][0] == {"age": 30.0, "job_clerk": 0, "job_cook": 1, "job_unknown": 0, "job_rztin": 0}
        assert str(pipeline) == f"people.tilth → {url}"


TWO = [  # prefix of the address, content type, answer to two rows, rows as in JSON
    ("csv+", "text/csv", b"0.25\n0.75\n", [0.25, 0.75]),
    ("csv+", "text/csv", b"0.25,0.75", [0.25, 0.75]),  # one line for all rows, as older containers of XGBoost answer
    ("csv+", "text/csv", b"0.25,no\r\nnan,1_0", [[0.25, "no"], [None, "1_0"]]),
    ("csv+", "text/csv", b"3,-4,5\n6,7,8", [[3, -4, 5], [6, 7, 8]]),
    ("jsonl+", "application/jsonlines", b'{"score": 0.5}\n\n{"score": 1}', [{"score": 0.5}, {"score": 1}]),
    ("", "application/json", b'{"scores": [{"score": 1}, {"score": 2}]}', [{"score": 1}, {"score": 2}]),  # random cut forest
    ("", "application/json", b'{"projections": [[1], [2]]}', [[1], [2]]),
]


@pytest.mark.parametrize(("prefix", "kind", "answer", "rows"), TWO)
def test_containers_of_other_types(served, prefix, kind, answer, rows):
    """CSV has the features alone, in the order of training, and no header."""
    with answering(lambda given: answer, read=bytes.decode) as (url, asked):
        pipeline = Pipeline.of(str(served / "people.tilth"), prefix + url)
        found = pipeline.answer(ROWS, "application/json")
        assert json.loads(found.body) == {"predictions": list(map(predicted_row, rows))}
    ((_, sent, body),) = asked
    assert (sent, str(pipeline)) == (kind, f"people.tilth → {url}")
    features = {"age": 30.0, "job_cook": 1, "job_clerk": 0, "job_unknown": 0, "job_rztin": 0}
    first = body.decode().splitlines()[0]
    match kind:
        case "text/csv":
            assert first == "30.0," + ",".join(str(features[name]) for name in pipeline.stages[0].gives[1:])
        case "application/jsonlines":
            assert json.loads(first) == features


@pytest.mark.parametrize("answer", [b"0.25\n", b'"0.25', b"\xff", b"0.25,0.5,0.75"])
def test_csv_that_answers_other_rows(served, answer):
    with answering(lambda given: answer, read=bytes.decode) as (url, _):
        assert Pipeline.of(str(served / "people.tilth"), f"csv+{url}").answer(ROWS, "application/json").code == "endpoint-answer"


def test_booleans_and_nulls_in_csv():
    assert (
        Remote.at("csv+http://a", Columns(("x", "y")), Patience())._body([{"x": True, "y": None}, {"x": 0.5, "y": False}]) == b"1,\n0.5,0\n"
    )


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (lambda given: {"predictions": [1]}, 200, "endpoint-answer"),
        (lambda given: b"[", 200, "endpoint-answer"),
        (lambda given: b" " * (5 * 2**20 + 1), 200, "endpoint-too-large"),
        (lambda given: {"secret": "ada@mail.invalid"}, 500, "endpoint-failed"),
    ],
)
def test_a_stage_that_fails_is_named(served, answer, status, code):
    with answering(answer, status) as (url, _):
        found = Pipeline.of(str(served / "people.tilth"), url).answer(ROWS, "application/json")
    error = json.loads(found.body)["error"]
    assert (found.status, error["code"]) == (424, code)
    assert url in error["message"]
    assert "ada@" not in error["message"]


def test_the_seconds_of_each_stage(served, capsys):
    """In the log line of a request and, added up, in the metrics. The other process waits for a hundredth of a second."""
    with answering(lambda given: time.sleep(0.01) or lengths(given)) as (url, _):
        server = Server(Pipeline.of(str(served / "people.tilth"), url))
        for accept in ("application/json", "image/png"):  # what is refused has no times
            ask(server, "POST", "/invocations", ROWS, {"content-type": "application/json", "accept": accept})
    line, refused = map(json.loads, capsys.readouterr().err.splitlines())
    first, second = line["stages"]
    assert first > 0
    assert 0.01 <= second <= line["seconds"]
    assert "stages" not in refused
    text = ask(server, "GET", "/metrics").text
    assert f'tilth_serve_stage_seconds_total{{stage="1",name="people.tilth"}} {first:.6f}\n' in text
    assert f'tilth_serve_stage_seconds_total{{stage="2",name="{url}"}} {second:.6f}\n' in text


def test_a_stage_that_is_absent(served):
    pipeline = Pipeline.of(str(served / "people.tilth"), f"http://127.0.0.1:{free_port()}")
    assert pipeline.answer(ROWS, "application/json").code == "endpoint-absent"
    assert ask(Server(pipeline), "GET", "/ping").status == 503


def test_addresses_that_are_refused(served):
    urls = ("http://a:b@c", "http://a:99999", "http://[::1", "http://a?token=secret", "http://")
    alone = ["http://127.0.0.1:1"], ["people.tilth", "http://127.0.0.1:1", "http://127.0.0.1:2"]
    for things in (*alone, *(["people.tilth", url] for url in urls)):
        with pytest.raises(RequestError):
            Pipeline.of(*(str(served / t) if t.endswith(".tilth") else t for t in things))


# ── in a batch transform ──


def lengths(given):
    return {"predictions": [len(row) for row in given["instances"]]}


@pytest.mark.parametrize(
    ("statuses", "retries", "code"),
    [
        ([500, 503, 429], 3, None),
        ([500, 500], 1, "endpoint-failed"),
        ([404], 3, "endpoint-refused"),
        ([], 0, None),
    ],
)
def test_a_stage_that_fails_is_asked_again(served, monkeypatch, statuses, retries, code):
    """After 1, 2 and 4 seconds, as often as is wanted; what it refuses is not asked again."""
    waited = []
    monkeypatch.setattr(client, "sleep", waited.append)
    with answering(lengths, statuses) as (url, asked):
        found = Pipeline.of(str(served / "people.tilth"), url, patience=Patience(5, retries)).answer(ROWS, "application/json")
    assert (found.code or None) == code
    again = {None: len(statuses), "endpoint-failed": retries, "endpoint-refused": 0}[code]
    assert (len(asked), waited) == (again + 1, [1.0, 2.0, 4.0][:again])


def test_a_stage_that_is_slow_is_given_up(served, monkeypatch):
    """One that does not begin, and one that goes on."""

    def answer(given):
        time.sleep(0.3)
        return lengths(given)

    with answering(answer) as (url, _):
        found = Pipeline.of(str(served / "people.tilth"), url, patience=Patience(0.1)).answer(ROWS, "application/json")
        assert found.code == "endpoint-absent"
        assert "within 0.1 seconds" in found.body.decode()
    monkeypatch.setattr(client, "monotonic", iter([0.0, 0.0, 6.0]).__next__)
    with answering(lengths) as (url, _):
        assert (
            Pipeline.of(str(served / "people.tilth"), url, patience=Patience(5)).answer(ROWS, "application/json").code == "endpoint-absent"
        )


def test_a_body_that_is_too_large_is_sent_in_parts(served, monkeypatch):
    monkeypatch.setattr(remote, "LARGEST", 250)
    rows = [{"age": i, "job": "cook"} for i in range(10)]
    with answering(lambda given: {"predictions": [row["age"] for row in given["instances"]]}) as (url, asked):
        found = Pipeline.of(str(served / "people.tilth"), url).answer(json.dumps(rows).encode(), "application/json")
    assert [row["prediction"] for row in json.loads(found.body)["predictions"]] == list(range(10))
    assert all(len(body) <= 250 for _, _, body in asked)
    monkeypatch.setattr(remote, "LARGEST", 50)
    with answering(lengths) as (url, _):
        assert Pipeline.of(str(served / "people.tilth"), url).answer(ROWS, "application/json").code == "endpoint-too-large"


def test_a_body_that_is_too_large_for_sagemaker(served, monkeypatch):
    """Strictly, as between its containers, it is not sent in parts."""
    monkeypatch.setattr(remote, "LARGEST", 250)
    with answering(lengths) as (url, asked):
        pipeline = Pipeline.of(str(served / "people.tilth"), url, strict=True)
        assert pipeline.answer(json.dumps(json.loads(ROWS)[:1]).encode(), "application/json").status == 200
        found = pipeline.answer(json.dumps(json.loads(ROWS) * 2).encode(), "application/json")
    assert (found.status, found.code, len(asked)) == (424, "endpoint-too-large", 1)
    assert f"{url} would be sent 4 rows of " in found.body.decode()


def test_what_a_stage_refuses_is_the_fault_of_a_record(served, tmp_path):
    """It is found among the others, and other files are answered; a stage that fails ends the run."""
    (tmp_path / "a.csv").write_text("1,a,30,cook\n2,b,31,cook\n3,c,32,cook\n")
    (tmp_path / "b.csv").write_text("1,a,30,cook\n")
    places = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    with answering(lambda given: None if any(row["age"] == 31 for row in given["instances"]) else lengths(given)) as (url, _):
        pipeline = Pipeline.of(str(served / "people.tilth"), url)
        first, second = transformed(pipeline, places, str(tmp_path / "out"), Sending())
        assert [(r["line"], r["code"]) for r in first.refusals] == [(2, "endpoint-refused")]
        assert (second.refusals, (tmp_path / "out" / "b.csv.out").read_text()) == ([], "5\n")
    with answering(lengths, 500) as (url, _), pytest.raises(EndpointFailed):
        transformed(Pipeline.of(str(served / "people.tilth"), url), places, str(tmp_path / "out"), Sending())


def test_the_request_wins_then_the_stage_then_the_default(served):
    wanted = {"MaxConcurrentTransforms": 4, "BatchStrategy": "SINGLE_RECORD", "MaxPayloadInMB": 2}
    for said, expected in (
        (wanted, (True, 2.0, 4)),
        (None, (False, 6.0, 1)),
        ({"MaxConcurrentTransforms": "many", "BatchStrategy": "ALL", "MaxPayloadInMB": -1}, (False, 6.0, 1)),
    ):
        with answering(lengths, parameters=said) as (url, _):
            pipeline = Pipeline.of(str(served / "people.tilth"), url)
            settled = Sending().settled(pipeline)
            assert (settled.single, settled.largest, settled.concurrency) == expected
            settled = Sending(single=False, largest=0, concurrency=2).settled(pipeline)
            assert (settled.single, settled.largest, settled.concurrency) == (False, 0, 2)
