"""Bins of time: of equal length, or months of the calendar. A bin is an integer, and the next bin is the next integer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import add, col, if_else, least, lit, lt, mul, sub
from tilth.engine.operations.conversions import CONVERSIONS
from tilth.engine.operations.numbers import FloorDivide
from tilth.engine.operations.times import AtLocalTime, FromMicros, FromMonths, LocalTime, Micros, Months

EPOCH = datetime(1970, 1, 1)
SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 86_400 * SECOND
UTC = "UTC"
MONDAY = 4 * DAY  # 1970-01-05
LENGTHS: Mapping[str, int] = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 1_000),
    **dict.fromkeys(("s", "second", "seconds"), SECOND),
    **dict.fromkeys(("min", "minute", "minutes"), 60 * SECOND),
    **dict.fromkeys(("h", "hour", "hours"), HOUR),
    **dict.fromkeys(("d", "day", "days"), DAY),
    **dict.fromkeys(("w", "week", "weeks"), 7 * DAY),
}
MONTHS: Mapping[str, int] = {
    **dict.fromkeys(("mo", "month", "months"), 1),
    **dict.fromkeys(("q", "quarter", "quarters"), 3),
    **dict.fromkeys(("y", "year", "years"), 12),
}


@dataclass(frozen=True)
class Bins:
    """Bins of a `length` in microseconds, counted from 1970-01-01 (weeks from a Monday), or of `months`, counted from the year 0.

    Days and longer bins begin at midnight in the `zone`, so that a day may have 23 or 25 hours; several hours that divide a day follow the
    clock, too. All other bins, and hours from an origin, are counted in elapsed time. Months from an origin begin on its day of the month,
    or on the last day of a shorter month, and are counted from there (`first`).

    The bin of a time is the number of whole lengths from the start to it. `right`: whether a time on the boundary of two bins belongs to
    the earlier one.
    """

    length: int = 0
    months: int = 0
    origin: int = 0
    right: bool = False
    zone: str = UTC
    first: int = 0  # the month that months are counted from; `origin` is then the time since its start
    local: bool = False  # whether bins are counted on the clock of another zone than UTC

    @classmethod
    def read(cls, every: str, right: bool = False, zone: str = UTC, origin: str = "") -> Self | None:
        """The bins that a text such as `15 min`, `1d` or `month` describes; None if it describes none.

        One of them begins at the `origin`, a day or time of ISO 8601 in the zone, if there is one.

        >>> Bins.read("15 min").length, Bins.read("quarter").months, Bins.read("fortnight")
        (900000000, 3, None)
        """
        found = re.fullmatch(r"\s*([0-9]{0,6})\s*([a-z]+)\s*", every)
        number, unit = (int(found[1] or 1), found[2]) if found else (0, "")
        if not number or unit not in {*LENGTHS, *MONTHS}:
            return None
        length = number * LENGTHS.get(unit, 0)
        start = moment(origin)
        clock = unit in MONTHS or LENGTHS[unit] >= DAY or (start is None and _makes_a_day(length))
        start = start or (EPOCH + timedelta(microseconds=MONDAY) if unit.startswith("w") else EPOCH)
        local = clock and zone != UTC
        if unit in MONTHS:
            first = Months.row(start) if moment(origin) else 0
            since = _micros(start, UTC) - _micros(start.replace(day=1, hour=0, minute=0, second=0, microsecond=0), UTC) if first else 0
            return cls(0, number * MONTHS[unit], since, right, zone, first, local)
        return cls(length, 0, _micros(start, UTC if clock else zone), right, zone, 0, local)

    @property
    def days(self) -> bool:
        """Whether each bin begins at midnight."""
        return self.length % DAY == 0 and self.origin % DAY == 0

    @property
    def whole_days(self) -> bool:
        """Whether bins consist of whole days, weeks or months."""
        return self.length % DAY == 0

    @property
    def longest(self) -> int:
        """The length of the longest bin in microseconds, without clock changes."""
        return self.length or self.months * 31 * DAY

    def between(self, low: int, high: int) -> int:
        """About how many bins there are between two times in microseconds."""
        return (high - low) // (self.length or self.months * 30 * DAY) + 1

    def bin_of(self, time: Column) -> Tree:
        """The bin of a column of times."""
        return self.bin_at(col(time.name))

    def bin_at(self, time: Tree) -> Tree:
        """The bin of a time."""
        micros = Micros.of(LocalTime.of(time, lit(self.zone)) if self.local else time)
        before = self.right + (0 if self.months else self.origin)
        micros = sub(micros, lit(before)) if before else micros
        if not self.months:
            return FloorDivide.of(micros, lit(self.length))
        month = Months.of(FromMicros.of(micros))
        if self.origin:
            month = if_else(lt(micros, self._in_month(month)), sub(month, lit(1)), month)
        return FloorDivide.of(sub(month, lit(self.first)) if self.first else month, lit(self.months))

    def _in_month(self, month: Tree) -> Tree:
        """The time of a month at which a bin begins, on the clock, in microseconds: no later than on its last day."""
        last = sub(Micros.of(FromMonths.of(add(month, lit(1)))), lit(DAY - self.origin % DAY))
        return least(add(Micros.of(FromMonths.of(month)), lit(self.origin)), last)

    def elapsed(self, number: Tree) -> Tree:
        """A number whose differences are proportional to the time between bins."""
        return self.micros(number) if self.months or self.local else number

    def micros(self, number: Tree) -> Tree:
        """The time at which a bin begins, in microseconds."""
        return Micros.of(self.start(number, Kind.TIMESTAMP_TZ))

    def start(self, number: Tree, kind: Kind, days: int = 0) -> Tree:
        """The time at which a bin begins, or a number of days before that on the clock, as a kind of time."""
        if self.months:
            month = mul(number, lit(self.months))
            month = add(month, lit(self.first)) if self.first else month
            found = FromMicros.of(self._in_month(month)) if self.origin else FromMonths.of(month)
        else:
            micros = mul(number, lit(self.length))
            found = FromMicros.of(add(micros, lit(self.origin)) if self.origin else micros)
        if days:
            found = FromMicros.of(sub(Micros.of(found), lit(days * DAY)))
        if self.local:
            return AtLocalTime.of(found, lit(self.zone))
        return found if kind is Kind.TIMESTAMP else CONVERSIONS[Kind.TIMESTAMP, kind](found)


def moment(text: str) -> datetime | None:
    """A day or time of ISO 8601 without a zone; None for any other text.

    >>> moment("2024-05-01 09:00"), moment("9 o'clock")
    (datetime.datetime(2024, 5, 1, 9, 0), None)
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is None else None


def _makes_a_day(length: int) -> bool:
    """Whether a length is several hours and divides a day. Clocks change by at most an hour."""
    return length % HOUR == 0 and HOUR < length < DAY and DAY % length == 0


def _micros(time: datetime, zone: str) -> int:
    """A time that the clock shows in a zone, in microseconds since 1970-01-01 of UTC.

    >>> _micros(EPOCH, "Asia/Kolkata") / HOUR
    -5.5
    """
    return (time.replace(tzinfo=ZoneInfo(zone)) - EPOCH.replace(tzinfo=ZoneInfo(UTC))) // timedelta(microseconds=1)
