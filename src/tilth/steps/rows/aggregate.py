"""aggregate: a row for each group of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from tilth.data import Dataset, Roles, Schema, select
from tilth.engine.expressions import col, lit
from tilth.engine.statistics import count
from tilth.errors import Mistake, RequestError
from tilth.steps.rows.aggregations import COUNTS, VALUES, Aggregates, Aggregation, Asked, magnitudes, no_key, sizes
from tilth.steps.rows.sort import order_or_time
from tilth.steps.step import Learned, Learning, Selector, Step, reject_clashes

Several = Aggregation | tuple[Aggregation, ...]


@dataclass(frozen=True)
class Aggregate(Step):
    """Makes one row for each group of rows with equal values in `by`: the key, and aggregations of other columns.

    Each aggregation in `with` makes a column `{column}_{aggregation}`: mean, sum, smallest, largest, median, standard deviation or variance
    (of a sample), first, last or most frequent value, the number of values, or of distinct values. Nulls are ignored: without a value, all
    aggregations except counts are null. Null is a key, too. Columns that you do not name are dropped.

    First and last refer to the order of `order`; of rows that tie, the smaller value comes first, and rows without a value in `order` are
    ignored. The mode is the smallest of equally frequent values. Sums, and statistics computed from them, are the same to the last digit
    whatever the order of the rows.

    The smallest, largest, first, last and most frequent value of a column with a role have that role, too. Aggregations of a private
    column, except counts, are private.

    The part `rows` is not applied when serving: `Flow.row()` and `tilth apply` take rows like those that this step makes.

    Elsewhere: pandas' `groupby(by, dropna=False)[column].agg(…)`, where sums have `min_count=1` and distinct is `nunique`.

    Errors: nothing selected; an aggregation that does not fit the kind of a column; `first` or `last` without an order; new columns with
    the same name.

    >>> print(Aggregate("customer", with_={"amount": ("sum", "mean"), "day": "max"}, count="visits"))
    aggregate(by='customer', with=[('amount', ('sum', 'mean')), ('day', 'max')], count='visits')
    """

    name = "aggregate"
    parts = frozenset({"rows"})
    learns = False  # only magnitudes, for exact sums
    makes_rows = True
    shorthand = "by"

    by: Selector
    """The columns of the key: names, kinds (numeric, categorical, temporal …), roles, patterns with `*`; `!` in front excludes."""
    with_: tuple[tuple[str, Several], ...] | Mapping[str, Several] = ()
    """Column (or a kind, role or pattern that selects several) → an aggregation, or a list of them."""
    order: Selector = ()
    """`first`, `last`: the columns that rows are ordered by. Default: the role time."""
    count: str = ""
    """A new column with the number of rows in a group. Default: none."""

    def mistakes(self) -> Iterator[Mistake]:
        if not self.by:
            yield Mistake("aggregate: `by` names no column of the key", code="no-columns")
        if not self.with_ and not self.count:
            hint = "name columns, `with: {amount: sum}`, or the rows, `count: n`"
            yield Mistake("aggregate: nothing is aggregated", hint=hint, code="nothing-to-do")

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        by = self.chosen(self.by, schema, roles, "no column is selected for the key")
        order = order_or_time(self, self.order, schema, roles)
        asked = list(self._asked(schema, roles))
        RequestError.reject(
            [
                *self.unfit(map(schema.__getitem__, by), no_key),
                *(m for a in asked for m in self.unfit([a.column], lambda c, a=a: self._no_value(a, by, order))),  # type: ignore[misc]
            ]
        )
        made = {c.name: {a.name: lit(0) for a in asked if a.column is c} for c in schema}
        reject_clashes(self.name, Schema(tuple(schema[c] for c in by)), made | {"": {self.count: lit(0)} if self.count else {}})
        extremes = magnitudes(asked)
        found = yield (count(), *chain(*extremes.values()))
        named = {"key": list(by), "order": list(order), "columns": [a.column.name for a in asked], "with": [a.aggregation for a in asked]}
        return {"": {**named, "rows": found[count()], "sizes": sizes(extremes, found)}}

    def _asked(self, schema: Schema, roles: Roles) -> Iterator[Asked]:
        """The aggregates of each group, without repetition."""
        asked = {}
        for words, several in dict(self.with_).items():
            for c in select(words, schema, roles):
                for how in (several,) if isinstance(several, str) else several:
                    asked[c, how] = Asked(schema[c], how, f"{c}_{how}")
        yield from asked.values()

    def _no_value(self, asked: Asked, by: Iterable[str], order: Sequence[str]) -> str:
        """Why a column cannot be aggregated."""
        if asked.column.name in by:
            return "is part of the key, and cannot be aggregated too"
        if asked.aggregation in ("first", "last") and not order:
            return f"has no {asked.aggregation} value: nothing orders the rows (name it: `order: COLUMN`, or the role `time` under `data`)"
        return asked.unfit

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        state = learned[""]
        asked = [Asked(schema[c], how, f"{c}_{how}") for c, how in zip(state["columns"], state["with"], strict=True)]
        aggregates = Aggregates(state["sizes"], state["rows"], order=[col(c) for c in state["order"]])
        names = (*state["key"], *(a.name for a in asked), *([self.count] if self.count else []))
        made = aggregates.below(data, asked).rows(aggregates.grouped(asked, state["key"], self.count), out=names)
        return replace(made, roles=_roles(data.roles, state["key"], asked))


def _roles(roles: Roles, key: Iterable[str], asked: Iterable[Asked]) -> Roles:
    """Roles of keys, and of aggregates with values of a column with a role. Aggregates of private columns are private, except counts."""
    moved = {a.column.name: a.name for a in asked if a.aggregation in VALUES} | {k: k for k in key}
    private = (a.name for a in asked if a.column.name in roles.private and a.aggregation not in COUNTS)
    found = roles.moved(moved)
    return replace(found, private=tuple(dict.fromkeys((*found.private, *private))))
