"""unpivot: columns become rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlglot import exp

from tilth.data import BELOW, Dataset, Kind, Roles, Schema
from tilth.engine.expressions import alias, cast, col, lit, not_null
from tilth.engine.layers import filtered, selected, table
from tilth.engine.operations.lists import Element
from tilth.engine.operations.lookups import lookup
from tilth.engine.operations.rows import Copies
from tilth.errors import RequestError
from tilth.steps.rows.aggregations import UNORDERED
from tilth.steps.step import Learned, Learning, Selector, Step, reject_clashes

VALUES, PLACE = "\x1fvalues", "\x1fplace"
NUMERIC = frozenset({Kind.INTEGER, Kind.FLOAT, Kind.DECIMAL})
NAME, VALUE = "variable", "value"  # the new columns


@dataclass(frozen=True)
class Unpivot(Step):
    """Turns columns into rows: each row becomes one row per column, with the column's name and its value. The other columns are repeated.

    The columns must be of one kind; integers, floats and decimals together become floats. A null gives a row, too, unless you write
    `missing: drop`.

    The part `rows` is not applied when serving: `Flow.row()` and `tilth apply` take rows like those that this step makes.

    Elsewhere: pandas' `melt(id_vars, value_vars, var_name, value_name)`, where `id_vars` are all other columns; Polars' and Spark's
    `unpivot`; Spark's leaves nulls out.

    Errors: nothing selected; columns of several kinds, or of lists, structs and maps; a new column whose name exists.

    >>> print(Unpivot(("jan", "feb"), variable="month", value="sales"))
    unpivot(columns=['jan', 'feb'], variable='month', value='sales')
    """

    name = "unpivot"
    parts = frozenset({"rows"})
    learns = False
    makes_rows = True

    columns: Selector
    """The columns that become rows: names, kinds (numeric, categorical, temporal …), roles, patterns with `*`; `!` in front excludes."""
    variable: str = NAME
    """The new column with their names."""
    value: str = VALUE
    """The new column with their values."""
    missing: Literal["keep", "drop"] = "keep"
    """Whether a null gives a row."""

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        chosen = [schema[c] for c in self.chosen(self.columns, schema, roles)]
        RequestError.reject(self.unfit(chosen, lambda c: "has values that cannot stand under others" if c.kind in UNORDERED else ""))
        kinds = {c.kind for c in chosen} - {Kind.NULL}
        if len(kinds) > 1 and not kinds <= NUMERIC:
            found = ", ".join(f"{c.name!r} ({c.kind})" for c in chosen)
            raise RequestError(f"unpivot: columns of several kinds: {found}", hint="cast them to one kind first", code="wrong-kind")
        rest = Schema(tuple(c for c in schema if c not in chosen))
        reject_clashes(self.name, rest, {"": {self.variable: lit(0)}, " ": {self.value: lit(0)}})
        return {"": {"columns": [c.name for c in chosen]}}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        chosen: Sequence[str] = learned[""]["columns"]
        rest = [c for c in data.names if c not in chosen]
        floats = len({schema[c].kind for c in chosen} & NUMERIC) > 1
        cells = exp.Array(expressions=[cast(col(c), Kind.FLOAT) if floats else col(c) for c in chosen])
        copies = Copies.of(lit(len(chosen)))
        every = selected([*map(col, rest), alias(cells, VALUES), alias(copies, PLACE)], table(BELOW))
        new = {self.variable: lookup(col(PLACE), range(len(chosen)), chosen), self.value: Element.of(col(VALUES), col(PLACE))}
        made = selected([*map(col, rest), *(alias(tree, name) for name, tree in new.items())], every, "every")
        found = data.rows(made, out=(*rest, *new))
        if self.missing == "drop":
            found = filtered(found, not_null(col(self.value)))
        roles = data.roles.moved({c: c for c in rest})
        hidden = [self.value] if set(chosen) & set(data.roles.private) else []
        return replace(found, roles=replace(roles, private=(*roles.private, *hidden)))
