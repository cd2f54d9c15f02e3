"""A stage in another process, by a small server that answers what a test says."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.serve.asking import ask
from tests.servers import free_port
from tilth.errors import RequestError
from tilth.serve.app import Server
from tilth.serve.pipeline import Pipeline

ROWS = json.dumps([{"age": 30, "job": "cook"}, {"age": None, "job": "clerk"}]).encode()


@contextmanager
def answering(answer, status=200):
    """The address of a server that answers `answer` of what it is asked, and the list of what it is asked."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()

        def do_POST(self):
            asked.append((self.path, self.headers["content-type"], self.rfile.read(int(self.headers["content-length"]))))
            body = answer(json.loads(asked[-1][2]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body if isinstance(body, bytes) else json.dumps(body).encode())

        def log_message(self, *words):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


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


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (lambda given: {"predictions": [1]}, 200, "stage-answer"),
        (lambda given: b"[", 200, "stage-answer"),
        (lambda given: b" " * (5 * 2**20 + 1), 200, "stage-too-large"),
        (lambda given: {"secret": "ada@mail.invalid"}, 500, "stage-failed"),
    ],
)
def test_a_stage_that_fails_is_named(served, answer, status, code):
    with answering(answer, status) as (url, _):
        found = Pipeline.of(str(served / "people.tilth"), url).answer(ROWS, "application/json")
    error = json.loads(found.body)["error"]
    assert (found.status, error["code"]) == (424, code)
    assert url in error["message"]
    assert "ada@" not in error["message"]


def test_a_stage_that_is_absent(served):
    pipeline = Pipeline.of(str(served / "people.tilth"), f"http://127.0.0.1:{free_port()}")
    assert pipeline.answer(ROWS, "application/json").code == "stage-absent"
    assert ask(Server(pipeline), "GET", "/ping").status == 503


def test_addresses_that_are_refused(served):
    for things in (["http://127.0.0.1:1"], ["people.tilth", "http://127.0.0.1:1", "http://127.0.0.1:2"], ["people.tilth", "http://a:b@c"]):
        with pytest.raises(RequestError):
            Pipeline.of(*(str(served / t) if t.endswith(".tilth") else t for t in things))
