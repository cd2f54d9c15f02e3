"""Key files: JSON with one active key, retired keys, which only unwrap, and the dates of destroyed keys.

A key is stored in plain; or encrypted by AES-256-GCM under a passphrase (scrypt), with its id as associated data; or wrapped by
another key, such as one in AWS KMS.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tilth.encryption import keyplace
from tilth.encryption.keybytes import NONCE, SIZE, KeyBytes, base64_of, bytes_of, invalid_tag, primitives
from tilth.encryption.keys import KEPT, Description, Key, LocalKey, key_of
from tilth.errors import RequestError
from tilth.secrets import resolve
from tilth.secrets.kept import Kept

SCRYPT = {"n": 1 << 17, "r": 8, "p": 1}  # about 128 MiB of memory for each try
PASSPHRASE = "TILTH_PASSPHRASE"  # noqa: S105 -- an environment variable: a reference to the secret that is the passphrase
PASSPHRASE_FD = "TILTH_PASSPHRASE_FD"  # noqa: S105 -- an environment variable: the number of an open file with the passphrase

SECRET = Path("protect/secret.json")  # the secret of the project in the working directory
DERIVING = {"tilth:purpose": "derive"}  # the context to which wrapped keys in key files are bound

Ask = Callable[[], str]
_opened = Kept[KeyBytes]()  # so that the passphrase is requested only once


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Kdf(_Closed):
    """The parameters of scrypt; bounded, so that a file cannot make it use all memory."""

    n: int = Field(ge=2, le=1 << 20)
    r: int = Field(ge=1, le=32)
    p: int = Field(ge=1, le=16)
    salt: str


class Entry(_Closed):
    """One key in a key file."""

    id: str = Field(pattern=r"^k-[0-9a-f]{8}$")
    created: str
    state: Literal["active", "retired", "destroyed"]
    algorithm: Literal["AES-256"] = "AES-256"
    protection: Literal["none", "scrypt", "wrapped"] = "none"
    under: str | None = None
    kdf: Kdf | None = None
    nonce: str | None = None
    key: str | None = None
    check: str
    destroyed: str | None = None

    def opened(self, path: Path, ask: Ask) -> KeyBytes:
        """The bytes of the key. Errors: `RequestError` for a wrong passphrase and a damaged file; those of the wrapping key."""
        return _opened.get((self.id, self.key, self.under), lambda: self._opened(path, ask), KEPT if self.protection != "none" else 0)

    def _opened(self, path: Path, ask: Ask) -> KeyBytes:
        damaged = RequestError(f"the key {self.id} in {path} is damaged", hint="restore the key file from a backup", code="damaged-key")
        held = bytes_of(self.key)
        if self.protection == "wrapped":
            held = key_of(self.under or "").unwrap(held, DERIVING)
        if self.protection == "scrypt":
            if self.kdf is None or self.nonce is None:
                raise damaged
            try:
                held = _cipher(ask(), self.kdf).decrypt(bytes_of(self.nonce), held, self.id.encode())
            except invalid_tag():
                hint = "give the passphrase again; if it is right, restore the key file from a backup"
                raise RequestError(
                    f"the passphrase does not match the key {self.id} in {path}", hint=hint, code="wrong-passphrase"
                ) from None
        if len(held) != SIZE or (made := KeyBytes(held)).check() != self.check:
            raise damaged
        return made


class Content(_Closed):
    """A key file."""

    tilth_key: Literal[1] = 1
    keys: tuple[Entry, ...]


class KeyFile:
    """The keys of a file.

    Errors: `RequestError` if others may read it, for a wrong passphrase, and for a damaged file, with what to do.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        content, found = keyplace.content_of(self.path)
        try:
            self.entries: Sequence[Entry] = Content.model_validate_json(content).keys
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]  # the input is left out: it may be key bytes
            message = f"{self.path} is not a key file: {'.'.join(map(str, first['loc']))}: {first['msg']}"
            raise RequestError(message, hint="restore it from a backup", code="damaged-key") from None
        if sum(e.state == "active" for e in self.entries) != 1:
            raise RequestError(f"{self.path} does not have one active key", hint="restore it from a backup", code="damaged-key")
        if any(e.protection != "wrapped" for e in self.entries if e.key):
            keyplace.reject_shared(self.path, found)

    @property
    def active(self) -> Entry:
        """The entry of the active key, which wraps."""
        return next(e for e in self.entries if e.state == "active")

    def key(self, reference: str, ask: Ask | None = None) -> LocalKey:
        """The key. The passphrase is requested at most once."""
        answers: list[str] = []

        def once() -> str:
            if not answers:
                answers.append((ask or passphrase)())
            return answers[0]

        keys = {e.id: e.opened(self.path, once) for e in self.entries if e.state != "destroyed"}
        return LocalKey(reference, keys, Description(self.active.id, "file"))

    def rotated(self, phrase: str | None = None) -> Entry:
        """Make a new active key in the file; the old one is retired and only unwraps. If the old key is wrapped, the new one is, too."""
        new = new_entry(phrase, key_of(self.active.under) if self.active.under else None)
        self._write([new, *(e.model_copy(update={"state": "retired"}) if e.state == "active" else e for e in self.entries)])
        return new

    def wrapped(self, under: Key) -> None:
        """Wrap the keys of the file by another key, such as one in AWS KMS. The keys do not change: encrypted data stays readable."""
        held = {e.id: e.opened(self.path, passphrase).wrapped(lambda key: under.wrap(key, DERIVING)) for e in self.entries if e.key}
        new: dict[str, Any] = {"protection": "wrapped", "under": under.reference, "kdf": None, "nonce": None}
        self._write([e.model_copy(update=new | {"key": base64_of(held[e.id])}) if e.key else e for e in self.entries])

    def reject_unretired(self, name: str) -> None:
        """Reject a name that is not a retired key of the file. Errors: `RequestError`."""
        retired = [e.id for e in self.entries if e.state == "retired"]
        if name not in retired:
            message = f"{name!r} is not a retired key of {self.path}"
            raise RequestError(message, accepted=", ".join(retired) or "none", hint="tilth protect key show", code="no-key")

    def destroyed(self, name: str) -> None:
        """Remove the bytes of a retired key; its entry stays, with the date. Errors: `RequestError` for other keys."""
        self.reject_unretired(name)
        gone: dict[str, Any] = dict.fromkeys(("key", "nonce", "kdf", "under")) | {"protection": "none"}
        gone |= {"state": "destroyed", "destroyed": _now()}
        self._write([e.model_copy(update=gone) if e.id == name else e for e in self.entries])

    def _write(self, entries: Sequence[Entry]) -> None:
        keyplace.replace(self.path, _json(entries))
        self.entries = entries


def key_at(reference: str) -> LocalKey:
    """The key of `file:PATH`."""
    return KeyFile(Path(reference.partition(":")[2]).expanduser()).key(reference)


def project_secret(reference: str) -> LocalKey:
    """The key file of the project. Keys are derived from it if a service keeps the root key, `reference`, and does not hand it out.

    Errors: `RequestError` if there is none.
    """
    if not SECRET.exists():
        message = f"pseudonyms cannot be derived from {reference}, and the project has no secret of its own: there is no {SECRET}"
        hint = f"make it, and keep it with the project: tilth protect key new {SECRET} --under {reference}"
        raise RequestError(message, hint=hint, code="no-key")
    return KeyFile(SECRET).key(f"file:{SECRET}")


def new_key_file(path: Path, phrase: str | None = None, under: Key | None = None) -> Entry:
    """Make a key file with one key: under a passphrase, or wrapped by another key, or neither.

    Errors: `RequestError` if the file exists; for a key that is not wrapped, also if the file may be copied with its folder: a folder of
    data, or a Git work tree.
    """
    if under is None:
        keyplace.reject_exposed(path)
    made = new_entry(phrase, under)
    keyplace.make(path, _json([made]))
    return made


def new_entry(phrase: str | None = None, under: Key | None = None) -> Entry:
    """An entry with a new random key."""
    held, wrapped = under.new_key(DERIVING) if under else (os.urandom(SIZE), b"")
    name, check = f"k-{os.urandom(4).hex()}", KeyBytes(held).check()
    made = Entry(id=name, created=_now(), state="active", key=base64_of(wrapped or held), check=check)
    if under:
        return made.model_copy(update={"protection": "wrapped", "under": under.reference})
    if phrase is None:
        return made
    kdf, nonce = Kdf(**SCRYPT, salt=base64_of(os.urandom(16))), os.urandom(NONCE)
    closed = base64_of(_cipher(phrase, kdf).encrypt(nonce, held, name.encode()))
    return made.model_copy(update={"protection": "scrypt", "kdf": kdf, "nonce": base64_of(nonce), "key": closed})


def passphrase() -> str:
    """The passphrase: from the secret that `TILTH_PASSPHRASE` references, else from the open file with the number `TILTH_PASSPHRASE_FD`,
    else from the terminal.

    Errors: `RequestError` if none of them is available.
    """
    if reference := os.environ.get(PASSPHRASE):
        return resolve(reference).reveal()
    if number := os.environ.get(PASSPHRASE_FD):
        try:
            with os.fdopen(int(number), "rb", closefd=False) as file:
                return file.read(keyplace.LARGEST).decode().rstrip("\r\n")
        except (ValueError, OSError) as error:
            message = f"{PASSPHRASE_FD}={number} is not the number of an open file with the passphrase"
            raise RequestError(message, hint=f"{PASSPHRASE_FD}=3 tilth … 3< FILE", code="no-passphrase") from error
    if not os.isatty(0):
        hint = (
            f"run it on a terminal, or say where the passphrase is: {PASSPHRASE}=keyring:SERVICE/USER, or {PASSPHRASE_FD}=3 tilth … 3< FILE"
        )
        raise RequestError("the key file has a passphrase, and there is no terminal to ask for it", hint=hint, code="no-passphrase")
    from getpass import getpass

    return getpass("passphrase of the key file: ")


def _cipher(phrase: str, kdf: Kdf) -> Any:
    scrypt = primitives("kdf.scrypt").Scrypt(bytes_of(kdf.salt), SIZE, kdf.n, kdf.r, kdf.p)
    return primitives("ciphers.aead").AESGCM(scrypt.derive(phrase.encode()))


def _json(entries: Sequence[Entry]) -> bytes:
    content = Content(keys=tuple(entries)).model_dump(exclude_none=True)
    return json.dumps(content, indent=1).encode() + b"\n"


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
