"""Objects on web servers: a real one with TLS, whose certificate an authority of the test signs."""

from __future__ import annotations

import gzip
import json
import ssl
import threading
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

import tilth
from tests.servers import certify
from tilth.errors import MachineError, RequestError, SourceError
from tilth.secrets import AuthenticationFailed, references
from tilth.store import https

MARKER = "marker-token-of-the-web"
BASIC = f"Basic {b64encode(b'me:' + MARKER.encode()).decode()}"
ROWS = b"id,x\n1,a\n2,b\n"


class Handler(BaseHTTPRequestHandler):
    seen: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self):
        sent = self.headers["Authorization"] or self.headers["X-Api-Key"]
        Handler.seen.append((self.path, sent))
        allowed = sent in (f"Bearer {MARKER}", BASIC, MARKER)
        path, port = self.path.partition("?")[0], self.server.server_port
        moved = {
            "/moved.csv": "/open.csv",
            "/away.csv": f"https://127.0.0.1:{port}/away",
            "/down.csv": f"http://localhost:{port}/open.csv",
            "/file.csv": "file:///etc/hostname",
            "/round.csv": "/round.csv",
        }
        if path in moved:
            self.answer(302, b"", Location=moved[path])
        elif path.startswith("/secret") and not allowed:
            self.answer(401, f"who sends {sent}?".encode())
        elif path == "/short.csv":
            self.answer(200, ROWS[:5], length=len(ROWS))
        elif path == "/busy.csv":
            self.answer(503, b"later")
        elif path.endswith(".csv.gz"):
            self.answer(200, gzip.compress(ROWS))
        elif path.endswith(".csv") and "none" not in path:
            self.answer(200, ROWS)
        else:
            self.answer(404, b"")

    def answer(self, status, body, length=None, **headers):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body) if length is None else length), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("https")
    certify(folder, "localhost")
    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.crt", folder / "server.key")
    made.socket = context.wrap_socket(made.socket, server_side=True)
    threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True).start()
    yield f"https://localhost:{made.server_port}", str(folder / "server.crt")
    made.shutdown()
    made.server_close()


@pytest.fixture
def web(server, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", server[1])
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("TOKEN", MARKER)
    monkeypatch.setattr(Handler, "seen", [])
    return server[0]


def rows(place, **options):
    return tilth.write(tilth.read(place, **options)).to_pylist()


def test_objects_are_read(web):
    assert (
        rows(f"{web}/open.csv")
        == rows(f"{web}/a%20b.csv.gz?version=3")
        == rows(f"{web}/moved.csv")
        == [{"id": 1, "x": "a"}, {"id": 2, "x": "b"}]
    )
    assert str(tilth.read(f"{web}/open.csv").source) == f"{web}/open.csv"


@pytest.mark.parametrize(
    ("secret", "sent"),
    [
        (MARKER, f"Bearer {MARKER}"),
        ({"token": MARKER}, f"Bearer {MARKER}"),
        ({"username": "me", "password": MARKER}, BASIC),
        ({"header": "X-Api-Key", "value": MARKER}, MARKER),
    ],
)
def test_a_secret_is_a_header(web, monkeypatch, secret, sent):
    monkeypatch.setenv("TOKEN", secret if isinstance(secret, str) else json.dumps(secret))
    assert len(rows(f"{web}/secret.csv", secret="env:TOKEN")) == 2
    assert Handler.seen == [("/secret.csv", sent)]


def test_a_renewed_secret_is_tried_once_more(web, monkeypatch):
    values = iter(["an-old-token", MARKER])
    monkeypatch.setattr(references.PROVIDERS["env"], "text", lambda *_: next(values))
    assert len(rows(f"{web}/secret.csv", secret="env:TOKEN")) == 2
    assert [sent for _, sent in Handler.seen] == ["Bearer an-old-token", f"Bearer {MARKER}"]


@pytest.mark.parametrize(
    ("path", "error", "says"),
    [
        ("/secret.csv", AuthenticationFailed, "status 401"),
        ("/none.csv", SourceError, "status 404"),
        ("/busy.csv", MachineError, "status 503"),
        ("/short.csv", MachineError, "broke off before its end"),
        ("/down.csv", MachineError, "redirects to http://, which is not followed"),
        ("/file.csv", SourceError, "redirects elsewhere, which is not followed"),
        ("/round.csv", SourceError, "redirects elsewhere, which is not followed"),
        ("/folder/", RequestError, "does not name an object"),
        ("/*.csv", RequestError, "does not name an object"),
        ("/a.csv?X-Amz-Signature=marker-token", RequestError, "must not contain the option"),
        ("/a.csv?api_key=marker-token", RequestError, "must not contain the option"),
    ],
)
def test_what_cannot_be_read(web, monkeypatch, path, error, says):
    monkeypatch.setenv("TOKEN", "a-wrong-marker-token")
    with pytest.raises(error, match=says) as raised:
        rows(f"{web}{path}", secret="env:TOKEN")
    assert "marker-token" not in str(raised.value)


def test_the_header_does_not_go_to_another_host(web, server, monkeypatch):
    monkeypatch.setattr(https.ssl, "create_default_context", _trusting(server[1]))
    with pytest.raises(SourceError, match="status 404"):
        rows(f"{web}/away.csv", secret="env:TOKEN")
    assert Handler.seen == [("/away.csv", f"Bearer {MARKER}"), ("/away", None)]


def _trusting(certificate):
    """A context that takes the certificate for any host of this machine."""
    make = ssl.create_default_context

    def made():
        context = make(cafile=certificate)
        context.check_hostname = False
        return context

    return made


def test_certificates_are_verified(web, monkeypatch):
    with pytest.raises(MachineError, match="IP address mismatch"):
        rows(web.replace("localhost", "127.0.0.1") + "/open.csv")
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(MachineError, match=r"self.signed certificate[\s\S]*SSL_CERT_FILE"):
        rows(f"{web}/open.csv", secret="env:TOKEN")
    assert Handler.seen == []


def test_size_and_time_are_bounded(web, monkeypatch):
    monkeypatch.setattr(https, "LARGEST", 4)
    with pytest.raises(SourceError, match="has more than"):
        rows(f"{web}/open.csv")
    monkeypatch.setattr(https, "LARGEST", 1 << 30)
    monkeypatch.setattr(https, "SECONDS", -1.0)
    with pytest.raises(MachineError, match="within the time"):
        rows(f"{web}/open.csv")


def test_plain_http_is_for_this_machine(monkeypatch):
    with pytest.raises(RequestError, match="unencrypted"):
        rows("http://example.com/a.csv")
    with pytest.raises(RequestError, match="must not contain a user"):
        rows(f"https://me:{MARKER}@example.com/a.csv")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:3128")  # not asked: it would see the secret
    with pytest.raises(MachineError, match="Connection refused"):
        rows("http://127.0.0.1:9/a.csv")
    monkeypatch.setenv("TOKEN", "a\nb")
    with pytest.raises(RequestError, match="cannot be used in a header"):
        rows("https://localhost:9/a.csv", secret="env:TOKEN")
