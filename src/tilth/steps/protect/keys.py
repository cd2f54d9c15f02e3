"""Keys of the step `redact`: derived from the key that a reference names, for one purpose and domain."""

from __future__ import annotations

from tilth.encryption.keys import key_of


def key_id(reference: str) -> str:
    """The id of a referenced key. Errors: as in `key_of`, before any data is read."""
    return key_of(reference).deriving().describe().id


def derived(reference: str, purpose: str, domain: str, length: int, key_id: str) -> bytes:
    """The key with this id, derived for a purpose and a domain.

    Errors: as in `key_of`; `SourceError` if the reference names another key than the step was fitted with.
    """
    return key_of(reference).deriving().derived(f"tilth/v1/{purpose}/{domain}", length, id=key_id or None)
