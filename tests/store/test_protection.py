"""The key in force."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.encrypted import key, plaintext
from tilth.encryption.keyfile import new_key_file
from tilth.errors import RequestError
from tilth.store.protection import protected

__all__ = ["key", "plaintext"]


def test_one_key_is_in_force_at_a_time(key: str, tmp_path: Path) -> None:
    new_key_file(tmp_path / "keys" / "other.key")
    with (
        protected(key),
        protected(key),
        pytest.raises(RequestError, match="give one key"),
        protected(f"file:{tmp_path / 'keys/other.key'}"),
    ):
        pass
