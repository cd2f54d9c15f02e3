"""null_if: values that mean missing become null."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import col, gt, if_else, in_, lit, lt, or_
from tilth.engine.operations.casts import IsToken
from tilth.errors import Mistake
from tilth.steps.step import ColumnStep


@dataclass(frozen=True)
class NullIf(ColumnStep):
    """Turns placeholders for missing values (`?`, `N/A`, -999) and impossible values into null. Blank strings become null, too.

    A string must match as a whole; spaces around it and upper or lower case (A–Z) do not matter. For a numeric column only the listed
    numbers count, for a string column all listed values, so `values: ["?", -999]` works for both.

    >>> print(NullIf("all", values=("?", "N/A", -999)))
    null_if(columns='all', values=['?', 'N/A', -999])
    """

    name = "null_if"
    parts = frozenset({"rows", "features"})

    values: tuple[str | int | float, ...] = ()
    """The values that mean missing."""
    below: float | None = None
    """Numbers below this become null."""
    above: float | None = None
    """Numbers above this become null."""

    def mistakes(self) -> Iterator[Mistake]:
        if not self.values and self.below is None and self.above is None:
            yield Mistake("null_if: nothing would become null", accepted="`values`, `below` or `above`", code="nothing-to-do")

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        found = list(self.counted(column).values())
        return {column.name: if_else(or_(*found), lit(None), col(column.name))} if found else {}

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        x = col(column.name)
        if column.kind is Kind.STRING:
            return {"means missing": IsToken.of(x, *(lit(str(v)) for v in ("", *self.values)))}
        if not column.kind.numeric:
            return {}
        numbers = [v for v in self.values if not isinstance(v, str)]
        reasons = {"means missing": in_(x, numbers)} if numbers else {}
        bounds = [test(x, lit(bound)) for test, bound in ((lt, self.below), (gt, self.above)) if bound is not None]
        return reasons | ({"out of bounds": or_(*bounds)} if bounds else {})

    def accepts(self, column: Column) -> str:
        if column.kind.numeric or column.kind in (Kind.STRING, Kind.BOOLEAN) or column.kind.temporal:
            return ""
        return "has no values that could mean missing"
