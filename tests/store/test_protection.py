"""The key in force."""

from __future__ import annotations

import os
import tempfile
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


def test_a_process_that_holds_a_key_leaves_no_core_dump(key: str) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_CORE)
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
        with protected(key):
            assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


def test_temporary_files_are_in_a_private_folder_meanwhile(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delenv("TMPDIR", raising=False)
    with protected(key):
        made = Path(tempfile.mkdtemp())
        with protected(key):
            assert os.environ["TMPDIR"] == tempfile.gettempdir() == str(made.parent)
        assert made.parent.stat().st_mode & 0o777 == 0o700 and made.parent.parent == tmp_path
    assert tempfile.gettempdir() == str(tmp_path) and "TMPDIR" not in os.environ
    assert made.exists()  # until the process ends: what was opened may be read longer than the key is in force
