"""Casts of values whose kinds only the engine knows, as in a query that a user wrote: the engine is asked for the type as it plans.

Both engines settle `typeof` before they read a row, so of the cases below one is left.
"""

from __future__ import annotations

from typing import ClassVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.expressions import TYPES, case, in_, lit, or_, text
from tilth.engine.operations.casts import FROM_TEXT
from tilth.engine.operations.operation import EngineName, Operation, call
from tilth.engine.operations.rows import Refuse

TEXTS: dict[EngineName, tuple[str, ...]] = {"duckdb": ("VARCHAR",), "spark": ("string",)}
FLOATS: dict[EngineName, tuple[str, ...]] = {"duckdb": ("DOUBLE", "FLOAT"), "spark": ("double", "float")}
WRITTEN: dict[EngineName, tuple[str, ...]] = {
    "duckdb": ("VARCHAR", "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "DATE", "TIMESTAMP", '"NULL"'),
    "spark": ("string", "boolean", "tinyint", "smallint", "int", "bigint", "date", "timestamp_ntz", "void"),
}
"""The types whose values both engines write alike, decimals apart."""


class Untyped(Operation):
    """A value of any kind as one of `kind`: a text is read by its form, null where it has none; so is what cannot be cast."""

    kind: ClassVar[Kind]

    @classmethod
    def plain(cls, x: Tree) -> Tree:
        return exp.TryCast(this=x.copy(), to=exp.DataType(this=TYPES[cls.kind]), safe=True)

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        return case((_is(x, TEXTS["duckdb"]), FROM_TEXT[cls.kind].of(text(x))), otherwise=cls.plain(x))

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return case((_is(x, TEXTS["spark"]), FROM_TEXT[cls.kind].of(text(x))), otherwise=cls.plain(x))


class ToInteger(Untyped):
    """A value of any kind as a 64-bit integer, cut off (DuckDB alone rounds)."""

    kind = Kind.INTEGER

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        # by way of its text, as every branch must be fit for every type
        double = exp.TryCast(this=text(x), to=exp.DataType(this=TYPES[Kind.FLOAT]), safe=True)
        return case(
            (_is(x, FLOATS["duckdb"]), cls.plain(call("trunc", double))),
            (_is_decimal(x), cls.plain(call("split_part", text(x), lit("."), lit(1)))),
            otherwise=super().duckdb(x),
        )


class ToFloat(Untyped):
    """A value of any kind as a double."""

    kind = Kind.FLOAT


class ToBoolean(Untyped):
    """A value of any kind as true or false."""

    kind = Kind.BOOLEAN


class ToDate(Untyped):
    """A value of any kind as a day."""

    kind = Kind.DATE


class ToTimestamp(Untyped):
    """A value of any kind as a day and time without a zone."""

    kind = Kind.TIMESTAMP


class ToText(Untyped):
    """A value of any kind as a text; refused where the query is planned or run for a kind that engines write differently."""

    kind = Kind.STRING

    @classmethod
    def _written(cls, x: Tree, engine: EngineName) -> Tree:
        told = "engines write floats, timestamps with time zone and nested values as different strings"
        return case((or_(_is(x, WRITTEN[engine]), _is_decimal(x)), text(x)), otherwise=Refuse.of(lit(told)))

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        return cls._written(x, "duckdb")

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return cls._written(x, "spark")


UNTYPED: dict[Kind, type[Untyped]] = {c.kind: c for c in (ToInteger, ToFloat, ToBoolean, ToDate, ToTimestamp, ToText)}


def _is(x: Tree, types: tuple[str, ...]) -> Tree:
    return in_(call("typeof", x), types)


def _is_decimal(x: Tree) -> Tree:
    return in_(exp.Left(this=call("typeof", x), expression=lit(7)), ("DECIMAL", "decimal"))
