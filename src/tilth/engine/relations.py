"""Answers all relations of two tables with the same keys and filter by one joined query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Kind, Schema
from tilth.engine.expressions import alias, all_rows, and_, col, eq
from tilth.engine.layers import grouped
from tilth.engine.needs import Here, Relation, There
from tilth.errors import ColumnError, Mistake, RequestError, listed


@dataclass(frozen=True)
class Join:
    """One scan of two tables: the groups of each (FROM is added when it runs), and the relations that it answers, in order."""

    relations: tuple[Relation, ...]
    here: exp.Select
    there: exp.Select
    fold: exp.Select

    @property
    def title(self) -> str:
        """What the scan does, in a few words."""
        keys = self.relations[0].keys
        return f"joined groups of {listed([a for a, _ in keys], 5)}" if keys else "two tables side by side"

    @property
    def other(self) -> Dataset:
        """The other table."""
        return self.relations[0].other

    def select(self, here: exp.Select, there: exp.Select) -> exp.Select:
        """The whole query, from the groups of both tables."""
        pairs = [eq(col(f"k{i}"), col(f"j{i}")) for i in range(len(self.relations[0].keys))]
        query = self.fold.copy().from_(here.subquery("h"), copy=False)
        return query.join(there.subquery("t"), on=and_(*pairs), join_type="left", copy=False)


def joins(relations: Iterable[Relation]) -> tuple[Join, ...]:
    """The scans for these relations. Relations with the same other table, keys, filter and groups share one."""
    shared: dict[tuple[object, ...], list[Relation]] = {}
    for r in dict.fromkeys(relations):
        shared.setdefault((r.other, r.keys, r.where, r.by), []).append(r)
    return tuple(_join(group) for group in shared.values())


def _join(group: list[Relation]) -> Join:
    keys, by, where = group[0].keys, group[0].by, group[0].where
    sides: Mapping[type[Tree], dict[Tree, str]] = {Here: {all_rows(): "here"}, There: {all_rows(): "there"}}
    folds = [alias(_placed(r.fold, sides), f"m{i}") for i, r in enumerate(group)]
    own = [*(alias(k, f"b{i}") for i, k in enumerate(by)), *(alias(col(a), f"k{i}") for i, (a, _) in enumerate(keys))]
    here, there = _groups(own, sides[Here]), _groups([alias(col(b), f"j{i}") for i, (_, b) in enumerate(keys)], sides[There])
    outer = [col(f"b{i}") for i in range(len(by))]
    fold = exp.Select(expressions=[*(k.copy() for k in outer), *folds])
    return Join(tuple(group), here if where is None else here.where(where), there, grouped(fold, outer))


def _placed(fold: Tree, sides: Mapping[type[Tree], dict[Tree, str]]) -> Tree:
    """The fold, with the aggregates of each side replaced by columns of the groups."""

    def swap(node: Tree) -> Tree:
        names = sides.get(type(node))
        return node if names is None else col(names.setdefault(node.expressions[0], f"{type(node).__name__.lower()}{len(names)}"))

    return fold.copy().transform(swap, copy=False)


def _groups(keys: list[Tree], aggregates: Mapping[Tree, str]) -> exp.Select:
    query = exp.Select(expressions=[*keys, *(alias(tree.copy(), name) for tree, name in aggregates.items())])
    return grouped(query, [k.this for k in keys])


def reject_unfit(relations: Iterable[Relation], here: Schema, there: Mapping[Dataset, Schema]) -> None:
    """Reject columns that the other table lacks, and keys of incomparable kinds, all at once."""
    mistakes: list[Mistake] = []
    for r in relations:
        other = there[r.other]
        lacking = sorted(r.reads_there - set(other.names))
        mistakes += [m for c in lacking for m in ColumnError.unknown(c, other.names, str(r.other.source)).mistakes]
        mistakes += [_unequal(here[a], other[b]) for a, b in r.keys if b in other and not comparable(here[a], other[b])]
    RequestError.reject(dict.fromkeys(mistakes))


def comparable(a: Column, b: Column) -> bool:
    """Whether values of two columns can be equal: both are of one kind, or both are numbers."""
    return a.kind is b.kind or (a.kind.numeric and b.kind.numeric) or Kind.NULL in (a.kind, b.kind)


def _unequal(a: Column, b: Column) -> Mistake:
    message = f"column {a.name!r} ({a}) cannot be compared with {b.name!r} ({b}) of the other table"
    return Mistake(message, accepted="keys of one kind", hint="cast one of the two", code="wrong-kind")
