"""Data sets keep readable through rotations, and are unreadable once their key is destroyed."""

from __future__ import annotations

from pathlib import Path

import pytest

import tilth
from tests.encrypted import TABLE, code_of, key, rows
from tilth.encryption.keyfile import KeyFile
from tilth.encryption.keys import key_of
from tilth.errors import SourceError
from tilth.protection.keys import rewrap, shred
from tilth.store.protection import protected

__all__ = ["key"]


def test_rotate_rewrap_destroy_and_shred(key: str, tmp_path: Path) -> None:
    file, out = KeyFile(key.removeprefix("file:")), tmp_path / "out"
    with protected(key):
        tilth.write(tilth.read(TABLE), out)
    old, new = file.active.id, file.rotated().id
    before = {p: p.read_bytes() for p in out.rglob("*.parquet")}
    assert rewrap(out, key_of(key)) == (old, new)
    assert {p: p.read_bytes() for p in out.rglob("*.parquet")} == before
    file.destroyed(old)
    with protected(key):
        assert rows(tilth.read(out)).num_rows == TABLE.num_rows
    shred(out)
    with protected(key), pytest.raises(SourceError) as error:
        tilth.read(out)
    assert code_of(error) <= {"no-data-key"}
    with pytest.raises(SourceError, match="is missing"):
        shred(out)
