"""What reading means: the first layer of every dataset, the same for files, frames and rows that are served.

Null tokens become null, texts of CSV and JSON Lines become typed values, NaN becomes null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Change, Column, Kind, Schema
from tilth.engine.expressions import and_, case, cast, col, double, eq, if_else, is_null, lit, not_, not_null, text
from tilth.engine.operations import (
    DoubleToInteger,
    IsToken,
    NanToNull,
    Trim,
    integer,
)
from tilth.engine.operations.casts import FROM_TEXT

CASTS = FROM_TEXT


def door_of_texts(kinds: Mapping[str, Kind], nulls: Sequence[str] = (), trim: bool = False) -> Change:
    """The door of a table of texts: column → the kind that its texts are read as. `trim`: texts lose the blanks around them.

    >>> from tilth.engine.row import row_function
    >>> one = row_function([door_of_texts({"age": Kind.INTEGER, "job": Kind.TEXT}, ["?"])], ["age", "job"])
    >>> one({"age": " 39", "job": " ? "}), one({"age": 39, "job": ""})
    ({'age': 39, 'job': None}, {'age': 39, 'job': None})
    """
    cells = {name: Trim.of(col(name)) if trim and kind is Kind.TEXT else col(name) for name, kind in kinds.items()}
    return Change(tuple((name, cell(cells[name], kind, nulls)) for name, kind in kinds.items()), door=True)


def door_of_values(schema: Schema, nulls: Sequence[str] = ()) -> Change:
    """The door of a table whose columns have types: NaN becomes null, and null tokens do where the column is text."""
    made: dict[str, Tree] = {c.name: NanToNull.of(col(c.name)) for c in schema if c.kind is Kind.FLOAT}
    if nulls:
        made |= {c.name: if_else(not_(_token(col(c.name), nulls)), col(c.name)) for c in schema if c.kind is Kind.TEXT}
    return Change(tuple(made.items()), door=True)


def served_door(schema: Schema, nulls: Sequence[str] = (), empty_is_null: bool = True) -> Change:
    """The door for rows that are served to what was learned from a table with these columns.

    A served value may be typed already or be the text of a value, wherever the table came from. `empty_is_null` tells that an
    empty text stands for nothing, as it does in files of texts.

    >>> from tilth.data import Column
    >>> from tilth.engine.row import row_function
    >>> schema = Schema((Column("age", Kind.INTEGER), Column("job", Kind.TEXT)))
    >>> row_function([served_door(schema, ["?"])], schema.names)({"age": "39", "job": "?"})
    {'age': 39, 'job': None}
    """
    kinds = {c.name: c.kind for c in schema if c.kind in CASTS and (empty_is_null or c.kind is not Kind.TEXT)}
    values = door_of_values(Schema(tuple(c for c in schema if c.name not in kinds)), nulls)
    return Change((*door_of_texts(kinds, nulls).columns, *values.columns), door=True)


def reconciled(column: Column, wanted: Kind, nulls: Sequence[str] = ()) -> Tree | None:
    """A column as another kind, where each value of the one is a value of the other or reads as one; None where it is neither.

    Values that are none (`"six"` for a number, 3.5 for a whole one) become null.
    """
    x = col(column.name)
    match column.kind, wanted:
        case has, _ if has == wanted:
            return x
        case Kind.TEXT, _ if wanted in CASTS:
            return cell(x, wanted, nulls)
        case Kind.NULL, _ if wanted in CASTS:
            return cast(x, wanted)
        case ((Kind.INTEGER | Kind.DECIMAL | Kind.BOOLEAN), Kind.FLOAT):
            return double(x) if column.kind is not Kind.BOOLEAN else double(integer(x))
        case Kind.BOOLEAN, Kind.INTEGER:
            return integer(x)
        case ((Kind.FLOAT | Kind.DECIMAL), Kind.INTEGER):  # what frames make of whole numbers with gaps
            whole = DoubleToInteger.of(double(x))
            return if_else(eq(double(whole), double(x)), whole)
        case Kind.INTEGER, Kind.BOOLEAN:
            return case((eq(x, lit(1)), exp.true()), (eq(x, lit(0)), exp.false()))
        case Kind.INTEGER | Kind.BOOLEAN, Kind.TEXT:
            return text(x)
        case Kind.DATE, Kind.TIMESTAMP:
            return cast(x, wanted)
    return None


def unreadable(x: Tree, kind: Kind, nulls: Sequence[str] = ()) -> Tree:
    """Whether a text is there, is no null token, and cannot be read as a kind: true or false, never null.

    With it the three states of a column add up: missing, invalid, valid.
    """
    return and_(not_null(x), not_(_token(x, ["", *nulls])), is_null(CASTS[kind].of(x)))


def cell(x: Tree, kind: Kind, nulls: Sequence[str], value: Tree | None = None) -> Tree:
    """A text as a value of a kind (made by `value` where that is given), null where it is a null token."""
    # a token that the cast cannot read becomes null by the cast alone
    cast = CASTS[kind]
    heard = [t for t in nulls if cast.row and cast.row(t) is not None]
    made = value if value is not None else cast.of(x)
    return if_else(not_(_token(x, heard)), made) if heard else made


def _token(x: Tree, tokens: Iterable[str]) -> Tree:
    return IsToken.of(x, *(lit(t) for t in tokens))
