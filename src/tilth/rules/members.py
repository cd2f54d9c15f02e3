"""Tests whether rows occur in a query or another table, by a join that adds a column for each such rule."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Dataset
from tilth.engine.expressions import alias, and_, col, eq, lit, not_, not_null
from tilth.engine.layers import table
from tilth.rules.examples import FailureFilter
from tilth.rules.prepared import MEMBER, Membership

K = TypeVar("K", bound=Hashable)


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


def not_among(data: Dataset, member: Membership, columns: tuple[str, ...]) -> FailureFilter:
    """The rows that are not members, shown by their values of some columns."""
    joined, names = with_members(data, {member: member})
    return FailureFilter(columns, not_(col(names[member])), data=joined)


def _among(member: Membership) -> exp.Select:
    keys = [alias(col(c), f"k{i}") for i, c in enumerate(member.theirs)]
    select = exp.Select(expressions=[*keys, alias(lit(True), "hit")], distinct=exp.Distinct())
    return select.from_(member.among.copy(), copy=False)


def _pairs(member: Membership, side: str) -> list[Tree]:
    pairs = [(exp.column(c, BELOW, quoted=True), exp.column(f"k{i}", side, quoted=True)) for i, c in enumerate(member.columns)]
    return [exp.NullSafeEQ(this=a, expression=b) if null else eq(a, b) for (a, b), null in zip(pairs, member.nulls, strict=True)]
