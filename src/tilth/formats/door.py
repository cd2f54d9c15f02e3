"""What reading means: the first layer of every dataset, the same for files, frames and rows that are served.

Null tokens become null, texts of CSV and JSON Lines become typed values, NaN becomes null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlglot.expressions import Expression as Tree

from tilth.data import Change, Kind, Schema
from tilth.engine.expressions import and_, col, if_else, is_null, lit, not_, not_null
from tilth.engine.operations import (
    IsToken,
    NanToNull,
    TextToBoolean,
    TextToDate,
    TextToDouble,
    TextToInstant,
    TextToInteger,
    TextToText,
    TextToTimestamp,
    Trim,
)
from tilth.engine.operations.operation import Operation

CASTS: dict[Kind, type[Operation]] = {
    Kind.INTEGER: TextToInteger,
    Kind.FLOAT: TextToDouble,
    Kind.BOOLEAN: TextToBoolean,
    Kind.DATE: TextToDate,
    Kind.TIMESTAMP: TextToTimestamp,
    Kind.INSTANT: TextToInstant,
    Kind.TEXT: TextToText,
}


def door_of_texts(kinds: Mapping[str, Kind], nulls: Sequence[str] = (), trim: bool = False) -> Change:
    """The door of a table of texts: column → the kind that its texts are read as. `trim`: texts lose the blanks around them.

    >>> from tilth.engine.row import row_function
    >>> one = row_function([door_of_texts({"age": Kind.INTEGER, "job": Kind.TEXT}, ["?"])], ["age", "job"])
    >>> one({"age": " 39", "job": " ? "}), one({"age": 39, "job": ""})
    ({'age': 39, 'job': None}, {'age': 39, 'job': None})
    """
    cells = {name: Trim.of(col(name)) if trim and kind is Kind.TEXT else col(name) for name, kind in kinds.items()}
    return Change(tuple((name, _cast(cells[name], kind, nulls)) for name, kind in kinds.items()), door=True)


def door_of_values(schema: Schema, nulls: Sequence[str] = ()) -> Change:
    """The door of a table whose columns have types: NaN becomes null, and null tokens do where the column is text."""
    made: dict[str, Tree] = {c.name: NanToNull.of(col(c.name)) for c in schema if c.kind is Kind.FLOAT}
    if nulls:
        made |= {c.name: if_else(not_(_token(col(c.name), nulls)), col(c.name)) for c in schema if c.kind is Kind.TEXT}
    return Change(tuple(made.items()), door=True)


def unreadable(x: Tree, kind: Kind, nulls: Sequence[str] = ()) -> Tree:
    """Whether a text is there, is no null token, and cannot be read as a kind: true or false, never null.

    With it the three states of a column add up: missing, invalid, valid.
    """
    return and_(not_null(x), not_(_token(x, ["", *nulls])), is_null(CASTS[kind].of(x)))


def _cast(x: Tree, kind: Kind, nulls: Sequence[str]) -> Tree:
    # a token that the cast cannot read becomes null by the cast alone
    cast = CASTS[kind]
    heard = [t for t in nulls if cast.row and cast.row(t) is not None]
    return if_else(not_(_token(x, heard)), cast.of(x)) if heard else cast.of(x)


def _token(x: Tree, tokens: Iterable[str]) -> Tree:
    return IsToken.of(x, *(lit(t) for t in tokens))
