"""concat: appends the rows of another table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from tilth.data import Column, Dataset, Kind, Roles, Schema
from tilth.engine.expressions import lit
from tilth.errors import Mistake, RequestError, listed
from tilth.steps.step import Learned, Learning, TablesStep

DATA = "data"  # what the rows that were there come from
NESTED = frozenset({Kind.LIST, Kind.STRUCT, Kind.MAP, Kind.OTHER})


@dataclass(frozen=True)
class Concat(TablesStep):
    """Appends the rows of another table, matching columns by name.

    A column that one of the tables lacks is null in its rows, or an error. Columns with the same name must be of the same kind; a column
    without values fits any kind. Duplicate rows stay: `dedupe` them afterwards.

    Elsewhere: pandas' `concat([data, table], ignore_index=True)`; Spark's `unionByName(table, allowMissingColumns=True)`.

    Errors: columns with the same name but different kinds; names that differ in upper and lower case only.

    >>> print(Concat("last_year", source="_source"))
    concat(table='last_year', source='_source')
    """

    name = "concat"
    learns = False
    makes_columns = True
    shorthand = "table"

    table: str
    """The other table, by its name under `data: {tables: …}`."""
    missing: Literal["null", "error"] = "null"
    """What happens to a column that one of the two tables lacks: null in its rows, or an error."""
    source: str = ""
    """A new column that says where a row comes from: `data`, or the name of the other table. If the column exists already, only the rows of
    the other table get a new value."""

    @property
    def names_tables(self) -> tuple[str, ...]:
        return (self.table,)

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        RequestError.reject(self._mistakes(schema, self.further(self.table).schema))
        return {"": {}}

    def _mistakes(self, here: Schema, there: Schema) -> Iterator[Mistake]:
        for lacks, has, name in ((here, there, "the data"), (there, here, f"the table {self.table!r}")):
            lacking = [c for c in has.names if c not in lacks and c != self.source]
            if lacking and self.missing == "error":
                message = f"concat: {name} lacks columns that the other has: {listed(lacking)}"
                yield Mistake(message, hint="`missing: null` makes them null there", code="missing-column")
        cased = {c.casefold(): c for c in here.names}
        for c in there:
            own = cased.get(c.name.casefold(), c.name)
            if own != c.name:
                message = f"concat: the data has a column {own!r}, and the table {self.table!r} has {c.name!r}"
                yield Mistake(message, hint="rename one of the two", code="name-clash")
            elif own in here and not _fit(here[own], c):
                message = f"concat: column {own!r} is {here[own]}, and {c} in the table {self.table!r}"
                yield Mistake(message, accepted="columns of one kind", hint=f"cast {own!r} before this step", code="wrong-kind")
        if self.source in there or (self.source in here and here[self.source].kind is not Kind.STRING):
            message = f"concat: there is a column {self.source!r} already"
            yield Mistake(message, hint="choose another name for `source`", code="name-clash")

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        other = self.further(self.table)
        new = Schema(tuple(c for c in other.schema if c.name not in schema))
        data = data.change({c.name: exp.Null() for c in new})
        rows = other.data
        if self.source:
            data = data if self.source in schema else data.change({self.source: lit(DATA)})
            rows = rows.change({self.source: lit(self.table)})
        return self.hiding(data.append(rows), new)


def _fit(a: Column, b: Column) -> bool:
    return Kind.NULL in (a.kind, b.kind) or (a.kind is b.kind and (a.kind not in NESTED or a.type == b.type))
