"""mask_date, date_shift: days and times that say less."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import and_, col, ge, if_else, le, lit, lt, mul, text
from tilth.engine.operations.conversions import ToDate, ToTimestamp, ToTimestampTz
from tilth.engine.operations.numbers import FloorDivide
from tilth.engine.operations.operation import Operation
from tilth.engine.operations.times import FromMonths, Micros, Months, known
from tilth.engine.operations.timewriting import FIRST, LAST, UNITS, AddTime
from tilth.engine.python_operation import PythonFunction
from tilth.errors import Mistake
from tilth.steps.protect.action import Action, EachText

BACK: Mapping[Kind, type[Operation]] = {Kind.DATE: ToDate, Kind.TIMESTAMP: ToTimestamp, Kind.TIMESTAMP_TZ: ToTimestampTz}
MONTHS = {"month": 1, "quarter": 3, "year": 12, "decade": 120}
MOST_DAYS = 36_500


def as_timestamp(column: Column) -> Tree:
    """A day or time as a timestamp without time zone, in UTC."""
    x = known(column.kind)(col(column.name))
    return x if column.kind is Kind.TIMESTAMP else ToTimestamp.of(x)


def back(column: Column, x: Tree) -> Tree:
    """A timestamp as a value of the column's kind."""
    return x if column.kind is Kind.TIMESTAMP else BACK[column.kind].of(x)


class _Dates(Action):
    def accepts(self, column: Column) -> str:
        return "" if column.kind in BACK else "is not of days or times (parse it first)"


class MaskDate(_Dates):
    """The first day of the month, quarter, year or decade, or the day of a time."""

    takes = ("part",)

    def change(self, column: Column, **learned: Any) -> Tree:
        x = as_timestamp(column)
        if self.step.part == "day":
            return back(column, ToTimestamp.of(ToDate.of(x)))
        n = MONTHS[self.step.part]
        months = mul(FloorDivide.of(Months.of(x), lit(n)), lit(n))
        of_calendar = if_else(lt(months, lit(12)), lit(12), months.copy())  # the first decade begins with the year 1
        return back(column, FromMonths.of(Months.of(x) if n == 1 else of_calendar))


class DateShift(_Dates):
    """Moves all dates of one person by the same number of days.

    Dates that a shift could move past the end of the calendar, such as 9999-12-31, stand for a missing date and stay unchanged.
    """

    takes = ("key", "key_id", "domain", "by", "days")
    purpose = "dateshift"
    needs_id = True

    def mistakes(self) -> Iterator[Mistake]:
        if not 1 <= self.step.days <= MOST_DAYS:
            yield Mistake(f"redact: `days` is {self.step.days}", accepted=f"1 to {MOST_DAYS:,}", code="bad-value")

    def change(self, column: Column, **learned: Any) -> Tree:
        shift = Shift(self.key(learned["key_id"]), self.step.days)
        days = PythonFunction(EachText(shift, Kind.INTEGER), (Kind.STRING,), Kind.INTEGER, f"redact date_shift {column.name}")
        (by,) = learned["by"]
        x, reach = as_timestamp(column), self.step.days * UNITS["day"]
        inside = and_(ge(Micros.of(x), lit(FIRST + reach)), le(Micros.of(x), lit(LAST - reach)))
        return back(column, if_else(inside, AddTime.of(x, days.of(text(col(by))), lit("day")), x))


@dataclass(frozen=True)
class Shift:
    """The shift of one person's dates, from −days to days."""

    key: bytes = field(repr=False)
    days: int

    def __call__(self, person: str) -> int:
        found = int.from_bytes(hmac.digest(self.key, person.encode(), "sha256")[:8], "big")
        return found % (2 * self.days + 1) - self.days
