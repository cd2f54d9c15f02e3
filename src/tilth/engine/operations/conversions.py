"""From a value of one kind to a value of another."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import ClassVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.expressions import TYPES, case, data_type, double, eq, lit, text
from tilth.engine.operations.casts import DIGITS, FROM_STRING
from tilth.engine.operations.hashing import DateString, DecimalString, TimestampString, TimestampTzString
from tilth.engine.operations.numbers import DecimalToInteger, ToInteger, integer
from tilth.engine.operations.operation import Operation


class ToTime(Operation):
    """A date, or timestamp with or without time zone, as another of the three, in UTC."""

    total = True
    kind: ClassVar[Kind]

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return exp.Cast(this=x.copy(), to=exp.DataType(this=TYPES[cls.kind]))


class ToDate(ToTime):
    """The day of a timestamp, or of a timestamp with time zone in UTC."""

    kind = Kind.DATE

    @staticmethod
    def row(x: date) -> date:
        return ToTimestamp.row(x).date()


class ToTimestamp(ToTime):
    """The midnight at which a day begins, or a timestamp with time zone as a clock in UTC shows it."""

    kind = Kind.TIMESTAMP

    @staticmethod
    def row(x: date) -> datetime:
        if not isinstance(x, datetime):
            return datetime(x.year, x.month, x.day)
        return x if x.tzinfo is None else x.astimezone(UTC).replace(tzinfo=None)


class ToTimestampTz(ToTime):
    """The point in time at which a clock in UTC shows a timestamp, or a day begins."""

    kind = Kind.TIMESTAMP_TZ

    @staticmethod
    def row(x: date) -> datetime:
        return ToTimestamp.row(x).replace(tzinfo=UTC)


def _zero_or_one(x: Tree) -> Tree:
    return case((eq(x, lit(1)), exp.true()), (eq(x, lit(0)), exp.false()))


class ToDecimal(Operation):
    """A number, or a string with one, as a decimal with p digits, s of them after the point (literals).

    Halves are rounded away from zero; numbers that are too large are null. A double is converted by its shortest notation, so 1.005, whose
    exact value is slightly less, becomes 1.01. DuckDB gives null for an exponent that exceeds 38 digits.
    """

    @classmethod
    def duckdb(cls, x: Tree, p: Tree, s: Tree) -> Tree:
        written = text(x)
        # DuckDB needs room for the digits of 15e-3 before it shifts the point, and afterwards only checks the size of the largest decimals
        shifted = cls.spark(cls.spark(written, lit(DIGITS), s), p, s)
        return case((exp.ILike(this=written.copy(), expression=lit("%e%")), shifted), otherwise=cls.spark(written, p, s))

    @classmethod
    def spark(cls, x: Tree, p: Tree, s: Tree) -> Tree:
        return exp.TryCast(this=x.copy(), to=data_type(f"decimal({p.name}, {s.name})"), safe=True)


CONVERSIONS: dict[tuple[Kind, Kind], Callable[[Tree], Tree]] = {
    **{(Kind.STRING, to): operation.of for to, operation in FROM_STRING.items() if to is not Kind.STRING},
    (Kind.BOOLEAN, Kind.INTEGER): integer,
    (Kind.FLOAT, Kind.INTEGER): ToInteger.of,
    (Kind.DECIMAL, Kind.INTEGER): DecimalToInteger.of,
    (Kind.BOOLEAN, Kind.FLOAT): lambda x: double(integer(x)),
    (Kind.INTEGER, Kind.FLOAT): double,
    (Kind.DECIMAL, Kind.FLOAT): double,
    (Kind.INTEGER, Kind.BOOLEAN): _zero_or_one,
    (Kind.FLOAT, Kind.BOOLEAN): _zero_or_one,
    (Kind.DECIMAL, Kind.BOOLEAN): _zero_or_one,
    (Kind.BOOLEAN, Kind.STRING): text,
    (Kind.INTEGER, Kind.STRING): text,
    (Kind.DECIMAL, Kind.STRING): DecimalString.of,
    (Kind.DATE, Kind.STRING): DateString.of,
    (Kind.TIMESTAMP, Kind.STRING): TimestampString.of,
    (Kind.TIMESTAMP_TZ, Kind.STRING): TimestampTzString.of,
    **{(source, Kind.DATE): ToDate.of for source in (Kind.TIMESTAMP, Kind.TIMESTAMP_TZ)},
    **{(source, Kind.TIMESTAMP): ToTimestamp.of for source in (Kind.DATE, Kind.TIMESTAMP_TZ)},
    **{(source, Kind.TIMESTAMP_TZ): ToTimestampTz.of for source in (Kind.DATE, Kind.TIMESTAMP)},
}
"""(from, to) → how. A pair that is not here has no conversion that all engines agree on: doubles have no common text."""
