"""The columns that identify a row, for hashing."""

from __future__ import annotations

from collections.abc import Iterable

from tilth.data import Column, Kind, Roles, Schema
from tilth.engine.operations.hashing import has_string
from tilth.errors import RequestError

NO_ORDER = frozenset({Kind.LIST, Kind.STRUCT, Kind.MAP, Kind.OTHER, Kind.NULL})  # kinds whose values engines order differently


def content(schema: Schema) -> tuple[Column, ...]:
    """All columns whose values have a canonical string. Equal rows are equal in them.

    Errors: `RequestError` if there are none.
    """
    found = tuple(c for c in schema if has_string(c))
    if not found:
        raise RequestError("no column can identify rows on every engine", hint="name a key", code="no-key")
    return found


def key_columns(schema: Schema, roles: Roles) -> tuple[Column, ...]:
    """The columns that identify a row: those with the role `id`, else its whole content."""
    return tuple(schema[c] for c in roles.id if c in schema and has_string(schema[c])) or content(schema)


def sample_key(schema: Schema, roles: Roles, columns: Iterable[str]) -> tuple[Column, ...]:
    """The columns that a sample hashes: the role `id` and the sampled columns; without an id, the row's whole content."""
    ids = [c for c in roles.id if c in schema]
    return tuple(schema[c] for c in dict.fromkeys([*ids, *columns]) if has_string(schema[c])) if ids else content(schema)
