"""sql: what a SELECT of the user's makes of the table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlglot import exp

from tilth.data import BELOW, Column, Dataset, Kind, Roles, Schema
from tilth.engine.session import Session
from tilth.engine.user_sql.bounds import SECONDS, limited, reject_products
from tilth.engine.user_sql.query import parse_query, private_outputs, tables_of
from tilth.errors import ExpressionError, Mistake, listed
from tilth.metrics.columns import RowCount
from tilth.steps.step import Elsewhere, Learned, Learning, TablesStep

INPUT = "input"  # the name of the table in a query
OTHER = "\x1f"  # begins the names of the other tables, where the query runs


@dataclass(frozen=True)
class Sql(TablesStep):
    """Replaces the table by the result of a SELECT. The query calls the table `input`; other tables of the flow have their own names.

    You can use joins, groups, windows, WITH and UNION, and the functions that have the same meaning on every engine: those listed under
    [`formula`](#formula), and `count`, `sum`, `avg`, `min`, `max`, `stddev`, `variance`, `row_number`, `rank`, `lag` and `lead`. Column
    names are not case-sensitive. The order of the rows is kept if the query ends with ORDER BY.

    The query may combine any rows, so the step is allowed in `rows` only and is not applied when serving. For values computed row by row,
    use `formula`, which is.

    Errors: `ExpressionError` if the query is not a single SELECT over these tables, uses something that is not allowed (files, settings,
    other functions), has LIMIT without ORDER BY (which would pick arbitrary rows), pairs every row with every row of large tables, or takes
    too long or too much memory.

    >>> print(Sql("SELECT shop, sum(price) AS total FROM input GROUP BY shop"))
    sql(query='SELECT shop, sum(price) AS total FROM input GROUP BY shop')
    """

    name = "sql"
    learns = False
    makes_columns = True
    shorthand = "query"
    part_hint = "what is computed row by row is a `formula`, which is served"

    query: str
    """The SELECT, in the dialect of Spark."""

    seconds: float = SECONDS
    """How long a query that joins, groups or sorts may run in a flow; with DuckDB it may spill to half of the free disk."""

    @cached_property
    def names_tables(self) -> tuple[str, ...]:
        return tuple(name for name in tables_of(self.query) if name.casefold() != INPUT)

    def __post_init__(self) -> None:
        if not self.seconds > 0:
            raise ExpressionError(f"sql: seconds is {self.seconds:g}", accepted="a number above 0", code="bad-value")
        if INPUT not in map(str.casefold, tables_of(self.query)):
            raise ExpressionError("sql: the query does not read the table", accepted="SELECT … FROM input", code="no-input")

    def running(self, engine: Session) -> AbstractContextManager[None]:
        return limited(engine, self.seconds, self.name, "if it is worth more, give it more: `sql: {query: …, seconds: …}`")

    def _parsed(self, schema: Schema) -> Any:
        others = {name: self.further(name) for name in self.names_tables}
        tables = {INPUT: (BELOW, schema)} | {name: (OTHER + name, other.schema) for name, other in others.items()}
        return parse_query(self.query, tables)

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        others = {name: self.further(name) for name in self.names_tables}
        query = self._parsed(schema)
        ExpressionError.reject(self._mistakes(query))
        sizes: dict[Any, str] = {RowCount(): BELOW} | {Elsewhere(t.data, RowCount()): OTHER + name for name, t in others.items()}
        asked = sizes if query.find(exp.Join, exp.Subquery, exp.Exists) else {}
        found = yield asked
        rows = {name: found[size] for size, name in asked.items()}
        reject_products(query, rows.get)
        return {"": {}}

    def _mistakes(self, query: Any) -> Iterator[Mistake]:
        twice = [name for name, times in Counter(n.casefold() for n in query.named_selects).items() if times > 1]
        if twice:
            yield Mistake(f"sql: two columns of the result are called {listed(twice)}", hint="rename one: `… AS name`", code="name-clash")
        for place, name in enumerate(query.named_selects, 1):
            if re.fullmatch(r"_col_[0-9]+", name):  # as sqlglot calls what has no name
                yield Mistake(f"sql: column {place} of the result has no name", hint="give it one: `… AS name`", code="no-name")
        for part in query.find_all(exp.Query):
            if (part.args.get("limit") or part.args.get("offset")) and not part.args.get("order"):
                yield Mistake("sql: LIMIT without ORDER BY takes arbitrary rows", hint="add ORDER BY, or use `sample`", code="no-order")

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        query = self._parsed(schema)
        tables = {OTHER + name: self.further(name).data for name in self.names_tables}
        names = query.named_selects
        private = private_outputs(query, data.roles.private)
        made = data.rows(query, ordered=bool(query.args.get("order")), out=names, tables=tables)
        return self.hiding(made, Schema(tuple(Column(name, Kind.OTHER) for name in names)), private)
