"""Draws random strings that match a pattern: to measure how often a check accepts one by accident, and for examples of valid numbers."""

from __future__ import annotations

import re
from functools import cache
from random import Random

from tilth.entities.entity import Entity
from tilth.regex.chars import CharSet
from tilth.regex.tree import Chars, Choice, Edge, Node, Repeat, inner

TRIES = 200  # random strings to measure a chance with


@cache
def chance(entity: Entity) -> float:
    """The share of random strings matching its pattern that the check accepts with the tier of the entity."""
    random = Random(entity.name)  # noqa: S311 -- the same at every call
    return sum(entity.tier_of(drawn(entity, random)) == entity.tier for _ in range(TRIES)) / TRIES


def accepted(entity: Entity, random: Random, tries: int = 50_000) -> str:
    """A random string that the check accepts; empty if none is found in `tries` tries.

    >>> from tilth.entities import catalogue
    >>> accepted(catalogue()["CANADA_SOCIAL_INSURANCE_NUMBER"], Random(1))
    '...'
    """
    every = (drawn(entity, random) for _ in range(tries))
    return next((s for s in every if entity.tier_of(s) == entity.tier), "")


def drawn(entity: Entity, random: Random) -> str:
    """A random string that the pattern matches, with letters in the case of the pattern."""
    parts = list[str]()
    _draw(_tree(entity), random, parts)
    return re.sub(" +$", "", "".join(parts))


@cache
def _tree(entity: Entity) -> Node:
    """The syntax tree of the pattern, without the letters of the other case."""
    from tilth.regex import Regex

    return Regex.parse(entity.pattern).tree


def _draw(node: Node, random: Random, parts: list[str]) -> None:
    match node:
        case Chars(among):
            parts.append(_character(among, random))
        case Edge():
            pass
        case Choice(options):
            _draw(random.choice(options), random, parts)
        case Repeat(body, least, most):
            for _ in range(random.randint(least, least + 3 if most is None else most)):
                _draw(body, random, parts)
        case _:
            for part in inner(node):
                _draw(part, random, parts)


def _character(among: CharSet, random: Random) -> str:
    low, high = random.choice(among.ranges)
    return chr(random.randint(low, min(high, 0xFFFF)))
