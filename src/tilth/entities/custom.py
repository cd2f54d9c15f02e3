"""Custom entities, as written in a flow or a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tilth.entities import validators
from tilth.entities.entity import Entity
from tilth.errors import RequestError
from tilth.validation import validated

LONGEST = 1024  # characters of a pattern


class CustomEntity(BaseModel):
    """A custom entity as written. `validator` is an algorithm of check digits; with one, the default of `tier` is A, otherwise C."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=255)]
    pattern: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    context_words: Annotated[tuple[str, ...], Field(max_length=20)] = ()
    column_names: tuple[str, ...] = ()
    validator: Literal["", "luhn", "verhoeff", "mod_11_10", "mod_11_2", "iban"] = ""
    tier: Literal["", "A", "B", "C"] = ""


def entity_from(given: Any) -> Entity:
    """An entity from a mapping of its name, pattern, context words, validator and tier.

    If its matches can be without digits, it is searched for in every text, which takes longer. Errors: `RequestError` with every mistake;
    `ExpressionError` for a pattern that engines read differently.

    >>> entity_from({"name": "BADGE", "pattern": "EMP-[0-9]{6}", "context_words": ["badge"]}).tier
    'C'
    """
    if isinstance(given, Entity):
        return given
    asked = validated(CustomEntity, given)
    check = getattr(validators, asked.validator) if asked.validator else None
    tier = asked.tier or ("A" if check else "C")
    entity = Entity(asked.name, asked.pattern, tier=tier, check=check, words=asked.context_words, columns=asked.column_names)
    return replace(entity, anywhere=not entity.digits)


def entities_from(given: Sequence[Any] | Mapping[str, Any], where: str) -> tuple[Entity, ...]:
    """Entities from a list of mappings. Errors: `RequestError` if it is not a list."""
    if not isinstance(given, list | tuple):
        raise RequestError(f"{where} is not a list of entities", accepted="- {name: …, pattern: …}", code="not-a-list")
    return tuple(map(entity_from, given))
