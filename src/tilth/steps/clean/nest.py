"""nest: columns become one column of structs, of lists, or of JSON objects."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal

import pyarrow as pa
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind, Roles, Schema, select
from tilth.engine.arrow import arrow_type
from tilth.engine.expressions import col, double, lit
from tilth.engine.operations.lists import Listed
from tilth.engine.operations.structs import Fielded
from tilth.engine.python_operation import PythonFunction
from tilth.errors import RequestError
from tilth.steps.step import Learned, Learning, Selector, Step, kept_private, reject_clashes


@dataclass(frozen=True)
class JsonObjects:
    """A JSON object of each row's values, with null for what JSON has no number for."""

    fields: tuple[str, ...]

    def __call__(self, *columns: pa.Array) -> pa.Array:
        rows = (dict(zip(self.fields, map(_value, row), strict=True)) for row in zip(*(c.to_pylist() for c in columns), strict=True))
        return pa.array([json.dumps(row, ensure_ascii=False) for row in rows], pa.string())


def _value(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True)
class Nest(Step):
    """Combines columns into one: structs with their names, lists of their values, or strings with JSON objects.

    Nulls are kept inside; no struct, list or object is itself null. The columns of a list must be of one kind; integers, floats and
    decimals together become floats. In JSON, dates and times follow ISO 8601, and infinite numbers are null. Python writes JSON on every
    engine; `tilth plan` marks this.

    Elsewhere: DataBrew's NEST_TO_STRUCT, NEST_TO_ARRAY and NEST_TO_MAP; Polars' `struct` and `concat_list`; Spark's `struct`, `array` and
    `to_json`.

    Errors: nothing selected; columns of several kinds for a list; kinds that JSON does not have; a new column whose name exists.

    >>> print(Nest(("street", "city"), into="address", as_="json"))
    nest(columns=['street', 'city'], into='address', as='json')
    """

    name = "nest"
    parts = frozenset({"rows", "features"})
    learns = False
    makes_columns = True
    learned_types: ClassVar[Mapping[str, Any]] = {"columns": list[str]}

    columns: Selector
    """The columns: names, kinds (numeric, categorical, temporal …), roles, patterns with `*`; `!` in front excludes."""
    into: str
    """The new column."""
    as_: Literal["struct", "list", "json"] = "struct"
    """What it holds."""
    keep: bool = False
    """Whether the columns themselves stay."""

    @property
    def keeps_rows(self) -> bool:
        return True

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        chosen = [schema[c] for c in self.chosen(self.columns, schema, roles)]
        RequestError.reject(self.unfit(chosen, self._no_json))
        if self.as_ == "list" and len({_element(c) for c in chosen}) > 1:
            found = ", ".join(f"{c.name!r} ({c.kind})" for c in chosen)
            raise RequestError(f"nest: a list of several kinds: {found}", hint="cast them to one kind first", code="wrong-kind")
        gone = {} if self.keep else dict.fromkeys(c.name for c in chosen)
        reject_clashes(self.name, schema, {chosen[0].name: {**gone, self.into: lit(0)}})
        return {"": {"columns": [c.name for c in chosen]}}

    def _no_json(self, column: Column) -> str:
        return "has no JSON (cast it first)" if self.as_ == "json" and arrow_type(column.kind) is None else ""

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        chosen = [schema[c] for c in learned[""]["columns"]]
        gone: dict[str, Tree | None] = {} if self.keep else dict.fromkeys(learned[""]["columns"])
        return kept_private(data.change(gone | {self.into: self._nested(chosen)}), [self.into], learned[""]["columns"])

    def _nested(self, chosen: list[Column]) -> Tree:
        if self.as_ == "json":
            function = JsonObjects(tuple(c.name for c in chosen))
            return PythonFunction(function, tuple(c.kind for c in chosen), Kind.STRING, self.name).of(*(col(c.name) for c in chosen))
        if self.as_ == "struct":
            return Fielded.of(*(tree for c in chosen for tree in (lit(c.name), col(c.name))))
        floats = len({c.kind for c in chosen}) > 1
        return Listed.of(*(double(col(c.name)) if floats else col(c.name) for c in chosen))

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        return frozenset({self.into, *select(self.columns, schema, roles)})


def _element(column: Column) -> Any:
    """The kind of element that a column needs for a list; equal for columns that can be in one list."""
    return "number" if column.kind.numeric else (column.kind, column.of, column.type if column.kind is Kind.STRUCT else "")
