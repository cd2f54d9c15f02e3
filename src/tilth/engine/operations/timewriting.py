"""Days and times as strings, by directives of `timeformats`, to and from numbers of seconds, and so much later."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.expressions import add, and_, case, cast_to, concat, data_type, ge, if_else, le, lit, mul, sub, text
from tilth.engine.operations.months import FIRST_MONTH, IN_MONTHS, LAST_MONTH, AddMonths
from tilth.engine.operations.numbers import FloorDivide
from tilth.engine.operations.operation import Operation, call
from tilth.engine.operations.timeformats import MONTHS, WEEKDAYS
from tilth.engine.operations.times import DAY, SPANS, FromMicros, Micros, Months, Weekday, part
from tilth.errors import Mistake, RequestError

SECOND = 1_000_000  # in microseconds
UNITS: Mapping[str, int] = {
    "second": SECOND, "minute": 60 * SECOND, "hour": 3600 * SECOND, "day": DAY, "week": 7 * DAY,
}  # fmt: skip
WHOLE_DAYS = ("day", "week", *IN_MONTHS)
FIRST, LAST = map(Micros.row, SPANS[Kind.TIMESTAMP])


class UnixSeconds(Operation):
    """The whole seconds from 1970-01-01 00:00 (of UTC, if it has a zone) to a day or time, rounded down."""

    total = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return FloorDivide.of(Micros.of(x), lit(SECOND))

    @staticmethod
    def row(x: date) -> int:
        return Micros.row(x) // SECOND


class Microsecond(Operation):
    """The microseconds of a day or time since its second began, 0 to 999,999."""

    total = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return exp.Paren(this=sub(Micros.of(x), mul(UnixSeconds.of(x), lit(SECOND))))

    @staticmethod
    def row(x: date) -> int:
        return getattr(x, "microsecond", 0)


class Millisecond(Operation):
    """The milliseconds of a day or time since its second began, rounded down: 0 to 999."""

    total = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return FloorDivide.of(Microsecond.of(x), lit(1000))

    @staticmethod
    def row(x: date) -> int:
        return Microsecond.row(x) // 1000


def _within(n: Tree, low: int, high: int, made: Tree) -> Tree:
    """A function of an integer in a range, else null; it is computed for integers in the range only."""
    return if_else(and_(ge(n, lit(low)), le(n, lit(high))), made)


class FromUnixSeconds(Operation):
    """The timestamp without time zone, in UTC, a number of seconds after 1970-01-01 00:00; null outside the years 1 to 9999."""

    @classmethod
    def both(cls, n: Tree) -> Tree:
        return _within(n, FIRST // SECOND, LAST // SECOND, FromMicros.of(mul(n, lit(SECOND))))

    @staticmethod
    def row(n: int) -> datetime | None:
        return FromMicros.row(n * SECOND) if FIRST <= n * SECOND <= LAST else None


class AddTime(Operation):
    """A timestamp without time zone, n units later, a key of `UNITS` or `IN_MONTHS`; null outside the years 1 to 9999."""

    @classmethod
    def both(cls, x: Tree, n: Tree, unit: Tree) -> Tree:
        if size := IN_MONTHS.get(unit.name):
            months = mul(n, lit(size))
            made, later, first, last = AddMonths.of(x, months), add(Months.of(x), months), FIRST_MONTH, LAST_MONTH
        else:
            size, first, last = UNITS[unit.name], FIRST, LAST
            later = add(Micros.of(x), mul(n, lit(size)))
            made = FromMicros.of(later)
        most = (last - first) // size
        return _within(n, -most, most, _within(later, first, last, made))

    @staticmethod
    def row(x: datetime, n: int, unit: str) -> datetime | None:
        if size := IN_MONTHS.get(unit):
            return AddMonths.row(x, n * size) if FIRST_MONTH <= Months.row(x) + n * size <= LAST_MONTH else None
        later = Micros.row(x) + n * UNITS[unit]
        return FromMicros.row(later) if FIRST <= later <= LAST else None


class WriteTime(Operation):
    """A timestamp without time zone as a format, a literal, writes it."""

    total = True

    @classmethod
    def both(cls, x: Tree, form: Tree) -> Tree:
        return concat(lit(""), *(_tree(x, piece) for piece in PIECE.findall(form.name)))

    @classmethod
    def prepared(cls, *constants: Any) -> Callable[[datetime], str]:
        pieces = PIECE.findall(*constants)
        return lambda x: "".join(_text(x, piece) for piece in pieces)


def _remainder(x: Tree, y: int) -> Tree:
    return exp.Paren(this=exp.Mod(this=exp.Paren(this=x), expression=lit(y)))


PIECE = re.compile(r"%-?.?|[^%]+", re.DOTALL)
NAMES: Mapping[str, tuple[str, ...]] = {"B": tuple(map(str.title, MONTHS)), "A": tuple(map(str.title, WEEKDAYS))}
NAMES = {**NAMES, **{full.lower(): tuple(name[:3] for name in names) for full, names in NAMES.items()}}
NUMBERS: Mapping[str, tuple[int, Callable[[Tree], Tree], Callable[[datetime], int]]] = {
    "Y": (4, part("year"), lambda x: x.year),
    "y": (2, lambda x: _remainder(part("year")(x), 100), lambda x: x.year % 100),
    "m": (2, part("month"), lambda x: x.month),
    "d": (2, part("day"), lambda x: x.day),
    "H": (2, part("hour"), lambda x: x.hour),
    "I": (2, lambda x: add(_remainder(add(part("hour")(x), lit(11)), 12), lit(1)), lambda x: (x.hour + 11) % 12 + 1),
    "M": (2, part("minute"), lambda x: x.minute),
    "S": (2, part("second"), lambda x: x.second),
    "f": (6, Microsecond.of, lambda x: x.microsecond),
}
"""Directive → how many digits it has, and the number, as a tree and of one row."""
WRITTEN = (*(f"%{d}" for d in (*NUMBERS, *NAMES, "p")), "%%")


def reject_unwritten(form: str) -> None:
    """Reject a format without directives, or with others than these; `%-d` is `%d` without zeros. Errors: `RequestError`."""
    pieces = dict.fromkeys(p for p in PIECE.findall(form) if p[0] == "%" and p != "%%")
    unknown = [p for p in pieces if p not in WRITTEN and not (p[1:2] == "-" and p[2:] in NUMBERS)]
    wrong = [f"{p}, which is not supported" for p in unknown] if pieces else ["no directive"]
    RequestError.reject(Mistake(f"the format {form!r} has {w}", accepted=" ".join(WRITTEN), code="bad-format") for w in wrong)


def _tree(x: Tree, piece: str) -> Tree:
    if piece[0] != "%" or piece == "%%":
        return lit(piece[0] if piece == "%%" else piece)
    directive = piece[-1]
    if directive == "p":
        return case((ge(part("hour")(x), lit(12)), lit("PM")), otherwise=lit("AM"))
    if directive in NAMES:
        n = part("month")(x) if directive in "bB" else Weekday.of(x)
        return call("split_part", lit(",".join(NAMES[directive])), lit(","), cast_to(n, data_type("int")))
    digits, number, _ = NUMBERS[directive]
    return text(number(x)) if piece[1] == "-" else call("lpad", text(number(x)), lit(digits), lit("0"))


def _text(x: datetime, piece: str) -> str:
    """The same as `_tree`, for one row."""
    if piece[0] != "%" or piece == "%%":
        return piece[0] if piece == "%%" else piece
    directive = piece[-1]
    if directive == "p":
        return "PM" if x.hour >= 12 else "AM"
    if directive in NAMES:
        return NAMES[directive][x.month - 1 if directive in "bB" else x.weekday()]
    digits, _, number = NUMBERS[directive]
    return str(number(x)).zfill(1 if piece[1] == "-" else digits)
