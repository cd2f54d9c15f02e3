"""Sensitive data in texts: a catalogue of entities, and a detector that finds them.

An entity is a pattern, a validator of its matches, context words, and a tier, which says how sure a match is. The detector needs no engine
and no model. Names of persons are found by column names, or by a user's own recogniser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tilth.entities.detector import Detector, Span
    from tilth.entities.entity import Entity
    from tilth.entities.listing import catalogue

__all__ = ["Detector", "Entity", "Span", "catalogue"]
_WHERE = {"Detector": "detector", "Span": "detector", "Entity": "entity", "catalogue": "listing"}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
