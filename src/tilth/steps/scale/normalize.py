"""normalize: the numbers of a row become a vector of length 1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Roles, Schema, select
from tilth.engine.expressions import added, case, col, eq, greatest, lit, mul, number
from tilth.engine.operations.numbers import Divide, NanToNull, SquareRoot
from tilth.steps.step import Learned, Learning, Selector, Step

LENGTH = "\x1flength"  # the column for a row's length


@dataclass(frozen=True)
class Normalize(Step):
    """Divides the numbers of a row by their norm, so that they form a vector of length 1.

    xᵢ' = xᵢ / ‖x‖ with ‖x‖ = √Σ xⱼ² (`l2`), Σ |xⱼ| (`l1`), or the largest |xⱼ| (`max`). A row of zeros stays; if a number is null,
    infinite, or (`l2`) too large to be squared, all become null. Gives floats; nothing is learned.

    Elsewhere: scikit-learn's Normalizer. Errors: a column that is not numeric; no column.

    >>> print(Normalize(("x", "y")))
    normalize(columns=['x', 'y'])
    """

    name = "normalize"
    parts = frozenset({"features"})
    learns = False
    learned_types: ClassVar[Mapping[str, Any]] = {"columns": list[str]}

    columns: Selector
    """The numbers: names, kinds (numeric …), roles, patterns with `*`; `!` in front excludes."""
    with_: Literal["l2", "l1", "max"] = "l2"
    """The norm."""

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        return {"": {"columns": list(self.chosen_numbers(self.columns, schema, roles))}}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        chosen = [schema[c] for c in learned[""]["columns"]]
        length = {LENGTH: self._length(chosen)}
        shares = {c.name: case((eq(col(LENGTH), lit(0.0)), number(c)), otherwise=Divide.of(number(c), col(LENGTH))) for c in chosen}
        return data.change(length).change(shares).change({LENGTH: None})

    def _length(self, columns: list[Column]) -> Tree:
        """The norm of a row; null where a number is null or infinite."""
        sizes: list[Tree] = [exp.Abs(this=number(c)) for c in columns]
        total = added(*(mul(x, x) for x in sizes)) if self.with_ == "l2" else added(*sizes)
        found = {"l2": SquareRoot.of(total), "l1": total, "max": greatest(*sizes)}[self.with_]
        finite = NanToNull.of(mul(total, lit(0.0)))  # 0, or null where the sum is null or infinite
        return added(found, finite)

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        return frozenset(select(self.columns, schema, roles))
