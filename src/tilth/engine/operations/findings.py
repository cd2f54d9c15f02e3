"""Findings in the cells of a row: a map from columns to lists of positions."""

from __future__ import annotations

import json
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import cast_to, concat, data_type, lit
from tilth.engine.operations.operation import Operation, call

FIELDS = {"entityType": "varchar", "actionUsed": "varchar", "start": "bigint", "end": "bigint"}
DETAILS = {"score": "double", "tier": "varchar", "rule": "varchar"}


class Findings(Operation):
    """Places that are written as JSON, each column's as `"column": [{…}]` or null, as one map from columns to lists of structs.

    The first argument is a literal: whether structs have the fields of `DETAILS` too.
    """

    null_input = True
    never_null = True

    @classmethod
    def duckdb(cls, details: Tree, *columns: Tree) -> Tree:
        fields = ", ".join(f'"{name}" {kind}' for name, kind in _fields(bool(details.this)).items())
        return cast_to(cast_to(_object(columns), data_type("json")), data_type(f"map(varchar, struct({fields})[])", "duckdb"))

    @classmethod
    def spark(cls, details: Tree, *columns: Tree) -> Tree:
        fields = _fields(bool(details.this)).items()
        written = ", ".join(f"`{name}`: {'string' if kind == 'varchar' else kind}" for name, kind in fields)
        return call("from_json", _object(columns), lit(f"map<string, array<struct<{written}>>>"))

    @staticmethod
    def row(details: bool, *columns: str | None) -> dict[str, Any]:
        return dict(json.loads("{" + ",".join(c for c in columns if c) + "}"))


def _fields(details: bool) -> dict[str, str]:
    return FIELDS | (DETAILS if details else {})


def _object(columns: tuple[Tree, ...]) -> Tree:
    return concat(lit("{"), exp.Anonymous(this="concat_ws", expressions=[lit(","), *(c.copy() for c in columns)]), lit("}"))
