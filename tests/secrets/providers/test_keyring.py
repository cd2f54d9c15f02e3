"""Secrets in a key ring, which is one in memory here."""

from __future__ import annotations

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from tilth.errors import MachineError, RequestError
from tilth.secrets import resolve


class InMemory(KeyringBackend):
    priority = 1

    def get_password(self, service, username):
        if service == "locked":
            raise KeyringLocked("marker-marker")
        return {("db/prod", "me"): "a-password"}.get((service, username))

    def set_password(self, service, username, password):
        raise NotImplementedError


@pytest.fixture(autouse=True)
def ring():
    before = keyring.get_keyring()
    keyring.set_keyring(InMemory())
    yield
    keyring.set_keyring(before)


def test_a_password():
    assert resolve("keyring:db/prod/me").reveal() == "a-password"
    with pytest.raises(RequestError, match="keyring set db/prod you"):
        resolve("keyring:db/prod/you")
    with pytest.raises(RequestError, match="SERVICE/USER"):
        resolve("keyring:me")
    with pytest.raises(MachineError, match="KeyringLocked") as raised:
        resolve("keyring:locked/me")
    assert "marker" not in str(raised.value)
