"""Secrets in Vault, by a server that speaks version 2 of its key-value engine."""

from __future__ import annotations

import json

import pytest

from tests.keyservices import vault
from tilth.errors import MachineError, RequestError
from tilth.secrets import resolve

__all__ = ["vault"]
DATA = {"username": "me", "password": "a-password"}
ANSWERS = {
    "/v1/kv/data/prod/pg": (200, {"data": {"data": DATA, "metadata": {"version": 3}}}),
    "/v1/old/data/prod": (200, {"data": DATA}),
    "/v1/kv/data/sealed": (503, {"errors": ["Vault is sealed marker-marker"]}),
}


@pytest.fixture(autouse=True)
def answering(vault):
    vault.answers |= ANSWERS


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
