"""Services that keep keys: AWS KMS, which moto is in this process, and a server that answers as Vault does."""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tilth.encryption import keys
from tilth.secrets.kept import Kept

TOKEN = "a-vault-token"
Answer = tuple[int, dict[str, Any]]


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is known of what services said in other tests."""
    for name in ("_described", "_unwrapped"):
        monkeypatch.setattr(keys, name, Kept())


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """AWS in this process."""
    from moto import mock_aws

    forget(monkeypatch)
    for name, value in {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_REGION": "eu-west-1"}.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield


@pytest.fixture
def kms(aws: None) -> Any:
    """A client of KMS, where `alias/tilth` is a key."""
    import boto3

    client = boto3.client("kms", region_name="eu-west-1")
    client.create_alias(AliasName="alias/tilth", TargetKeyId=client.create_key()["KeyMetadata"]["KeyId"])
    return client


class Transit:
    """Vault's transit engine at `transit`: versions of keys, from which one is derived for each context.

    Paths, bodies and statuses are those of Vault's documentation of its HTTP API; how it derives and encrypts is not visible outside.
    """

    def __init__(self) -> None:
        self.keys: dict[str, list[bytes]] = {}
        self.least: dict[str, int] = {}
        self.derived = True
        self.asked: list[str] = []

    def make(self, name: str) -> None:
        """A new key, or a new version of one."""
        self.keys.setdefault(name, []).append(os.urandom(32))

    def answer(self, method: str, act: str, name: str, body: dict[str, Any]) -> Answer:
        self.asked.append(act)
        held = self.keys.get(name)
        if act == "keys":
            least = self.least.get(name, 1)
            said = {
                "derived": self.derived,
                "supports_encryption": True,
                "min_decryption_version": least,
                "latest_version": len(held or ()),
            }
            return (200, {"data": said}) if held else (404, {"errors": []})
        if not held or "context" not in body:
            return 400, {"errors": ["encryption key not found marker-marker"]}
        context = base64.b64decode(body["context"])
        if act == "decrypt":
            return self._decrypted(held, context, body["ciphertext"], self.least.get(name, 1))
        plain = os.urandom(body["bits"] // 8) if act == "datakey/plaintext" else base64.b64decode(body["plaintext"])
        nonce = os.urandom(12)
        text = base64.b64encode(nonce + self._cipher(held[-1], context).encrypt(nonce, plain, None)).decode()
        return 200, {"data": {"ciphertext": f"vault:v{len(held)}:{text}", "plaintext": base64.b64encode(plain).decode()}}

    def _decrypted(self, held: list[bytes], context: bytes, ciphertext: str, least: int) -> Answer:
        try:
            _, version, text = ciphertext.split(":")
            found = base64.b64decode(text, validate=True)
            if int(version[1:]) < least:
                raise ValueError
            plain = self._cipher(held[int(version[1:]) - 1], context).decrypt(found[:12], found[12:], None)
        except (ValueError, InvalidTag, IndexError):
            return 400, {"errors": ["cipher: message authentication failed marker-marker"]}
        return 200, {"data": {"plaintext": base64.b64encode(plain).decode()}}

    def _cipher(self, key: bytes, context: bytes) -> AESGCM:
        return AESGCM(HKDF(SHA256(), 32, None, context).derive(key))


class Vault:
    """A server with a transit engine, and with answers to some paths."""

    def __init__(self) -> None:
        self.transit, self.answers = Transit(), dict[str, Answer]()

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        mount, _, rest = path.removeprefix("/v1/").partition("/")
        if mount == "transit":
            act, _, name = rest.rpartition("/")
            return self.transit.answer(method, act, name, json.loads(body or b"{}"))
        return self.answers.get(path, (404, {"errors": []}))


@pytest.fixture
def vault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Vault]:
    """Vault on this machine, where the transit engine has the key `tilth`."""
    forget(monkeypatch)
    made = Vault()
    made.transit.make("tilth")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = made.answer(self.command, self.path, body)
            if self.headers["X-Vault-Token"] != TOKEN:
                status, answer = 403, {"errors": ["permission denied marker-marker"]}
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("VAULT_ADDR", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("VAULT_TOKEN", TOKEN)
    monkeypatch.setenv("HOME", str(tmp_path))
    yield made
    server.shutdown()
    server.server_close()
