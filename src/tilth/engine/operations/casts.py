"""Strings to typed values: how CSV and JSON Lines are read.

A string is read only if it matches a pattern (a guard), and is null otherwise: bare casts differ between engines and accept too much
(`1_000`, `0x10`, `epoch`, `1d`). Blanks, tabs and line ends around a value are ignored. A served row may hold typed values: `row` keeps
them if nothing is lost, and rejects a value whose type does not fit the kind.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar, TypeVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.expressions import and_, case, data_type, eq, ge, if_else, in_, le, lit, lt, null_if, text
from tilth.engine.operations.operation import EngineName, Operation, call
from tilth.engine.operations.row_inputs import Served, as_string, pythons, unfit
from tilth.engine.operations.strings import BLANKS, LowerAscii, Trim

T = TypeVar("T")
DIGITS = 38  # of the widest decimal of both engines
SPACE = r"[ \t\r\n]*"
INTEGER = r"[+-]?[0-9]+"
NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
DATE = r"([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])-[0-9]{2}-[0-9]{2}"  # Python has no year 0
TIME = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
TIMESTAMP = f"{DATE}[ T]{TIME}"
INSTANT = rf"{TIMESTAMP}(Z|[+-](0[0-9]|1[0-7])(:[0-5][0-9])?)"  # Spark has no offset beyond 18 hours
CONTRADICTION = "tilth: a string contradicts the kind of its column"
TRUE = ("true", "t", "yes", "y", "1")
FALSE = ("false", "f", "no", "n", "0")


class EmptyToNull(Operation):
    """A string, or null if it is empty, because an empty cell of a CSV file is null."""

    identity_if = "{x}.__class__ is str and {x}"

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return null_if(x, lit(""))

    @staticmethod
    def row(x: Any) -> str | None:
        return as_string(x) or None


class FitsForm(Operation):
    """Whether a string, without the blanks around it, matches a pattern; null for null.

    The pattern uses only what the regular expressions of all engines share: literals, ASCII classes, groups, alternatives, repetition.
    """

    @classmethod
    def duckdb(cls, x: Tree, pattern: Tree) -> Tree:
        # the pattern includes the blanks: a trim would cost as much again
        return call("regexp_full_match", x, lit(f"{SPACE}(?:{pattern.name}){SPACE}"))

    @classmethod
    def spark(cls, x: Tree, pattern: Tree) -> Tree:
        return exp.RegexpLike(this=x.copy(), expression=lit(rf"\A{SPACE}(?:{pattern.name}){SPACE}\z"))

    @staticmethod
    def row(x: Any, pattern: str) -> bool:
        return isinstance(x, str) and bool(re.fullmatch(pattern, x.strip(BLANKS)))


class IsToken(Operation):
    """Whether a string is one of some words, ignoring blanks around it and the case of A–Z; null for null.

    A served value that is typed is not a string: -999 is a number, whatever "-999" means.
    """

    @classmethod
    def both(cls, x: Tree, *tokens: Tree) -> Tree:
        words = dict.fromkeys(LowerAscii.row(Trim.row(t.name)) for t in tokens)
        return FitsForm.of(x, lit("|".join("".join(map(either_case, word)) for word in words)))

    @classmethod
    def prepared(cls, *tokens: str) -> Callable[[Any], bool]:
        words = frozenset(LowerAscii.row(Trim.row(t)) for t in tokens)
        lengths = frozenset(map(len, words))  # a test that decides most values
        return lambda x: isinstance(x, str) and len(word := x.strip(BLANKS)) in lengths and LowerAscii.row(word) in words

    @staticmethod
    def row(x: Any, *tokens: str) -> bool:
        return IsToken.prepared(*tokens)(x)


class ReadOrRefused(Operation):
    """A served value as it was read; of a row only. It stops the row where the value is null though it `holds` one: it could not be read.

    The arguments are the value as it was read, as it was given, and the tokens that mean null.
    """

    null_input = True
    identity_if = "{x} is not None"

    @staticmethod
    def holds(given: Any, *tokens: str) -> bool:
        """Whether a served value is present: not null, NaN, `NA` or `NaT`, and not a token."""
        return pythons(given) is not None and not IsToken.row(given, *tokens)

    @staticmethod
    def row(value: Any, given: Any, *tokens: str) -> Any:
        if given is not None and ReadOrRefused.holds(given, *tokens):
            raise ValueError("a value cannot be read")
        return None


class Guarded(Operation):
    """A cast of the strings that match `form`, or a narrower pattern that is given; null for all others."""

    form: ClassVar[str]
    pattern: ClassVar[re.Pattern[str]]  # of the form
    types: ClassVar[dict[EngineName, str]]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.pattern = re.compile(cls.form)

    @classmethod
    def cast(cls, text: Tree, engine: EngineName) -> Tree:
        """The engine's own cast of a string that has the form."""
        return exp.TryCast(this=text.copy(), to=data_type(cls.types[engine], dialect=engine), safe=True)

    @classmethod
    def round_trip(cls, value: Tree) -> Tree | None:
        """Whether a printed value always has the form, so that a string that DuckDB prints identically needs no pattern."""
        return None

    @classmethod
    def duckdb(cls, x: Tree, form: Tree | None = None) -> Tree:
        guarded = cls.cast(if_else(FitsForm.of(x, form or lit(cls.form)), x), "duckdb")  # its casts ignore blanks
        value = cls.cast(x, "duckdb")
        sure = cls.round_trip(value)
        # printing and comparing costs half as much as a regular expression, and nearly always decides
        return guarded if sure is None else case((and_(eq(text(value), x), sure), value), otherwise=guarded)

    @classmethod
    def spark(cls, x: Tree, form: Tree | None = None) -> Tree:
        return cls.cast(if_else(FitsForm.of(x, form or lit(cls.form)), Trim.of(x)), "spark")

    @classmethod
    def matched(cls, x: Any) -> str | None:
        """A string without the blanks around it if it has the form, else None."""
        if not isinstance(x, str):
            return None
        trimmed = x.strip(BLANKS)
        return trimmed if cls.pattern.fullmatch(trimmed) else None

    @classmethod
    def parsed(cls, parse: Callable[[str], T], x: Any) -> T | None:
        """The result of `parse` for a string of the form; None for other strings and null. Errors: as `unfit` for other types."""
        if x is not None and not isinstance(x, str):
            raise unfit(x)
        matched = cls.matched(x)
        return None if matched is None else _parsed(parse, matched)


class StringToInteger(Guarded):
    """A whole number of 64 bits: digits with or without a sign (`007` is 7), but not `1.0` or `1e3`."""

    identity_if = "{x}.__class__ is int and -0x8000000000000000 <= {x} < 0x8000000000000000"
    form = INTEGER
    types: ClassVar[dict[EngineName, str]] = {"duckdb": "bigint", "spark": "bigint"}

    @classmethod
    def round_trip(cls, value: Tree) -> Tree:
        return exp.true()

    @staticmethod
    def row(x: Any, form: str = INTEGER) -> int | None:
        if x.__class__ is str and len(x) < 19 and x.isdigit() and x.isascii():  # nearly all
            return int(x)
        x = pythons(x)
        if x is None or isinstance(x, str):
            matched = StringToInteger.matched(x)
            value = None if matched is None or len(matched) > 4000 else int(matched)
        elif isinstance(x, float | Decimal):
            value = int(x) if math.isfinite(x) and x == int(x) else None
        elif isinstance(x, int):
            value = int(x)
        else:
            raise unfit(x)
        return value if value is not None and -(2**63) <= value < 2**63 else None


class StringToDouble(Guarded):
    """A finite number: digits, optionally with a point and an exponent. `NaN`, `inf` and numbers too large for a double are null."""

    identity_if = "{x}.__class__ is float and {x} == {x}"
    form = NUMBER
    types: ClassVar[dict[EngineName, str]] = {"duckdb": "double", "spark": "double"}

    @classmethod
    def cast(cls, text: Tree, engine: EngineName) -> Tree:
        value = super().cast(text, engine)
        finite = call("isfinite", value) if engine == "duckdb" else lt(exp.Abs(this=value.copy()), lit(math.inf))
        return if_else(finite, value)

    @classmethod
    def number(cls, x: Any) -> str | int | float | Decimal | None:
        """A number, or a string that reads as one; None for null and for other strings. Other types are refused."""
        x = pythons(x)
        found = cls.matched(x) if isinstance(x, str) else x
        if found is None or isinstance(found, str | int | float | Decimal):
            return found
        raise unfit(x)

    @staticmethod
    def row(x: Any) -> float | None:
        if x.__class__ is str and len(x) < 300 and x.replace(".", "", 1).isdigit() and x.isascii():  # nearly all
            return float(x)
        number = StringToDouble.number(x)
        if number is None:
            return None
        try:
            value = float(number)
        except OverflowError:  # an integer beyond every double
            return None
        return value if math.isfinite(value) or not isinstance(number, str) else None


class ServedDecimal(Served):
    """A decimal, from a Python decimal, an integer, the shortest notation of a float, or a string with a number."""

    @staticmethod
    def row(x: Any) -> Decimal | None:
        number = StringToDouble.number(x)
        if number is None:
            return None
        value = Decimal(repr(number) if isinstance(number, float) else number)
        return value if value.is_finite() and value.adjusted() < DIGITS else None


class StringToBoolean(Operation):
    """true, t, yes, y, 1 or false, f, no, n, 0, in upper or lower case."""

    identity_if = "{x}.__class__ is bool"

    @classmethod
    def both(cls, x: Tree) -> Tree:
        word = LowerAscii.of(Trim.of(x))
        plain = ((eq(x, lit("true")), exp.true()), (eq(x, lit("false")), exp.false()))  # saves the others' cost for nearly all
        return case(*plain, (in_(word, TRUE), exp.true()), (in_(word, FALSE), exp.false()))

    @staticmethod
    def row(x: Any) -> bool | None:
        x = pythons(x)
        if x is None:
            return None
        word = LowerAscii.row(Trim.row(x if isinstance(x, str) else _word(x)))
        return True if word in TRUE else False if word in FALSE else None


class StringToDate(Guarded):
    """A day as `2024-02-29`, of the years 0001 to 9999. A served day with a time is the day, if the time is midnight."""

    form = DATE
    types: ClassVar[dict[EngineName, str]] = {"duckdb": "date", "spark": "date"}

    @classmethod
    def round_trip(cls, value: Tree) -> Tree:
        return between(value, date.min, date.max)

    @staticmethod
    def row(x: Any) -> date | None:
        x = pythons(x)
        if isinstance(x, datetime):  # frames store days like this
            if x.tzinfo is not None:
                raise unfit(x, " with a zone")
            return x.date() if x.time() == time.min else None
        if isinstance(x, date):
            return x
        return StringToDate.parsed(date.fromisoformat, x)


class StringToTimestamp(Guarded):
    """Day and time without a zone: `2024-02-29 12:30`, with or without seconds and up to six decimals of them; also with a `T` between."""

    form = TIMESTAMP
    types: ClassVar[dict[EngineName, str]] = {"duckdb": "timestamp", "spark": "timestamp_ntz"}

    @classmethod
    def cast(cls, text: Tree, engine: EngineName) -> Tree:
        return super().cast(Trim.of(text), engine)  # DuckDB refuses a tab after a timestamp

    @classmethod
    def round_trip(cls, value: Tree) -> Tree:
        return between(value, datetime.min, datetime.max)

    @staticmethod
    def row(x: Any) -> datetime | None:
        x = pythons(x)
        if isinstance(x, datetime):
            if x.tzinfo is not None:
                raise unfit(x, " with a zone")
            return x
        if isinstance(x, date):
            return datetime(x.year, x.month, x.day)
        return StringToTimestamp.parsed(datetime.fromisoformat, x)


class StringToTimestampTz(Guarded):
    """A timestamp with its offset from UTC: `Z`, or as `+02:00`. Kept in UTC."""

    form = INSTANT
    types: ClassVar[dict[EngineName, str]] = {"duckdb": "timestamptz", "spark": "timestamp"}

    @classmethod
    def cast(cls, text: Tree, engine: EngineName) -> Tree:
        if engine == "spark":  # it refuses an offset after a time without seconds
            text = call("regexp_replace", text, lit(r"\A([^:]*:[0-9]{2})([Z+-])"), lit("$1:00$2"))
        value = super().cast(text, engine)
        return if_else(between(value, datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)), value)

    @staticmethod
    def row(x: Any) -> datetime | None:
        x = pythons(x)
        if isinstance(x, datetime):
            if x.tzinfo is None:
                raise unfit(x, " without a zone")
            return _parsed(_in_utc, x)
        return StringToTimestampTz.parsed(lambda t: _in_utc(datetime.fromisoformat(t)), x)


FROM_STRING: dict[Kind, type[Operation]] = {
    Kind.STRING: EmptyToNull,
    Kind.INTEGER: StringToInteger,
    Kind.FLOAT: StringToDouble,
    Kind.BOOLEAN: StringToBoolean,
    Kind.DATE: StringToDate,
    Kind.TIMESTAMP: StringToTimestamp,
    Kind.TIMESTAMP_TZ: StringToTimestampTz,
}


def between(value: Tree, first: date, last: date) -> Tree:
    """Whether Python can represent a date or time: the years 1 to 9999, not infinite."""
    return and_(ge(value, lit(first)), le(value, lit(last)))


def either_case(character: str) -> str:
    """The pattern of one character, a letter of A–Z in either case."""
    upper = character.upper()
    return f"[{upper}{character}]" if "a" <= character <= "z" else re.escape(character)


def _in_utc(x: datetime) -> datetime:
    return x.astimezone(UTC)


def _parsed(parse: Callable[[Any], T], value: Any) -> T | None:
    try:
        return parse(value)
    except (ValueError, OverflowError):
        return None


def _word(x: Any) -> str:
    if not isinstance(x, int | float | Decimal):
        raise unfit(x)
    return str(int(x)) if x in (0, 1) else ""
