"""The active key. Everything that is written is encrypted with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from tilth.encryption.keys import Key, key_of
from tilth.errors import RequestError, SourceError, unknown
from tilth.store.scratch import private_temporary

Plaintext: TypeAlias = Literal["report", "spill"]
KINDS: tuple[str, ...] = get_args(Plaintext)
"""Kinds of files that may be written unencrypted on request: reports, which are sent to people, and data that an engine spills."""


@dataclass(frozen=True)
class Protection:
    """A root key, the kinds of files that may still be written unencrypted, and whether sealed files are signed."""

    key: Key
    plaintext: frozenset[str] = frozenset()
    sign: bool = False


_in_force: ContextVar[Protection | None] = ContextVar("protection", default=None)
_allowed: ContextVar[frozenset[str]] = ContextVar("allowed", default=frozenset())  # set by callers before a key is in force


@contextmanager
def protected(key: str | Key, allow_plaintext: Iterable[str] = (), sign: bool = False) -> Iterator[Protection]:
    """While the block runs, Tilth encrypts everything that it writes with a key, and can read data encrypted with it.

    `key` is a reference, such as `file:~/.config/tilth/project.key`. `allow_plaintext`: `report` or `spill`. With `sign`, sealed files are
    also signed. What cannot be encrypted is rejected. If a key is active already, you may give the same key again.

    Errors: as for `key_of`; `RequestError` for a key other than the active one, and for unknown kinds.

    >>> import os, tempfile, tilth, pyarrow as pa
    >>> os.environ["TILTH_DOC_KEY"] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
    >>> place = tempfile.mkdtemp() + "/loans.parquet"
    >>> with protected("env:TILTH_DOC_KEY"):
    ...     _ = tilth.write(pa.table({"income": [38_000]}), place)
    >>> open(place, "rb").read(4)
    b'PARE'
    """
    outer = _in_force.get()
    allowed = frozenset(allow_plaintext) | _allowed.get()
    RequestError.reject(unknown(allowed, KINDS, "nothing of the kind {} can be left unencrypted", "unknown-kind"))
    made = key if isinstance(key, Key) else outer.key if outer and outer.key.reference == key else key_of(key)
    if outer and outer.key.reference != made.reference:
        message = f"{made.reference} is requested, but {outer.key.reference} is active"
        raise RequestError(message, hint="give one key: as --key, or in `protect`", code="two-keys")
    made.describe()  # ask a key service now whether the key exists, not at the end of the work
    _without_core_dumps()
    found = Protection(made, allowed | (outer.plaintext if outer else frozenset()), sign or (outer is not None and outer.sign))
    token = _in_force.set(found)
    try:
        with private_temporary:
            yield found
    finally:
        _in_force.reset(token)


def _without_core_dumps() -> None:
    """Disable core dumps of this process, which would contain the key. Windows writes none."""
    with suppress(ImportError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


@contextmanager
def allowing(kinds: Iterable[str]) -> Iterator[None]:
    """While the block runs, these kinds may be left unencrypted, both under the current key and under a key that comes into force."""
    token, outer = _allowed.set(_allowed.get() | frozenset(kinds)), _in_force.get()
    try:
        with protected(outer.key) if outer else nullcontext():
            yield
    finally:
        _allowed.reset(token)


def in_force() -> Protection | None:
    """The key in force and its settings; None without a key."""
    return _in_force.get()


def key_for(what: str) -> Key:
    """The key in force, for reading. Errors: `SourceError` without a key."""
    found = in_force()
    if found is None:
        hint = "give its key: --key, `protect: {key: …}` in the flow, or `with tilth.protected(…)`"
        raise SourceError(f"{what} is encrypted", hint=hint, code="needs-key")
    return found.key
