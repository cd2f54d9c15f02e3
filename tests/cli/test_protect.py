"""`tilth protect`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.processes import Completed
from tests.steps.keys import KEY
from tilth.encryption import keyfile
from tilth.encryption.keys import key_of

Tilth = Callable[..., Completed]


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(keyfile.SCRYPT, "n", 16)


def test_the_commands_make_rotate_and_show_keys_and_print_none(tilth: Tilth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tilth.key"
    phrase = tmp_path / "phrase"
    phrase.write_text("correct horse\n")
    handle = os.open(phrase, os.O_RDONLY)
    monkeypatch.setenv("TILTH_PASSPHRASE_FD", str(handle))
    made = tilth("protect", "key", "new", str(path), "--passphrase")
    assert made.code == 0 and "Back it up" in made.err
    os.lseek(handle, 0, os.SEEK_SET)
    assert key_of(f"file:{path}").describe().id == made.out.strip()
    os.lseek(handle, 0, os.SEEK_SET)
    rotated = tilth("protect", "key", "rotate", str(path))
    os.close(handle)
    shown = json.loads(tilth("protect", "key", "show", str(path), "--json").out)
    assert [(r["id"], r["state"], r["under"]) for r in shown] == [
        (rotated.out.strip(), "active", "passphrase"),
        (made.out.strip(), "retired", "passphrase"),
    ]
    assert "retired" in tilth("protect", "key", "show", str(path)).out
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    gone = tilth("protect", "key", "destroy", str(path), made.out.strip(), str(tmp_path / "data"), "--yes")
    assert gone.code == 0 and "destroyed" in tilth("protect", "key", "show", str(path)).out
    assert tilth("protect", "key", "destroy", str(path), rotated.out.strip(), str(tmp_path / "data"), "--yes").code == 2
    assert all(e["key"] not in made.out + made.err + rotated.out + rotated.err for e in json.loads(path.read_text())["keys"] if "key" in e)


@pytest.mark.slow
def test_reveal_and_risk(tilth: Tilth, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    people = "".join(f"p{i}@example.org,{i // 4 * 10},{i % 2}\n" for i in range(8))
    Path("people.csv").write_text(f"email,age,ill\n{people}")
    Path("flow.yaml").write_text(f"data: {{read: people.csv}}\nfeatures: [{{redact: {{columns: email, with: token, key: '{KEY}'}}}}]\n")
    assert tilth("fit", "flow.yaml", "-o", "flow.tilth").code == tilth("apply", "flow.tilth", "people.csv", "-o", "hidden.csv").code == 0
    assert "example.org" not in Path("hidden.csv").read_text()
    words = ("--flow", "flow.tilth", "--purpose", "complaint 17", "-o", "shown.csv")
    done = tilth("protect", "reveal", "hidden.csv", *words)
    assert (done.code, Path("shown.csv").read_text()) == (0, Path("people.csv").read_text()), done.err
    assert "email: 8 values" in done.err and "complaint 17" in Path("protect/log.jsonl").read_text()
    for k, code in (("4", 0), ("5", 1)):
        found = tilth("protect", "risk", "people.csv", "--quasi", "age", "--sensitive", "ill", "--k", k, "--json")
        assert (found.code, json.loads(found.out)["findings"][0]["value"]) == (code, 4)
    assert tilth("protect", "risk", "people.csv", "--quasi", "age", "--k", "1").code == 2
