"""Decoding, the first layer of every dataset. It is the same for files, frames and served rows.

Null tokens become null, strings of CSV and JSON Lines become typed values, NaN becomes null.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.data import Change, Column, Kind, Schema
from tilth.engine.expressions import and_, cast, col, double, eq, if_else, is_null, lit, not_, not_null, text
from tilth.engine.operations.casts import FROM_STRING, IsToken, ReadOrRefused, ServedDecimal
from tilth.engine.operations.conversions import CONVERSIONS
from tilth.engine.operations.hashing import DecimalString
from tilth.engine.operations.numbers import DecimalToInteger, NanToNull, ToInteger
from tilth.engine.operations.operation import Operation
from tilth.engine.operations.row_inputs import ServedList, ServedNested, ServedString, ServedValue
from tilth.engine.operations.strings import Trim
from tilth.engine.operations.times import SPANS, known
from tilth.errors import Mistake

CASTS = FROM_STRING
KNOWN: Mapping[Kind, Callable[[Tree], Tree]] = {Kind.FLOAT: NanToNull.of, **{kind: known(kind) for kind in SPANS}}
"""Kind → the operation that turns NaN, and times outside the range of other libraries, into null."""
UUIDS = frozenset({"UUID"})  # string types that an engine's string functions do not accept
KEPT = frozenset(
    {(Kind.INTEGER, Kind.FLOAT), (Kind.DECIMAL, Kind.FLOAT), (Kind.DATE, Kind.TIMESTAMP), (Kind.INTEGER, Kind.BOOLEAN)}
    | {(Kind.INTEGER, Kind.STRING), *((Kind.BOOLEAN, to) for to in (Kind.INTEGER, Kind.FLOAT, Kind.STRING))}
)
"""(from, to): conversions that lose nothing if the value fits."""
SURE = KEPT - {(Kind.INTEGER, Kind.BOOLEAN)}
"""(from, to): conversions for which every value fits."""
SERVED: Mapping[Kind, type[Operation]] = {
    Kind.DECIMAL: ServedDecimal,
    Kind.LIST: ServedList,
    Kind.STRUCT: ServedNested,
    Kind.MAP: ServedNested,
}
READ_AS: Mapping[Kind, str] = {  # accepted served values by kind, in addition to null, NaN and the numpy and pandas equivalents
    Kind.STRING: "a string, an integer or a boolean",
    Kind.INTEGER: "a whole number, or a string such as 35",
    Kind.FLOAT: "a number, or a string such as 3.5",
    Kind.DECIMAL: "a number, or a string such as 3.5",
    Kind.BOOLEAN: "a boolean, 0 or 1, or a string such as true",
    Kind.DATE: "a date, a datetime at midnight without a zone, or a string such as 2024-02-29",
    Kind.TIMESTAMP: "a datetime without a zone, a date, or a string such as 2024-02-29T12:30",
    Kind.TIMESTAMP_TZ: "a datetime with a zone, or a string such as 2024-02-29T12:30Z",
    Kind.LIST: "a list",
    Kind.STRUCT: "a mapping of its fields",
    Kind.MAP: "a mapping",
}


def decode_strings(kinds: Mapping[str, Kind], nulls: Sequence[str] = (), trim: bool = False) -> Change:
    """Decode a table of strings, by column and kind. `trim` strips string columns.

    >>> from tilth.engine.row import row_function
    >>> one = row_function([decode_strings({"age": Kind.INTEGER, "job": Kind.STRING}, ["?"])], ["age", "job"])
    >>> one({"age": " 39", "job": " ? "}), one({"age": 39, "job": ""})
    ({'age': 39, 'job': None}, {'age': 39, 'job': None})
    """
    cells = {name: Trim.of(col(name)) if trim and kind is Kind.STRING else col(name) for name, kind in kinds.items()}
    return Change(tuple((name, cell(cells[name], kind, nulls)) for name, kind in kinds.items()), decode=True)


def decode_values(schema: Schema, nulls: Sequence[str] = ()) -> Change:
    """Decode a typed table. NaN, null tokens in string columns, and timestamps that are infinite or outside the years 1 to 9999 become
    null. UUIDs become strings."""
    made: dict[str, Tree] = {c.name: KNOWN[c.kind](col(c.name)) for c in schema if c.kind in KNOWN}
    made |= {c.name: text(col(c.name)) for c in schema if c.type in UUIDS}
    if nulls:
        strings = {c.name: made.get(c.name, col(c.name)) for c in schema if c.kind is Kind.STRING}
        made |= {name: if_else(not_(is_token(x, nulls)), x.copy()) for name, x in strings.items()}
    return Change(tuple(made.items()), decode=True)


def decode_served(schema: Schema, nulls: Sequence[str] = (), empty_is_null: bool = True, strict: bool = False) -> Change:
    """Decode rows that are served to a flow that was fitted on a table with these columns.

    A served value may be typed (Python, numpy or pandas) or a string, whatever the source of the table was. `empty_is_null` turns an empty
    string into null, as in text files. A value of a type that does not fit the column's kind raises a TypeError without the column's name;
    if `strict`, a value that cannot be read as the kind raises a ValueError. `unfit` gives the mistake with the name.

    >>> from tilth.data import Column
    >>> from tilth.engine.row import row_function
    >>> schema = Schema((Column("age", Kind.INTEGER), Column("job", Kind.STRING)))
    >>> row_function([decode_served(schema, ["?"])], schema.names)({"age": "39", "job": "?"})
    {'age': 39, 'job': None}
    """
    made = {c.name: _served(c, nulls, empty_is_null) for c in schema}
    if strict:
        tokens = [lit(t) for t in ("", *nulls)]
        checked = [c.name for c in schema if c.kind in READ_AS and c.kind is not Kind.STRING]
        made |= {name: ReadOrRefused.of(made[name], col(name), *tokens) for name in checked}
    return Change(tuple(made.items()), decode=True)


def _served(column: Column, nulls: Sequence[str], empty_is_null: bool) -> Tree:
    x, kind = col(column.name), column.kind
    if kind is Kind.STRING and not empty_is_null:
        made = ServedString.of(x)
        return if_else(not_(is_token(x, nulls)), made) if nulls else made
    return cell(x, kind, nulls) if kind in CASTS else _served_as(kind).of(x)


def _served_as(kind: Kind) -> type[Operation]:
    """The operation that converts a served value to a kind."""
    return CASTS.get(kind) or SERVED.get(kind, ServedValue)


def unfit(column: Column, value: Any, nulls: Sequence[str] = (), strict: bool = False) -> Mistake | None:
    """The mistake if the type of a served value does not fit its column's kind, or (if `strict`) the value cannot be read as that kind.

    The message has the type, never the value.
    """
    take: Any = _served_as(column.kind).row
    accepted, hint = READ_AS.get(column.kind, ""), ""
    try:
        read = None if value is None else take(value)
        if not strict or read is not None or not ReadOrRefused.holds(value, "", *nulls):
            return None
        given, code = f"a value of type {type(value).__name__} that cannot be read as one", "unreadable"
        hint = "use null for a missing value; `max_invalid: 1` under `data` turns it into null"
    except TypeError as error:
        given, code = str(error), "wrong-kind"
    return Mistake(f"column {column.name!r} is {column.kind}, but {given} was given", accepted=accepted, hint=hint, code=code)


def reconciled(column: Column, wanted: Kind, nulls: Sequence[str] = ()) -> Tree | None:
    """A column converted to another kind without loss; None if the two kinds do not permit that.

    Values that do not fit (`"six"` for a number, 3.5 for an integer, noon for a date) become null.
    """
    x = col(column.name)
    match column.kind, wanted:
        case has, _ if has == wanted:
            return x
        case Kind.STRING, _ if wanted in CASTS:
            return cell(x, wanted, nulls)
        case Kind.NULL, _:  # an empty column of a frame
            return cast(x, wanted) if wanted in CASTS else x
        case pair if pair in KEPT:
            return CONVERSIONS[pair](x)
        case Kind.DECIMAL, Kind.INTEGER:
            whole = DecimalToInteger.of(x)
            return if_else(eq(DecimalString.of(x), text(whole)), whole)  # a double cannot represent all values
        case Kind.FLOAT, Kind.INTEGER:  # in frames, integers with nulls are floats
            whole = ToInteger.of(double(x))
            return if_else(eq(double(whole), double(x)), whole)
        case Kind.TIMESTAMP, Kind.DATE:  # in frames, dates are timestamps
            day = cast(x, wanted)
            return if_else(eq(cast(day, Kind.TIMESTAMP), x), day)
    return None


def unreadable(x: Tree, kind: Kind, nulls: Sequence[str] = ()) -> Tree:
    """Whether a string is present, is not a null token, and cannot be read as a kind. Never null.

    So each value is in one of three states: missing, invalid or valid.
    """
    return and_(not_null(x), not_(is_token(x, ["", *nulls])), is_null(CASTS[kind].of(x)))


def cell(x: Tree, kind: Kind, nulls: Sequence[str], value: Tree | None = None) -> Tree:
    """A string as a value of a kind (or as `value`, if given); null for a null token."""
    # the cast already turns tokens that it cannot read into null
    cast = CASTS[kind]
    readable = [t for t in nulls if cast.row and cast.row(t) is not None]
    made = value if value is not None else cast.of(x)
    return if_else(not_(is_token(x, readable)), made) if readable else made


def is_token(x: Tree, tokens: Iterable[str]) -> Tree:
    """Whether a string is one of the null tokens; null for null."""
    return IsToken.of(x, *(lit(t) for t in tokens))
