"""sort: the rows in the order of some columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

from tilth.data import BELOW, Dataset, Kind, Roles, Schema, select, words_of
from tilth.engine.expressions import col
from tilth.engine.keys import NO_ORDER
from tilth.engine.layers import table
from tilth.errors import Mistake, RequestError
from tilth.steps.step import Learned, Learning, Selector, Step


@dataclass(frozen=True)
class Sort(Step):
    """Sorts the rows by one or more columns.

    The order is kept when the table is split, prepared and delivered.

    Ties are ordered by the other columns, from left to right and the smaller first, so that the order is the same on every engine. Strings
    are compared by code points: `Z` comes before `a`.

    Elsewhere: pandas' `sort_values(by, ascending=…, na_position=nulls)`.

    Errors: a column of values without an order, such as lists; a column under `descending` that is not in `by`.

    >>> print(Sort(("shop", "day"), descending="day"))
    sort(by=['shop', 'day'], descending='day')
    """

    name = "sort"
    parts = frozenset({"rows", "training"})
    learns = False
    shorthand = "by"

    by: Selector
    """The columns to sort by."""
    descending: Selector = ()
    """Which of these columns to sort from large to small."""
    nulls: Literal["last", "first"] = "last"
    """Where nulls go, in ascending and descending columns alike."""

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        by = order_columns(self, self.by, schema, roles)
        descending = select(self.descending, schema, roles) if self.descending else ()
        RequestError.reject(
            Mistake(f"sort: column {c!r} is under `descending`, but not under `by`", code="bad-value") for c in descending if c not in by
        )
        return {"": {"by": by, "descending": list(descending)}}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        order = ordering(schema, **learned[""], nulls_first=self.nulls == "first")
        return data.rows(exp.Select(expressions=[exp.Star()], order=order).from_(table(BELOW)), ordered=True)


def order_columns(step: Step, of: Selector, schema: Schema, roles: Roles) -> list[str]:
    """The columns to sort by, in the order named. Errors: `RequestError` if there are none, or if the values of one have no order."""
    meant = set(select(of, schema, roles))
    chosen = list(dict.fromkeys(c for word in words_of(of) for c in select(word, schema, roles) if c in meant))  # in the order named
    if not chosen:
        raise RequestError(f"{step.name}: no column to sort by is selected", code="nothing-selected")
    unfit = "has no order: its values cannot be sorted"
    RequestError.reject(step.unfit(map(schema.__getitem__, chosen), lambda c: unfit if c.kind in NO_ORDER - {Kind.NULL} else ""))
    return chosen


def order_or_time(step: Step, of: Selector, schema: Schema, roles: Roles) -> list[str]:
    """The columns that order rows: those that a step names, else the role time, else none."""
    return order_columns(step, of, schema, roles) if of else [c for c in (roles.time,) if c is not None and c in schema]


def ordering(schema: Schema, by: Iterable[str], descending: Collection[str] = (), nulls_first: bool = False) -> exp.Order:
    """The order of some columns, and then of all others that have one."""
    others = (c.name for c in schema if c.kind not in NO_ORDER)
    names = dict.fromkeys((*by, *others))
    return exp.Order(expressions=[exp.Ordered(this=col(c), desc=c in descending, nulls_first=nulls_first) for c in names])
