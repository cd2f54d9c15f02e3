"""Keys of the step `redact`: derived from the key that a reference names, for one purpose and domain."""

from __future__ import annotations

from tilth.encryption.keys import key_of


def key_id(reference: str) -> str:
    """The id of the key that a reference names. Errors: those of `key_of`, before any data is read."""
    return key_of(reference).deriving().describe().id


def derived(reference: str, purpose: str, domain: str, length: int, key_id: str) -> bytes:
    """The key with this id, derived for a purpose and a domain.

    Errors: those of `key_of`; `SourceError` where the reference names another key than that with which the step was fitted.
    """
    return key_of(reference).deriving().derived(f"tilth/v1/{purpose}/{domain}", length, id=key_id or None)
