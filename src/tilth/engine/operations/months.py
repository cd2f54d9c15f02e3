"""Arithmetic with months: adding months, the last day of a month, and the months between two times."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, datetime

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import add, and_, cast_to, data_type, double, eq, if_else, lit, mul, or_, sub
from tilth.engine.operations.numbers import Round
from tilth.engine.operations.operation import Operation, call
from tilth.engine.operations.times import Months, part

IN_MONTHS: Mapping[str, int] = {"month": 1, "quarter": 3, "year": 12}
FIRST_MONTH, LAST_MONTH = map(Months.row, (date.min, date.max))
SECONDS = 31 * 86_400  # of a month, as `MonthsBetween` counts
PLACES = 8


class AddMonths(Operation):
    """A timestamp without time zone, n months later: at the same time of the same day, or of the last day of a shorter month.

    It is within the years 1 to 9999.
    """

    total = True

    @classmethod
    def duckdb(cls, x: Tree, n: Tree) -> Tree:
        return exp.Paren(this=add(x, call("to_months", cast_to(n, data_type("int")))))

    @classmethod
    def spark(cls, x: Tree, n: Tree) -> Tree:
        return exp.Paren(this=add(x, call("make_ym_interval", lit(0), cast_to(n, data_type("int")))))

    @staticmethod
    def row(x: datetime, n: int) -> datetime:
        year, month = divmod(Months.row(x) + n, 12)
        return x.replace(year=year, month=month + 1, day=min(x.day, monthrange(year, month + 1)[1]))


class LastDay(Operation):
    """The last day of the month that a day or time is in: a date."""

    total = True
    both_call = "last_day"

    @staticmethod
    def row(x: date) -> date:
        return date(x.year, x.month, monthrange(x.year, x.month)[1])


class MonthsBetween(Operation):
    """The months from the second timestamp without time zone to the first, as Spark counts them.

    Whole between the same days of two months, and between their last ones, whatever the time of day; else each second more is
    1 / (31 · 86,400) of a month. The third argument says whether that is rounded to eight places. Source: Spark SQL, months_between.
    """

    total = True

    @classmethod
    def both(cls, x: Tree, y: Tree, rounded: Tree) -> Tree:
        day = part("day")
        last = and_(*(eq(day(t), day(LastDay.of(t))) for t in (x, y)))
        months = double(exp.Paren(this=sub(Months.of(x), Months.of(y))))
        seconds = double(exp.Paren(this=sub(_seconds(x), _seconds(y))))
        exact = add(months, exp.Div(this=seconds, expression=lit(float(SECONDS))))
        found = Round.of(exp.Paren(this=exact), lit(PLACES)) if rounded == exp.true() else exact
        return if_else(or_(eq(day(x), day(y)), last), months, found)

    @staticmethod
    def row(x: datetime, y: datetime, rounded: bool) -> float:
        months = float(Months.row(x) - Months.row(y))
        if x.day == y.day or all(t.day == LastDay.row(t).day for t in (x, y)):
            return months
        exact = months + (_row_seconds(x) - _row_seconds(y)) / SECONDS
        return Round.row(exact, PLACES) if rounded else exact


def _seconds(x: Tree) -> Tree:
    """The whole seconds since the day before the first of the month."""
    sizes = {"day": 86_400, "hour": 3_600, "minute": 60}
    parts = [mul(part(word)(x), lit(size)) for word, size in sizes.items()]
    return add(add(add(parts[0], parts[1]), parts[2]), part("second")(x))


def _row_seconds(x: datetime) -> int:
    return 86_400 * x.day + 3_600 * x.hour + 60 * x.minute + x.second
