"""A key for groups of near-duplicate texts, equal for rows with similar texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import coalesce
from tilth.engine.operations.hashing import DIGITS, HashString, key_string
from tilth.engine.operations.lookups import lookup
from tilth.errors import RequestError
from tilth.metrics.near_duplicates import LIKE, Bands, Texts, groups, suspects
from tilth.steps.step import Asking

MOST_GROUPED = 200_000  # texts that are like another one


def near_groups(columns: Sequence[str], like: float = LIKE) -> Asking[dict[str, str]]:
    """Hash of a text → smallest hash in its group of near-duplicates; texts that have the smallest hash themselves are left out.

    Errors: `RequestError` for more than 200,000 entries.
    """
    asked = Bands(tuple(columns), like)
    numbers, bands = (yield [asked])[asked]
    there = suspects(bands)
    chosen = [number for number, suspect in zip(numbers, there, strict=True) if suspect]
    if not chosen:
        return {}
    texts = Texts(tuple(columns), frozenset(chosen))
    found = (yield [texts])[texts]
    firsts = groups(bands[there], [found[i] for i in chosen], like)
    near = {_digits(chosen[i]): _digits(chosen[first]) for i, first in enumerate(firsts) if i != first}
    if len(near) > MOST_GROUPED:
        hint = "drop equal ones first by `dedupe`, or ask for more likeness"
        message = f"near-duplicates: {len(near):,} texts are like another one"
        raise RequestError(message, accepted=f"up to {MOST_GROUPED:,}", hint=hint, code="too-many-texts")
    return near


def _digits(number: int) -> str:
    return f"{number:0{DIGITS}x}"


def near_key(columns: Iterable[Column], near: Mapping[str, str]) -> Tree:
    """The smallest hash in the group of a row's texts."""
    own = HashString.of(key_string(columns))
    return coalesce(lookup(own, list(near), list(near.values())), own.copy()) if near else own


def unfit_text(column: Column) -> str:
    """Why texts of a column cannot be compared; empty if they can."""
    return "" if column.kind is Kind.STRING else "is not of texts, which alone can be near-duplicates"
