"""Several processes on one socket; and requests that take too long."""

import json
import os
import re
import signal
import socket
import sys
import threading
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import numpy as np
import pytest

import tilth
from tests.cli.processes import start
from tests.encrypted import key
from tests.serve.asking import ask
from tests.servers import answered, free_port
from tilth.cli.app import run
from tilth.serve.app import THREADS, Limits, Server
from tilth.serve.pipeline import Pipeline
from tilth.serve.watching import WIDTH, Metrics
from tilth.store.protection import protected

__all__ = ["key"]

JSON = {"content-type": "application/json"}
BODY = json.dumps({"age": 41, "job": "cook"}).encode()
SLEEPY = """
import time
import numpy as np

def predict(x: np.ndarray):
    if (x[:, 0] > 200).any() and (x[:, 0] < 1000).any():  # no golden row has such an age
        time.sleep(3600)
    return x[:, 0]
"""


def count(text, name):
    return float(re.search(rf"^{name} (\S+)$", text, re.MULTILINE)[1])


def test_counters_are_added_up_over_processes(served):
    table = np.zeros(3 * WIDTH)
    several = [Metrics(("people.tilth", "softmax"), "x", table, number) for number in (0, 2)]
    for one in several:
        one.observe(200, 2, 0.002, (0.0005, 0.001))
        one.in_flight += 1
    several[1].observe(400, 0, 100.0)
    for one in several:
        text = one.text()
        assert 'tilth_serve_requests_total{status="200"} 2\ntilth_serve_requests_total{status="400"} 1\n' in text
        assert 'bucket{le="0.0025"} 2\n' in text
        assert 'bucket{le="+Inf"} 3\n' in text
        assert 'stage_seconds_total{stage="1",name="people.tilth"} 0.001000\n' in text
        assert 'stage_seconds_total{stage="2",name="softmax"} 0.002000\n' in text
        assert (count(text, "tilth_serve_rows_total"), count(text, "tilth_serve_requests_in_flight")) == (4, 2)
    again = Metrics(("people.tilth", "softmax"), "x", table, 2)  # after the process in this place has ended
    assert 'status="400"} 1\n' in again.text()
    assert count(again.text(), "tilth_serve_requests_in_flight") == 1


@pytest.fixture
def sleepy(tmp_path, monkeypatch):
    (tmp_path / "sleepy.py").write_text(SLEEPY)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "python:sleepy:predict"
    sys.modules.pop("sleepy", None)


def test_what_takes_too_long_is_answered_so(served, sleepy, monkeypatch):
    with tilth.allow_python():
        server = Server(Pipeline.of(str(served / "people.tilth"), sleepy), Limits(answering=0.05))
    go = threading.Event()
    monkeypatch.setattr(time, "sleep", lambda seconds: go.wait(60))
    hangs = json.dumps({"age": 300, "job": "cook"}).encode()
    for i in range(THREADS + 1):  # the last one waits for a thread
        answer = ask(server, "POST", "/invocations", hangs, JSON)
        assert (answer.status, answer.json()["error"]["code"]) == (504, "too-long")
        assert ask(server, "GET", "/ping").status == (200 if i < THREADS - 1 else 503)
    assert server.metrics.overdue == THREADS
    go.set()


@pytest.mark.slow
def test_processes_answer_are_replaced_and_end(served, sleepy, tmp_path):
    """One gives no sign of life, one hangs in a request; counters and lines are whole, and SIGTERM ends all."""
    port = free_port()
    words = [served / "people.tilth", sleepy, "--allow-python", "--workers", "2", "--timeout", "0.5", "--port", str(port)]
    with (tmp_path / "log").open("w") as file:
        process = start("serve", *words, cwd=tmp_path, stderr=file)
        at = f"http://localhost:{port}"
        answered(f"{at}/ping", 120)

        def lines():
            found = [line for line in (tmp_path / "log").read_text().splitlines() if line.startswith("{")]
            return [json.loads(line) for line in found]

        def events(name):
            return [line for line in lines() if line["event"] == name]

        def until(name, number):
            for _ in range(1200):
                if len(events(name)) >= number:
                    return events(name)
                time.sleep(0.05)
            raise TimeoutError(name)

        def posted(age):
            try:
                return urlopen(Request(f"{at}/invocations", json.dumps({"age": age, "job": "cook"}).encode(), JSON), timeout=60).status
            except HTTPError as error:
                return error.code

        def counted(fine, late):  # a request is counted when its answer has been sent
            for _ in range(1200):
                text = urlopen(f"{at}/metrics").read().decode()
                if f'status="200"}} {fine}\n' in text and (not late or f'status="504"}} {late}\n' in text):
                    return
                time.sleep(0.05)
            raise TimeoutError(text)

        ready = until("worker-ready", 2)
        assert {one["worker"] for one in ready} == {0, 1}
        assert events("started")[0]["workers"] == 2
        assert [posted(40) for _ in range(20)] == [200] * 20
        counted(20, 0)
        stuck = ready[0]["worker"], ready[0]["pid"]
        os.kill(stuck[1], signal.SIGSTOP)
        (killed,) = until("worker-stuck", 1)
        (ended,) = until("worker-ended", 1)
        assert (killed["worker"], killed["pid"]) == (ended["worker"], ended["pid"]) == stuck
        assert ended["code"] == -signal.SIGKILL
        until("worker-ready", 3)
        assert posted(300) == 504  # and the process that computes it is replaced
        until("abandoned", 1)
        until("worker-ready", 4)
        assert posted(40) == 200
        counted(21, 1)
        with socket.create_connection(("127.0.0.1", port)) as client:
            head = f"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: {JSON['content-type']}\r\nContent-Length: {len(BODY)}"
            client.sendall(f"{head}\r\n\r\n".encode() + BODY[:9])
            while count(urlopen(f"{at}/metrics").read().decode(), "tilth_serve_requests_in_flight") < 2:
                time.sleep(0.05)
            process.send_signal(signal.SIGTERM)
            with pytest.raises(ConnectionError):
                while True:
                    socket.create_connection(("127.0.0.1", port), timeout=5).close()
                    time.sleep(0.05)
            client.sendall(BODY[9:])
            assert client.recv(100).startswith(b"HTTP/1.1 200")
        assert process.wait(60) == 0
    log = (tmp_path / "log").read_text()
    first, said, proven, *rest = log.splitlines()
    assert said == f"people.tilth → python:sleepy:predict at http://127.0.0.1:{port}"
    assert proven.startswith("proven: people.tilth (6 golden rows); not proven: python:sleepy:predict; ")
    assert all(json.loads(line)["event"] for line in (first, *rest))
    assert len(events("request")) == 23
    for one in events("worker-ready"):
        with pytest.raises(ProcessLookupError):
            os.kill(one["pid"], 0)


@pytest.mark.slow
def test_a_server_that_cannot_start_says_why(served, key, tmp_path, capsys):
    with protected(key):
        tilth.Flow.load(served / "people.tilth").save(tmp_path / "sealed.tilth")
    for flow, given in ((served / "people.tilth", ()), (tmp_path / "sealed.tilth", ("--key", key))):  # the processes find the key
        assert run(["serve", str(flow), "absent.skops", "--workers", "2", "--port", "0", *given]) == 2
        assert "there is no model 'absent.skops'" in capsys.readouterr().err
