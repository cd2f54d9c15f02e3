"""What a condition means: its operands evaluated to plain values, and whether a value meets it."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any, TypeAlias

from tilth.errors import RequestError, RulesError
from tilth.rules.language import syntax
from tilth.rules.language.functions import evaluate

Plain: TypeAlias = float | int | str | datetime | syntax.Keyword | None
"""An evaluated operand: a number, seconds, bytes, a string or pattern, a UTC timestamp without zone, EMPTY or WHITESPACES_ONLY, NULL."""

EPOCH = datetime(1970, 1, 1)


@dataclass(frozen=True)
class Setting:
    """What operands may refer to: the time of the run in UTC, the time zone of clock times, and the variables; and how rules are judged.

    `now` with a zone is converted; without one it is UTC. `empty` is the outcome over no rows: `pass`, `fail`, or `glue`, where a table
    without rows fails and a `where` that matches none passes. `by_day`: dates are always compared as days. `strict_types`: an integer
    is written without a decimal point.
    """

    now: datetime
    zone: tzinfo = UTC
    variables: Mapping[str, syntax.Variable] = field(default_factory=dict)
    empty: str = "glue"
    by_day: bool = False
    strict_types: bool = False

    @property
    def moment(self) -> datetime:
        """The present that SQL may ask for: UTC without zone, in whole seconds."""
        return utc(self.now).replace(microsecond=0)

    @property
    def timestamp(self) -> datetime:
        """`now()`: UTC without zone, seconds cut off."""
        return utc(self.now).replace(second=0, microsecond=0)


def check_time(given: date | str) -> datetime:
    """The time of a check, in UTC: without a zone it is there already, of a day its beginning. Errors: `RequestError` for no time.

    >>> print(check_time("2026-01-02"), check_time("2026-01-02T01:30+02:00"))
    2026-01-02 00:00:00+00:00 2026-01-01 23:30:00+00:00
    """
    try:
        found = datetime.fromisoformat(given) if isinstance(given, str) else given
        time = found if isinstance(found, datetime) else datetime.combine(found, datetime.min.time())
    except (ValueError, TypeError) as error:
        accepted = "a date, a datetime, or a string such as '2026-01-31' or '2026-01-31T06:00'"
        raise RequestError(f"{given!r} is not the time of a check", accepted=accepted, code="bad-time") from error
    return utc(time).replace(tzinfo=UTC)


@dataclass(frozen=True)
class Criterion:
    """A condition whose operands are plain values.

    `daily` – dates are compared as days, because every operand was a plain day; otherwise as timestamps. `ignore_case` – strings are
    compared in lower case; patterns are not affected.

    >>> Criterion("number", "between", (5.0, 10.0)).holds(10)
    False
    """

    family: str
    operator: str
    operands: tuple[Plain, ...]
    negated: bool = False
    ignore_case: bool = False
    daily: bool = False

    def holds(self, value: float | None) -> bool:
        """Whether a metric meets the condition; for cells see `cells.passes`.

        Numbers are compared as doubles, durations in seconds, sizes in bytes. `between` excludes both bounds. None is NULL: it meets `=`
        and `in` if NULL is listed, `!=` and `not in` if it is not, and nothing else. NaN meets nothing.
        """
        if value is None:
            return self.operator in ("=", "in", "!=") and (None in self.operands) != self.negative
        if value != value:  # NaN
            return False
        operands: list[Any] = [one for one in self.operands if one is not None]
        match self.operator:
            case "=" | "in" | "!=":
                return (value in operands) != self.negative
            case "between":
                low, high = operands
                return bool((value <= low or value >= high) if self.negated else low < value < high)
        return bool(_ORDER[self.operator](value, operands[0]))

    def excludes(self, value: Any) -> bool:
        """Whether a value is a bound of a `between`, where readers of the rule may expect that it meets the condition."""
        return self.operator == "between" and not self.negated and value in self.operands

    @property
    def negative(self) -> bool:
        """Whether it is met by what its operands do not hold for: `!=`, `not in`, `not between`, `not matches`."""
        return self.negated or self.operator == "!="


def resolve(condition: syntax.Condition, setting: Setting, *, ignore_case: bool = False) -> Criterion:
    """The condition with its operands evaluated.

    Variables are looked up, arithmetic is computed, `now()` and clock times become timestamps.
    Errors: `functions.EvaluationError` where a number has no value, `RulesError` for an undefined variable.

    >>> resolve(syntax.Condition("duration", "<=", (syntax.Quantity("2", "hours"),)), Setting(datetime(2024, 3, 1))).holds(7200)
    True
    """
    operands = [plain for operand in condition.operands for plain in _plain(operand, condition, setting)]
    days = setting.by_day or all(isinstance(operand, syntax.Day | syntax.Keyword) for operand in condition.operands)
    daily = condition.family == "date" and days
    return Criterion(condition.family, condition.operator, tuple(operands), condition.negated, ignore_case, daily)


def utc(at: datetime) -> datetime:
    """A timestamp in UTC without zone; one without zone is UTC already."""
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at


def seconds(at: date) -> float:
    """The seconds from 1970 to a date or time, in UTC.

    >>> seconds(date(1970, 1, 2)), seconds(datetime(1970, 1, 1, 0, 0, 1, 500000))
    (86400.0, 1.5)
    """
    time = utc(at) if isinstance(at, datetime) else datetime(at.year, at.month, at.day)
    return (time - EPOCH).total_seconds()


def day(text: str) -> datetime:
    """The midnight at which a day begins, in UTC. ValueError for a date that does not exist.

    >>> day("2024-02-29")
    datetime.datetime(2024, 2, 29, 0, 0)
    """
    return datetime.fromisoformat(text)


def clock(text: str) -> tuple[int, int]:
    """Hour and minute of a clock time. ValueError for a time that does not exist.

    >>> clock("12:05 AM"), clock("21:30")
    ((0, 5), (21, 30))
    """
    digits, _, half = text.partition(" ")
    time = datetime.strptime(digits, "%I:%M" if half else "%H:%M")
    return time.hour + 12 * (half == "PM"), time.minute


def _plain(operand: syntax.Operand, condition: syntax.Condition, setting: Setting) -> Sequence[Plain]:
    match operand:
        case syntax.Null() | syntax.Keyword("NULL"):
            return (None,)
        case syntax.Number():
            return (evaluate(operand),)
        case syntax.Text():
            return (operand.pattern if condition.operator == "matches" else operand.value,)
        case syntax.Reference():
            if operand.name not in setting.variables:
                raise RulesError(f"there is no variable {operand.name}", code="E-VARIABLE")
            return [plain for value in setting.variables[operand.name].values for plain in _plain(value, condition, setting)]
        case syntax.Keyword():
            return (syntax.Keyword(operand.text),)
        case syntax.Day():
            return (day(operand.raw),)
        case syntax.Now():
            return (setting.timestamp + timedelta(seconds=operand.seconds),)
        case syntax.Clock():
            today = setting.timestamp.replace(tzinfo=UTC).astimezone(setting.zone)
            hour, minute = clock(operand.raw)
            return (utc(today.replace(hour=hour, minute=minute)),)
        case syntax.Quantity():
            return (operand.amount,)


_ORDER: dict[str, Callable[[Any, Any], bool]] = {">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le}
