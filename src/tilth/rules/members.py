"""Tests whether rows occur in a query or another table, by a join that adds a column for each such rule."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Dataset
from tilth.engine.expressions import alias, and_, col, eq, lit, not_null
from tilth.engine.layers import table

K = TypeVar("K", bound=Hashable)
MEMBER = "is a member"  # the column with the result of `member`, for `PreparedRule.row`


@dataclass(frozen=True)
class Membership:
    """Whether the values of `columns` in a row occur in the columns `theirs` of a table or sub-query.

    `nulls` tells for each column whether null equals null. `tables` are the tables that `among` reads, by their names in it.
    """

    columns: tuple[str, ...]
    among: Tree
    theirs: tuple[str, ...]
    nulls: tuple[bool, ...]
    tables: tuple[tuple[str, Dataset], ...]


def with_members(data: Dataset, members: Mapping[K, Membership]) -> tuple[Dataset, dict[K, str]]:
    """The table with a column for each membership that says whether a row is a member, and the columns' names."""
    if not members:
        return data, {}
    here = exp.to_identifier(BELOW, quoted=True)
    select = exp.Select(expressions=[exp.Column(this=exp.Star(), table=here)]).from_(table(BELOW), copy=False)
    added = {of: f"{MEMBER} {i}" for i, of in enumerate(members)}
    for i, (of, member) in enumerate(members.items()):
        side = f"member{i}"
        select.select(alias(not_null(exp.column("hit", side, quoted=True)), added[of]), copy=False)
        select.join(_among(member).subquery(side), on=and_(*_pairs(member, side)), join_type="left", copy=False)
    tables = {name: other for member in members.values() for name, other in member.tables}
    return data.rows(select, out=(*data.names, *added.values()), tables=tables), added


def _among(member: Membership) -> exp.Select:
    keys = [alias(col(c), f"k{i}") for i, c in enumerate(member.theirs)]
    select = exp.Select(expressions=[*keys, alias(lit(True), "hit")], distinct=exp.Distinct())
    return select.from_(member.among.copy(), copy=False)


def _pairs(member: Membership, side: str) -> list[Tree]:
    pairs = [(exp.column(c, BELOW, quoted=True), exp.column(f"k{i}", side, quoted=True)) for i, c in enumerate(member.columns)]
    return [exp.NullSafeEQ(this=a, expression=b) if null else eq(a, b) for (a, b), null in zip(pairs, member.nulls, strict=True)]
