"""Reproducible randomness: a hash of a row's own values that is equal on every engine and in Python.

The hash of a key is the first 15 hexadecimal digits of the MD5 of `seed ‖ 0x1F ‖ field ‖ 0x1F ‖ field …`. A field is the canonical
string of a value, the same everywhere. Integers are written in decimals, booleans as `true` and `false`, dates and times by ISO 8601
with microseconds (in UTC if they have a time zone), decimals without trailing zeros, null as the character 0. Engines write doubles
differently, so fractions are written in hexadecimal digits (`FloatString`). Strings are not normalized, because Spark has no Unicode
normalization.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import and_, case, cast, coalesce, col, concat, double, eq, gt, if_else, lit, lt, ne, own, text
from tilth.engine.operations.numbers import IsNan, integer
from tilth.engine.operations.operation import Operation, call

DIGITS = 15  # hexadecimal digits of a hash that are used: 60 bits
BETWEEN = "\x1f"  # between fields: the unit separator

WHOLE = 2.0**60  # whole numbers below it are written as integers


class HashString(Operation):
    """The first 15 hexadecimal digits of the MD5 of a string, in lower case: 60 bits that compare as strings do."""

    total = True
    shared = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return exp.Left(this=exp.MD5(this=own(x)), expression=lit(DIGITS))

    @staticmethod
    def row(x: Any) -> str:
        return hashlib.md5(x.encode(), usedforsecurity=False).hexdigest()[:DIGITS]


class HashBucket(Operation):
    """The hash of a string as a number, modulo n (a literal): 0 to n − 1."""

    total = True

    @classmethod
    def duckdb(cls, x: Tree, n: Tree) -> Tree:
        return _remainder(cast(concat(lit("0x"), HashString.both(x)), Kind.INTEGER), n)

    @classmethod
    def spark(cls, x: Tree, n: Tree) -> Tree:
        return _remainder(cast(call("conv", HashString.both(x), lit(16), lit(10)), Kind.INTEGER), n)

    @staticmethod
    def row(x: Any, n: int) -> int:
        return int(HashString.row(x), 16) % n


def _remainder(x: Tree, n: Tree) -> Tree:
    return exp.Paren(this=exp.Mod(this=x, expression=n.copy()))


class EngineHash(Operation):
    """A number that is the same wherever all values are, null among them. Each engine has its own, so it may choose candidates only."""

    total = True
    duckdb_call, spark_call = "hash", "xxhash64"


class FloatString(Operation):
    """A double's canonical string. Whole numbers below 2⁶⁰ are written as integers are: `3`, `-12`, `0` for both zeros.

    Any other finite one as C's `%a` writes it, which is exact: hexadecimal digits and a power of two, `0x1.8p-2` for 0.375. Engines
    differ in a plus before the power and in zeros at the end of the digits; neither is written. Then `NaN`, `Infinity` and `-Infinity`.
    """

    total = True

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        whole = and_(lt(exp.Abs(this=x.copy()), lit(WHOLE)), eq(x, exp.Floor(this=x.copy())))
        return _float_text(x, whole, call("replace", call("printf", lit("%a"), double(x)), lit("p+"), lit("p")))

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        small = if_else(lt(exp.Abs(this=x.copy()), lit(WHOLE)), double(x))  # it cannot take the whole part of a larger number
        whole = eq(small, double(exp.Floor(this=small.copy())))
        return _float_text(x, whole, call("replace", call("format_string", lit("%a"), double(x)), lit(".0p"), lit("p")))

    @staticmethod
    def row(x: Any) -> str:
        x = float(x)
        if abs(x) < WHOLE and x == math.floor(x):
            return str(int(x))
        if not math.isfinite(x):
            return "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"
        digits, _, power = x.hex().partition("p")
        return f"{digits.rstrip('0').rstrip('.')}p{int(power)}"


def _float_text(x: Tree, whole: Tree, exact: Tree) -> Tree:
    """The string of a number: whether it is whole and small, and how an engine writes other finite ones."""
    return case(
        (whole, text(integer(x))),
        (lt(exp.Abs(this=x.copy()), lit(math.inf)), exact),
        (IsNan.of(x), lit("NaN")),
        (gt(x, lit(0.0)), lit("Infinity")),
        (lt(x, lit(0.0)), lit("-Infinity")),
    )


class DecimalString(Operation):
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


class DateString(Operation):
    """A day as `2024-02-29`."""

    total = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return text(x)

    row = staticmethod(date.isoformat)


class TimestampString(Operation):
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


class TimestampTzString(Operation):
    """A point in time, in UTC, as `2024-02-29T12:30:00.000000Z`."""

    total = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return concat(TimestampString.of(cast(x, Kind.TIMESTAMP)), lit("Z"))

    @staticmethod
    def row(x: datetime) -> str:
        return x.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


class BinaryString(Operation):
    """Bytes as hexadecimal digits in upper case."""

    total = True
    both_call = "hex"

    @staticmethod
    def row(x: Any) -> str:
        return str(bytes(x).hex().upper())


class Fields(Operation):
    """Canonical strings joined by 0x1F, with the character 0 for null: the part of a row that is hashed. Never null."""

    null_input = True
    never_null = True

    @classmethod
    def both(cls, *texts: Tree) -> Tree:
        # one call of many strings: a chain of pairs costs DuckDB the square of their number
        return call("concat_ws", lit(BETWEEN), *(coalesce(x, call("chr", lit(0))) for x in texts))

    @staticmethod
    def row(*texts: Any) -> str:
        return BETWEEN.join("\0" if x is None else x for x in texts)


TEXTS: dict[Kind, type[Operation]] = {
    Kind.FLOAT: FloatString,
    Kind.DECIMAL: DecimalString,
    Kind.DATE: DateString,
    Kind.TIMESTAMP: TimestampString,
    Kind.TIMESTAMP_TZ: TimestampTzString,
    Kind.BINARY: BinaryString,
}
PLAIN = frozenset({Kind.STRING, Kind.INTEGER, Kind.BOOLEAN, Kind.NULL})  # a cast to string is the same everywhere


def has_string(column: Column) -> bool:
    """Whether values of the column's kind have a canonical string, as times of day, lists, structs and maps do not."""
    return column.kind in TEXTS or column.kind in PLAIN


def canonical_string(column: Column) -> Tree:
    """The canonical string of a column's value; null for null. Only for columns that `has_string`."""
    operation = TEXTS.get(column.kind)
    return text(col(column.name)) if operation is None else operation.of(col(column.name))


def key_string(columns: Iterable[Column], *before: str) -> Tree:
    """The canonical strings of several columns as one, never null; `before` are strings in front, such as a seed."""
    return Fields.of(*map(lit, before), *map(canonical_string, columns))


def key_hash(columns: Iterable[Column], seed: int | str) -> Tree:
    """The hash of a key of several columns, never null. Equal keys have equal hashes."""
    return HashString.of(key_string(columns, str(seed)))


def threshold(share: float) -> str:
    """The hash below which a share of all hashes is; `"g"`, which is above every hash, for the whole.

    >>> threshold(0.8)
    'ccccccccccccccc'
    """
    cut = math.floor(Decimal(repr(float(share))) * 16**DIGITS)  # the decimal 0.8 as written, not the nearest double
    return "g" if cut >= 16**DIGITS else f"{cut:0{DIGITS}x}"
