"""What is not encrypted is found, by the command, too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import tilth
from tests.encrypted import MARK, TABLE, key
from tilth.cli.app import run
from tilth.errors import SourceError
from tilth.protection.audit import audit
from tilth.store.protection import protected

__all__ = ["key"]


def test_what_is_not_encrypted_is_found(key: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    with protected(key):
        tilth.write(tilth.read(TABLE), out / "data")
        tilth.write(tilth.read(TABLE), out / "a.csv")
    assert run(["protect", "verify", str(out), "--key", key, "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    assert (found["plaintext"], found["encrypted"], len(found["keys"])) == ([], 4, 1)
    assert run(["protect", "open", str(out / "a.csv.sealed"), "--key", key]) == 0
    assert MARK in capfd.readouterr().out
    (out / "note.txt").write_text(MARK)
    (out / "_tilth.json").write_text(MARK)
    assert {p.path for p in audit(out).plaintext} == {"note.txt", "_tilth.json"}
    assert run(["protect", "verify", str(out)]) == 1
    (out / "data" / "more.txt").write_text(MARK)
    assert run(["protect", "verify", str(out), "--key", key]) == 2  # the data set is not what was written
    assert run(["protect", "shred", str(out / "data"), "--yes"]) == 0
    with pytest.raises(SourceError, match="no folder"):
        audit(tmp_path / "none")
