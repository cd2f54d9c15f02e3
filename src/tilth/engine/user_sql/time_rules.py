"""Translation rules for date and time functions of user SQL with admitted arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine import expressions as e
from tilth.engine.operations import times
from tilth.engine.operations.conversions import CONVERSIONS
from tilth.engine.operations.months import IN_MONTHS, LastDay, MonthsBetween
from tilth.engine.operations.parsing import ParseTime
from tilth.engine.operations.timeformats import TimeFormat, from_java
from tilth.engine.operations.timewriting import (
    UNITS,
    WHOLE_DAYS,
    AddTime,
    FromUnixSeconds,
    Millisecond,
    UnixSeconds,
    WriteTime,
    reject_unwritten,
)
from tilth.engine.user_sql.calls import TIMES, Call, Rule, whole_numbers
from tilth.engine.user_sql.meaning import Meaning
from tilth.engine.user_sql.nodes import is_string, kind, name_of, typed
from tilth.errors import RequestError, listed

PARTS = (exp.Year, exp.Quarter, exp.Month, exp.WeekOfYear, exp.Day, exp.DayOfYear, exp.Hour, exp.Minute, exp.Second)


def _parsed_time(to: Kind) -> Rule:
    """`to_date` and `to_timestamp`: a cast, or a string read by a format, as `strptime` or as Java writes it."""

    def rule(a: Meaning, node: Any) -> Tree:
        written, x = node.args.get("format"), node.this
        if written is None or kind(x).temporal or kind(x) is Kind.NULL:
            return a.cast(x, to)
        if not is_string(written):
            return a.reject("a format must be a string in quotes", accepted="such as '%d/%m/%Y'")
        try:
            form = TimeFormat.parse(written.name if "%" in written.name else from_java(written.name))
        except RequestError as error:
            for m in error.mistakes:
                a.reject(m.message, m.accepted, m.hint, m.code)
            return typed(exp.Null(), to)
        found = typed(ParseTime.of(a.cast(x, Kind.STRING), e.lit(form.text)), form.kind)
        return found if form.kind is to else typed(CONVERSIONS[form.kind, to](found), to)

    return rule


def _written_time(a: Meaning, node: WriteTime) -> Tree:
    given, form = node.expressions
    (x,) = a.times("strftime()", [given])
    if not is_string(form):
        return a.reject("a format must be a string in quotes", accepted="such as '%d/%m/%Y'")
    try:
        reject_unwritten(form.name)
    except RequestError as error:
        a.mistakes += error.mistakes
        return typed(exp.Null(), Kind.STRING)
    return typed(WriteTime.of(a.cast(x, Kind.TIMESTAMP), form), Kind.STRING)


def _added_time(a: Meaning, node: AddTime) -> Tree:
    given, n, unit = node.expressions
    (x,), (n,) = a.times("add_time()", [given]), whole_numbers(a, "add_time()", [n])
    if not (is_string(unit) and unit.name in (*UNITS, *IN_MONTHS)):
        return a.reject("a unit must be one in quotes", accepted=listed(f"'{u}'" for u in (*UNITS, *IN_MONTHS)))
    to = Kind.TIMESTAMP if kind(x) is Kind.DATE and unit.name not in WHOLE_DAYS else kind(x)
    return a.cast(typed(AddTime.of(a.cast(x, Kind.TIMESTAMP), n, unit), Kind.TIMESTAMP), to)


def _months_between(a: Meaning, node: exp.MonthsBetween) -> Tree:
    rounded = node.args.get("roundoff") or exp.true()
    if not isinstance(rounded, exp.Boolean):
        return a.reject("whether months_between() rounds must be written out: true or false")
    given = a.times("months_between()", [node.this, node.expression])
    return typed(MonthsBetween.of(*(a.cast(x, Kind.TIMESTAMP) for x in given), rounded), Kind.FLOAT)


def _in_zone(a: Meaning, node: times.LocalTime | times.AtLocalTime) -> Tree:
    """From UTC to what a clock shows in a zone, or back; both without a time zone of their own."""
    given, zone = node.expressions
    name = name_of(node)
    (x,) = a.times(name, [given])
    if not (is_string(zone) and times.known_zone(zone.name)):
        return a.reject("a time zone must be a name of the time zone database in quotes", accepted="such as 'Europe/Berlin'")
    if isinstance(node, times.AtLocalTime):
        wall = a.cast(x, Kind.TIMESTAMP)
        return typed(times.away_from_ends(wall, CONVERSIONS[Kind.TIMESTAMP_TZ, Kind.TIMESTAMP](node.of(wall, zone))), Kind.TIMESTAMP)
    return typed(times.local_time(a.cast(x, Kind.TIMESTAMP_TZ), zone.name), Kind.TIMESTAMP)


def _to_date(a: Meaning, node: exp.TsOrDsToDate) -> Tree:
    """The cast that the parser puts around a date to take a part of it; alone it is an ordinary cast."""
    return node.this.copy() if isinstance(node.parent, PARTS) else a.cast(node.this, Kind.DATE)


TIME_RULES: Mapping[type[Any], Rule] = {
    exp.StrToDate: _parsed_time(Kind.DATE),
    exp.StrToTime: _parsed_time(Kind.TIMESTAMP),
    exp.TsOrDsToDate: _to_date,
    **{node: Call(TIMES, Kind.INTEGER, times.part(node.key)) for node in PARTS},
    **{node: Call(TIMES, Kind.INTEGER, node.of) for node in (times.Weekday, times.DaysBetween, Millisecond)},
    exp.LastDay: Call(TIMES, Kind.DATE, LastDay.of),
    exp.MonthsBetween: _months_between,
    exp.UnixSeconds: Call(TIMES, Kind.INTEGER, UnixSeconds.of),
    WriteTime: _written_time,
    AddTime: _added_time,
    **dict.fromkeys((times.LocalTime, times.AtLocalTime), _in_zone),
    FromUnixSeconds: Call(whole_numbers, Kind.TIMESTAMP, FromUnixSeconds.of),
}
"""Node → its rule."""
