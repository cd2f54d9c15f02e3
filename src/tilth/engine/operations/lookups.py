"""Looking up a value in a list of keys, however long."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.expressions import add, alias, cast, col, data_type, eq, ge, if_else, lit, null_if, owned, sub, text
from tilth.engine.operations.operation import Operation, call

KEYS, KEY, FOUND = "\x1fkeys", "\x1fkey", "\x1ffound"  # names inside the lookup that no column has
FEW, FEWER = 200, 10  # numbers of keys up to which Spark and DuckDB search a list in each row; more are joined
LONG = 1_000  # a list up to this length is indexed; a longer one is joined

Scalar = str | int | bool | float


def lookup(x: Tree, keys: Sequence[Scalar], values: Sequence[Scalar] | None = None) -> Tree:
    """The index of x among the keys, from 0, or the value at that index; null if x is not among the keys.

    The keys are distinct strings, integers or booleans, all of x's kind; the values are all of one kind too, or finite floats.
    """
    lists = [keys] if values is None else [keys, values]
    return Lookup.of(x, *map(_listed, lists))


def at_place(place: Tree, values: Sequence[float]) -> Tree:
    """The value at a place in a list of constants, counted from 0; null where the place is null or none of the list's."""
    return AtPlace.of(place, _listed(values))


class Constants:
    """The constants of a lookup. They are rendered only when a query is written, because many trees are only used for their columns."""

    def __init__(self, values: Sequence[Scalar]) -> None:
        self.values = values

    @property
    def kind(self) -> type:
        """The type of the values."""
        return next((t for t in (bool, int, float) if self.values and isinstance(self.values[0], t)), str)

    @property
    def text(self) -> str:
        """The values as a JSON list."""
        return json.dumps(list(self.values), ensure_ascii=False, separators=(",", ":"))

    @cached_property
    def _key(self) -> tuple[type, Any]:
        floats = self.kind is float  # 0.0 and -0.0 are equal
        return self.kind, array("d", map(float, self.values)).tobytes() if floats else tuple(self.values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constants) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


class Listed(exp.Expression, exp.Func):
    """Constants as an argument of an operation."""

    arg_types: ClassVar[dict[str, bool]] = {}

    @property
    def constants(self) -> Constants:
        """The constants in the list."""
        found: Constants = self.args["constants"]
        return found


def _listed(values: Sequence[Scalar]) -> Tree:
    return Listed(constants=Constants(values))


class AtPlace(Operation):
    """`at_place` as an operation: with many values, an engine joins them by index."""

    @property
    def joins(self) -> bool:
        """Whether there are so many values that an engine joins them, which may change the order of the rows."""
        return len(self.expressions[1].constants.values) > LONG

    @property
    def alike(self) -> Operation:
        return _with_first(self)

    @classmethod
    def duckdb(cls, place: Tree, values: Listed) -> Tree:
        size = len(values.constants.values)
        if size > LONG:
            return _joined(place, call("unnest", call("range", lit(size))), call("unnest", _from_json(values, DUCKDB)))
        return call("list_extract", _from_json(values, DUCKDB), if_else(ge(place, lit(0)), add(place, lit(1))))

    @classmethod
    def spark(cls, place: Tree, values: Listed) -> Tree:
        if len(values.constants.values) > LONG:
            return _unfolded(place, call("posexplode", _from_json(values, SPARK)), (KEY, FOUND), col(FOUND))
        return call("get", _from_json(values, SPARK), exp.Cast(this=place.copy(), to=data_type("int")))

    @classmethod
    def prepared(cls, *constants: Any) -> Callable[[Any], Any] | None:
        (values,) = constants
        return dict(enumerate(values.values)).get


class Lookup(Operation):
    """`lookup` as an operation. In a query its lists are JSON strings, which are short trees however many keys there are.

    Where keys are many, an engine joins them with a hash table; DuckDB takes long to plan a hundred such joins. A row finds its key in a
    dict.
    """

    @property
    def joins(self) -> bool:
        """Whether there are so many keys that an engine joins them, which may change the order of the rows."""
        return len(self.expressions[1].constants.values) > FEWER

    @property
    def alike(self) -> Operation:
        return _with_first(self)

    @classmethod
    def duckdb(cls, x: Tree, keys: Listed, values: Listed | None = None) -> Tree:
        size = len(keys.constants.values)
        if 0 < size <= FEWER:
            place = cast(call("list_position", _from_json(keys, DUCKDB), x), Kind.INTEGER)
            return sub(place, lit(1)) if values is None else call("list_extract", _from_json(values, DUCKDB), place)
        found = _from_json(values, DUCKDB) if values else call("range", lit(size))
        return _joined(x, call("unnest", _from_json(keys, DUCKDB)), call("unnest", found))

    @classmethod
    def spark(cls, x: Tree, keys: Listed, values: Listed | None = None) -> Tree:
        if len(keys.constants.values) <= FEW:
            looked_for = x if keys.constants.values else text(x)  # a list of no keys is one of strings
            place = sub(null_if(call("array_position", _from_json(keys, SPARK), looked_for), lit(0)), lit(1))
            return place if values is None else call("get", _from_json(values, SPARK), exp.Cast(this=place, to=data_type("int")))
        if values is None:
            rows, names = call("posexplode", _from_json(keys, SPARK)), (FOUND, KEY)
        else:
            rows, names = call("inline", call("arrays_zip", _from_json(keys, SPARK), _from_json(values, SPARK))), (KEY, FOUND)
        return _unfolded(x, rows, names, cast(col(FOUND), Kind.INTEGER) if values is None else col(FOUND))  # posexplode counts in 32 bits

    @classmethod
    def prepared(cls, *constants: Any) -> Callable[[Any], Any] | None:
        return _dictionary(*constants)


DUCKDB: dict[type, str] = {str: '["VARCHAR"]', bool: '["BOOLEAN"]', int: '["BIGINT"]', float: '["DOUBLE"]'}
SPARK: dict[type, str] = {str: "array<string>", bool: "array<boolean>", int: "array<bigint>", float: "array<double>"}


def _from_json(listed: Listed, types: dict[type, str]) -> Tree:
    return call("from_json", lit(listed.constants.text), lit(types[listed.constants.kind]))


def _with_first(operation: Operation) -> Operation:
    """The operation with the first of its constants only."""
    x, *lists = operation.expressions
    return type(operation)(expressions=owned(x, *(_listed(t.constants.values[:1]) for t in lists)))


def _joined(x: Tree, keys: Tree, found: Tree) -> Tree:
    """The entry with the key x, in DuckDB."""
    return _where(exp.Select(expressions=[col(FOUND)]), exp.Select(expressions=[alias(keys, KEY), alias(found, FOUND)]), x)


def _unfolded(x: Tree, rows: Tree, names: tuple[str, str], found: Tree) -> Tree:
    """The same in Spark, of a function that makes rows of two columns."""
    table = exp.Select(expressions=[exp.Aliases(this=rows, expressions=[exp.to_identifier(n, quoted=True) for n in names])])
    # Spark takes a subquery for a value only if it is an aggregate; there is one row at most
    return _where(exp.Select(expressions=[call("first", found)]), table, x)


def _where(query: exp.Select, table: exp.Select, x: Tree) -> Tree:
    return query.from_(table.subquery(exp.to_identifier(KEYS, quoted=True))).where(eq(col(KEY), x)).subquery()


@cache
def _dictionary(keys: Constants, values: Constants | None = None) -> Callable[[Any], Any]:
    return dict(zip(keys.values, range(len(keys.values)) if values is None else values.values, strict=True)).get
