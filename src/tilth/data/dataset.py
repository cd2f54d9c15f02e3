"""A lazy table: a source, and layers of changes on top of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import TypeAlias

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data.roles import Roles
from tilth.data.schema import Kind
from tilth.data.source import Native, Source
from tilth.display import Displayed, Grid
from tilth.errors import ColumnError, RequestError, unknown

BELOW = "below"  # what a `Rows` layer calls the layer below


@dataclass(frozen=True)
class Change:
    """Columns computed row by row from the columns below: (name, tree), or (name, None) for a dropped column.

    The first change of a dataset may be its decoding (`decode`): casts, null tokens, NaN to null. It is applied once,
    and no later change joins it.
    """

    columns: tuple[tuple[str, Tree | None], ...]
    decode: bool = False

    def names(self, below: tuple[str, ...]) -> tuple[str, ...]:
        """The names after the change: kept ones in place, new ones at the end."""
        kept = dict.fromkeys(c for c in below if c not in self.made or self.made[c] is not None)
        return tuple(kept | {c: None for c, tree in self.columns if tree is not None})

    @cached_property
    def made(self) -> Mapping[str, Tree | None]:
        """The columns by name."""
        return dict(self.columns)

    @cached_property
    def reads(self) -> frozenset[str]:
        """The columns below that the change reads."""
        return frozenset[str]().union(*self.sources.values())

    @cached_property
    def sources(self) -> Mapping[str, frozenset[str]]:
        """Column → the columns below that it is made from."""
        return {name: frozenset(c.name for c in tree.find_all(exp.Column)) if tree else frozenset() for name, tree in self.columns}

    def joined(self, other: Change) -> Change:
        """This change and another one, joined."""
        made = Change((*self.columns, *other.columns))
        vars(made)["sources"] = {**self.sources, **other.sources}  # reused: computing them again for each step would take quadratic time
        return made


@dataclass(frozen=True)
class Rows:
    """Other rows, or the same rows in another order: any SELECT from `below`. `ordered`: whether the order is significant.

    `out` are the column names, None if they are those below. `tables` are further tables that it reads, each with its name in the SELECT.
    """

    select: exp.Select | exp.Union
    ordered: bool = False
    out: tuple[str, ...] | None = None
    tables: tuple[tuple[str, Dataset], ...] = ()

    def names(self, below: tuple[str, ...]) -> tuple[str, ...]:
        """The names after the change."""
        return below if self.out is None else self.out


@dataclass(frozen=True)
class Append:
    """Rows appended to those below: all rows of another dataset, matched by column name; a column that it lacks is null there."""

    other: Dataset

    def names(self, below: tuple[str, ...]) -> tuple[str, ...]:
        """The names after the change."""
        return below


Layer: TypeAlias = Change | Rows | Append


@dataclass(frozen=True)
class Unreadable:
    """How many `values` of a column, out of `of` non-null ones, could not be read as its kind and became null."""

    column: str
    kind: Kind
    values: int
    of: int

    def __str__(self) -> str:
        """The numbers in words.

        >>> print(Unreadable("tenure", Kind.INTEGER, 3, 1200))
        column 'tenure': 3 of 1,200 values cannot be read as integer
        """
        return f"column {self.column!r}: {self.values:,} of {self.of:,} values cannot be read as {self.kind}"


@dataclass(frozen=True, repr=False)
class Dataset(Displayed):
    """A lazy table, its columns and their roles. The only thing passed between verbs.

    A change joins the lowest layer that it can, so a thousand independent changes are one layer. Nothing runs until a verb asks an engine.
    `unreadable` are the columns with values that became null when the table was read as the kinds that a flow states or has learned;
    `located` gives what a step of that flow refuses, when rows are read, its place in the flow file.
    """

    source: Source
    roles: Roles = field(default_factory=Roles)
    layers: tuple[Layer, ...] = ()
    unreadable: tuple[Unreadable, ...] = field(default=(), compare=False)
    located: Callable[[RequestError], RequestError] | None = field(default=None, compare=False)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        names = self.source.columns
        for layer in self.layers:
            names = layer.names(names)
        return names

    @property
    def ordered(self) -> bool:
        """Whether row order is significant: the last layer of rows ordered them, or the source did."""
        own = isinstance(self.source, Native) and self.source.ordered
        return next((layer.ordered for layer in reversed(self.layers) if isinstance(layer, Rows)), own)

    def change(self, new: Mapping[str, Tree | None], decode: bool = False) -> Dataset:
        """The table with columns made, replaced or (None) dropped."""
        if not new:
            return self
        layer = Change(tuple(new.items()), decode)
        place = self._place_of(layer)
        match self.layers[place:]:
            case [Change() as lower, *above]:
                return replace(self, layers=(*self.layers[:place], lower.joined(layer), *above))
        return replace(self, layers=(*self.layers, layer))

    def _place_of(self, new: Change) -> int:
        """The index of the lowest layer that a change can join; if it can join none, the index of a new layer on top.

        A change can join a layer if it neither reads nor makes a column that the layer makes. It can also go below that layer if the
        layer reads none of the columns that the change makes. A change that adds columns goes below no layer, so columns stay in the
        order in which they were added.
        """
        place, mentioned = len(self.layers), new.reads | new.made.keys()
        adds = any(tree is not None and name not in self.names for name, tree in new.columns)
        for i in range(len(self.layers) - 1, -1, -1):
            layer = self.layers[i]
            if not isinstance(layer, Change) or layer.decode or not mentioned.isdisjoint(layer.made):
                break
            place = i
            if adds or not layer.reads.isdisjoint(new.made):
                break
        return place

    def rows(
        self,
        select: exp.Select | exp.Union,
        ordered: bool = False,
        out: Iterable[str] | None = None,
        tables: Mapping[str, Dataset] = MappingProxyType({}),
    ) -> Dataset:
        """The table with other rows: `select` reads from the table `below`, and from further `tables` by their names."""
        return replace(self, layers=(*self.layers, Rows(select, ordered, None if out is None else tuple(out), tuple(tables.items()))))

    def append(self, other: Dataset) -> Dataset:
        """The table with the rows of another appended. Errors: `ColumnError` for columns that this table lacks."""
        ColumnError.reject(unknown(other.names, self.names, "there is no column {}", "unknown-column"))
        return replace(self, layers=(*self.layers, Append(other)))

    def keep(self, names: Iterable[str]) -> Dataset:
        """The table with these columns only."""
        wanted = set(names)
        return self.change({n: None for n in self.names if n not in wanted})

    def _grid(self) -> Grid:
        lost = {u.column: f"{u.values:,} of {u.of:,}" for u in self.unreadable}
        rows = [(name, ", ".join(self.roles.of_column(name)), lost.get(name, "")) for name in self.names]
        heads = ("column", "role", "unreadable values")
        return Grid(f"dataset: {self.source}, {len(rows):,} columns", heads[: 3 if lost else 2], [row[: 3 if lost else 2] for row in rows])
