"""Rewrites Spark's date and time functions to operations of Tilth, including the current time.

The current time is that of the run. Constants are added to it here: `now() - interval 1 month` becomes one point in time.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine import expressions as e
from tilth.engine.operations import times
from tilth.engine.operations.casts import DATE, INSTANT, TIMESTAMP
from tilth.engine.operations.months import IN_MONTHS
from tilth.engine.operations.strings import BLANKS
from tilth.engine.operations.timeformats import from_java
from tilth.engine.operations.timewriting import UNITS, WHOLE_DAYS, AddTime, FromUnixSeconds, WriteTime
from tilth.engine.user_sql.nodes import is_string
from tilth.errors import RequestError

PRESENT = "present"  # in the meta of a node: the point in time that it is
NOW = ("now", "current_timestamp", "localtimestamp")
FIRST_DAYS: Mapping[str, Callable[[Tree], Tree]] = {
    "day": lambda day: e.lit(0),
    "week": lambda day: e.sub(e.lit(1), times.Weekday.of(day)),
    "month": lambda day: e.sub(e.lit(1), exp.Day(this=day.copy())),
    "year": lambda day: e.sub(e.lit(1), exp.DayOfYear(this=day.copy())),
}
"""Unit → how many days after a day the unit began that it is in."""
SECONDS_INTO: Mapping[str, Callable[[Tree], Tree]] = {
    "hour": lambda x: e.add(e.mul(exp.Minute(this=x.copy()), e.lit(60)), exp.Second(this=x.copy())),
    "minute": lambda x: exp.Second(this=x.copy()),
    "second": lambda x: e.lit(0),
}
"""Unit → how many whole seconds of it have passed at a time."""
WORDS = {"mm": "month", "mon": "month", "yyyy": "year", "yy": "year", "dd": "day"}
SYNONYMS: Mapping[str, type[Any]] = {
    "mean": exp.Avg, "std": exp.Stddev, "every": exp.LogicalAnd, "some": exp.LogicalOr,
}  # fmt: skip
"""Spark's other names of aggregates, which the parser does not know."""
PARTS: Mapping[str, Any] = {
    **dict.fromkeys(("year", "y", "yr", "years"), exp.Year), **dict.fromkeys(("quarter", "qtr"), exp.Quarter),
    **dict.fromkeys(("month", "mon", "months"), exp.Month), **dict.fromkeys(("week", "w", "weeks"), exp.WeekOfYear),
    **dict.fromkeys(("day", "d", "days"), exp.Day), "doy": exp.DayOfYear, **dict.fromkeys(("dayofweek", "dow"), exp.DayOfWeek),
    **dict.fromkeys(("hour", "h", "hr", "hours"), exp.Hour), **dict.fromkeys(("minute", "m", "min", "mins", "minutes"), exp.Minute),
}  # fmt: skip
"""Spark's words for what `extract` takes out of a time; its seconds have a fraction, and are left out."""


def respelled(node: Any, now: datetime | None) -> Tree | None:
    """The replacement of a node whose arguments are rewritten already, or None. Without `now`, the current time is unknown."""
    if isinstance(node, exp.Anonymous):
        return _called(node, now)
    rule = RULES.get(type(node))
    lacks = rule and any(part.error_messages() for part in (node, *node.iter_expressions()))
    return rule(node, now) if rule and not lacks else None


def point_written(text: str, to: Kind) -> str | None:
    """A point in time that is written out, as strings of a kind of time have it: a day is its midnight; None for anything else.

    >>> point_written("2024-02-29", Kind.TIMESTAMP), point_written("2024-02-29 12:30", Kind.DATE), point_written("29/2/2024", Kind.DATE)
    ('2024-02-29 00:00:00', '2024-02-29', None)
    """
    text = text.strip(BLANKS)
    try:
        at = datetime.fromisoformat(text) if re.fullmatch(f"{DATE}|{TIMESTAMP}|{INSTANT}", text) else None
        at = at and (at.astimezone(UTC) if at.tzinfo else at).replace(tzinfo=None)
    except (ValueError, OverflowError):  # no such day, or in UTC one of the year 0 or 10000
        return None
    if at is None:
        return None
    return str(at.date()) if to is Kind.DATE else f"{at}Z" if to is Kind.TIMESTAMP_TZ else str(at)


def asks_present(node: Any) -> bool:
    """Whether a node is the present."""
    return isinstance(node, exp.CurrentTimestamp | exp.CurrentDate | exp.Localtimestamp) or (
        isinstance(node, exp.Anonymous) and node.name.lower() in NOW
    )


def _point(value: date) -> Tree:
    """A point in time, written out."""
    kind = Kind.TIMESTAMP if isinstance(value, datetime) else Kind.DATE
    made = e.cast(exp.Literal.string(str(value)), kind)
    made.meta[PRESENT] = value
    return made


def _known(node: Any) -> date | None:
    """The point in time that a node denotes, if known."""
    found: date | None = node.unnest().meta.get(PRESENT) if isinstance(node, exp.Expr) else None
    return found


def _called(node: exp.Anonymous, now: datetime | None) -> Tree | None:
    name, given = node.name.lower(), node.expressions
    if name in NOW and not given and now is not None:
        return _point(now)
    if name in ("date_part", "datepart") and len(given) == 2:
        word = given[0].name if is_string(given[0]) else ""
        return _part(word, given[1], now) or exp.Extract(this=exp.Var(this=word), expression=given[1].copy())
    if name in ("isnull", "isnotnull") and len(given) == 1:
        return e.is_null(given[0]) if name == "isnull" else e.not_null(given[0])
    if name in SYNONYMS and len(given) == 1:
        made: Tree = SYNONYMS[name](this=given[0].copy())
        return made
    if name == "pmod" and len(given) == 2:
        return _positive(*given)
    if name == "weekday" and len(given) == 1:
        return exp.Paren(this=e.sub(times.Weekday.of(given[0]), e.lit(1)))
    if name == "date_format" and len(given) == 2 and isinstance(given[1], exp.Literal) and given[1].is_string:
        try:
            return WriteTime.of(given[0], e.lit(from_java(given[1].name, writing=True)))
        except RequestError:
            return None
    return None


def _positive(x: Tree, y: Tree) -> Tree:
    """`pmod(x, y)`: the remainder of x / y; the divisor is added to a negative one."""
    left = exp.Paren(this=exp.Mod(this=exp.Paren(this=x.copy()), expression=exp.Paren(this=y.copy())))
    again = exp.Mod(this=exp.Paren(this=e.add(left, exp.Paren(this=y.copy()))), expression=exp.Paren(this=y.copy()))
    return e.case((e.lt(left, e.lit(0)), again), otherwise=left)


def _present(node: Any, now: datetime | None) -> Tree | None:
    return None if now is None else _point(now.date() if isinstance(node, exp.CurrentDate) else now)


def _whole(node: Any) -> int | None:
    """An integer that is written out, with its signs and products."""
    inner = node.unnest() if isinstance(node, exp.Expr) else node
    if isinstance(inner, exp.Literal):
        return int(inner.name) if re.fullmatch("-?[0-9]{1,9}", inner.name) else None
    if isinstance(inner, exp.Neg):
        negated = _whole(inner.this)
        return None if negated is None else -negated
    if isinstance(inner, exp.Mul):
        left, right = _whole(inner.this), _whole(inner.expression)
        return None if left is None or right is None else left * right
    return None


def _later(point: date, n: int, unit: str) -> date | None:
    """A point in time n units later; of a shorter month its last day."""
    try:
        if unit in IN_MONTHS:
            months = 12 * point.year + point.month - 1 + n * IN_MONTHS[unit]
            year, month = divmod(months, 12)
            return point.replace(year=year, month=month + 1, day=min(point.day, monthrange(year, month + 1)[1]))
        if unit not in WHOLE_DAYS and not isinstance(point, datetime):
            point = datetime(point.year, point.month, point.day)
        return point + timedelta(microseconds=n * UNITS[unit])
    except (OverflowError, ValueError):
        return None


def _shifted(x: Any, n: Any, unit: str, sign: int = 1) -> Tree | None:
    """A point in time, or a value, so much later."""
    point, count = _known(x), _whole(n)
    if unit not in (*UNITS, *IN_MONTHS):
        return None
    if point is not None and count is not None:
        moved = _later(point, sign * count, unit)
        return None if moved is None else _point(moved)
    return AddTime.of(x, n if sign == 1 else exp.Neg(this=exp.Paren(this=n.copy())), e.lit(unit))


def _sum(node: exp.Add | exp.Sub, now: datetime | None) -> Tree | None:
    """A point in time and an interval, several intervals, or, of a day, a number of days."""
    sign = 1 if isinstance(node, exp.Add) else -1
    if isinstance(node.expression, exp.Interval):
        n, unit = node.expression.this, node.expression.args.get("unit")
        count = _whole(n)
        return None if unit is None or count is None else _shifted(node.this, e.lit(count), unit.name.lower().removesuffix("s"), sign)
    if isinstance(node.expression, exp.Add) and isinstance(node.expression.this, exp.Interval | exp.Add):  # interval 1 day 2 hours
        one = respelled(type(node)(this=node.this.copy(), expression=node.expression.this.copy()), now)
        return None if one is None else respelled(type(node)(this=one, expression=node.expression.expression.copy()), now)
    if isinstance(_known(node.this), date) and not isinstance(_known(node.this), datetime) and _whole(node.expression) is not None:
        return _shifted(node.this, node.expression, "day", sign)
    return None


def _added_to_day(node: exp.TsOrDsAdd | exp.AddMonths, now: datetime | None) -> Tree | None:
    point = _known(node.this)
    day = _point(point.date()) if isinstance(point, datetime) else node.this if point else e.cast(node.this, Kind.DATE)
    return _shifted(day, node.expression, "month" if isinstance(node, exp.AddMonths) else str(node.args["unit"].name).lower())


def _added_to_time(node: exp.TimestampAdd, now: datetime | None) -> Tree | None:
    """`dateadd(unit, n, x)`, which makes a time of a day."""
    time = node.this if isinstance(_known(node.this), datetime) else e.cast(node.this, Kind.TIMESTAMP)
    return _shifted(time, node.expression, node.args["unit"].name.lower().removesuffix("s"))


def _seconds(node: exp.StrToUnix, now: datetime | None) -> Tree | None:
    """`unix_timestamp()`, and of a value, or of a string that is read by a format."""
    if node.this is None:
        return None if now is None else _seconds(exp.StrToUnix(this=_point(now)), now)
    if (form := node.args.get("format")) is not None:
        return exp.UnixSeconds(this=exp.StrToTime(this=node.this.copy(), format=form.copy()))
    point = _known(node.this)
    at = None if point is None else datetime(*point.timetuple()[:6])
    return e.lit((at - times.EPOCH) // timedelta(seconds=1)) if at else exp.UnixSeconds(this=node.this.copy())


def _begun(node: exp.TimestampTrunc | exp.DateTrunc, now: datetime | None) -> Tree | None:
    """`date_trunc(unit, x)`, a timestamp, and `trunc(x, unit)`, a day."""
    word, time = node.args["unit"].name.lower(), isinstance(node, exp.TimestampTrunc)
    unit = WORDS.get(word, word)
    if unit in SECONDS_INTO and time:
        x = e.cast(node.this, Kind.TIMESTAMP)
        return FromUnixSeconds.of(e.sub(exp.UnixSeconds(this=x), exp.Paren(this=SECONDS_INTO[unit](x))))
    if unit not in (*FIRST_DAYS, "quarter") or (unit == "day" and not time):  # Spark's `trunc` knows no day
        return None
    day = e.cast(node.this, Kind.DATE)
    first = AddTime.of(day, FIRST_DAYS["month" if unit == "quarter" else unit](day), e.lit("day"))
    if unit == "quarter":
        passed = exp.Mod(this=exp.Paren(this=e.sub(exp.Month(this=day.copy()), e.lit(1))), expression=e.lit(3))
        first = AddTime.of(first, e.sub(e.lit(0), passed), e.lit("month"))
    return e.cast(first, Kind.TIMESTAMP) if time else first


def _part(word: str, x: Any, now: datetime | None) -> Tree | None:
    """`extract(part from x)` and `date_part('part', x)`."""
    taken = PARTS.get(word.lower())
    if taken is None or not isinstance(x, exp.Expr):
        return None
    node: Tree = taken(this=x.copy())
    return respelled(node, now) or node


def _written_seconds(node: exp.UnixToStr, now: datetime | None) -> Tree | None:
    """`from_unixtime(n)`, and with a format."""
    form = node.args.get("format") or e.lit("yyyy-MM-dd HH:mm:ss")
    return _called(exp.Anonymous(this="date_format", expressions=e.owned(FromUnixSeconds.of(node.this), form)), now)


RULES: Mapping[type[Any], Callable[[Any, datetime | None], Tree | None]] = {
    **dict.fromkeys((exp.CurrentTimestamp, exp.CurrentDate, exp.Localtimestamp), _present),
    **dict.fromkeys((exp.Add, exp.Sub), _sum),
    **dict.fromkeys((exp.TsOrDsAdd, exp.AddMonths), _added_to_day),
    exp.TimestampAdd: _added_to_time,
    exp.DayOfMonth: lambda node, now: exp.Day(this=_plain(node.this).copy()),
    exp.Extract: lambda node, now: _part(node.name, node.expression, now),
    exp.UnixToStr: _written_seconds,
    exp.DateDiff: lambda node, now: None if node.args.get("unit") else times.DaysBetween.of(_plain(node.this), _plain(node.expression)),
    exp.DayOfWeek: lambda node, now: exp.Paren(
        this=e.add(exp.Paren(this=exp.Mod(this=times.Weekday.of(_plain(node.this)), expression=e.lit(7))), e.lit(1))
    ),
    exp.StrToUnix: _seconds,
    **dict.fromkeys((exp.TimestampTrunc, exp.DateTrunc), _begun),
}


def _plain(x: Any) -> Tree:
    """A value without the conversion that the parser adds around the argument of a date function."""
    found: Tree = x.this if isinstance(x, exp.TsOrDsToDate) else x
    return found
