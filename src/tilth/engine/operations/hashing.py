"""Randomness that repeats: a hash of a row's own values that is equal on every engine and in Python.

The hash of a key is the first 15 hexadecimal digits of the MD5 of `seed ‖ 0x1F ‖ field ‖ 0x1F ‖ field …`. A field is the canonical
text of a value: one text for each value, the same everywhere. Integers are written in decimals, booleans as `true` and `false`, days and
times by ISO 8601 with microseconds (instants in UTC), decimals without trailing zeros, null as the character 0. Engines write doubles
differently, so a double is taken apart into whole numbers (`FloatText`). Texts are taken as they are: Spark has no Unicode normal form.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import (
    add,
    and_,
    case,
    coalesce,
    col,
    concat,
    double,
    eq,
    ge,
    greatest,
    if_else,
    lit,
    lt,
    mul,
    ne,
    not_null,
    null_if,
    own,
    sub,
    text,
)
from tilth.engine.operations.numbers import Finite, IsNan, integer
from tilth.engine.operations.operation import Operation, call

DIGITS = 15  # hexadecimal digits of a hash that are used: 60 bits
BETWEEN = "\x1f"  # stands between fields: the unit separator

BITS = 60  # a double is scaled by powers of 2 to the 60, so that its whole part and what is left both fit 64 bits
LOWEST = -17  # from 2**-1020, below which every smaller double is scaled alike


class HashText(Operation):
    """The first 15 hexadecimal digits of the MD5 of a text, in lower case: 60 bits that compare as texts do."""

    total = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return exp.Left(this=exp.MD5(this=own(x)), expression=lit(DIGITS))

    @staticmethod
    def row(x: Any) -> str:
        return hashlib.md5(x.encode(), usedforsecurity=False).hexdigest()[:DIGITS]


class FloatText(Operation):
    """A double's canonical text. Whole numbers below 2⁶⁰ are written as integers are: `3`, `-12`, `0` for both zeros.

    Any other finite x is ±(hi + lo / 2⁶⁰) · 2⁶⁰ʲ with hi below 2⁶⁰, written `hi.lo/j`: 0.5 is `576460752303423488.0/-1`. Each
    operation is exact: comparison, scaling by a power of two, the whole part, the difference of close numbers.
    """

    total = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        x = double(x)
        size = exp.Abs(this=x)
        finite = exp.Abs(this=Finite.of(x))
        small = if_else(lt(size, lit(2.0**BITS)), x)  # Spark cannot take the whole part of a larger number
        power = _power(size, finite)
        scaled = mul(finite, _two_to(exp.Neg(this=power)))
        high = integer(exp.Floor(this=scaled))
        low = integer(mul(sub(scaled, double(high)), lit(2.0**BITS)))
        sign = if_else(lt(x, lit(0.0)), lit("-"), lit(""))
        return case(
            (eq(small, double(exp.Floor(this=small))), text(integer(exp.Floor(this=small)))),
            (lt(size, lit(math.inf)), concat(sign, text(high), lit("."), text(low), lit("/"), text(power))),
            (IsNan.of(x), lit("NaN")),
            (not_null(x), concat(sign, lit("Infinity"))),
        )

    @staticmethod
    def row(x: Any) -> str:
        x = float(x)
        size = abs(x)
        if size < 2.0**BITS and x == math.floor(x):
            return str(int(x))
        if x != x:
            return "NaN"
        sign = "-" if x < 0 else ""
        if size == math.inf:
            return f"{sign}Infinity"
        j = max(LOWEST, (math.frexp(size)[1] - 1) // BITS)
        scaled = size * 2.0 ** (-BITS * j)
        high = math.floor(scaled)
        return f"{sign}{high}.{int((scaled - high) * 2.0**BITS)}/{j}"


def _power(size: Tree, finite: Tree) -> Tree:
    """The j for which 2⁶⁰ʲ is the largest that is not above a size: by comparison for the usual sizes, else from the logarithm, whose last
    digit may be wrong, so it is held against the powers beside it."""
    near = integer(exp.Floor(this=mul(call("log2", null_if(finite, lit(0.0))), lit(1.0 / BITS))))
    below = if_else(lt(finite, _two_to(near)), lit(1), lit(0))
    above = if_else(ge(finite, _two_to(add(near, lit(1)))), lit(1), lit(0))
    found = greatest(add(sub(near, below), above), lit(LOWEST))
    whole = and_(ge(size, lit(1.0)), lt(size, lit(2.0**BITS)))
    part = and_(ge(size, lit(2.0**-BITS)), lt(size, lit(1.0)))
    return case((whole, lit(0)), (part, lit(-1)), otherwise=found)


def _two_to(power: Tree) -> Tree:
    """2⁶⁰ʲ, exactly: it is a power of two."""
    return call("pow", lit(2.0), double(mul(exp.Paren(this=own(power)), lit(BITS))))


class DecimalText(Operation):
    """A decimal without trailing zeros, whatever its scale: 1.50 is `1.5`, 2.00 is `2`."""

    total = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        written = text(x)
        shorter = _without_end(_without_end(written, "0"), ".")
        return if_else(ne(exp.StrPosition(this=written, substr=lit(".")), lit(0)), shorter, written)

    @staticmethod
    def row(x: Any) -> str:
        written = format(Decimal(x), "f")
        shorter = written.rstrip("0").rstrip(".") if "." in written else written
        return shorter if shorter != "-0" else "0"


def _without_end(x: Tree, characters: str) -> Tree:
    return exp.Trim(this=x, expression=lit(characters), position="TRAILING")


class DateText(Operation):
    """A day as `2024-02-29`."""

    total = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return text(x)

    @staticmethod
    def row(x: Any) -> str:
        return str(x.isoformat())


class TimestampText(Operation):
    """A day and time without a zone, as `2024-02-29T12:30:00.000000`."""

    total = True

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        return call("strftime", x, lit("%Y-%m-%dT%H:%M:%S.%f"))

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return call("date_format", x, lit("yyyy-MM-dd'T'HH:mm:ss.SSSSSS"))

    @staticmethod
    def row(x: Any) -> str:
        return str(x.isoformat(timespec="microseconds"))


class InstantText(Operation):
    """A point in time, in UTC, as `2024-02-29T12:30:00.000000Z`."""

    total = True

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        return call("strftime", exp.AtTimeZone(this=x.copy(), zone=lit("UTC")), lit("%Y-%m-%dT%H:%M:%S.%fZ"))

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return call("date_format", x, lit("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'"))

    @staticmethod
    def row(x: datetime) -> str:
        return x.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


class BinaryText(Operation):
    """Bytes as hexadecimal digits in upper case."""

    total = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return call("hex", x)

    @staticmethod
    def row(x: Any) -> str:
        return str(bytes(x).hex().upper())


class Field(Operation):
    """A canonical text, or the character 0 for null: what of a value goes into a hash."""

    takes_null = True
    never_null = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return coalesce(x, call("chr", lit(0)))

    @staticmethod
    def row(x: Any) -> str:
        return "\0" if x is None else str(x)


TEXTS: dict[Kind, type[Operation]] = {
    Kind.FLOAT: FloatText,
    Kind.DECIMAL: DecimalText,
    Kind.DATE: DateText,
    Kind.TIMESTAMP: TimestampText,
    Kind.INSTANT: InstantText,
    Kind.BINARY: BinaryText,
}
PLAIN = frozenset({Kind.TEXT, Kind.INTEGER, Kind.BOOLEAN, Kind.NULL})  # a cast to text is the same everywhere


def has_text(column: Column) -> bool:
    """Whether values of the column's kind have a canonical text. Times of day, lists, structs and maps have none."""
    return column.kind in TEXTS or column.kind in PLAIN


def canonical_text(column: Column) -> Tree:
    """The canonical text of a column's value; null for null. Only for columns that `has_text`."""
    operation = TEXTS.get(column.kind)
    return text(col(column.name)) if operation is None else operation.of(col(column.name))


def key_text(columns: Iterable[Column], *before: str) -> Tree:
    """The canonical texts of several columns with 0x1F between them, never null; `before` are texts in front, such as a seed."""
    fields = [Field.of(canonical_text(c)) for c in columns]
    if before:
        fields.insert(0, lit(BETWEEN.join(before)))
    return concat(*[part for f in fields for part in (lit(BETWEEN), f)][1:])


def key_hash(columns: Iterable[Column], seed: int | str) -> Tree:
    """The hash of a key made of several columns, never null. Equal keys have equal hashes, whatever rows they stand in."""
    return HashText.of(key_text(columns, str(seed)))


def threshold(share: float) -> str:
    """The hash below which a share of all hashes lies; `"g"`, which is above every hash, for the whole.

    >>> threshold(0.8)
    'ccccccccccccccc'
    """
    cut = math.floor(Decimal(repr(float(share))) * 16**DIGITS)  # of the share as it is written: 0.8, not the double beside it
    return "g" if cut >= 16**DIGITS else f"{cut:0{DIGITS}x}"
