"""Where a row of the training part comes from: the columns `_origin` and `_parent`."""

from __future__ import annotations

from dataclasses import replace

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind, Roles, Schema
from tilth.data.origin import ORIGIN, ORIGINAL, PARENT
from tilth.engine.expressions import cast, coalesce, col, lit
from tilth.engine.operations.hashing import canonical_string
from tilth.errors import RequestError


def id_column(schema: Schema, roles: Roles) -> Column | None:
    """The column that names a row, if there is one."""
    return schema[roles.id[0]] if len(roles.id) == 1 and roles.id[0] in schema else None


def id_text(key: Column | None) -> Tree:
    """The name of a row: its id, or the ids of its parents for a row that was made, because it has no id."""
    return col(PARENT) if key is None else coalesce(canonical_string(key), col(PARENT))


def reject_nameless(schema: Schema, roles: Roles) -> None:
    """Reject a table without ids, or with columns that already have these names."""
    if id_column(schema, roles) is None:
        message = "balance: `origin` names the parents of a row by their ids, and there is not one column of the role id"
        raise RequestError(message, hint="give one column the role id", code="no-key")
    taken = [n for n in schema.names if n.casefold() in (ORIGIN, PARENT) and n not in (ORIGIN, PARENT)]
    if taken:
        raise RequestError(f"balance: there is a column {taken[0]!r} already", hint="rename it", code="name-clash")


def marked(data: Dataset) -> Dataset:
    """The table with both columns: every row is an original, unless an earlier step has said otherwise."""
    if ORIGIN in data.names:
        return data
    private = (PARENT,) if set(data.roles.id) & set(data.roles.private) else ()
    data = data.change({ORIGIN: lit(ORIGINAL), PARENT: cast(lit(None), Kind.STRING)})
    return replace(data, roles=replace(data.roles, private=(*data.roles.private, *private)))
