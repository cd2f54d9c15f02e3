"""Requests that have arrived as a whole: the same answers as by ASGI, and what is left to it."""

import gzip
import json
import socket
import threading
from functools import partial

import pytest

from tests.serve.asking import ask
from tilth.serve import server as serving
from tilth.serve.app import Limits, Server
from tilth.serve.direct import response
from tilth.serve.pipeline import Pipeline
from tilth.serve.server import bound

DATE = (b"date", b"Mon, 30 Nov 2026 17:00:00 GMT")
BODY = json.dumps({"age": 41, "job": "cook", "email": "ada@mail.invalid"}).encode()
JSON = {"content-type": "application/json"}


@pytest.fixture
def server(served):
    def make(**limits):
        return Server(Pipeline.of(str(served / "people.tilth")), Limits(**limits))

    return make


def message(body=BODY, length=None, start="POST /invocations HTTP/1.1", **headers):
    given = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": len(body) if length is None else length}
    lines = [start, *(f"{k.replace('_', '-')}: {v}" for k, v in (given | headers).items() if v != "")]
    return "\r\n".join((*lines, "", "")).encode() + body


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BODY, {}),
        (b"[" + BODY + b"," + BODY + b"]", {"accept": "text/csv"}),
        (b"41,cook,ada@mail.invalid\n", {"content-type": "text/csv; charset=utf-8"}),
        (b'{"age": "old", "job": "cook"}', {}),
        (b"{", {}),
        (BODY, {"content-type": "image/png"}),
        (BODY, {"accept": "image/png"}),
        (BODY, {"content-type": ""}),
    ],
)
def test_it_answers_as_by_asgi(server, body, headers):
    one = server()
    head, _, found = response(one.at_once, message(body, **{k.title(): v for k, v in headers.items()}), [DATE]).partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    theirs = ask(one, "POST", "/invocations", body, {k: v for k, v in (JSON | headers).items() if v})
    assert first.startswith(f"HTTP/1.1 {theirs.status} ")
    assert dict(line.lower().split(": ", 1) for line in lines) == theirs.headers | {DATE[0].decode(): DATE[1].decode().lower()}
    assert found == theirs.content


LEFT = {
    "no body yet": message(b"", length=len(BODY)),
    "a byte is missing": message()[:-1],
    "a byte of the next": message() + b"P",
    "two": message() * 2,
    "close": message(Connection="close"),
    "HTTP/1.0": message(start="POST /invocations HTTP/1.0"),
    "query": message(start="POST /invocations?x HTTP/1.1"),
    "POST /ping": message(start="POST /ping HTTP/1.1"),
    "GET /ping": message(start="GET /ping HTTP/1.1"),
    "upgrade": message(Upgrade="websocket", Connection="upgrade"),
    "no host": message(Host=""),
    "two lengths": message(length="1, 2"),
    "transfer encoding": message(Transfer_Encoding="gzip"),
    "gzip": message(gzip.compress(BODY, mtime=0), Content_Encoding="gzip"),
    "long": message(b" " * 100_000 + BODY),
    "two types": message(Content_Type="application/x-parquet"),
    "another host": message(Host="evil.example"),
    "nothing": b"",
    "not HTTP": b"nonsense\r\n\r\n",
}


@pytest.mark.parametrize("data", LEFT.values(), ids=LEFT)
def test_what_is_left_to_asgi(server, data):
    """Nothing is counted, and the next request is answered."""
    one = server(hosts=frozenset({"localhost"}))
    direct = partial(response, one.at_once)
    assert direct(data, []) is None
    assert (one.metrics.in_flight, one.metrics.total(0)) == (0, 0)
    assert direct(message(), []).startswith(b"HTTP/1.1 200 OK\r\n")
    assert (one.metrics.in_flight, one.metrics.total(0)) == (0, 1)


def test_a_refusal_is_left_to_asgi(server):
    for limits in ({"token": "a-secret-of-some-length"}, {"requests": 0}, {"largest": 10}):
        assert response(server(**limits).at_once, message(), []) is None
    token = {"Authorization": "Bearer a-secret-of-some-length"}
    assert response(server(token="a-secret-of-some-length").at_once, message(**token), []).startswith(b"HTTP/1.1 200")


def test_a_body_in_chunks(server):
    chunks = message(b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY), length="", Transfer_Encoding="chunked")
    direct = partial(response, server().at_once)
    assert direct(chunks[:-5] + b"0\r\nX: y\r\n\r\n", []) is None  # ends as a head does
    assert direct(message(), []).startswith(b"HTTP/1.1 200")


@pytest.mark.slow
def test_both_ways_on_one_connection(server):
    """What follows part of a head belongs to it, though it looks like a request."""
    listening = bound("127.0.0.1", 0)
    listening.listen()
    made = serving.server_of(server())
    thread = threading.Thread(target=made.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        with socket.create_connection(listening.getsockname()) as client:
            client.settimeout(60)

            def answers(data, number):
                client.sendall(data)
                held, found = b"", []
                while len(found) < number:
                    held += client.recv(65536)
                    while (end := held.find(b"\r\n\r\n")) >= 0:
                        size = int(held[:end].lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                        if len(held) < end + 4 + size:
                            break
                        found.append(int(held.split()[1]))
                        held = held[end + 4 + size :]
                assert not held
                return found

            for data, expected in (
                (message(), [200]),
                (message(b"", start="GET /ping HTTP/1.1"), [200]),
                (message(b"{"), [400]),
                (message() * 3, [200] * 3),
                (message(start="POST /nowhere HTTP/1.1"), [404]),
                (message(), [200]),
                (message() + b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nX-Part: ", [200]),
            ):
                assert answers(data, len(expected)) == expected
            client.sendall(message())
            assert client.recv(65536).startswith(b"HTTP/1.1 400")  # by the two headers Host
    finally:
        made.should_exit = True
        thread.join(60)
