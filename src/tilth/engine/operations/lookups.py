"""Looking up a value in a list of keys, however long."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.expressions import add, alias, cast, col, data_type, eq, ge, if_else, lit, null_if, owned, sub
from tilth.engine.operations.operation import Operation, call

KEYS, KEY, FOUND = "\x1fkeys", "\x1fkey", "\x1ffound"  # names inside the lookup: no column of a table has such a name
FEW, FEWER = 200, 10  # up to so many keys Spark and DuckDB search a list for each row; more are joined

Scalar = str | int | bool | float


def lookup(x: Tree, keys: Sequence[Scalar], values: Sequence[Scalar] | None = None) -> Tree:
    """The position of x among the keys, counted from 0, or the value at that position; null for what is not among them.

    The keys are distinct strings, integers or booleans, all of x's kind; the values are all of one kind too, or finite floats.
    """
    lists = [keys] if values is None else [keys, values]
    return Lookup.of(x, *(lit(json.dumps(list(v), ensure_ascii=False, separators=(",", ":"))) for v in lists))


def at_place(place: Tree, values: Sequence[float]) -> Tree:
    """The value at a place in a list of constants, counted from 0; null where the place is null or none of the list's."""
    return AtPlace.of(place, lit(json.dumps(list(values), separators=(",", ":"))))


class AtPlace(Operation):
    """`at_place` as an operation: the list is a JSON string, as that of a lookup."""

    @classmethod
    def duckdb(cls, place: Tree, values: Tree) -> Tree:
        return call("list_extract", _from_json(values, DUCKDB), if_else(ge(place, lit(0)), add(place, lit(1))))

    @classmethod
    def spark(cls, place: Tree, values: Tree) -> Tree:
        return call("get", _from_json(values, SPARK), exp.Cast(this=place.copy(), to=data_type("int")))

    @classmethod
    def prepared(cls, *constants: Any) -> Callable[[Any], Any] | None:
        return dict(enumerate(_parsed(*constants))).get


class Lookup(Operation):
    """`lookup` as an operation: the lists are JSON strings, so that a query with 200,000 keys is still a short tree.

    Where keys are many, an engine joins them with a hash table; DuckDB takes long to plan a hundred such joins. A row finds its key in a
    dict.
    """

    @property
    def joins(self) -> bool:
        """Whether the keys are so many that an engine joins them, and may give the rows in another order."""
        return len(_parsed(self.expressions[1].this)) > FEWER

    @property
    def alike(self) -> Operation:
        x, *texts = self.expressions
        return Lookup(expressions=owned(x, *(lit(_first(t.this)) for t in texts)))

    @classmethod
    def duckdb(cls, x: Tree, keys: Tree, values: Tree | None = None) -> Tree:
        if 0 < len(_parsed(keys.this)) <= FEWER:
            place = cast(call("list_position", _from_json(keys, DUCKDB), x), Kind.INTEGER)
            return sub(place, lit(1)) if values is None else call("list_extract", _from_json(values, DUCKDB), place)
        found = call("unnest", _from_json(values, DUCKDB)) if values else call("unnest", call("range", lit(len(_parsed(keys.this)))))
        table = exp.Select(expressions=[alias(call("unnest", _from_json(keys, DUCKDB)), KEY), alias(found, FOUND)])
        return _where(exp.Select(expressions=[col(FOUND)]), table, x)

    @classmethod
    def spark(cls, x: Tree, keys: Tree, values: Tree | None = None) -> Tree:
        if len(_parsed(keys.this)) <= FEW:
            place = sub(null_if(call("array_position", _from_json(keys, SPARK), x), lit(0)), lit(1))
            return place if values is None else call("get", _from_json(values, SPARK), exp.Cast(this=place, to=data_type("int")))
        if values is None:
            rows, names = call("posexplode", _from_json(keys, SPARK)), (FOUND, KEY)
        else:
            rows, names = call("inline", call("arrays_zip", _from_json(keys, SPARK), _from_json(values, SPARK))), (KEY, FOUND)
        table = exp.Select(expressions=[exp.Aliases(this=rows, expressions=[exp.to_identifier(n, quoted=True) for n in names])])
        found = cast(col(FOUND), Kind.INTEGER) if values is None else col(FOUND)  # posexplode counts in 32 bits
        # Spark takes a subquery for a value only if it is an aggregate; there is one row at most
        return _where(exp.Select(expressions=[call("first", found)]), table, x)

    @classmethod
    def prepared(cls, *constants: Any) -> Callable[[Any], Any] | None:
        return _dictionary(*constants)


DUCKDB: dict[type, str] = {str: '["VARCHAR"]', bool: '["BOOLEAN"]', int: '["BIGINT"]', float: '["DOUBLE"]'}
SPARK: dict[type, str] = {str: "array<string>", bool: "array<boolean>", int: "array<bigint>", float: "array<double>"}


def _from_json(texts: Tree, types: dict[type, str]) -> Tree:
    values = _parsed(texts.this)
    return call("from_json", texts, lit(types[type(values[0]) if values else str]))


@cache
def _parsed(texts: str) -> list[Scalar]:
    found: list[Scalar] = json.loads(texts)
    return found


def _first(texts: str) -> str:
    """A JSON list with the first of its values only."""
    return texts if texts == "[]" else f"{texts[: json.JSONDecoder().raw_decode(texts, 1)[1]]}]"


def _where(query: exp.Select, table: exp.Select, x: Tree) -> Tree:
    return query.from_(table.subquery(exp.to_identifier(KEYS, quoted=True))).where(eq(col(KEY), x)).subquery()


@cache
def _dictionary(keys: str, values: str | None = None) -> Callable[[Any], Any]:
    found = _parsed(keys)
    return dict(zip(found, range(len(found)) if values is None else _parsed(values), strict=True)).get
