"""generalise: a value becomes the interval, or the first characters, that it shares with others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Kind
from tilth.engine.expressions import add, col, concat, if_else, lit, lt, mul, not_null, number, text
from tilth.engine.operations.numbers import Finite, Floor, FloorDivide, ToInteger
from tilth.engine.operations.strings import Substring
from tilth.errors import Mistake
from tilth.steps.protect.action import Action, as_string
from tilth.steps.scale.discretize import intervals, placed

WIDEST = 10**15
MOST_EDGES = 1_000


class Generalise(Action):
    """Numbers become intervals of a width or between edges; strings their first characters."""

    takes = ("bins", "digits")

    def mistakes(self) -> Iterator[Mistake]:
        bins, digits = self.step.bins, self.step.digits
        if (bins is None) == (digits is None):
            yield Mistake("redact: `generalise` takes either `bins` or `digits`", accepted="bins: 10, or digits: 3", code="bad-value")
        if digits is not None and digits < 1:
            yield Mistake(f"redact: `digits` is {digits}", accepted="1 or more characters", code="bad-value")
        if isinstance(bins, int) and not 2 <= bins <= WIDEST:
            yield Mistake(f"redact: `bins` is {bins}", accepted="the width of an interval, 2 or more, or edges", code="bad-value")
        rising = isinstance(bins, int) or all(a < b for a, b in zip(bins or (), (bins or ())[1:], strict=False))
        if not rising or (isinstance(bins, tuple) and not 1 <= len(bins) <= MOST_EDGES):
            yield Mistake("redact: `bins` are numbers in rising order", accepted=f"up to {MOST_EDGES:,} edges", code="bad-value")

    def change(self, column: Column, **learned: Any) -> Tree:
        if self.step.digits is not None:
            return Substring.of(as_string(column), lit(1), lit(self.step.digits))
        if isinstance(self.step.bins, int):
            return self._of_width(column, self.step.bins)
        edges = [float(x) for x in self.step.bins or ()]
        names = [lit(label) for label in intervals(edges)]
        return if_else(not_null(number(column)), placed(number(column), edges, names, lt))

    def _of_width(self, column: Column, width: int) -> Tree:
        whole = col(column.name) if column.kind is Kind.INTEGER else ToInteger.of(Floor.of(Finite.of(number(column))))
        low = mul(FloorDivide.of(whole, lit(width)), lit(width))
        return concat(text(low), lit("–"), text(add(low.copy(), lit(width - 1))))

    def accepts(self, column: Column) -> str:
        if self.step.bins is not None:
            return "" if column.kind.numeric else "has no intervals: it is not numeric"
        return "" if column.kind in (Kind.STRING, Kind.INTEGER) else "has no first characters: cast it to a string"
