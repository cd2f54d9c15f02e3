"""Data sets keep readable through rotations, and are unreadable once their key is destroyed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tilth
from tests.encrypted import TABLE, code_of, key, rows
from tests.keyservices import Vault, aws, kms, vault
from tilth.cli.app import run
from tilth.encryption.dataset import keys_in
from tilth.encryption.keyfile import KeyFile, new_key_file
from tilth.encryption.keys import key_of
from tilth.errors import RequestError, SourceError
from tilth.protection.audit import audit
from tilth.protection.keys import destroy, rewrap, shred
from tilth.store.places import atomic, copies
from tilth.store.protection import protected

__all__ = ["aws", "key", "kms", "vault"]


def test_from_a_key_file_to_vault_and_back(key: str, vault: Vault, tmp_path: Path) -> None:
    out, transit = tmp_path / "out", "vault-transit:tilth"
    with protected(key):
        tilth.write(tilth.read(TABLE), out)
    assert rewrap(out, key_of(key), key_of(transit)) == (key_of(key).describe().id, "transit/tilth:v1")
    vault.transit.make("tilth")
    assert rewrap(out, key_of(transit)) == ("transit/tilth:v1", "transit/tilth:v2")
    with protected(transit):
        assert rows(tilth.read(out)).num_rows == TABLE.num_rows
    with protected(key), pytest.raises(SourceError) as error:
        tilth.read(out)
    assert code_of(error) == {"wrong-key"}
    assert rewrap(out, key_of(transit), key_of(key))[1] == key_of(key).describe().id
    with protected(key):
        assert rows(tilth.read(out)).num_rows == TABLE.num_rows


def test_every_file_is_encrypted_anew(key: str, tmp_path: Path) -> None:
    out, old = tmp_path / "out", key_of(key).describe().id
    with protected(key), atomic(out, folder=True) as new:
        tilth.write(tilth.read(TABLE), new / "data.parquet")
        (new / "note.txt").write_text("hello")
        (new / "below").mkdir()
        (new / "below" / "b.txt").write_text("")
    stolen = keys_in(out)[0]
    KeyFile(key.removeprefix("file:")).rotated()
    assert run(["protect", "rewrap", str(out), "--deep", "--key", key]) == 0
    with protected(key):
        assert keys_in(out)[0] != stolen and rows(tilth.read(out / "data.parquet")).equals(rows(tilth.read(TABLE)))
        assert Path(copies(out / "note.txt").path).read_text() == "hello" and (out / "below" / "b.txt.sealed").exists()
    found = audit(out)
    assert not found.plaintext and [held.key for held in found.keys] == [key_of(key).describe().id] != [old]
    assert run(["protect", "rewrap", str(out), "--deep", "--key", key, "--to", key]) == 2
    new_key_file(tmp_path / "other.key")
    assert run(["protect", "rewrap", str(out), "--deep", "--key", f"file:{tmp_path / 'other.key'}"]) == 2 and audit(out) == found


@pytest.mark.slow
def test_a_data_set_under_kms_is_one_call_for_writing_and_one_for_reading(
    kms: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.client import BaseClient

    answered, asked = BaseClient._make_api_call, list[str]()

    def call(self: Any, operation: str, parameters: Any) -> Any:
        asked.append(operation)
        return answered(self, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    with protected("aws-kms:alias/tilth"):
        tilth.write(tilth.read(TABLE), tmp_path / "out", compression="zstd")
    with protected("aws-kms:alias/tilth"):
        assert [rows(tilth.read(tmp_path / "out")).num_rows for _ in range(2)] == [TABLE.num_rows] * 2
    assert asked == ["DescribeKey", "GenerateDataKey", "Decrypt"]


def test_rotate_rewrap_destroy_and_shred(key: str, tmp_path: Path) -> None:
    file, out = KeyFile(key.removeprefix("file:")), tmp_path / "out"
    with protected(key):
        tilth.write(tilth.read(TABLE), out)
        for name in ("alone.csv", "alone.parquet"):
            tilth.write(tilth.read(TABLE.slice(0, 9)), tmp_path / "some" / name)
    old, new = file.active.id, file.rotated().id
    before = {p: p.read_bytes() for p in out.rglob("*.parquet")}
    with pytest.raises(RequestError, match=r"3 files would be lost .*keys\.json"):
        destroy(file, old, [tmp_path], tmp_path / "log.jsonl")
    assert rewrap(out, key_of(key)) == (old, new)
    assert {p: p.read_bytes() for p in out.rglob("*.parquet")} == before
    log, all_of_it = tmp_path / "log.jsonl", [tmp_path]
    with pytest.raises(RequestError, match=r"2 files would be lost.*alone\.csv\.sealed, .*alone\.parquet"):
        destroy(file, old, all_of_it, log)
    assert not log.exists() and destroy(file, old, [out], log) > 2
    with protected(key):
        assert rows(tilth.read(out)).num_rows == TABLE.num_rows
    shred(out, log)
    assert [(x["act"], x["keys"]) for x in map(json.loads, log.read_text().splitlines())] == [("destroy", [old]), ("shred", [new])]
    with protected(key), pytest.raises(SourceError) as error:
        tilth.read(out)
    assert code_of(error) <= {"no-data-key"}
    with pytest.raises(SourceError, match="is missing"):
        shred(out, log)
