"""Root keys, named by references such as `file:secrets/tilth.key`, and how they wrap other keys.

A root key never encrypts data itself: it wraps the keys of data sets, and keys for single purposes are derived from it.
"""

from __future__ import annotations

import base64
import binascii
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tilth.encryption.keybytes import SIZE, KeyBytes
from tilth.errors import Mistake, RequestError, SourceError, did_you_mean
from tilth.secrets import resolve
from tilth.secrets.kept import Kept
from tilth.shelf import Shelf

MARK = b"TK1"  # begins a wrapped key; the length of the id of the wrapping key and that id follow


@dataclass(frozen=True)
class Description:
    """The public facts about a key: its id, and the kind of its reference."""

    id: str
    kind: str


class Key(ABC):
    """A root key, wherever it is kept. It is not shown and not pickled.

    Errors of `unwrap`: `SourceError` with the code `wrong-key` if another key wrapped the bytes, `wrong-context` if the bytes or the
    context were changed.
    """

    def __init__(self, reference: str) -> None:
        self.reference = reference

    @abstractmethod
    def wrap(self, key: bytes, context: Mapping[str, str]) -> bytes:
        """Encrypt a key under this one, bound to a context: names and values that are not secret."""

    @abstractmethod
    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Decrypt a key that was wrapped in this context."""

    @abstractmethod
    def deriving(self) -> LocalKey:
        """The key from which keys for single purposes are derived: itself, if its bytes are on this machine."""

    @abstractmethod
    def describe(self) -> Description:
        """The public facts about the key."""

    @property
    def aws_id(self) -> str:
        """The id of the key in AWS; empty for keys that are not in AWS."""
        return ""

    def new_key(self, context: Mapping[str, str]) -> tuple[bytes, bytes]:
        """A new random key, in plain and wrapped."""
        made = os.urandom(SIZE)
        return made, self.wrap(made, context)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.reference!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key cannot be pickled: pass its reference")


class LocalKey(Key):
    """A key with its bytes on this machine: the active one, which wraps, and retired ones, which only unwrap.

    >>> key = LocalKey("env:KEY", {"k-1": KeyBytes(bytes(32))}, Description("k-1", "env"))
    >>> key.unwrap(key.wrap(b"data key", {"tilth:kind": "sealed"}), {"tilth:kind": "sealed"})
    b'data key'
    """

    def __init__(self, reference: str, keys: Mapping[str, KeyBytes], active: Description) -> None:
        super().__init__(reference)
        self._keys, self._active = dict(keys), active

    def wrap(self, key: bytes, context: Mapping[str, str]) -> bytes:
        return marked(self._active.id, self._keys[self._active.id].wrap(key, context))

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        name = wrapping_key(wrapped)
        if name not in self._keys:
            raise wrong_key(name, self)
        found = self._keys[name].unwrap(unmarked(wrapped), context)
        if found is None:
            raise wrong_context(context)
        return found

    def derived(self, label: str, length: int = SIZE, *, id: str | None = None) -> bytes:
        """Derive a key for a purpose, such as `tilth/v1/pseudonym/customer`; `id` selects a key if there are retired ones."""
        if id is not None and id not in self._keys:
            raise wrong_key(id, self)
        return self._keys[id or self._active.id].derived(label, length)

    def deriving(self) -> LocalKey:
        return self

    def describe(self) -> Description:
        return self._active


class RemoteKey(Key):
    """A key in a service, which wraps and unwraps there. Answers are cached for ten minutes, in this process only.

    No keys can be derived from it: keys for single purposes are derived from the secret of the project, which it wraps.

    Errors: as for `Key`; `RequestError` if the service refuses the request, `MachineError` if it does not answer.
    """

    @abstractmethod
    def ask(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        """Unwrap a key by the service."""

    @abstractmethod
    def look(self) -> Description:
        """The description of the key by the service. Errors: `RequestError` for a key that cannot be used."""

    def describe(self) -> Description:
        return _described.get(self.reference, self.look, KEPT)

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes:
        known = (self.reference, wrapped, frozenset(context.items()))
        return _unwrapped.get(known, lambda: self.ask(wrapped, context), KEPT)

    def deriving(self) -> LocalKey:
        from tilth.encryption.keyfile import project_secret

        return project_secret(self.reference)


KEPT = 600.0  # seconds
_unwrapped, _described = Kept[bytes](), Kept[Description]()


def marked(name: str, wrapped: bytes) -> bytes:
    """Put the id of the wrapping key before wrapped bytes."""
    return MARK + bytes([len(name.encode())]) + name.encode() + wrapped


def unmarked(wrapped: bytes) -> bytes:
    """Remove the id of the wrapping key from wrapped bytes."""
    return wrapped[len(MARK) + 1 + wrapped[len(MARK)] :]


def wrapping_key(wrapped: bytes) -> str:
    """The id of the wrapping key in wrapped bytes; empty if there is none."""
    if not wrapped.startswith(MARK) or len(wrapped) <= len(MARK):
        return ""
    start = len(MARK) + 1
    return wrapped[start : start + wrapped[len(MARK)]].decode("utf-8", "replace")


def wrong_key(name: str, key: Key) -> SourceError:
    """The error for bytes that were wrapped by another key."""
    asked = f"the key {name!r}" if name else "a key of another kind"
    message = f"it was encrypted under {asked}, which {key.reference} does not have"
    return SourceError(message, hint="give the key that it was written with, as --key or in `protect`", code="wrong-key")


def wrong_context(context: Mapping[str, str]) -> SourceError:
    """The error for a wrapped key that was changed, or belongs to something else."""
    words = ", ".join(f"{name}={value}" for name, value in sorted(context.items()))
    message = f"a wrapped key was changed, or does not belong to {words}"
    return SourceError(message, hint="restore the file from a backup", code="wrong-context")


def key_of(reference: str) -> Key:
    """The key of a reference: `file:PATH`, a key file; `aws-kms:KEY` and `vault-transit:KEY`, a key in a service; `env:NAME`,
    `command:WORDS` and the like, a secret that holds a key in base64.

    Errors: `RequestError` if the text is not a reference or the key cannot be used, with what to do.

    >>> import os
    >>> os.environ["TILTH_DOC_KEY"] = base64.b64encode(bytes(32)).decode()
    >>> key_of("env:TILTH_DOC_KEY").describe().id
    'k-8f699fd1'
    """
    if wrong := unreferenced(reference):
        raise RequestError(wrong)
    return PROVIDERS[reference.partition(":")[0]](reference)


def unreferenced(text: str) -> Mistake | None:
    """The mistake if a text is not a reference to a key. It does not repeat the text, which may be the key itself."""
    scheme, colon, rest = text.partition(":")
    if colon and rest and scheme in PROVIDERS:
        return None
    hint = did_you_mean(scheme, PROVIDERS) if colon else ""
    accepted = "file:PATH, aws-kms:KEY, vault-transit:KEY, env:NAME, keyring:SERVICE/USER, command:WORDS …"
    return Mistake("that is not a reference to a key", accepted=accepted, hint=hint, code="bad-key-reference")


def beside(reference: str, folder: str) -> str:
    """Resolve a reference in a file of a folder: the path of a key file is relative to that folder.

    >>> beside("file:tilth.key", "flows"), beside("file:/etc/tilth.key", "flows"), beside("env:KEY", "flows")
    ('file:flows/tilth.key', 'file:/etc/tilth.key', 'env:KEY')
    """
    scheme, _, path = reference.partition(":")
    return f"file:{Path(folder) / Path(path).expanduser()}" if scheme == "file" else reference


def key_in_secret(reference: str) -> LocalKey:
    """The key that a secret holds as 32 bytes in base64. Errors: `RequestError`, which does not show them."""
    try:
        held = KeyBytes(base64.b64decode("".join(resolve(reference).reveal().split()), validate=True))
    except (binascii.Error, ValueError) as error:
        if isinstance(error, RequestError):
            raise
        message, hint = f"{reference} does not hold a key", "such as that of: openssl rand -base64 32"
        raise RequestError(message, accepted="32 bytes in base64", hint=hint, code="bad-key") from None
    made = Description(f"k-{held.check()[:8]}", reference.partition(":")[0])
    return LocalKey(reference, {made.id: held}, made)


PROVIDERS: Shelf[Callable[[str], Key]] = Shelf(
    "kind of key",
    "keys",
    {
        "file": "tilth.encryption.keyfile:key_at",
        "aws-kms": "tilth.encryption.kms:KmsKey",
        "vault-transit": "tilth.encryption.transit:TransitKey",
        **dict.fromkeys(("env", "keyring", "command", "vault", "aws"), "tilth.encryption.keys:key_in_secret"),
    },
)
"""Kind of reference → the function that makes a key from a reference."""
