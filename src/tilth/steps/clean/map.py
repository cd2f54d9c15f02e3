"""map: values become other values, by a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import and_, case, coalesce, col, double, is_null, lit, not_null
from tilth.engine.operations.lookups import lookup
from tilth.engine.operations.rows import Refuse
from tilth.errors import Mistake
from tilth.steps.naming import value_text
from tilth.steps.step import ColumnStep

Value = str | bool | int | float
KINDS: Mapping[type, Kind] = {str: Kind.STRING, bool: Kind.BOOLEAN, int: Kind.INTEGER, float: Kind.FLOAT}


@dataclass(frozen=True)
class Map(ColumnStep):
    """Replaces values by a table that you write: `values: {S: small, M: medium, L: large}`.

    Null stays null. A value that is not in the table stays as it is, becomes null or `default`, or is an error. The new values must be of
    one kind; if other values stay, it must be the kind of the column. In a string column, a key such as 1 means the string `1`.

    Elsewhere: pandas' `Series.replace` (`others: keep`) and `Series.map` (`others: null`).

    Errors: a column that does not hold strings, integers or booleans; new values of several kinds; with `others: error`, a value that is
    not in the table.

    >>> print(Map("size", values={"S": 1, "M": 2}, others="null"))
    map(columns='size', values=[('S', 1), ('M', 2)], others='null')
    """

    name = "map"
    parts = frozenset({"rows", "features"})

    values: tuple[tuple[Value, Value], ...] | Mapping[Value, Value]
    """Value → new value."""
    others: Literal["keep", "null", "error"] | None = None
    """What happens to a value that is not in the table. Default: `keep`."""
    default: Value | None = None
    """The new value for values that are not in the table; use it instead of `others`."""

    def mistakes(self) -> Iterator[Mistake]:
        if not self.values:
            yield Mistake("map: `values` is empty", accepted="value → what it becomes", code="nothing-to-do")
        if self.default is not None and self.others is not None:
            yield Mistake("map: `default` says what `others` says too", hint="leave one of them out", code="bad-value")
        if len({value_text(old) for old, _ in self.pairs}) < len(self.pairs):
            yield Mistake("map: a value is in `values` twice", code="bad-value")
        if len(_kinds(self._new())) > 1:
            yield Mistake("map: the new values are of several kinds", accepted="one kind of value", code="bad-value")

    @property
    def pairs(self) -> tuple[tuple[Value, Value], ...]:
        """The table: value and what it becomes."""
        return cast("tuple[tuple[Value, Value], ...]", self.values)

    def _new(self) -> list[Value]:
        """The values that a cell may become."""
        return [new for _, new in self.pairs] + ([] if self.default is None else [self.default])

    @property
    def _keeps(self) -> bool:
        """Whether values that are not in the table stay."""
        return self.default is None and self.others in (None, "keep")

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        x = col(column.name)
        (kind,) = _kinds(self._new())
        new = [float(v) if kind is Kind.FLOAT else v for _, v in self.pairs]
        found = lookup(x, self._old(column), new)
        match self.default, self.others:
            case None, "null":
                made = found
            case None, "error":
                message = f"map: column {column.name!r} has a value that is not in `values`, and `others` is `error`"
                made = case((self._other(column), Refuse.of(lit(message))), otherwise=found)
            case None, _:
                made = coalesce(found, double(x) if kind is Kind.FLOAT else x)
            case default, _:
                made = case((not_null(x), coalesce(found, lit(float(default) if kind is Kind.FLOAT else default))))
        return {column.name: made}

    def _old(self, column: Column) -> list[Any]:
        return [value_text(old) if column.kind is Kind.STRING else old for old, _ in self.pairs]

    def _other(self, column: Column) -> Tree:
        return and_(not_null(col(column.name)), is_null(lookup(col(column.name), self._old(column))))

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        others = {} if self._keeps else {"value not in the table": self._other(column)}
        return {"value in the table": not_null(lookup(col(column.name), self._old(column)))} | others

    def accepts(self, column: Column) -> str:
        if column.kind not in (Kind.STRING, Kind.INTEGER, Kind.BOOLEAN):
            return "has no values that a table could hold: only strings, integers and booleans"
        if column.kind is not Kind.STRING and _kinds(old for old, _ in self.pairs) != {column.kind}:
            return f"cannot have these `values`: its own are of kind {column.kind}"
        (kind,) = _kinds(self._new())
        if self._keeps and kind is not column.kind and (column.kind, kind) != (Kind.INTEGER, Kind.FLOAT):
            return f"cannot become values of kind {kind} and keep others (say `others: null`, or a `default`)"
        return ""


def _kinds(values: Iterable[Value]) -> set[Kind]:
    """The kinds of the values; integers together with floats are floats."""
    found = {KINDS[type(v)] for v in values}
    return found - {Kind.INTEGER} if Kind.FLOAT in found else found
