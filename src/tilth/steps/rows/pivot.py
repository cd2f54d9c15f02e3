"""pivot: the values of a column become columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Column, Dataset, Kind, Roles, Schema, select
from tilth.engine.expressions import alias, coalesce, col, eq, if_else, lit
from tilth.engine.layers import grouped, selected, table
from tilth.engine.statistics import count
from tilth.errors import Mistake, RequestError, listed
from tilth.metrics.keys import TopValues
from tilth.metrics.metric import Where
from tilth.steps.missing import present
from tilth.steps.naming import names_of
from tilth.steps.rows.aggregations import COUNTS, Aggregates, Aggregation, Asked, magnitudes, no_key, sizes
from tilth.steps.rows.sort import order_or_time
from tilth.steps.step import Learned, Learning, Selector, Step, reject_clashes

CELL = "\x1fcell "  # in front of a column's name: its aggregated values
MOST = 1_000
CATEGORIES = frozenset({Kind.STRING, Kind.INTEGER, Kind.BOOLEAN})


@dataclass(frozen=True)
class Pivot(Step):
    """Turns the values of a column into columns: one row for each key, with a column `{values}_{category}` for each category.

    A cell aggregates the values in the rows of that key and category, as in [`aggregate`](#aggregate). Without `values`, it is the number
    of these rows. If there are none, it is null, or 0 for a count. The categories are those in the table, in order, or those in
    `categories`; rows with another category, or none, count in no cell, but their keys still have a row.

    The part `rows` is not applied when serving: `Flow.row()` and `tilth apply` take rows like those that this step makes.

    Elsewhere: pandas' `pivot_table(values, by, column, aggfunc=with)`, which has no rows for keys without a value; `crosstab` for counts.

    Errors: nothing selected; more categories than `most`; a category that is not of the column's kind; a private column, because its values
    would become names; an aggregation that does not fit the kind of a column; new columns with the same name.

    >>> print(Pivot("month", by="shop", values="sales", with_="sum"))
    pivot(column='month', by='shop', values='sales', with='sum')
    """

    name = "pivot"
    parts = frozenset({"rows"})
    makes_rows = True
    shorthand = "column"

    column: str
    """The column with the values that become columns: strings, integers or booleans."""
    by: Selector
    """The columns of the key: names, kinds (numeric, categorical, temporal …), roles, patterns with `*`; `!` in front excludes."""
    values: Selector = ()
    """The columns to aggregate in the cells. Default: cells count rows."""
    with_: Aggregation = "mean"
    """How to aggregate several values in a cell."""
    order: Selector = ()
    """`with: first`, `last`: the columns that rows are ordered by. Default: the role time."""
    categories: tuple[str | int | bool, ...] = ()
    """The categories that become columns. Default: all values of the column."""
    most: int = MOST
    """The largest number of categories allowed."""

    def mistakes(self) -> Iterator[Mistake]:
        if not 1 <= self.most < 1_000_000:
            yield Mistake("pivot: `most` must be from 1 to 999,999", code="bad-value")

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        column, by = schema[self.column], self.chosen(self.by, schema, roles, "no column is selected for the key")
        values = select(self.values, schema, roles) if self.values else ()
        order = order_or_time(self, self.order, schema, roles)
        RequestError.reject(self._mistakes(schema, roles, by, values, order))
        asked = self._asked(schema, values)
        extremes, top = magnitudes(asked), Where(TopValues(column.name, self.most + 1), present(column))
        found = yield (count(), *([] if self.categories else [top]), *chain(*extremes.values()))
        categories = list(self.categories) or sorted(value for value, _ in found[top])
        if len(categories) > self.most:
            message = f"pivot: column {column.name!r} has more than {self.most:,} different values, which would be as many columns"
            hint = "name those that are to become columns, `categories: […]`, or allow more by `most`"
            raise RequestError(message, accepted=f"up to {self.most:,}", hint=hint, code="too-many-categories")
        names = [names_of(c, categories) for c in values or (column.name,)]
        key = Schema(tuple(schema[c] for c in by))
        reject_clashes(self.name, key, {c: dict.fromkeys(of, lit(0)) for c, of in zip(values or (column.name,), names, strict=True)})
        named = {
            "key": list(by),
            "order": list(order),
            "columns": list(values),
            "categories": categories,
            "names": [n for of in names for n in of],
        }
        return {"": {**named, "rows": found[count()], "sizes": sizes(extremes, found)}}

    def _mistakes(self, schema: Schema, roles: Roles, by: Sequence[str], values: Sequence[str], order: Sequence[str]) -> Iterator[Mistake]:
        column = schema[self.column]
        yield from self.unfit([column], self._no_categories)
        yield from self.unfit(map(schema.__getitem__, by), no_key)
        for a in self._asked(schema, values):
            yield from self.unfit([a.column], lambda _, why=a.unfit: why)  # type: ignore[misc]  # binds `why` per aggregation
        if self.values and not values:
            yield Mistake("pivot: no column is selected for the cells", code="nothing-selected")
        if not order and values and self.with_ in ("first", "last"):
            hint = "name it: `order: COLUMN`, or the role `time` under `data`"
            yield Mistake(f"pivot: nothing orders the rows, so there is no {self.with_} value", hint=hint, code="no-order")
        for name in {column.name, *by} & set(values) | {column.name} & set(by):
            yield Mistake(f"pivot: column {name!r} is chosen for two purposes", code="name-clash")
        if column.name in roles.private and not self.categories:
            hint = "name its `categories` yourself, or take it from the role `private`"
            yield Mistake(f"pivot: column {column.name!r} is private, and its values would become names", hint=hint, code="private-values")

    def _no_categories(self, column: Column) -> str:
        if column.kind not in CATEGORIES:
            return "has no categories: only strings, integers and booleans have (cast it first)"
        wrong = [v for v in self.categories if type(v) is not column.kind.python and not (type(v) is int and column.kind is Kind.INTEGER)]
        return f"cannot have the categories {listed(map(repr, wrong))}: they are of another kind" if wrong else ""

    def _asked(self, schema: Schema, values: Sequence[str]) -> list[Asked]:
        """The aggregates of each key and category."""
        return [Asked(schema[c], self.with_ if values else "count", CELL + c) for c in values or (self.column,)]

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        state = learned[""]
        key, asked = state["key"], self._asked(schema, state["columns"])
        aggregates = Aggregates(state["sizes"], state["rows"], order=[col(c) for c in state["order"]])
        cells = aggregates.grouped(asked, (*key, self.column))
        wide = aggregates.below(data, asked).rows(cells, out=(*key, self.column, *(a.name for a in asked)))
        trees = [self._cell(a, category) for a in asked for category in state["categories"]]
        named = [alias(tree, name) for tree, name in zip(trees, state["names"], strict=True)]
        select_ = selected([*map(col, key), *named], table(BELOW))
        made = wide.rows(grouped(select_, [col(k) for k in key]), out=(*key, *state["names"]))
        hidden = {self.column, *(state["columns"] if self.with_ not in COUNTS else [])} & set(data.roles.private)
        roles = data.roles.moved({k: k for k in key})
        return replace(made, roles=replace(roles, private=(*roles.private, *(state["names"] if hidden else ()))))

    def _cell(self, asked: Asked, category: str | int | bool) -> Tree:
        """The one aggregated value of a key that belongs to a category."""
        found = exp.Max(this=if_else(eq(col(self.column), lit(category)), col(asked.name)))
        return coalesce(found, lit(0)) if asked.aggregation in COUNTS else found
