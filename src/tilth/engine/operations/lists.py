"""Lists: their elements, their length, and strings cut into them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import add, case, cast_to, data_type, lit
from tilth.engine.operations.operation import Operation, call


class Element(Operation):
    """The element of a list at an index from 0; null if the list is shorter."""

    @classmethod
    def duckdb(cls, elements: Tree, place: Tree) -> Tree:
        return call("list_extract", elements, add(place, lit(1)))

    @classmethod
    def spark(cls, elements: Tree, place: Tree) -> Tree:
        return call("get", elements, cast_to(place, data_type("int")))

    @staticmethod
    def row(elements: Sequence[Any], place: int) -> Any:
        return elements[place] if place < len(elements) else None


class Entries(Operation):
    """The pairs of a map, structs of `key` and `value`, as a list."""

    both_call = "map_entries"


class Length(Operation):
    """The number of elements of a list."""

    duckdb_call, spark_call = "len", "size"


class Split(Operation):
    """Split a string at a separator, a constant that is not empty. The list has one element more than there are separators."""

    duckdb_call = "string_split"

    @classmethod
    def spark(cls, x: Tree, separator: Tree) -> Tree:
        quoted = re.sub(r"([^0-9A-Za-z])", r"\\\1", separator.name)
        return call("split", x, lit(quoted), lit(-1))


class Listed(Operation):
    """A list of values of one kind."""

    null_input = True
    never_null = True

    @classmethod
    def both(cls, *values: Tree) -> Tree:
        return exp.Array(expressions=list(values))

    @staticmethod
    def row(*values: Any) -> list[Any]:
        return list(values)


class ValuesWhere(Operation):
    """The values whose condition is true, in order. Arguments: all conditions, which are never null, then all values."""

    null_input = True
    never_null = True

    @classmethod
    def duckdb(cls, *given: Tree) -> Tree:
        half = len(given) // 2
        return call("list_where", *(exp.Array(expressions=list(part)) for part in (given[half:], given[:half])))

    @classmethod
    def spark(cls, *given: Tree) -> Tree:
        half = len(given) // 2
        pairs = zip(given[:half], given[half:], strict=True)
        return call("array_compact", exp.Array(expressions=[case(pair) for pair in pairs]))

    @staticmethod
    def row(*given: Any) -> list[Any]:
        half = len(given) // 2
        return [value for holds, value in zip(given[:half], given[half:], strict=True) if holds]
