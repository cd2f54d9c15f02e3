"""A key for groups of near-duplicate texts, equal for rows with similar texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import coalesce
from tilth.engine.operations.hashing import HashString, key_string
from tilth.engine.operations.lookups import lookup


def near_key(columns: Iterable[Column], near: Mapping[str, str]) -> Tree:
    """The smallest hash in the group of a row's texts."""
    own = HashString.of(key_string(columns))
    return coalesce(lookup(own, list(near), list(near.values())), own.copy()) if near else own


def unfit_text(column: Column) -> str:
    """Why texts of a column cannot be compared; empty if they can."""
    return "" if column.kind is Kind.STRING else "is not of texts, which alone can be near-duplicates"
