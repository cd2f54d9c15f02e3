"""Actions on whole columns: selecting, moving, renaming and converting them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tilth.aws.conversion.databrew.action import KINDS, Action, Actions
from tilth.aws.conversion.made import Made, NotConverted, column_step, formula, renamed, without
from tilth.engine.user_sql.writing import identifier

CASTS = {"TO_BOOLEAN_COLUMN": "boolean", "TO_DOUBLE_COLUMN": "float", "TO_NUMBER_COLUMN": "float", "TO_STRING_COLUMN": "string"}

FIELD = re.compile("`([^`]+)`")


def of_delete(a: Action) -> Iterator[Made]:
    """Columns that go."""
    yield without(a.names("sourceColumns", "sourceColumn"))


def of_move(a: Action) -> Iterator[Made]:
    """Columns in another place."""
    columns, where = a.names("sourceColumn", "sourceColumns"), a.operation.removeprefix("MOVE_")
    if where in ("BEFORE", "AFTER"):
        beside = a.name("targetColumn")
        yield Made("move", {"columns": columns, where.lower(): beside}, frozenset([beside]), frozenset(columns))
        return
    to: Any = int(a.number("targetIndex")) if where == "TO_INDEX" else where.removeprefix("TO_").lower()
    yield Made("move", {"columns": columns, "to": to}, None, frozenset(columns))


def of_duplicate(a: Action) -> Iterator[Made]:
    """A copy of a column, or another name for it."""
    target = a.text("targetColumn", f"{a.column} copy" if a.operation == "DUPLICATE" else None)
    yield from renamed(a.column, target) if a.operation == "RENAME" else [formula(target, identifier(a.column), [a.column])]


def of_cast(a: Action) -> Iterator[Made]:
    """Another kind of values."""
    kind = CASTS.get(a.operation) or a.word("columnDataType", KINDS)
    dates = kind in ("date", "timestamp") and a.has("dateTimeFormat")
    if dates:
        raise NotConverted("it reads days by a format: write `- parse: {columns: …, as: date, format: …}`")
    yield a.on_column("cast", "what cannot be read becomes null", to=kind)


def of_nest(a: Action) -> Iterator[Made]:
    """Columns as one."""
    columns, into, gone = a.names("sourceColumns"), a.text("targetColumn"), a.flag("removeSourceColumns")
    as_list = a.operation == "NEST_TO_ARRAY"
    given = {"columns": columns, "into": into, **({"as": "list"} if as_list else {}), **({} if gone else {"keep": True})}
    notes = {"NEST_TO_ARRAY": ("cast columns of several kinds to one first",), "NEST_TO_MAP": ("a struct, not a map",)}
    yield Made("nest", given, frozenset(columns), frozenset([into, *(columns if gone else [])]), notes.get(a.operation, ()))


def of_unnest(a: Action) -> Iterator[Made]:
    """The fields of a struct as columns."""
    if a.number("unnestLevel", 1) != 1:
        raise NotConverted("it unnests several levels: write an `unnest` for each, which takes the columns of the one before")
    columns, gone = a.names("sourceColumn", "sourceColumns"), a.flag("removeSourceColumn")
    into = a.text("targetColumn", "" if gone else "{column}")
    note = f"new columns are called {into or '{column}'}_ and a field"
    yield replace(column_step("unnest", columns, into, [note, "those that occur in training"]), writes=None)
    if into and gone:
        yield without(columns)


def of_extract(a: Action) -> Iterator[Made]:
    """A field of a struct as a column; the struct stays. The path may begin with the column."""
    path = FIELD.findall(a.text("path")) or a.text("path").split(".")
    field, *deeper = path[1:] if path[0] == a.column and len(path) > 1 else path
    if deeper:
        raise NotConverted("its path has several levels: write an `unnest` for each, which takes the columns of the one before")
    made = f"{a.column}_{field}"
    yield replace(column_step("unnest", [a.column], "{column}", fields=[field]), writes=frozenset([made]))
    yield from renamed(made, a.text("targetColumn"))


ACTIONS: Actions = {
    "DELETE": of_delete,
    **{f"MOVE_{where}": of_move for where in ("BEFORE", "AFTER", "TO_INDEX", "TO_START", "TO_END")},
    **dict.fromkeys(("DUPLICATE", "RENAME"), of_duplicate),
    **dict.fromkeys(("CHANGE_DATA_TYPE", *CASTS), of_cast),
    **dict.fromkeys(("NEST_TO_STRUCT", "NEST_TO_MAP", "NEST_TO_ARRAY"), of_nest),
    **dict.fromkeys(("UNNEST_STRUCT", "UNNEST_STRUCT_N"), of_unnest),
    "EXTRACT_VALUE": of_extract,
}
