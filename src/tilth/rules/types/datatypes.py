"""Whether a cell can be read as a type: what ColumnDataType asks of a row.

Patterns and range checks on strings rather than the engines' casts, which differ.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import and_, case, cast, coalesce, col, eq, ge, if_else, in_, le, lit, lt, not_null, or_
from tilth.engine.operations.casts import DIGITS as MOST_DIGITS
from tilth.engine.operations.casts import StringToInteger
from tilth.engine.operations.conversions import ToDecimal
from tilth.engine.operations.numbers import Finite, Remainder
from tilth.engine.operations.operation import call
from tilth.engine.operations.patterns import FullMatches
from tilth.engine.operations.strings import LowerAscii, Trim
from tilth.errors import RulesError, did_you_mean

BOOLEANS = ("t", "true", "y", "yes", "1", "f", "false", "n", "no", "0")
WHOLE = r"[+-]?[0-9]+(\.[0-9]*)?"
DECIMAL = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"
FLOAT = rf"{DECIMAL}([eE][+-]?[0-9]+)?[dDfF]?|[nN][aA][nN]|[+-]?[iI][nN][fF]([iI][nN][iI][tT][yY])?"
DATE = r"[0-9]{4}(-[0-9]{1,2}(-[0-9]{1,2}([ T](?s:.*))?)?)?"
CLOCK = r"([01]?[0-9]|2[0-3]):[0-5]?[0-9](:[0-5]?[0-9](\.[0-9]{1,9})?)?"
ZONE = r"Z|[+-][0-9]{1,2}(:?[0-9]{2})?| ?[A-Z][A-Za-z_]+(/[A-Za-z_]+)*"
TIMESTAMP = rf"[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}([ T]{CLOCK}({ZONE})?)?"
DATA_TYPES = ("Boolean", "Integer", "Integral", "Long", "Float", "Double", "Fractional", "Date", "Timestamp", "Decimal(p,s)")
INTEGERS = ("integer", "integral", "long")
LAYOUTS = ("dd-MM-yyyy", "MM-dd-yyyy", "yyyy-MM-dd", "MM-yyyy", "yyyy-MM", "dd-MM", "MM-dd")
LAYOUT = "layout"  # the code of a mistake in a format
DIGITS = {"d": "[0-9]{2}", "M": "[0-9]{2}", "y": "[0-9]{4}"}


def reads_as(column: Column, type_name: str, layout: str | None, *, strict: bool = False) -> Tree:
    """Whether a cell can be read as a type; false for null. `strict`: a string with a decimal point is not an integer.

    Errors: `RulesError` for an unknown type or layout.
    """
    word = type_name.strip().casefold()
    decimal = re.fullmatch(r"decimal\((\d+),(\d+)\)", word.replace(" ", ""))
    if word not in READERS and not decimal:
        hint = "every column can be read as a string" if word in ("string", "text") else did_you_mean(type_name, DATA_TYPES)
        raise RulesError(f"Unrecognized data type: {type_name}", accepted=", ".join(DATA_TYPES), hint=hint)
    if layout is not None and word != "date":
        raise RulesError("Unsupported rule format", hint="a format is for the type Date", code=LAYOUT)
    sizes = [int(digits) for digits in decimal.groups()] if decimal else []
    if sizes and not (1 <= sizes[0] <= MOST_DIGITS and sizes[1] <= sizes[0]):
        accepted = f"1 to {MOST_DIGITS} digits, and as many or fewer after the point"
        raise RulesError(f"Unrecognized data type: {type_name}", accepted=accepted)
    if column.kind is not Kind.STRING:
        return _typed(column, word, sizes)
    x = Trim.of(col(column.name))
    if sizes:
        return _fits(if_else(FullMatches.of(x, lit(DECIMAL)), x), sizes)
    if strict and word in INTEGERS:
        return _true(and_(FullMatches.of(x, lit("[+-]?[0-9]+")), READERS[word](x)))
    return _true(_laid_out(x, layout) if layout is not None else READERS[word](x))


def _true(condition: Tree) -> Tree:
    return coalesce(condition, exp.false())


WIDER: Mapping[Kind, tuple[str, ...]] = {
    Kind.BOOLEAN: ("boolean", "integer", "integral", "long", "float", "double", "fractional"),
    Kind.INTEGER: ("long", "float", "double", "fractional"),
    Kind.FLOAT: ("float", "double", "fractional"),
    Kind.DECIMAL: ("float", "double", "fractional"),
    Kind.DATE: ("date", "timestamp"),
    Kind.TIMESTAMP: ("date", "timestamp"),
    Kind.TIMESTAMP_TZ: ("date", "timestamp"),
}


def _typed(column: Column, word: str, sizes: Sequence[int]) -> Tree:
    x = col(column.name)
    if sizes and (column.kind.numeric or column.kind is Kind.BOOLEAN):
        return _fits(cast(x, Kind.INTEGER) if column.kind is Kind.BOOLEAN else x, sizes)
    if word in WIDER.get(column.kind, ()):
        return not_null(x)
    if column.kind is Kind.INTEGER and word in ("integer", "integral"):
        return _true(and_(ge(x, lit(-(2**31))), lt(x, lit(2**31))))
    if column.kind.numeric and word in INTEGERS:
        bound = 2.0**63 if word == "long" else 2.0**31
        return _true(and_(ge(Finite.of(x), lit(-bound)), lt(Finite.of(x), lit(bound))))
    raise RulesError(f"column {column.name!r} ({column.type or column.kind}) cannot be read as {word}", code="E-TYPE")


def _whole(x: Tree, bits: int) -> Tree:
    number = StringToInteger.of(_piece(x, ".", 1))
    inside = and_(ge(number, lit(-(2**31))), lt(number, lit(2**31))) if bits == 32 else not_null(number)
    return and_(FullMatches.of(x, lit(WHOLE)), inside)


def _piece(x: Tree, separator: str, number: int) -> Tree:
    return call("split_part", x, lit(separator), lit(number))


def _fits(x: Tree, sizes: Sequence[int]) -> Tree:
    """Whether a number, or a string with one, fits a decimal type after rounding to its scale."""
    return not_null(ToDecimal.of(x, *map(lit, sizes)))


def _date(x: Tree) -> Tree:
    day = call("left", _piece(x, "-", 3), lit(2))
    whole_day = StringToInteger.of(Trim.of(call("replace", day, lit("T"), lit(" "))))
    month = StringToInteger.of(_piece(x, "-", 2))
    real = _is_day(StringToInteger.of(call("left", x, lit(4))), coalesce(month, lit(1)), coalesce(whole_day, lit(1)))
    return and_(FullMatches.of(x, lit(DATE)), real)


def _laid_out(x: Tree, layout: str) -> Tree:
    plain = layout.replace("/", "-")
    if plain not in LAYOUTS or ("/" in layout and "-" in layout):
        raise RulesError("Unsupported rule format", accepted=", ".join(LAYOUTS) + ", or the same with /", code=LAYOUT)
    separator = "/" if "/" in layout else "-"
    pieces = plain.split("-")
    pattern = separator.join(DIGITS[p[0]] for p in pieces)
    numbers = {p[0]: StringToInteger.of(_piece(x, separator, i)) for i, p in enumerate(pieces, 1)}
    real = _is_day(numbers.get("y", lit(2000)), numbers["M"], numbers.get("d", lit(1)))
    return and_(FullMatches.of(x, lit(pattern)), real)


def _is_day(year: Tree, month: Tree, day: Tree) -> Tree:
    leap = and_(
        eq(Remainder.of(year, lit(4)), lit(0)), or_(lt(lit(0), Remainder.of(year, lit(100))), eq(Remainder.of(year, lit(400)), lit(0)))
    )
    last = case((eq(month, lit(2)), case((leap, lit(29)), otherwise=lit(28))), (in_(month, [4, 6, 9, 11]), lit(30)), otherwise=lit(31))
    return and_(ge(month, lit(1)), le(month, lit(12)), ge(day, lit(1)), le(day, last))


READERS: Mapping[str, Callable[[Tree], Tree]] = {
    "boolean": lambda x: in_(LowerAscii.of(x), BOOLEANS),
    **dict.fromkeys(("integer", "integral"), lambda x: _whole(x, 32)),
    "long": lambda x: _whole(x, 64),
    **dict.fromkeys(("float", "double", "fractional"), lambda x: FullMatches.of(x, lit(FLOAT))),
    "date": _date,
    "timestamp": lambda x: and_(FullMatches.of(x, lit(TIMESTAMP)), _date(x)),
}
