"""What identifies a row, for all that hashes rows."""

from __future__ import annotations

from collections.abc import Iterable

from tilth.data import Column, Kind, Roles, Schema
from tilth.engine.operations.hashing import has_string
from tilth.errors import RequestError

NO_ORDER = frozenset({Kind.LIST, Kind.STRUCT, Kind.MAP, Kind.OTHER, Kind.NULL})  # kinds whose values engines order differently


def content(schema: Schema) -> tuple[Column, ...]:
    """The columns that identify a row: all whose values have a canonical string. Equal rows are equal in them too.

    Errors: `RequestError` if there is none.
    """
    found = tuple(c for c in schema if has_string(c))
    if not found:
        raise RequestError("no column can identify rows on every engine", hint="name a key", code="no-key")
    return found


def key_columns(schema: Schema, roles: Roles) -> tuple[Column, ...]:
    """What identifies a row: the columns of the role `id`, else all of its content."""
    return tuple(schema[c] for c in roles.id if c in schema and has_string(schema[c])) or content(schema)


def sample_key(schema: Schema, roles: Roles, columns: Iterable[str]) -> tuple[Column, ...]:
    """What a sample of these columns hashes of a row: they and the role `id`, where there is one, else all of the row's content."""
    ids = [c for c in roles.id if c in schema]
    return tuple(schema[c] for c in dict.fromkeys([*ids, *columns]) if has_string(schema[c])) if ids else content(schema)
