"""Days and times: their parts, the days between them, microseconds. Timestamps with time zone are read in UTC; weeks begin on Monday."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.expressions import add, and_, cast, cast_to, data_type, eq, ge, if_else, le, lit, mul, sub
from tilth.engine.operations.casts import between
from tilth.engine.operations.conversions import ToTimestamp
from tilth.engine.operations.operation import Operation, call

EPOCH = datetime(1970, 1, 1)
DAY = 86_400_000_000  # in microseconds


SPANS: Mapping[Kind, tuple[date, date]] = {
    Kind.DATE: (date.min, date.max),
    Kind.TIMESTAMP: (datetime.min, datetime.max),
    Kind.TIMESTAMP_TZ: (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
}
"""Kind of time → its first and last value: those of the years 1 to 9999, which Python has too."""


class Known(Operation):
    """A date or time of the years 1 to 9999, else null; the second argument is its kind. DuckDB alone has others, and infinite ones.

    A timestamp with a zone is rounded to microseconds: hardly any function of DuckDB takes one of nanoseconds, and Spark has none.
    """

    identity_if = "True"

    @classmethod
    def both(cls, x: Tree, kind: Tree) -> Tree:
        of = Kind(kind.name)
        # DuckDB would bring both ends to the nanoseconds of a column that has them, and they do not fit
        in_range = between(x if of is Kind.DATE else cast(x, of), *SPANS[of])
        return if_else(in_range, cast(x.copy(), of) if of is Kind.TIMESTAMP_TZ else x)

    @staticmethod
    def row(x: Any, kind: str) -> Any:
        return x


def known(kind: Kind) -> Callable[[Tree], Tree]:
    """The operation for the values of a kind of time."""
    return lambda x: Known.of(x, lit(kind.value))


class Part(Operation):
    """One part of a date or timestamp, as an integer. The second argument is a key of `ROW_PARTS`, or an attribute of Python's dates.

    Weeks are those of ISO 8601.
    """

    total = True

    @classmethod
    def duckdb(cls, x: Tree, word: Tree) -> Tree:
        return call(word.name, x)

    @classmethod
    def spark(cls, x: Tree, word: Tree) -> Tree:
        return cast(call(word.name, x), Kind.INTEGER)  # it has 32 bits

    @staticmethod
    def row(x: Any, word: str) -> int:
        return ROW_PARTS[word](x) if word in ROW_PARTS else int(getattr(x, word, 0))


ROW_PARTS: Mapping[str, Callable[[date], int]] = {
    "quarter": lambda x: (x.month + 2) // 3,
    "weekofyear": lambda x: x.isocalendar().week,
    "dayofyear": lambda x: x.timetuple().tm_yday,
}


def part(word: str) -> Callable[[Tree], Tree]:
    """The operation for one part of a date or timestamp."""
    return lambda x: Part.of(x, lit(word))


class Weekday(Operation):
    """The day of the week, 1 (Monday) to 7 (Sunday)."""

    total = True
    duckdb_call = "isodow"

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return cast(exp.Add(this=call("weekday", x), expression=lit(1)), Kind.INTEGER)

    row = staticmethod(date.isoweekday)


class DaysBetween(Operation):
    """The number of midnights from the second date or timestamp to the first; negative where the first is earlier."""

    total = True

    @classmethod
    def duckdb(cls, later: Tree, earlier: Tree) -> Tree:
        return call("date_diff", lit("day"), cast(earlier, Kind.DATE), cast(later, Kind.DATE))

    @classmethod
    def spark(cls, later: Tree, earlier: Tree) -> Tree:
        return cast(call("datediff", cast(later, Kind.DATE), cast(earlier, Kind.DATE)), Kind.INTEGER)

    @staticmethod
    def row(later: date, earlier: date) -> int:
        return later.toordinal() - earlier.toordinal()


class Micros(Operation):
    """A day or time as microseconds since 1970-01-01 00:00 (of UTC, if it has a zone): a 64-bit integer."""

    total = True
    duckdb_call = "epoch_us"

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return call("unix_micros", cast(x, Kind.TIMESTAMP_TZ))

    @staticmethod
    def row(x: date) -> int:
        return (ToTimestamp.row(x) - EPOCH) // timedelta(microseconds=1)


class FromMicros(Operation):
    """The timestamp, without time zone, that `Micros` takes to this integer."""

    total = True
    duckdb_call = "make_timestamp"

    @classmethod
    def spark(cls, n: Tree) -> Tree:
        return cast(call("timestamp_micros", n), Kind.TIMESTAMP)

    @staticmethod
    def row(n: int) -> datetime:
        return EPOCH + timedelta(microseconds=n)


class Months(Operation):
    """The months from January of the year 0 to a date or timestamp: 12 · year + month − 1."""

    total = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return sub(add(mul(Part.of(x, lit("year")), lit(12)), Part.of(x, lit("month"))), lit(1))

    @staticmethod
    def row(x: date) -> int:
        return 12 * x.year + x.month - 1


class FromMonths(Operation):
    """The first midnight of the month that `Months` takes to this integer, as a timestamp without time zone."""

    total = True

    @classmethod
    def both(cls, n: Tree) -> Tree:
        year, month = exp.IntDiv(this=n.copy(), expression=lit(12)), add(exp.Paren(this=exp.Mod(this=n.copy(), expression=lit(12))), lit(1))
        whole = (cast_to(x, data_type("int")) for x in (year, month, lit(1)))
        return cast(call("make_date", *whole), Kind.TIMESTAMP)

    @staticmethod
    def row(n: int) -> datetime:
        return datetime(n // 12, n % 12 + 1, 1)


class LocalTime(Operation):
    """What a clock in a time zone, the second argument, shows at a timestamp with time zone: a timestamp without one."""

    @classmethod
    def duckdb(cls, x: Tree, zone: Tree) -> Tree:
        return call("timezone", zone, x)

    @classmethod
    def spark(cls, x: Tree, zone: Tree) -> Tree:
        return cast(call("from_utc_timestamp", x, zone), Kind.TIMESTAMP)

    @staticmethod
    def row(x: datetime, zone: str) -> datetime:
        return x.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


class AtLocalTime(Operation):
    """A local timestamp in a time zone (the second argument) as a timestamp with time zone.

    If clocks are put back and the local time occurs twice, the earlier one (DuckDB's own function takes the later one). If clocks are put
    forward and the local time does not exist, the time as far after the change as the local time is after the start of the gap.
    """

    @classmethod
    def duckdb(cls, x: Tree, zone: Tree) -> Tree:
        day = lit(DAY)
        as_the_day_before = add(Micros.of(call("timezone", zone, FromMicros.of(sub(Micros.of(x), day)))), day)
        earlier = cast(FromMicros.of(as_the_day_before), Kind.TIMESTAMP_TZ)
        return if_else(eq(LocalTime.of(earlier, zone), x), earlier, call("timezone", zone, x))

    @classmethod
    def spark(cls, x: Tree, zone: Tree) -> Tree:
        return call("to_utc_timestamp", cast(x, Kind.TIMESTAMP_TZ), zone)

    @staticmethod
    def row(x: datetime, zone: str) -> datetime:
        return x.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def local_time(x: Tree, zone: str) -> Tree:
    """What a clock in a time zone shows at a timestamp with time zone; null within a day of the ends of the years 1 to 9999."""
    return away_from_ends(x, LocalTime.of(x, lit(zone)))


def known_zone(zone: str) -> bool:
    """Whether a time zone name means the same everywhere: it is neither specific to a machine nor one with leap seconds."""
    if zone == "localtime" or zone.startswith(("posix/", "right/")):
        return False
    try:
        ZoneInfo(zone)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        return False
    return True


def away_from_ends(x: Tree, made: Tree) -> Tree:
    """A function of a timestamp of the years 1 to 9999 in another time zone; null within a day of their ends."""
    first, last = map(Micros.row, SPANS[Kind.TIMESTAMP])
    return if_else(and_(ge(Micros.of(x), lit(first + DAY)), le(Micros.of(x), lit(last - DAY))), made)


def from_micros(micros: int, kind: Kind) -> date:
    """The value of a kind of column (date, timestamp with or without time zone) that `Micros` takes to this integer; a date by its day."""
    found = EPOCH + timedelta(microseconds=micros)
    return found.date() if kind is Kind.DATE else found if kind is Kind.TIMESTAMP else found.replace(tzinfo=UTC)
