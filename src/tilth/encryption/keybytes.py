"""The bytes of a key in an object that does not show them; it derives keys from them and wraps other keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from tilth.errors import RequestError, extra

SIZE = 32  # bytes of a key
NONCE = 12  # bytes
CHECK = b"tilth-key-check"
WRAP = "tilth/v1/wrap"


def base64_of(content: bytes) -> str:
    """Bytes in base64."""
    return base64.b64encode(content).decode()


def bytes_of(text: str | None) -> bytes:
    """The bytes of a text in base64; empty if it is not base64."""
    try:
        return base64.b64decode(text or "", validate=True)
    except ValueError:
        return b""


def primitives(module: str) -> Any:
    """A module of `cryptography.hazmat.primitives`. Errors: `MissingExtra`."""
    from importlib import import_module

    with extra("protect", "encryption"):
        return import_module(f"cryptography.hazmat.primitives.{module}")


def invalid_tag() -> type[Exception]:
    """The exception of `cryptography` if a key, an encrypted text or its context is not the right one. Errors: `MissingExtra`."""
    with extra("protect", "encryption"):
        from cryptography.exceptions import InvalidTag
    return InvalidTag


class KeyBytes:
    """The bytes of a key. They are not shown, pickled or copied. Python cannot guarantee that they are wiped from memory.

    >>> KeyBytes(bytes(32))
    KeyBytes(…)
    """

    __slots__ = ("_bytes",)

    def __init__(self, given: bytes) -> None:
        if len(given) != SIZE:
            raise RequestError(
                f"a key of {len(given)} bytes was given", accepted=f"{SIZE} bytes", hint="tilth protect key new", code="bad-key"
            )
        self._bytes = given

    def __repr__(self) -> str:
        return "KeyBytes(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("the bytes of a key cannot be pickled")

    def check(self) -> str:
        """The check value: eight bytes in hex. They identify the key, and reveal nothing else about it."""
        return hmac.new(self._bytes, CHECK, hashlib.sha256).hexdigest()[:16]

    def derived(self, label: str, length: int = SIZE) -> bytes:
        """Derive a key for one purpose by HKDF with SHA-256, without salt, with the label as `info`.

        Source: RFC 5869.

        >>> KeyBytes(bytes(range(32))).derived("tilth/v1/pseudonym/customer").hex()
        'b02cbf7252f23f923a28facda42bd1db8e61f4ae035ada870678295d86579188'
        """
        hkdf, hashes = primitives("kdf.hkdf"), primitives("hashes")
        made: bytes = hkdf.HKDF(hashes.SHA256(), length, None, label.encode()).derive(self._bytes)
        return made

    def wrapped(self, by: Callable[[bytes], bytes]) -> bytes:
        """Wrap these bytes by another key."""
        return by(self._bytes)

    def wrap(self, key: bytes, context: Mapping[str, str]) -> bytes:
        """Encrypt another key by AES-256-GCM under the key derived for wrapping, bound to a context."""
        nonce = os.urandom(NONCE)
        return nonce + bytes(self._cipher().encrypt(nonce, key, associated(context)))

    def unwrap(self, wrapped: bytes, context: Mapping[str, str]) -> bytes | None:
        """Unwrap a key; None if the bytes or the context were changed."""
        try:
            return bytes(self._cipher().decrypt(wrapped[:NONCE], wrapped[NONCE:], associated(context)))
        except (invalid_tag(), ValueError):
            return None

    def _cipher(self) -> Any:
        return primitives("ciphers.aead").AESGCM(self.derived(WRAP))


def associated(context: Mapping[str, str]) -> bytes:
    """A context as associated data: JSON with sorted names."""
    return json.dumps(dict(context), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
