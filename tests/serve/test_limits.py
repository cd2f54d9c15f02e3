"""What a server takes: who may ask, how much, how fast; and what it tells of itself."""

import errno
import gc
import json
import re
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time

import pytest

from tests.cli.processes import finish, start
from tests.serve.asking import ask
from tests.servers import answered, free_port
from tilth.errors import MachineError, RequestError
from tilth.serve import connections
from tilth.serve import server as serving
from tilth.serve.app import Limits, Server
from tilth.serve.pipeline import Pipeline
from tilth.serve.server import bound, reject_open

JSON = {"content-type": "application/json"}
BODY = json.dumps({"age": 41, "job": "cook", "email": "ada@mail.invalid"}).encode()


@pytest.fixture
def server(served):
    def make(**limits):
        return Server(Pipeline.of(str(served / "people.tilth")), Limits(**limits))

    return make


def test_a_token(server):
    one = server(token="a-secret-of-some-length")
    for headers, status in (
        ({}, 401),
        ({"authorization": "Bearer other"}, 401),
        ({"authorization": "a-secret-of-some-length"}, 401),
        ({"authorization": "Basic a-secret-of-some-length"}, 401),
        ({"authorization": "Bearer a-secret-of-some-length"}, 200),
        ({"authorization": "bearer  a-secret-of-some-length"}, 200),  # the scheme in any case, and spaces, by RFC 9110
    ):
        assert ask(one, "POST", "/invocations", BODY, JSON | headers).status == status
    assert [ask(one, "GET", path).status for path in ("/ping", "/metrics", "/execution-parameters")] == [200, 401, 401]


def test_another_host_is_refused(server):
    """A page in a browser may give a name of its own to this machine's address, and then ask."""
    one = server(hosts=frozenset({"localhost", "::1"}))
    hosts = {"localhost:8080": 200, "LOCALHOST": 200, "[::1]:8080": 200, "evil.example": 421, "localhost.evil.example:8080": 421, "": 421}
    assert {host: ask(one, "GET", "/ping", headers={"host": host}).status for host in hosts} == hosts


def test_too_many_requests_are_refused_at_once(server):
    one = server(requests=0)
    answer = ask(one, "POST", "/invocations", BODY, JSON)
    assert (answer.status, answer.json()["error"]["code"], answer.headers["retry-after"]) == (503, "overloaded", "1")
    assert ask(one, "GET", "/ping").status == 200


def test_a_failure_says_its_type_alone(server, capsys, monkeypatch):
    one = server()

    def fails(rows):
        raise ZeroDivisionError("ada@mail.invalid")

    monkeypatch.setattr(type(one.pipeline.stages[0]), "__call__", lambda self, rows: fails(rows))
    answer = ask(one, "POST", "/invocations", BODY, JSON)
    assert (answer.status, answer.json()["error"]) == (500, {"code": "internal", "message": "the request failed (ZeroDivisionError)"})
    monkeypatch.setattr(one.pipeline, "answer", fails)
    answer = ask(one, "POST", "/invocations", b" " * 100_000, JSON)  # in a thread
    assert answer.status == 500
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert "ada@" not in err + answer.text


def test_metrics_and_logs_have_no_values(server, capsys):
    one = server()
    for body in (BODY, b"[" + BODY + b"," + BODY + b"]", b'{"age": "ada@mail.invalid", "job": "cook"}', b"\xff"):
        ask(one, "POST", "/invocations", body, JSON)
    text = ask(one, "GET", "/metrics").text
    assert 'tilth_serve_requests_total{status="200"} 2\ntilth_serve_requests_total{status="400"} 2\n' in text
    assert "tilth_serve_rows_total 3\n" in text
    assert "tilth_serve_request_seconds_count 4\n" in text
    assert f'tilth_serve_info{{pipeline="people.tilth",digest="{one.pipeline.digest}"}} 1' in text
    assert len(one.pipeline.digest) == 12
    labels = r'\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")?\}'
    assert all(re.fullmatch(rf"(# (HELP|TYPE) .+|[a-z_]+({labels})? [0-9.e+-]+)", line) for line in text.splitlines())
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["status"], line["rows"], line.get("code")) for line in lines] == [
        (200, 1, None),
        (200, 2, None),
        (400, 0, "unreadable"),
        (400, 0, "bad-charset"),
    ]
    assert {line["digest"] for line in lines} == {one.pipeline.digest}
    assert "ada@" not in json.dumps(lines)


def test_lines_below_the_level_are_left_out(server, capsys):
    one = server(level=30)
    for body in (BODY, b"\xff"):
        ask(one, "POST", "/invocations", body, JSON)
    assert [json.loads(line)["status"] for line in capsys.readouterr().err.splitlines()] == [400]


def test_where_others_can_ask_it_wants_a_token_and_tls():
    for allowed in (
        ("127.0.0.1", "", False, False),
        ("::1", "", False, False),
        ("0.0.0.0", "x", True, False),
        ("0.0.0.0", "", False, True),
    ):
        reject_open(*allowed)
    for token, tls, lacking in (("", False, "a token and TLS"), ("x", False, "TLS"), ("", True, "a token")):
        with pytest.raises(RequestError, match=f"that requires {lacking} \\["):
            reject_open("0.0.0.0", token, tls, False)


def test_a_port_that_is_taken():
    with bound("127.0.0.1", 0) as listening:
        listening.listen()
        with pytest.raises(MachineError, match="another port"):
            bound("127.0.0.1", listening.getsockname()[1])
    with pytest.raises(RequestError, match="is not an address"):
        bound("no.such.host.invalid", 0)


def test_nobody_is_let_in_before_all_is_loaded():
    """So a ping fails until then: the address is taken, and connections are refused."""
    with bound("127.0.0.1", 0) as listening, socket.socket() as client:
        assert client.connect_ex(listening.getsockname()) == errno.ECONNREFUSED


@pytest.fixture
def running(server, monkeypatch):
    """A server in a thread and its port, where heads and bodies have to arrive, and answers to be taken, within a moment."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(connections, "TAKING_SECONDS", 0.2)
    listening = bound("127.0.0.1", 0)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2**12)
    listening.listen()  # so that nobody is refused who asks before it is ready
    made = serving.server_of(server(seconds=0.2))
    thread = threading.Thread(target=made.run, kwargs={"sockets": [listening]})
    thread.start()
    yield made, listening.getsockname()[1]
    made.should_exit = True
    thread.join(60)


def test_a_connection_is_kept_as_long_after_each_answer(server):
    """Those that uvicorn gives end by its timer, the others by that of the connection."""
    assert serving.server_of(server()).config.timeout_keep_alive == connections.HEAD_SECONDS


@pytest.mark.slow
def test_slow_clients_are_not_waited_for(running):
    _, port = running
    head = f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n"

    def received(*parts, half_closed=False):
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.settimeout(60)
            for part in parts:
                client.sendall(part)
            if half_closed:
                client.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: client.recv(65536), b""))  # until the server closes

    assert received() == b""
    assert received(head.encode()) == b""
    assert received(f"{head}\r\n".encode(), BODY[:5]).startswith(b"HTTP/1.1 408")
    assert received(f"{head}\r\n".encode() + BODY, b"POST /invocations HTTP/1.1\r\nHo").startswith(b"HTTP/1.1 200")
    assert received(b"nonsense\r\n\r\n").startswith(b"HTTP/1.1 400")
    large = b" " * 100_000 + BODY  # answered in a thread
    sized = head.replace(f": {len(BODY)}", f": {len(large)}").encode() + b"\r\n"
    assert received(sized, large, half_closed=True).startswith(b"HTTP/1.1 200")
    assert received(sized, large[:-1], half_closed=True) == b""
    refused = head.replace(f": {len(BODY)}", f": {10**10}").encode() + b"\r\n"
    assert received(refused, b" " * 2**24).startswith(b"HTTP/1.1 413")  # it is sent all the same


@pytest.mark.slow
@pytest.mark.parametrize("start", ["POST /nowhere", "PUT /invocations"])
def test_a_body_that_comes_after_the_answer_is_not_a_request(running, start):
    _, port = running
    body = f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(60)
        client.sendall(f"{start} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        assert b"\r\nconnection: close\r\n" in client.recv(65536)  # an answer is one piece
        client.sendall(body)
        assert client.recv(65536) == b""


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/ping", "/invocations"])
def test_a_body_of_two_lengths_ends_the_connection(running, path):
    """A proxy that goes by the length sees one request, and a server that goes by the chunks two."""
    _, port = running
    body = b"0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.settimeout(60)
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nTransfer-Encoding: chunked\r\n\r\n"
        client.sendall(head.encode() + body)
        found = b"".join(iter(lambda: client.recv(65536), b""))
    assert found.startswith(b"HTTP/1.1 400")
    assert b"\r\nconnection: close\r\n" in found
    assert b"bad-length" in found
    assert found.count(b"HTTP/1.1") == 1


@pytest.mark.slow
@pytest.mark.parametrize("requests", [1, 2])
def test_a_client_that_does_not_take_its_answers_is_left(running, requests):
    made, port = running
    rows = b"[" + b",".join([BODY] * 5_000) + b"]"  # the answer is larger than what waits in sockets
    head = f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(rows)}\r\n\r\n"
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**12)
        client.connect(("127.0.0.1", port))
        client.sendall((head.encode() + rows) * requests)
        for _ in range(1200):
            if made.server_state.total_requests and not made.server_state.connections:
                break
            time.sleep(0.05)
        assert not made.server_state.connections


@pytest.mark.slow
def test_nothing_is_kept_of_a_closed_connection(running, monkeypatch):
    """Neither by a timer nor by a circle, in which large bodies would wait for the collector of garbage."""
    _, port = running
    monkeypatch.setattr(connections, "TAKING_SECONDS", 1000)
    whole = (
        f"POST /invocations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY
    )

    def kept():
        return sum(type(o) is connections.Connection for o in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        for sent in (whole, whole[:-3], whole[:20]) * 3:
            for breaks in (True, False):
                with socket.create_connection(("127.0.0.1", port)) as client:
                    client.sendall(sent)
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", breaks, 0))
        answered(f"http://127.0.0.1:{port}/ping")  # connections are accepted in order, so those above are
        for _ in range(1200):
            if not kept():
                break
            time.sleep(0.05)
        assert not kept()
    finally:
        gc.enable()


@pytest.mark.slow
def test_a_stopped_server_answers_what_it_accepted(served, tmp_path):
    """A server with a token and TLS; a slow client that has sent half of its body when the signal comes."""
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
    made = subprocess.run(["openssl", *words, "-keyout", "key", "-out", "cert", "-addext", "subjectAltName=DNS:localhost"], cwd=tmp_path)
    if made.returncode:
        pytest.skip("there is no openssl")
    (tmp_path / "token").write_text("a-secret-of-some-length\n")
    port = free_port()
    options = ["--host", "127.0.0.1", "--port", str(port)]
    options += ["--token-file", tmp_path / "token", "--tls-cert", tmp_path / "cert", "--tls-key", tmp_path / "key"]
    process = start("serve", "people.tilth", "model.skops", "--output", "temperature=2,softmax,argmax", *options, cwd=served)
    context = ssl.create_default_context(cafile=str(tmp_path / "cert"))
    answered(f"https://localhost:{port}/ping", context=context)
    head = f"POST /invocations HTTP/1.1\r\nHost: localhost:{port}\r\nContent-Type: application/json\r\nContent-Length: {len(BODY)}\r\n"
    head += "Authorization: Bearer a-secret-of-some-length\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain, server_hostname="localhost") as client:
        client.sendall(head.encode() + BODY[:10])
        time.sleep(0.3)  # until the head is read
        process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        client.sendall(BODY[10:])
        client.settimeout(60)
        found = b"".join(iter(lambda: client.recv(65536), b""))
    assert found.startswith(b"HTTP/1.1 200")
    assert b'"prediction":"' in found
    done = finish(process)
    assert done.code == 0
    assert '"status": 200' in done.err
