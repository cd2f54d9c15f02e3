"""Structs: their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.operations.operation import Operation


class Field(Operation):
    """The field of a struct with a name, a constant."""

    duckdb_call = "struct_extract"

    @classmethod
    def spark(cls, struct: Tree, name: Tree) -> Tree:
        return exp.Dot(this=struct, expression=exp.to_identifier(name.name, quoted=True))

    @staticmethod
    def row(struct: Mapping[str, Any], name: str) -> Any:
        return struct.get(name)


class Fielded(Operation):
    """A struct of fields: name, value, name, value …"""

    null_input = True
    never_null = True
    spark_call = "named_struct"

    @classmethod
    def duckdb(cls, *fields: Tree) -> Tree:
        pairs = zip(fields[::2], fields[1::2], strict=True)
        return exp.Struct(expressions=[exp.PropertyEQ(this=exp.to_identifier(n.name, quoted=True), expression=x) for n, x in pairs])

    @staticmethod
    def row(*fields: Any) -> dict[str, Any]:
        return dict(zip(fields[::2], fields[1::2], strict=True))
