"""Conditions on single cells, as expression trees: what ColumnValues and ColumnLength test in each row. True or false, never null."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NoReturn

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import (
    and_,
    cast,
    coalesce,
    col,
    double,
    eq,
    ge,
    gt,
    in_,
    is_null,
    le,
    lit,
    lt,
    not_,
    not_null,
    or_,
    sub,
    text,
)
from tilth.engine.operations.casts import StringToDate, StringToDouble, StringToTimestamp, StringToTimestampTz
from tilth.engine.operations.numbers import FloorDivide, integer
from tilth.engine.operations.patterns import FullMatches, Matches
from tilth.engine.operations.strings import LowerAscii, OneOf
from tilth.engine.operations.times import Micros, known
from tilth.errors import RulesError
from tilth.regex import Regex
from tilth.regex.around import parted
from tilth.rules.conditions import EPOCH, Criterion, utc
from tilth.rules.language.syntax import Keyword

BLANK = r"[\t\n\x0B\f\r \x85\xA0\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]+"  # White_Space of Unicode 15
MOST_LISTED = 10_000  # values in a list of `in`: each is a literal of the query, evaluated for every row
ORDER = {">": gt, ">=": ge, "<": lt, "<=": le}


def passes(criterion: Criterion, column: Column) -> Tree:
    """Whether a cell of a column meets a condition.

    Null meets `=` and `in` if NULL is listed, `!=` and `not in` if it is not, and nothing else. Errors: `RulesError` for a column of an
    unsuitable kind, `ExpressionError` for a pattern outside the subset that all engines share.
    """
    return judged(criterion, _value(criterion, column), col(column.name))


def length(column: Column) -> Tree:
    """The number of characters of a cell; 0 for null."""
    return coalesce(exp.Length(this=as_text(column)), lit(0))


def age_of(column: Column, now: datetime) -> Tree:
    """The whole seconds from a cell to a time, in UTC; negative for a cell that is later."""
    micros = lit((utc(now) - EPOCH) // timedelta(microseconds=1))
    return FloorDivide.of(sub(micros, Micros.of(known(Kind.TIMESTAMP)(_timestamp(column)))), lit(1_000_000))


def judged(criterion: Criterion, value: Tree, cell: Tree) -> Tree:
    """Whether `value`, computed from `cell`, meets the condition."""
    operands = [o for o in criterion.operands if o is not None]
    null_listed = len(operands) < len(criterion.operands)
    match criterion.operator:
        case "=" | "in" | "!=":
            equal = _one_of(value, operands, criterion)
            if criterion.negative:
                return and_(not_null(cell), not_(equal)) if null_listed else not_(equal)
            return or_(is_null(cell), equal) if null_listed else equal
        case "matches":
            matched = _matches(value, str(operands[0]))
            return coalesce(not_(matched) if criterion.negated else matched, exp.false())
        case "between":
            low, high = (_literal(o, criterion) for o in operands)
            outside = or_(le(value, low), ge(value, high))
            return coalesce(outside if criterion.negated else and_(gt(value, low), lt(value, high)), exp.false())
    return coalesce(ORDER[criterion.operator](value, _literal(operands[0], criterion)), exp.false())


def _one_of(value: Tree, operands: Sequence[Any], criterion: Criterion) -> Tree:
    words = [o for o in operands if isinstance(o, Keyword)]  # EMPTY or WHITESPACES_ONLY
    keywords = [eq(value, lit("")) if o == Keyword("EMPTY") else FullMatches.of(value, lit(BLANK)) for o in words]
    plain = [_literal(o, criterion) for o in operands if not isinstance(o, Keyword)]
    if len(plain) > MOST_LISTED:
        hint = 'put them into a table of their own: ReferentialIntegrity "column" "values.column", and --table values=PATH'
        raise RulesError(f"the list has {len(plain):,} values; at most {MOST_LISTED:,} are compared one by one", hint=hint, code="too-long")
    if len(plain) > 1 and isinstance(operands[0], str) and not keywords:
        return OneOf.of(value, *plain)
    one = [in_(value, plain)] if len(plain) > 1 else [eq(value, x) for x in plain]
    return coalesce(or_(*one, *keywords), exp.false())


def _matches(value: Tree, pattern: str) -> Tree:
    """Whether a string matches as a whole."""
    rest, searches = parted(pattern)
    found = [(Matches.of(value, _pattern(search.pattern)), search.negative) for search in searches]
    return and_(FullMatches.of(value, _pattern(rest)), *(not_(one) if negative else one for one, negative in found))


def _pattern(pattern: str) -> Tree:
    Regex.parse(pattern)  # rejected here, with its place, rather than when the query is written
    return lit(pattern)


def _literal(operand: Any, criterion: Criterion) -> Tree:
    match operand:
        case datetime():
            return lit(operand.date() if criterion.daily else operand)
        case str():
            return LowerAscii.of(lit(operand)) if criterion.ignore_case else lit(operand)
        case float() if operand.is_integer() and abs(operand) < 2**53:
            return lit(int(operand))
    return lit(operand)


def _value(criterion: Criterion, column: Column) -> Tree:
    """The cell as a number, a string, a day or a point in time."""
    if not any(o is not None for o in criterion.operands):
        return col(column.name)  # compared with NULL only, which every kind of column can hold
    if criterion.family == "number":
        return _number(column)
    if criterion.family == "date":
        return _day(column) if criterion.daily else _timestamp(column)
    return LowerAscii.of(as_text(column)) if criterion.ignore_case and criterion.operator != "matches" else as_text(column)


def _number(column: Column) -> Tree:
    """A number; null for a string that is not a number."""
    x = col(column.name)
    match column.kind:
        case Kind.BOOLEAN:
            return integer(x)
        case Kind.STRING:
            return StringToDouble.of(x)
        case Kind.DECIMAL:
            return double(x)
    return x if column.kind.numeric else _reject(column, "a number")


def _day(column: Column) -> Tree:
    """The day of a date, a timestamp, or a string in ISO form."""
    x = col(column.name)
    if column.kind is Kind.STRING:
        return coalesce(StringToDate.of(x), cast(_string_to_timestamp(x), Kind.DATE))
    if column.kind is Kind.TIMESTAMP_TZ:
        return cast(cast(x, Kind.TIMESTAMP), Kind.DATE)
    return cast(x, Kind.DATE) if column.kind.temporal else _reject(column, "a date")


def _timestamp(column: Column) -> Tree:
    """The point in time, in UTC; a date counts as its midnight."""
    x = col(column.name)
    if column.kind is Kind.STRING:
        return coalesce(cast(StringToDate.of(x), Kind.TIMESTAMP), _string_to_timestamp(x))
    return cast(x, Kind.TIMESTAMP) if column.kind.temporal else _reject(column, "a date")


def _string_to_timestamp(x: Tree) -> Tree:
    return coalesce(StringToTimestamp.of(x), cast(StringToTimestampTz.of(x), Kind.TIMESTAMP))


def _reject(column: Column, wanted: str) -> NoReturn:
    raise RulesError(f"needs {wanted}, but column {column.name!r} is {column.type or column.kind}", code="E-TYPE")


def as_text(column: Column) -> Tree:
    """The string form of a cell. Errors: `RulesError` for kinds whose string form differs between engines."""
    if column.kind is Kind.STRING:
        return col(column.name)
    if column.kind in (Kind.INTEGER, Kind.BOOLEAN, Kind.DATE):
        return text(col(column.name))
    c = column
    message = f"needs a string, and the string form of a column differs between engines: column {c.name!r} ({c.type or c.kind})"
    raise RulesError(message, code="E-TYPE")


def offenders(criterion: Criterion) -> Sequence[str]:
    """Which extreme of a column decides an ordered or equal condition on numbers: the metrics that Glue reports with it."""
    if criterion.family != "number" or None in criterion.operands or criterion.negated:
        return ()
    low, high = ("Minimum",), ("Maximum",)
    return {">": low, ">=": low, "<": high, "<=": high, "=": low + high, "between": low + high}.get(criterion.operator, ())
