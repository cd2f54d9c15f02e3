"""explode: the elements of a list or map become rows."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Column, Dataset, Kind, Roles, Schema
from tilth.engine.expressions import alias, cast, coalesce, col, greatest, gt, if_else, lit
from tilth.engine.layers import selected, table
from tilth.engine.operations.lists import Element, Entries, Length, Split
from tilth.engine.operations.rows import Copies
from tilth.engine.operations.structs import Field
from tilth.errors import RequestError
from tilth.steps.step import Learned, Learning, Step, kept_private, reject_clashes

ELEMENTS, PLACE = "\x1felements", "\x1fplace"


@dataclass(frozen=True)
class Explode(Step):
    """Turns the elements of a list, or the pieces of a string, into rows, one for each. The other columns are repeated.

    A null or empty list gives one row, with null. A string is split at each `separator`; spaces around the separator stay in the pieces
    (trim them with `formula`), and two separators in a row give an empty piece.

    Each pair of a map becomes a row, in two columns, `{column}_key` and `{column}_value`.

    The part `rows` is not applied when serving: `Flow.row()` and `tilth apply` take rows like those that this step makes.

    Elsewhere: pandas' and Polars' `explode`; Spark's `explode_outer`, of maps too; `str.split(separator)` ahead of them.

    Errors: a column that does not hold lists, maps or (with a `separator`) strings; a new column whose name exists.

    >>> print(Explode("tags", separator=","))
    explode(column='tags', separator=',')
    """

    name = "explode"
    parts = frozenset({"rows"})
    learns = False
    makes_rows = True
    shorthand = "column"

    column: str
    """The column of lists, maps or strings."""
    separator: str = ""
    """The string that separates the pieces."""
    into: str = ""
    """The new column, or for a map the prefix of the two new columns; `column` then stays unchanged. Default: in place."""
    place: str = ""
    """A new column with the position of the element, from 0, or null if there is none. Default: no such column."""

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        RequestError.reject(self.unfit([schema[self.column]], self._no_elements))
        new = [name for name in (*self._new(schema[self.column]), self.place) if name and name != self.column]
        reject_clashes(self.name, schema, {f"{self.column} ({i})": {name: lit(0)} for i, name in enumerate(new)})
        return {"": {"columns": [self.column]}}

    def _no_elements(self, column: Column) -> str:
        if column.kind in (Kind.LIST, Kind.MAP):
            return f"has {column.kind}s, which have no separator" if self.separator else ""
        if column.kind is not Kind.STRING:
            return "has no elements: only lists and maps have, and strings with a `separator`"
        return "" if self.separator else 'has strings: say what stands between their pieces, `separator: ","`'

    def _new(self, column: Column) -> tuple[str, ...]:
        """The names of the new columns."""
        name = self.into or self.column
        return (f"{name}_key", f"{name}_value") if column.kind is Kind.MAP else (name,)

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        x, place, of_map = col(self.column), col(PLACE), schema[self.column].kind is Kind.MAP
        elements = Split.of(x, lit(self.separator)) if self.separator else Entries.of(x) if of_map else x
        held = data.change({ELEMENTS: elements})
        copies = Copies.of(greatest(coalesce(Length.of(col(ELEMENTS)), lit(0)), lit(1)))
        every = selected([*map(col, held.names), alias(copies, PLACE)], table(BELOW))
        element, new = Element.of(col(ELEMENTS), place), self._new(schema[self.column])
        kept = [c for c in data.names if not of_map or self.into or c != self.column]
        made: dict[str, Tree] = {c: col(c) for c in kept}
        made |= (
            {name: Field.of(element, lit(part)) for name, part in zip(new, ("key", "value"), strict=True)} if of_map else {new[0]: element}
        )
        if self.place:
            made[self.place] = if_else(gt(Length.of(col(ELEMENTS)), lit(0)), cast(place, Kind.INTEGER))
        found = held.rows(selected([alias(tree, name) for name, tree in made.items()], every, "every"), out=made)
        return kept_private(found, new, [self.column])
