"""Lists: their elements."""

from __future__ import annotations

from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import add, cast_to, data_type, lit
from tilth.engine.operations.operation import Operation, call


class Element(Operation):
    """The element of a list at a place that it has, counted from 0."""

    @classmethod
    def duckdb(cls, elements: Tree, place: Tree) -> Tree:
        return call("list_extract", elements, add(place, lit(1)))

    @classmethod
    def spark(cls, elements: Tree, place: Tree) -> Tree:
        return call("get", elements, cast_to(place, data_type("int")))
