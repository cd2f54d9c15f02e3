"""Answers many counts `x > c` of one column by one grouped scan.

Each such count costs a comparison per row. With many thresholds, a binary search finds the interval between two thresholds that a row is
in: nine comparisons for five hundred thresholds. One scan counts the rows of each interval, and each count is a sum over intervals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import Any, TypeAlias

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import all_rows, case, is_null, le, lit, lt
from tilth.engine.needs import Need
from tilth.engine.plan import MOST_NUMBERS
from tilth.engine.statistics import Statistic, count

FEWEST = MOST_NUMBERS  # thresholds on a column; this many would need a separate scan anyway
Bound: TypeAlias = tuple[Decimal, bool]
"""A number, and whether it lies below the bound itself."""


@dataclass(frozen=True)
class Thresholds:
    """The counts `between` neighbouring bounds, and statistic → its bound, and whether it counts rows above it."""

    between: Statistic
    bounds: Sequence[Bound]
    asked: Mapping[Statistic, tuple[Bound, bool]]

    def answers(self, found: Mapping[Need, Any]) -> dict[Need, Any]:
        """The statistics, from the counts of the intervals. Nulls are in no interval."""
        rows = found[self.between]
        below = list(accumulate(rows.get((place,), 0) for place in range(len(self.bounds) + 1)))
        at = {bound: below[place] for place, bound in enumerate(self.bounds)}
        return {s: below[-1] - at[bound] if above else at[bound] for s, (bound, above) in self.asked.items()}


def on_thresholds(statistics: Iterable[Statistic]) -> tuple[list[Thresholds], list[Statistic]]:
    """The thresholds of columns with many, and the other statistics."""
    asked, of_column, literals = list(statistics), dict[Tree, dict[Statistic, tuple[Bound, bool]]](), dict[Bound, Tree]()
    for s in asked:
        if (read := _read(s)) is not None:
            x, bound, above, literals[bound] = read
            of_column.setdefault(x, {})[s] = bound, above
    found = [_thresholds(x, of, literals) for x, of in of_column.items() if len(of) >= FEWEST]
    answered = {s for one in found for s in one.asked}
    return found, [s for s in asked if s not in answered]


def _read(s: Statistic) -> tuple[Tree, Bound, bool, Tree] | None:
    """The column, the bound, whether the rows above it count, and the bound's literal, of a count of rows beyond a threshold."""
    where = s.where and s.where.unnest()
    where = where.this.unnest() if isinstance(where, exp.Coalesce) and where.expressions == [exp.false()] else where
    if s.by or s.per or s.aggregate != all_rows() or not isinstance(where, exp.GT | exp.GTE | exp.LT | exp.LTE):
        return None
    x, c = where.this.unnest(), where.expression.unnest()
    sign, number = (-1, c.this) if isinstance(c, exp.Neg) else (1, c)
    if not isinstance(x, exp.Column) or not isinstance(number, exp.Literal) or number.is_string:
        return None
    return x, (sign * Decimal(number.this), isinstance(where, exp.GT | exp.LTE)), isinstance(where, exp.GT | exp.GTE), c


def _thresholds(x: Tree, asked: Mapping[Statistic, tuple[Bound, bool]], literals: Mapping[Bound, Tree]) -> Thresholds:
    bounds = sorted({bound for bound, _ in asked.values()})
    below = [(le if bound[1] else lt)(x, literals[bound]) for bound in bounds]

    def place(first: int, last: int) -> Tree:
        if first == last:
            return lit(first)
        middle = (first + last) // 2
        return case((below[middle], place(first, middle)), otherwise=place(middle + 1, last))

    return Thresholds(count().grouped(case((is_null(x), lit(None)), otherwise=place(0, len(bounds)))), bounds, asked)
