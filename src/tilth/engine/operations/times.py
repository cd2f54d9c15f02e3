"""Parts of dates and timestamps, and days between them. Instants are read in UTC; weeks begin on Monday."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.operations.operation import Operation, call


class Part(Operation):
    """One part of a date or timestamp, as an integer."""

    total = True
    kind: ClassVar[Kind] = Kind.INTEGER
    word: ClassVar[str]

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return call(cls.word, x)

    @classmethod
    def row(cls, x: Any) -> int:
        return int(getattr(x, cls.word))


class Year(Part):
    """The year."""

    word = "year"


class Month(Part):
    """The month, 1 to 12."""

    word = "month"


class Day(Part):
    """The day of the month, 1 to 31."""

    word = "day"


class Hour(Part):
    """The hour, 0 to 23."""

    word = "hour"


class Minute(Part):
    """The minute, 0 to 59."""

    word = "minute"


class Weekday(Part):
    """The day of the week, 1 (Monday) to 7 (Sunday)."""

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        return call("isodow", x)

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return exp.Paren(this=exp.Add(this=call("weekday", x), expression=exp.Literal.number(1)))

    @classmethod
    def row(cls, x: Any) -> int:
        return int(x.isoweekday())


class DaysBetween(Operation):
    """The number of midnights from the second date or timestamp to the first; negative where the first is earlier."""

    total = True
    kind: ClassVar[Kind] = Kind.INTEGER

    @classmethod
    def duckdb(cls, later: Tree, earlier: Tree) -> Tree:
        as_date = exp.DataType.build("date")
        return call(
            "date_diff",
            exp.Literal.string("day"),
            exp.Cast(this=earlier.copy(), to=as_date),
            exp.Cast(this=later.copy(), to=as_date.copy()),
        )

    @classmethod
    def spark(cls, later: Tree, earlier: Tree) -> Tree:
        as_date = exp.DataType.build("date")
        return call("datediff", exp.Cast(this=later.copy(), to=as_date), exp.Cast(this=earlier.copy(), to=as_date.copy()))

    @staticmethod
    def row(later: Any, earlier: Any) -> int:
        return int(_day(later) - _day(earlier))


def _day(x: Any) -> int:
    return int(x.toordinal())
