"""Sums of doubles inside a query, over groups or windows, that do not depend on the order of rows.

`engine.operations.sums` completes its sums in Python, so a later layer of the same query cannot read them. Here a double is split into
slices. Each slice except the last is the nearest multiple of a power of two, with so few bits that the slices of all rows add up without
rounding. So the sum of each slice is the same in any order, over any frame and on every engine, and the few sums are added in a fixed
order. Rump, Ogita and Oishi 2008, "Accurate Floating-Point Summation", part I; Demmel and Nguyen 2015, "Parallel Reproducible Summation".

This holds for numbers within the `Reach`. Beyond it, additions may round, as in the engines' own sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Self, TypeAlias

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import add, col, double, eq, greatest, gt, if_else, lit, mul, sub
from tilth.engine.operations.numbers import Divide

Over: TypeAlias = Callable[[Tree], Tree]
"""Applies an aggregate to some rows: unchanged for the rows of a group, or with the frame of a window."""
BITS = 53  # of a double
HALF = 2.0**27 + 1  # parts a double into two of 26 bits (Dekker 1971)
MOST = 6  # slices: numbers further apart are beyond the reach
LARGEST = 960  # exponent of numbers that are cut: beyond it the cut overflows


@dataclass(frozen=True)
class Reach:
    """The numbers x of a column: 2^(low − 1) ≤ |x| < 2^high, or 0; at most 2^(53 − `width`) of them are added."""

    high: int = 0
    low: int = 0
    width: int = 20

    @classmethod
    def of(cls, low: float | None, high: float | None, rows: int) -> Self:
        """The reach for `rows` values with these smallest and largest magnitudes, apart from 0; None without values.

        >>> Reach.of(0.25, 1000.0, rows=1_000_000)
        Reach(high=10, low=-1, width=33)
        """
        width = max(20, BITS - rows.bit_length())
        return cls(math.frexp(high or 1.0)[1], math.frexp(low or 1.0)[1], width)

    @property
    def squares(self) -> Self:
        """The range of the squares, rounded to doubles."""
        return replace(self, high=2 * self.high, low=2 * self.low - 1)

    @property
    def errors(self) -> Self:
        """The range of the errors of rounding the squares."""
        return replace(self, high=2 * self.high - BITS, low=2 * self.low - BITS)


def cut(x: Tree, name: str, reach: Reach) -> list[dict[str, Tree]]:
    """The columns that a double is cut by, in layers: each reads those below it. `slice_names` are the slices.

    Each slice is read three times: as trees in each other they would double with every slice.
    """
    *slices, last = slice_names(name, reach)
    layers, rest = list[dict[str, Tree]](), x
    for i, near in enumerate(slices):
        away = lit(1.5 * 2.0 ** max(BITS - 1 + reach.high - (i + 1) * reach.width, -1000))
        left = sub(rest, col(near))
        name_left = last if near is slices[-1] else f"\x1frest {i} {name}"
        layers.append({near: sub(add(rest, away), away)})
        layers.append({name_left: left if i else if_else(eq(rest, col(near)), lit(0.0), left)})
        rest = col(name_left)
    return layers or [{last: x}]


def slice_names(name: str, reach: Reach) -> list[str]:
    """The slices of a double as columns, the largest first. Each column may be added in any order. An infinity is in the first slice."""
    places = min(MOST, math.ceil((reach.high - reach.low + BITS) / reach.width)) if reach.high <= LARGEST else 1
    return [f"\x1fslice {i} {name}" for i in range(places)]


def parts(name: str, reach: Reach, over: Over) -> tuple[Tree, Tree]:
    """The sum of doubles, from the sums of their slices; null over no values."""
    first, *others = [over(exp.Sum(this=col(s))) for s in slice_names(name, reach)]
    return first, reduce(add, reversed(others)) if others else lit(0.0)


def total(name: str, reach: Reach, over: Over) -> Tree:
    """The sum of doubles; null over no values, NaN over infinities of both signs."""
    return add(*parts(name, reach, over))


def half(x: Tree) -> Tree:
    """The upper 26 bits of a double."""
    away = mul(x, lit(HALF))
    return sub(away, sub(away, x))


def square_error(x: Tree, upper: Tree, square: Tree) -> Tree:
    """x² − `square`, where `upper` is the half of x and `square` is x · x, rounded."""
    return _error(x, upper, x, upper, square)


def _error(x: Tree, x_upper: Tree, y: Tree, y_upper: Tree, product: Tree) -> Tree:
    """x · y less the rounded product (Dekker 1971)."""
    x_lower, y_lower = sub(x, x_upper), sub(y, y_upper)
    upper = sub(mul(x_upper, y_upper), product)
    return add(add(add(upper, mul(x_upper, y_lower)), mul(x_lower, y_upper)), mul(x_lower, y_lower))


def joined(larger: Tree, smaller: Tree) -> tuple[Tree, Tree]:
    """Two doubles as their rounded sum and what that lacks (Knuth's two-sum)."""
    both = add(larger, smaller)
    grown = sub(both, larger)
    return both, add(sub(larger, sub(both, grown)), sub(smaller, grown))


def variance(n: Tree, total: tuple[Tree, Tree], total_upper: Tree, squares: tuple[Tree, Tree], squares_upper: Tree) -> Tree:
    """The sample variance of n numbers from `joined` sums of them and of their squares, and the halves of both; null for fewer than two.

    (n Σx² − (Σx)²) / (n (n − 1)) in twice the digits of a double, as the two may differ in their last ones only.
    """
    n = double(n)
    sum_, lacks = total
    all_squares, squares_lack = squares
    square, times = mul(sum_, sum_), mul(n, all_squares)
    high = sub(times, square)
    low = sub(_error(n, n, all_squares, squares_upper, times), _error(sum_, total_upper, sum_, total_upper, square))
    rest = sub(mul(n, squares_lack), mul(mul(lit(2.0), sum_), lacks))
    moment = greatest(add(add(high, low), rest), lit(0.0))
    return if_else(gt(n, lit(1.0)), Divide.of(moment, mul(n, sub(n, lit(1.0)))))
