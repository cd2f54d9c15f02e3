"""Masking of private values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def mask(value: Any) -> Any:
    """Mask a private value: show its first character and its length, and nothing of a short string or a number.

    Null stays null, because a missing value is not private.

    >>> mask("Ada Lovelace"), mask("Ada"), mask(1815), mask(None)
    ('A*** (12 characters)', '***', '***', None)
    """
    if value is None:
        return None
    if isinstance(value, str) and len(value) >= 6:
        return f"{value[0]}*** ({len(value)} characters)"
    return "***"


def masked(row: Mapping[str, Any], private: Iterable[str]) -> dict[str, Any]:
    """A row with its private values masked."""
    hidden = set(private)
    return {name: mask(value) if name in hidden else value for name, value in row.items()}
