"""The column of the label, for steps that learn from it."""

from __future__ import annotations

from tilth.data import Column, Roles, Schema
from tilth.engine.operations.hashing import has_string
from tilth.errors import ColumnError, RequestError


def label_column(step: str, name: str, schema: Schema, roles: Roles) -> Column:
    """The label column that a step names, otherwise the column with the role. Errors: `RequestError`; `ColumnError` for an unknown name."""
    name = name or roles.label or ""
    if not name:
        hint = "give a column the role, or name it: `label: COLUMN`"
        raise RequestError(f"{step}: no column has the role label", hint=hint, code="no-label")
    if name not in schema:
        raise ColumnError.unknown(name, schema.names, step)
    if not has_string(schema[name]):
        raise RequestError(f"{step}: column {name!r} ({schema[name]}) has no classes", code="wrong-kind")
    return schema[name]
