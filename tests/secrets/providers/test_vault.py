"""Secrets in Vault, by a server that speaks version 2 of its key-value engine."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tilth.errors import MachineError, RequestError
from tilth.secrets import resolve

DATA = {"username": "me", "password": "a-password"}
ANSWERS = {
    "/v1/kv/data/prod/pg": (200, {"data": {"data": DATA, "metadata": {"version": 3}}}),
    "/v1/old/data/prod": (200, {"data": DATA}),
    "/v1/kv/data/sealed": (503, {"errors": ["Vault is sealed marker-marker"]}),
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        status, body = ANSWERS.get(self.path, (404, {"errors": []}))
        if self.headers["X-Vault-Token"] != "a-vault-token":
            status, body = 403, {"errors": ["permission denied marker-marker"]}
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, *_):
        pass


@pytest.fixture(autouse=True)
def vault(monkeypatch, tmp_path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("VAULT_TOKEN", "a-vault-token")
    monkeypatch.setenv("HOME", str(tmp_path))
    yield
    server.shutdown()
    server.server_close()


def test_a_secret_and_its_fields(monkeypatch, tmp_path):
    assert json.loads(resolve("vault:kv/prod/pg").reveal()) == DATA
    monkeypatch.delenv("VAULT_TOKEN")
    (tmp_path / ".vault-token").write_text("a-vault-token")
    assert resolve("vault:kv/prod/pg#password", fresh=True).reveal() == "a-password"


@pytest.mark.parametrize(
    ("reference", "environment", "error", "says"),
    [
        ("vault:kv/none", {}, RequestError, "does not exist"),
        ("vault:kv", {}, RequestError, "not the path"),
        ("vault:old/prod", {}, MachineError, "version 2"),
        ("vault:kv/sealed", {}, MachineError, "sealed"),
        ("vault:kv/prod/pg", {"VAULT_TOKEN": "wrong-marker-marker"}, RequestError, "token is refused"),
        ("vault:kv/prod/pg", {"VAULT_TOKEN": ""}, RequestError, "no token"),
        ("vault:kv/prod/pg", {"VAULT_ADDR": "http://vault.example.com"}, RequestError, "https://HOST"),
        ("vault:kv/prod/pg", {"VAULT_ADDR": ""}, RequestError, "not known"),
        ("vault:kv/prod/pg", {"VAULT_ADDR": "http://127.0.0.1:9"}, MachineError, "does not answer"),
    ],
)
def test_what_goes_wrong(reference, environment, error, says, monkeypatch):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(error, match=says) as raised:
        resolve(reference)
    assert "marker-marker" not in str(raised.value)
