"""Secrets in the environment."""

from __future__ import annotations

import pytest

from tilth.errors import RequestError
from tilth.secrets import resolve


def test_a_variable(monkeypatch):
    monkeypatch.setenv("WAREHOUSE_PASSWORD", "a-password")
    assert resolve("env:WAREHOUSE_PASSWORD").reveal() == "a-password"
    with pytest.raises(RequestError, match="did you mean 'WAREHOUSE_PASSWORD'"):
        resolve("env:WAREHOUSE_PASWORD")
