"""unnest: the fields of structs, the elements of lists, or the fields of JSON objects in strings, become columns."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import pyarrow as pa
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind, Schema
from tilth.engine.arrow import arrow_type
from tilth.engine.expressions import and_, col, lit, not_
from tilth.engine.needs import Fold, Sample
from tilth.engine.operations.lists import Element, Length
from tilth.engine.operations.structs import Field
from tilth.engine.python_operation import Item, PythonFunction
from tilth.engine.statistics import highest
from tilth.errors import RequestError, unknown
from tilth.metrics.metric import Question
from tilth.steps.missing import present
from tilth.steps.naming import names_of
from tilth.steps.step import ColumnStep, Learned

MOST = 1_000  # fields, unless `most` says otherwise
MOST_MET = 100_000  # different fields, that are held while learning
Met = tuple[int, dict[str, set[Kind]]]
"""How many rows there were, and the fields of their objects with the kinds of their values."""


def json_object(text: str | None) -> Mapping[str, Any] | None:
    """The JSON object in a string, by RFC 8259, or None. Of a repeated field, the last one counts.

    >>> json_object('{"a": [1, 2]}'), json_object("[1]"), json_object('{"a": NaN}')
    ({'a': [1, 2]}, None, None)
    """
    try:
        found = json.loads(text or "", parse_constant=_no_constant)
    except (ValueError, RecursionError):
        return None
    return {_encodable(key): value for key, value in found.items()} if isinstance(found, dict) else None


def _no_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a value of JSON")


def _encodable(text: str) -> str:
    """A string without halves of characters, which JSON can write and no table can hold."""
    return text if text.isascii() else text.encode(errors="replace").decode()


@dataclass(frozen=True)
class Fields(Fold):
    """The number of rows, and field of the JSON objects in a column → the kind of its values, in the order of the fields' names.

    Integers among floats are floats; what has values of several other kinds, or nested ones, is a string.

    Errors: `RequestError` for more than 100,000 different fields.
    """

    def start(self) -> Met:
        return 0, {}

    def update(self, state: Met, batch: pa.RecordBatch) -> Met:
        here: dict[str, set[Kind]] = {}
        for text in batch.column(0).to_pylist():
            for name, value in (json_object(text) or {}).items():
                here.setdefault(name, set()).update(_kinds(value))
        return self.merge(state, (batch.num_rows, here))

    def merge(self, a: Met, b: Met) -> Met:
        for name, kinds in b[1].items():
            a[1].setdefault(name, set()).update(kinds)
        if len(a[1]) > MOST_MET:
            message = f"unnest: the objects in column {self.columns[0]!r} have more than {MOST_MET:,} different fields"
            raise RequestError(message, hint="are the names of the fields values, such as ids?", code="too-many-columns")
        return a[0] + b[0], a[1]

    def finish(self, state: Met) -> tuple[int, dict[str, Kind]]:
        return state[0], {name: _together(kinds) for name, kinds in sorted(state[1].items())}


def _kinds(value: Any) -> set[Kind]:
    match value:
        case None:
            return set()
        case bool():
            return {Kind.BOOLEAN}
        case int():
            return {Kind.INTEGER if -(2**63) <= value < 2**63 else Kind.FLOAT}
    return {Kind.FLOAT if isinstance(value, float) else Kind.STRING}


def _together(kinds: set[Kind]) -> Kind:
    """The kind of a column with values of these kinds."""
    if kinds == {Kind.INTEGER, Kind.FLOAT}:
        return Kind.FLOAT
    return next(iter(kinds)) if len(kinds) == 1 else Kind.STRING


def _as(value: Any, kind: Kind) -> Any:
    """A JSON value as a value of a kind; null if it is of another kind."""
    if value is None or kind is Kind.STRING:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return None if value is None else _encodable(text)
    if kind is Kind.BOOLEAN or isinstance(value, bool | str | list | dict):
        return value if kind is Kind.BOOLEAN and isinstance(value, bool) else None
    if kind is Kind.INTEGER:
        return int(value) if value == value // 1 and -(2**63) <= value < 2**63 else None
    try:
        return float(value)
    except OverflowError:
        return None


@dataclass(frozen=True)
class JsonFields:
    """The fields of the JSON objects in strings, each as its kind."""

    fields: tuple[str, ...]
    kinds: tuple[Kind, ...]

    def __call__(self, texts: pa.Array) -> pa.Array:
        rows = [json_object(text) or {} for text in texts.to_pylist()]
        columns = [
            pa.array([_as(row.get(name), kind) for row in rows], arrow_type(kind))
            for name, kind in zip(self.fields, self.kinds, strict=True)
        ]
        return pa.StructArray.from_arrays(columns, names=[f"f{i}" for i in range(len(columns))])


@dataclass(frozen=True)
class IsObject:
    """Whether strings are JSON objects."""

    def __call__(self, texts: pa.Array) -> pa.Array:
        return pa.array([json_object(text) is not None for text in texts.to_pylist()], pa.bool_())


@dataclass(frozen=True)
class Unnest(ColumnStep):
    """The fields of structs, or of JSON objects in strings, become columns `{column}_{field}`. The column itself is dropped.

    The elements of lists become columns `{column}_0`, `{column}_1` … up to the longest list in training; with `fields` only the first
    elements, under these names. The rest of a longer list is dropped, and a shorter list gives nulls.

    Only fields of the first level become columns; nested fields become strings of JSON, which you can unnest as well. The step learns the
    names of the fields and, for JSON, their kinds. A field that first occurs after training has no column. A field that is absent is null,
    and so is a value of another kind (a string where numbers were learned). Integers mixed with floats are floats; other mixtures of kinds
    are strings. A string that is not a JSON object gives null in all columns and is counted.

    Python reads JSON on every engine; `tilth plan` marks this. To turn lists and maps into rows, use `explode`.

    Elsewhere: Polars' `unnest` and `list.to_struct`; pandas' `json_normalize(max_level=0)`; Spark's `select("struct.*")`.

    Errors: a column of another kind; no object in training; a named field that the struct does not have; more fields than `most`; a name
    that exists.

    >>> print(Unnest("payload", fields=("device", "amount")))
    unnest(columns='payload', fields=['device', 'amount'])
    """

    name = "unnest"
    parts = frozenset({"rows", "features"})
    makes_columns = True

    fields: tuple[str, ...] = ()
    """The fields that become columns; for a list, names for its first elements. Default: all that occur in training, in the order of their
    names; for a struct or list all, in its order."""
    most: int = MOST
    """The largest number of fields allowed."""

    def accepts(self, column: Column) -> str:
        if column.kind in (Kind.STRING, Kind.STRUCT, Kind.LIST):
            return ""
        return "has no fields: only structs and lists have, and strings with JSON objects in them"

    def needs(self, column: Column) -> Mapping[str, Question]:
        if column.kind is Kind.STRUCT:
            return {"rows": Sample((column.name,), 1, hashed=False)}
        if column.kind is Kind.LIST:
            return {"longest": highest(Length.of(col(column.name)))}
        return {"found": Fields((column.name,))}

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        if "rows" in measured:
            struct = measured["rows"].schema.field(column.name).type
            there = [field.name for field in struct] if pa.types.is_struct(struct) else self.fields  # a dry run reads none
            found = dict.fromkeys(there, Kind.OTHER)
            RequestError.reject(unknown(self.fields, there, f"unnest: column {column.name!r} has no field {{}}", "unknown-field"))
        elif column.kind is Kind.LIST:
            found = {str(i): Kind.OTHER for i in range(measured["longest"] or 0)}
        else:
            rows, found = measured["found"]
            if rows and not found:
                message = f"unnest: column {column.name!r} holds no JSON object in training"
                raise RequestError(message, accepted='strings such as {"a": 1}', code="no-object")
        fields = list(self.fields or found)
        if len(fields) > self.most:
            hint = "name those that are to become columns, `fields: […]`, or allow more by `most`"
            message = f"unnest: column {column.name!r} has {len(fields):,} fields"
            raise RequestError(message, accepted=f"up to {self.most:,}", hint=hint, code="too-many-columns")
        kinds = [] if column.kind is not Kind.STRING else [str(found.get(f, Kind.STRING)) for f in fields]
        return {"fields": fields, "kinds": kinds, "names": names_of(self.out(column.name), fields)}

    def state(self, column: Column | None) -> Mapping[str, Any] | None:
        return {"fields": list[str], "kinds": list[str], "names": list[str]}

    @property
    def keeps_values(self) -> bool:
        return not self.fields

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        held, fields = col(_held(column.name)), learned["fields"]
        x = col(column.name)
        match column.kind:
            case Kind.STRUCT:
                trees = [Field.of(x, lit(f)) for f in fields]
            case Kind.LIST:
                trees = [Element.of(x, lit(i)) for i in range(len(fields))]
            case _:
                trees = [Item.of(held, lit(i)) for i in range(len(fields))]
        return {column.name: None} | dict(zip(learned["names"], trees, strict=True))

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        held = {_held(c): _read(state).of(col(c)) for c, state in learned.items() if schema[c].kind is Kind.STRING}
        return super().made(data.change(held), schema, learned).change(dict.fromkeys(held))

    def unreadable(self, column: Column) -> Tree | None:
        if column.kind is not Kind.STRING:
            return None
        is_object = PythonFunction(IsObject(), (Kind.STRING,), Kind.BOOLEAN, self.name)
        return and_(present(column), not_(is_object.of(col(column.name))))

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        unreadable = self.unreadable(column)
        return {} if unreadable is None else {"not a JSON object": unreadable}


def _read(state: Mapping[str, Sequence[str]]) -> PythonFunction:
    """The function that reads the learned fields of JSON objects."""
    kinds = tuple(map(Kind, state["kinds"]))
    return PythonFunction(JsonFields(tuple(state["fields"]), kinds), (Kind.STRING,), kinds, Unnest.name)


def _held(column: str) -> str:
    """The column that holds all fields of a column's objects."""
    return f"\x1ffields of {column}"
