"""move: columns stand in another place among the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from tilth.data import Dataset, Roles, Schema, select
from tilth.data.selectors import HIDDEN
from tilth.engine.expressions import col
from tilth.errors import ColumnError, Mistake, RequestError, unknown
from tilth.steps.step import Learned, Learning, Selector, Step

ENDS = ("start", "end")
MOVED = f"{HIDDEN}moved "  # in front of a column's name, while it has no place


def rearranged(data: Dataset, names: Mapping[str, str]) -> Dataset:
    """The table with these columns last, in this order, by the names that are given for them."""
    away = data.change({MOVED + c: col(c) for c in names} | dict.fromkeys(names))
    return away.change({new: col(MOVED + c) for c, new in names.items()} | dict.fromkeys(MOVED + c for c in names))


@dataclass(frozen=True)
class Move(Step):
    """Moves columns to the start, the end, a position, or next to another column. They keep their order among themselves.

    Models find columns by name; most files, arrays and people find them by position.

    Elsewhere: Polars' `select`, pandas' `reindex(columns=…)`, dplyr's `relocate`.

    Errors: a column that does not exist; a column to be moved next to itself; not exactly one of `to`, `before` and `after`.

    >>> print(Move("age", before="income"))
    move(columns='age', before='income')
    """

    name = "move"
    parts = frozenset({"rows", "features"})
    learns = False
    learned_types: ClassVar[Mapping[str, Any]] = {"last": list[str]}

    columns: Selector
    """The columns: a name, a kind (numeric, categorical, temporal …), a role, a pattern with `*`, or several; `!` in front excludes."""
    to: int | str = ""
    """Their new position: `start`, `end`, or the number of the first of them, from 0."""
    before: str = ""
    """The column that they are placed before."""
    after: str = ""
    """The column that they are placed after."""

    def mistakes(self) -> Iterator[Mistake]:
        if sum(place != "" for place in (self.to, self.before, self.after)) != 1:
            yield Mistake("move: it is not said where to", accepted="one of `to`, `before` and `after`", code="bad-value")
        if isinstance(self.to, bool) or (self.to not in ("", *ENDS) if isinstance(self.to, str) else self.to < 0):
            yield Mistake(f"move: `to` is {self.to!r}", accepted="`start`, `end`, or a number from 0", code="bad-value")

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        moved, beside = select(self.columns, schema, roles), self.before or self.after
        ColumnError.reject(unknown([beside] if beside else [], schema.names, "move: there is no column {}", "unknown-column"))
        if beside in moved:
            raise RequestError(f"move: column {beside!r} cannot be moved next to itself", code="bad-value")
        names = [n for n in schema.names if n not in moved]
        place = self._place(names)
        wanted = [*names[:place], *moved, *names[place:]]
        stay = next((i for i, (a, b) in enumerate(zip(wanted, schema.names, strict=True)) if a != b), len(wanted))
        return {"": {"last": wanted[stay:]}}

    def _place(self, names: list[str]) -> int:
        """Before which of the other columns they stand."""
        if isinstance(self.to, int):
            return self.to
        if beside := self.before or self.after:
            return names.index(beside) + bool(self.after)
        return 0 if self.to == "start" else len(names)

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        return rearranged(data, {c: c for c in learned[""]["last"]})

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        return frozenset(schema.names)
