"""Root keys: the same laws for every kind, key files that others cannot use, and nothing secret in what is shown."""

from __future__ import annotations

import base64
import json
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.keyservices import Vault, aws, kms, vault
from tilth.encryption import keyfile
from tilth.encryption.keyfile import KeyFile, new_key_file
from tilth.encryption.keys import Key, RemoteKey, key_of, marked, wrapping_key
from tilth.encryption.kms import KmsKey
from tilth.errors import MachineError, MissingExtra, RequestError, SourceError, TilthError

__all__ = ["aws", "kms", "vault"]

CONTEXT = {"tilth:dataset": "d1", "tilth:kind": "sealed"}
ROOT = bytes(range(32))


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(keyfile.SCRYPT, "n", 16)


def code_of(error: pytest.ExceptionInfo[TilthError]) -> str:
    return error.value.mistakes[0].code


def made(kind: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Key:
    text = base64.b64encode(ROOT).decode()
    if kind == "file":
        new_key_file(folder / "tilth.key")
        return key_of(f"file:{folder / 'tilth.key'}")
    if kind == "passphrase":
        new_key_file(folder / "tilth.key", "correct horse")
        return KeyFile(folder / "tilth.key").key("file:tilth.key", lambda: "correct horse")
    if kind == "env":
        monkeypatch.setenv("TILTH_TEST_KEY", text)
        return key_of("env:TILTH_TEST_KEY")
    (folder / "shown").write_text(text)
    return key_of(f"command:cat {folder / 'shown'}")


@pytest.mark.parametrize("kind", ["file", "passphrase", "env", "command"])
def test_every_kind_of_key_keeps_the_laws(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = made(kind, tmp_path, monkeypatch)
    keeps_the_laws(key)
    key = key.deriving()
    assert key.derived("a") != key.derived("b") and len(key.derived("a", 64)) == 64
    shown = f"{key!r} {key.describe()} {vars(key)}"
    assert base64.b64encode(ROOT).decode() not in shown and repr(ROOT)[2:-1] not in shown


@pytest.mark.slow
def test_a_key_in_kms_keeps_the_laws(kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.client import BaseClient

    key = key_of("aws-kms:alias/tilth")
    wrapped = keeps_the_laws(key)
    assert wrapping_key(wrapped) == key.describe().id == kms.describe_key(KeyId="alias/tilth")["KeyMetadata"]["Arn"]
    assert key_of(f"aws-kms:{key.describe().id}").unwrap(wrapped, CONTEXT) == key.unwrap(wrapped, CONTEXT)
    kms.rotate_key_on_demand(KeyId=key.describe().id)  # of the same id
    assert key.unwrap(wrapped, CONTEXT) == key_of(f"aws-kms:{key.describe().id}").ask(wrapped, CONTEXT)
    new = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName="alias/tilth", TargetKeyId=new)
    answered = BaseClient._make_api_call

    def call(self: Any, operation: str, parameters: Any) -> Any:
        if operation == "Decrypt":  # as KMS answers for the key of another ciphertext, where moto has no permission
            raise self.exceptions.IncorrectKeyException({"Error": {"Code": "IncorrectKeyException"}}, operation)
        return answered(self, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    with pytest.raises(SourceError, match=re.escape(wrapping_key(wrapped))) as error:
        key_of("aws-kms:alias/tilth").ask(wrapped, CONTEXT)
    assert code_of(error) == "wrong-key"
    kms.disable_key(KeyId=new)
    curve = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    gone = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=gone)
    for name, says in {"alias/tilth": "is disabled", "alias/none": "does not exist", curve: "SYMMETRIC_DEFAULT", gone: "cancel"}.items():
        with pytest.raises(RequestError, match=says) as refused:
            KmsKey(f"aws-kms:{name}").look()
        assert code_of(refused) == "no-key"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "error", "says"),
    [
        ("AccessDeniedException", RequestError, "kms:GenerateDataKey"),
        ("DisabledException", RequestError, "is disabled"),
        ("ExpiredTokenException", RequestError, "have expired"),
        ("ThrottlingException", MachineError, "ThrottlingException"),
    ],
)
def test_what_kms_refuses(code: str, error: type[TilthError], says: str, aws: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.client import BaseClient
    from botocore.exceptions import ClientError

    def call(self: object, operation: str, parameters: object) -> None:
        raise ClientError({"Error": {"Code": code, "Message": "marker-marker"}}, operation)

    monkeypatch.setattr(BaseClient, "_make_api_call", call)
    for act in (lambda key: key.new_key(CONTEXT), lambda key: key.ask(marked("arn:x", b"x"), CONTEXT)):
        with pytest.raises(error, match=says) as raised:
            act(key_of("aws-kms:alias/tilth"))
        assert "marker-marker" not in str(raised.value)


def test_a_key_in_vault_keeps_the_laws(vault: Vault) -> None:
    key = key_of("vault-transit:tilth")
    wrapped = keeps_the_laws(key)
    vault.transit.asked.clear()
    assert key.unwrap(wrapped, CONTEXT) and not vault.transit.asked  # it is kept
    vault.transit.make("tilth")
    renewed = key_of("vault-transit:transit/tilth")
    assert wrapping_key(wrapped) == "transit/tilth:v1"
    assert wrapping_key(renewed.wrap(b"k" * 32, CONTEXT)) == renewed.describe().id == "transit/tilth:v2"
    assert renewed.ask(wrapped, CONTEXT) == key.unwrap(wrapped, CONTEXT)
    vault.transit.least["tilth"] = 2
    with pytest.raises(SourceError, match="from version 2 on") as error:
        key_of("vault-transit:tilth").ask(wrapped, CONTEXT)
    assert code_of(error) == "wrong-key"


@pytest.mark.parametrize(
    ("reference", "environment", "error", "says"),
    [
        ("vault-transit:none", {}, RequestError, "vault write -f transit/keys/none derived=true"),
        ("vault-transit:tilth", {"VAULT_TOKEN": "wrong-marker-marker"}, RequestError, "transit/datakey/plaintext/tilth"),
        ("vault-transit:kv/sealed", {}, MachineError, "sealed"),
        ("vault-transit:old/tilth", {}, MachineError, "not one of Vault's"),
        ("vault-transit:plain/tilth", {}, RequestError, "is not derived"),
        ("vault-transit:tilth", {"VAULT_ADDR": "http://127.0.0.1:9"}, MachineError, "does not answer"),
    ],
)
def test_what_vault_refuses(
    reference: str, environment: dict[str, str], error: type[TilthError], says: str, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.answers["/v1/kv/keys/sealed"] = (503, {"errors": ["marker-marker"]})
    vault.answers["/v1/old/keys/tilth"] = (200, {"data": "marker-marker"})
    vault.answers["/v1/plain/keys/tilth"] = (200, {"data": {"derived": False, "supports_encryption": True}})
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    for act in (lambda key: key.new_key(CONTEXT), lambda key: key.wrap(b"k" * 32, CONTEXT)):
        with pytest.raises(error, match=says) as raised:
            act(key_of(reference))
        assert "marker-marker" not in str(raised.value)


def keeps_the_laws(key: Key) -> bytes:
    plain, wrapped = key.new_key(CONTEXT)
    assert len(plain) == 32 and plain not in wrapped
    assert key.unwrap(wrapped, dict(reversed(CONTEXT.items()))) == plain
    assert key.wrap(plain, CONTEXT) != wrapped  # a nonce of its own
    with pytest.raises(SourceError) as error:
        key.unwrap(wrapped, {**CONTEXT, "tilth:dataset": "d2"})
    assert code_of(error) == "wrong-context"
    step, refused = (17, TilthError) if isinstance(key, RemoteKey) else (1, SourceError)  # of moto, for no permission
    for i in range(0, len(wrapped), step):  # never a key that was not wrapped
        with pytest.raises(refused):
            key.unwrap(wrapped[:i] + bytes([wrapped[i] ^ 1]) + wrapped[i + 1 :], CONTEXT)
        with pytest.raises(refused):
            key.unwrap(wrapped[:i], CONTEXT)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(key)
    return wrapped


def test_the_check_value_of_a_derived_key(monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    monkeypatch.setenv("TILTH_TEST_KEY", base64.b64encode(ROOT).decode())
    label = "tilth/v1/pseudonym/customer"
    got = key_of("env:TILTH_TEST_KEY").deriving().derived(label)
    assert got == HKDF(hashes.SHA256(), 32, None, label.encode()).derive(ROOT)
    assert got.hex() == "b02cbf7252f23f923a28facda42bd1db8e61f4ae035ada870678295d86579188"


def test_another_key_does_not_unwrap(tmp_path: Path) -> None:
    new_key_file(tmp_path / "a.key")
    new_key_file(tmp_path / "b.key")
    _, wrapped = key_of(f"file:{tmp_path / 'a.key'}").new_key(CONTEXT)
    with pytest.raises(SourceError) as error:
        key_of(f"file:{tmp_path / 'b.key'}").unwrap(wrapped, CONTEXT)
    assert code_of(error) == "wrong-key"


def test_rotated_keys_unwrap_until_they_are_destroyed(tmp_path: Path) -> None:
    path = tmp_path / "tilth.key"
    first = new_key_file(path)
    plain, wrapped = key_of(f"file:{path}").new_key(CONTEXT)
    second = KeyFile(path).rotated()
    key = key_of(f"file:{path}")
    assert key.unwrap(wrapped, CONTEXT) == plain and wrapping_key(wrapped) == first.id
    assert wrapping_key(key.wrap(plain, CONTEXT)) == second.id == key.describe().id
    with pytest.raises(RequestError, match="not a retired key"):
        KeyFile(path).destroyed(second.id)
    KeyFile(path).destroyed(first.id)
    with pytest.raises(SourceError) as error:
        key_of(f"file:{path}").unwrap(wrapped, CONTEXT)
    assert code_of(error) == "wrong-key"
    held = json.loads(path.read_text())["keys"]
    assert [(e["id"], e["state"], "key" in e) for e in held] == [(second.id, "active", True), (first.id, "destroyed", False)]
    assert path.stat().st_mode & 0o777 == 0o600 and len(list(tmp_path.iterdir())) == 1


def test_without_cryptography(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new_key_file(tmp_path / "phrase.key", "correct horse")
    new_key_file(tmp_path / "plain.key")
    key = key_of(f"file:{tmp_path / 'plain.key'}")
    wrapped = key.wrap(ROOT, CONTEXT)
    for name in [name for name in sys.modules if name.startswith("cryptography")]:
        monkeypatch.setitem(sys.modules, name, None)
    file = KeyFile(tmp_path / "phrase.key")
    for use in (lambda: file.key("file:phrase.key", lambda: "correct horse"), lambda: key.unwrap(wrapped, CONTEXT)):
        with pytest.raises(MissingExtra, match=r"tilth\[protect\]"):
            use()


def test_a_wrong_passphrase_is_not_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "tilth.key"
    new_key_file(path, "right")
    with pytest.raises(RequestError) as error:
        KeyFile(path).key("file:x", lambda: "wrong")
    assert code_of(error) == "wrong-passphrase"
    new_key_file(tmp_path / "plain.key")
    content = json.loads((tmp_path / "plain.key").read_text())
    secret = content["keys"][0]["key"]
    content["keys"][0]["key"] = base64.b64encode(ROOT).decode()
    (tmp_path / "plain.key").write_text(json.dumps(content))
    with pytest.raises(RequestError) as error:
        key_of(f"file:{tmp_path / 'plain.key'}")
    assert code_of(error) == "damaged-key" and secret not in str(error.value)
    (tmp_path / "plain.key").write_text(json.dumps({**content, "keys": content["keys"] * 2}))
    with pytest.raises(RequestError, match="one active key"):
        key_of(f"file:{tmp_path / 'plain.key'}")
    (tmp_path / "plain.key").write_text('{"tilth_key": 1, "keys": [{"key": "c2VjcmV0"}]}')
    with pytest.raises(RequestError, match="not a key file") as error:
        key_of(f"file:{tmp_path / 'plain.key'}")
    assert "c2VjcmV0" not in str(error.value)


def test_key_files_that_others_may_use_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, link = tmp_path / "tilth.key", tmp_path / "link.key"
    new_key_file(path)
    link.symlink_to(path)
    path.chmod(0o640)
    with pytest.raises(RequestError, match=f"chmod 600 {path}") as error:
        key_of(f"file:{path}")
    assert code_of(error) == "key-permissions"
    with pytest.raises(RequestError, match="symbolic link") as error:
        key_of(f"file:{link}")
    assert code_of(error) == "key-link"
    monkeypatch.setenv("TILTH_KEY_FILE_LAX", "1")
    assert key_of(f"file:{link}").describe().kind == "file"
    monkeypatch.delenv("TILTH_KEY_FILE_LAX")
    path.chmod(0o600)
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    if path.stat().st_uid:
        with pytest.raises(RequestError, match="another user"):
            key_of(f"file:{path}")
    monkeypatch.undo()
    path.write_bytes(b" " * ((64 << 10) + 1))
    with pytest.raises(RequestError, match="at most 65,536"):
        key_of(f"file:{path}")
    with pytest.raises(RequestError, match="not a plain file"):
        key_of("file:/dev/null")
    with pytest.raises(RequestError, match="tilth protect key new"):
        key_of(f"file:{tmp_path / 'none.key'}")


def test_a_key_file_does_not_lie_where_it_is_copied_from(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    with pytest.raises(RequestError, match="Git work tree"):
        new_key_file(tmp_path / "tilth.key")
    (tmp_path / ".gitignore").write_text("secrets/\n")
    new_key_file(tmp_path / "secrets" / "tilth.key")
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    with pytest.raises(RequestError, match="already exists"):
        new_key_file(tmp_path / "secrets" / "tilth.key")
    (tmp_path / "secrets" / "_tilth.json").write_text("{}")
    with pytest.raises(RequestError, match="data folder"):
        new_key_file(tmp_path / "secrets" / "other.key")


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("tilth.key", "file:PATH, aws-kms:KEY"),
        ("fiel:x", "did you mean 'file'"),
        ("env:TILTH_NOT_SET", "TILTH_NOT_SET"),
        ("command:false", "ended with status 1"),
        ("command:/nowhere/pass", "cannot be started"),
        ("command:echo aHVudGVyMg==", "a key of 7 bytes"),
        ("env:TILTH_NO_KEY", "does not hold a key"),
    ],
)
def test_what_is_no_key_is_refused_without_showing_it(reference: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TILTH_NO_KEY", "hunter2!")
    with pytest.raises(TilthError, match=words) as error:
        key_of(reference)
    assert "hunter2" not in str(error.value)
