"""What the batteries share."""

from __future__ import annotations


def require(holds: object, message: str) -> None:
    """Raise AssertionError with the message if a law does not hold."""
    if not holds:
        raise AssertionError(message)
