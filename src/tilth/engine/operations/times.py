"""Days and times: their parts, the days between them, microseconds. Instants are read in UTC; weeks begin on Monday."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.expressions import cast, data_type, if_else
from tilth.engine.operations.casts import between
from tilth.engine.operations.operation import Operation, call

EPOCH = datetime(1970, 1, 1)


class KnownTime(Operation):
    """A date or time of the years 1 to 9999; null for one beyond, or one that is infinite: DuckDB alone has these."""

    first: ClassVar[date]
    last: ClassVar[date]

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return if_else(between(cls.compared(x), cls.first, cls.last), x)

    @classmethod
    def compared(cls, x: Tree) -> Tree:
        """What is compared with the first and the last: the value itself."""
        return x

    @staticmethod
    def row(x: Any) -> Any:
        return x  # Python has no other


class KnownDate(KnownTime):
    """A day of the years 1 to 9999, else null."""

    first, last = date.min, date.max


class KnownTimestamp(KnownTime):
    """A day and time of the years 1 to 9999, else null."""

    first, last = datetime.min, datetime.max

    @classmethod
    def compared(cls, x: Tree) -> Tree:
        return cast(x, Kind.TIMESTAMP)  # DuckDB would bring both ends to the nanoseconds of a column that has them, and they do not fit


class KnownTimestampTz(KnownTime):
    """A point in time of the years 1 to 9999, else null."""

    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Part(Operation):
    """One part of a date or timestamp, as an integer."""

    total = True
    kind: ClassVar[Kind] = Kind.INTEGER
    word: ClassVar[str]

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        return call(cls.word, x)

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return cast(call(cls.word, x), Kind.INTEGER)  # it has 32 bits

    @classmethod
    def row(cls, x: Any) -> int:
        return int(getattr(x, cls.word, 0))  # a date begins at midnight


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
        return cast(exp.Add(this=call("weekday", x), expression=exp.Literal.number(1)), Kind.INTEGER)

    @classmethod
    def row(cls, x: Any) -> int:
        return int(x.isoweekday())


class DaysBetween(Operation):
    """The number of midnights from the second date or timestamp to the first; negative where the first is earlier."""

    total = True
    kind: ClassVar[Kind] = Kind.INTEGER

    @classmethod
    def duckdb(cls, later: Tree, earlier: Tree) -> Tree:
        as_date = data_type("date")
        return call(
            "date_diff",
            exp.Literal.string("day"),
            exp.Cast(this=earlier.copy(), to=as_date),
            exp.Cast(this=later.copy(), to=as_date.copy()),
        )

    @classmethod
    def spark(cls, later: Tree, earlier: Tree) -> Tree:
        as_date = data_type("date")
        days = call("datediff", exp.Cast(this=later.copy(), to=as_date), exp.Cast(this=earlier.copy(), to=as_date.copy()))
        return cast(days, Kind.INTEGER)

    @staticmethod
    def row(later: Any, earlier: Any) -> int:
        return int(_day(later) - _day(earlier))


def _day(x: Any) -> int:
    return int(x.toordinal())


class Micros(Operation):
    """A day or time as microseconds since 1970-01-01 00:00 (of UTC, if it has a zone): a 64-bit integer."""

    total = True

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        return call("epoch_us", x)

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return call("unix_micros", exp.Cast(this=x.copy(), to=data_type("timestamptz")))

    @staticmethod
    def row(x: date) -> int:
        time = x if isinstance(x, datetime) else datetime(x.year, x.month, x.day)
        naive = time if time.tzinfo is None else time.astimezone(UTC).replace(tzinfo=None)
        return (naive - EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int, kind: Kind) -> date:
    """The value of a kind of column (date, timestamp with or without time zone) that `Micros` takes to this integer; a date by its day."""
    found = EPOCH + timedelta(microseconds=micros)
    return found.date() if kind is Kind.DATE else found if kind is Kind.TIMESTAMP else found.replace(tzinfo=UTC)
