"""What is not encrypted is found, by the command, too."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

import tilth
from tests.encrypted import MARK, TABLE, key
from tests.house.tree import ROOT
from tilth.cli.app import run
from tilth.encryption.keyfile import KeyFile
from tilth.errors import SourceError
from tilth.protection import environment
from tilth.protection.audit import audit
from tilth.store.protection import protected

__all__ = ["key"]


def test_what_is_not_encrypted_is_found(
    key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)  # where shred leaves a log
    out = tmp_path / "out"
    with protected(key):
        tilth.write(tilth.read(TABLE), out / "data")
        tilth.write(tilth.read(TABLE), out / "a.csv")
    assert run(["protect", "verify", str(out), "--key", key, "--json"]) == 0
    found = json.loads(capfd.readouterr().out)
    (held,) = found["keys"]
    assert (found["plaintext"], found["encrypted"]) == ([], 4)
    assert (held["folder"], held["files"], held["key"]) == ("data", 3, KeyFile(key.removeprefix("file:")).active.id)
    assert run(["protect", "open", str(out / "a.csv.sealed"), "--key", key]) == 0
    assert MARK in capfd.readouterr().out
    assert run(["protect", "verify", str(out)]) == 0
    assert "encrypted: 4 of 6 files; 2 need not be: lists of files, and wrapped keys\nunencrypted data: none\n" in capfd.readouterr().err
    (out / "note.txt").write_text(MARK)
    (out / "note.gz").write_bytes(os.urandom(4096))
    (out / "_tilth.json").write_text(MARK)
    plain = {p.path: p.why for p in audit(out).plaintext}
    assert plain.keys() == {"note.txt", "note.gz", "_tilth.json"}
    assert plain["note.txt"] == "it is not encrypted" and "looks packed" in plain["note.gz"]
    assert run(["protect", "verify", str(out)]) == 1
    (out / "data" / "more.txt").write_text(MARK)
    assert run(["protect", "verify", str(out), "--key", key]) == 2  # the data set is not what was written
    assert run(["protect", "shred", str(out / "data"), "--yes"]) == 0
    assert "shred" in (tmp_path / "protect" / "log.jsonl").read_text("utf-8")
    with pytest.raises(SourceError, match="no folder"):
        audit(tmp_path / "none")


def test_what_encryption_does_not_cover_is_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "SWAPS", tmp_path / "swaps")
    monkeypatch.setattr(environment, "BLOCK", tmp_path / "block")
    monkeypatch.setattr(environment, "CORE_PATTERN", tmp_path / "core")
    out, uuid = tmp_path / "out", tmp_path / "block" / "dm-0" / "dm" / "uuid"
    out.mkdir(mode=0o700)
    tmp_path.chmod(0o700)
    assert environment.environment(out) == ()  # not Linux
    uuid.parent.mkdir(parents=True)
    uuid.write_text("CRYPT-PLAIN-swap\n")
    (tmp_path / "swaps").write_text(
        "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n/dev/dm-0 partition 1 0 -3\n/dev/zram0 partition 1 0 5\n"
    )
    (tmp_path / "core").write_text("|/usr/share/apport %p\n")
    (out / "_tilth").mkdir()
    (out / "tilth.key").touch()
    out.chmod(0o757)
    tmp_path.chmod(0o770)
    said = " ".join(note.what for note in environment.environment(out, f"file:{out / 'tilth.key'}"))
    for words in ("/dev/sda2", "/usr/share/apport", "all users may list", "in the data folder", "may write to"):
        assert words in said
    assert "dm-0" not in said and "zram0" not in said


def test_the_tests_exist_that_are_named_as_proof() -> None:
    page, last = (ROOT / "docs" / "protection.md").read_text(), ""
    named = re.findall(r"`(tests/[\w/]+\.py)?(?:::(test_\w+))?`", page)
    assert len(named) > 20
    for file, function in named:
        last = file or last
        assert not function or f"def {function}(" in (ROOT / last).read_text(), function
