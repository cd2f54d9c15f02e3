"""Sums of doubles whose value does not depend on the order of the rows, nor on threads, files or the engine.

Floating-point addition rounds, so a sum of doubles depends on the order in which threads happen to add. Here engines add integers, which
is exact: each double is put on a grid of 2⁶⁰ steps that its column's smallest and largest value choose. They are guessed from the first
rows, and asked beside the sums; where the guess gives another grid than they do, the sums are asked again. Python puts the integers
together and rounds once. See `docs/decisions/0009-sums-do-not-depend-on-order.md`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import add, cast_to, data_type, double, if_else, is_null, lit, mul, or_, sub
from tilth.engine.operations.operation import Operation, Struct, call

if TYPE_CHECKING:
    import numpy as np

BITS = 61  # of an integer, without its sign
STEP = 6  # exponents are multiples of it, so that the range of the first rows mostly gives the grid of all
GROUP = 9  # bits that a group's range may be smaller than the grid


class Grid(NamedTuple):
    """Steps of 2^(`exponent` − 60) around `center` · 2^(`exponent` + 1); the range of the values is at most 2^`exponent`."""

    center: int = 0
    exponent: int = 24

    @classmethod
    def around(cls, low: float, high: float) -> Self:
        """The grid of values from `low` to `high`, which differ and are finite."""
        if max(-low, high) > 1e300:  # so that no difference overflows
            return cls(0, 1026)
        exponent = max(-(-math.frexp(high - low)[1] // STEP) * STEP, -960)
        return cls(round(math.ldexp(low, -exponent - 2) + math.ldexp(high, -exponent - 2)), exponent)

    @classmethod
    def read(cls, written: Tree) -> Self:
        """The grid that a tree's argument says."""
        center, exponent = written.name.split()
        return cls(int(center), int(exponent))

    def write(self) -> Tree:
        """The grid as an argument of a tree."""
        return exp.Literal.string(f"{self.center} {self.exponent}")

    def steps(self, x: Tree) -> Tree:
        """A double in steps of the grid."""
        moved = sub(x, lit(math.ldexp(self.center, self.exponent + 1))) if self.center else x
        return mul(moved, lit(2.0 ** (BITS - 1 - self.exponent)))

    def steps_in(self, x: np.ndarray) -> np.ndarray:
        """Doubles in memory in steps of the grid."""
        return (x - math.ldexp(self.center, self.exponent + 1)) * 2.0 ** (BITS - 1 - self.exponent)

    def fits(self, low: float, high: float) -> bool:
        """Whether a group's range is large enough for the grid of all."""
        return math.frexp(high - low)[1] >= self.exponent - GROUP


class Exact(Operation):
    """An aggregate of doubles by integers: its arguments are numbers, and the grid of each."""

    width: ClassVar[int] = 1  # arguments that are numbers

    @classmethod
    def both(cls, *arguments: Tree) -> Tree:
        numbers = [double(x) for x in arguments[: cls.width]]
        there = [x if cls.width == 1 else if_else(or_(*(is_null(y) for y in numbers if y is not x)), exp.Null(), x) for x in numbers]
        grids = [Grid.read(g) for g in arguments[cls.width :]] or [Grid()] * cls.width
        ends = [kind(this=x.copy()) for x in there for kind in (exp.Min, exp.Max)]
        steps = [grid.steps(x) for x, grid in zip(there, grids, strict=True)]
        return Struct.of(exp.Count(this=there[0].copy()), *cls.sums(*steps), *ends)

    @classmethod
    def sums(cls, *steps: Tree) -> list[Tree]:
        """The sums of integers that the value is computed from."""
        return [_total(z) for z in steps]

    @classmethod
    def summed(cls, steps: np.ndarray) -> list[np.ndarray]:
        """What is summed of one number in memory, in steps of the grid."""
        return [steps]

    @classmethod
    def of_array(cls, x: np.ndarray) -> float | None:
        """The aggregate of finite doubles in memory: the very number that an engine's sums give."""
        if not len(x):
            return None
        grid = _grid_of((float(x.min()), float(x.max())))
        if grid is None:
            return cls.special(len(x), float(x[0]), float(x[0]))
        return cls.finished(len(x), [_exact_total(part) for part in cls.summed(grid.steps_in(x))], [grid])

    @classmethod
    def finished(cls, n: int, sums: Sequence[int], grids: Sequence[Grid]) -> float | None:
        """The value from the sums; no values are infinite, and those of each number differ."""
        raise NotImplementedError

    @classmethod
    def special(cls, n: int, low: float, high: float) -> float | None:
        """The value where values are equal, infinite or NaN."""
        return None

    @classmethod
    def fits(cls, grid: Grid, low: float, high: float) -> bool:
        """Whether a group of values from `low` to `high` loses no digits on the grid of all."""
        return grid.fits(low, high)

    @property
    def numbers(self) -> list[Tree]:
        """The arguments that are numbers."""
        return self.expressions[: self.width]

    @property
    def grids(self) -> list[Grid]:
        """The grid of each number."""
        return [Grid.read(g) for g in self.expressions[self.width :]] or [Grid()] * self.width

    def on(self, grids: Sequence[Grid]) -> Self:
        """The same on other grids."""
        return type(self)(expressions=[*(x.copy() for x in self.numbers), *(g.write() for g in grids)])

    def aimed(self, ranges: Mapping[Tree, tuple[Any, Any]]) -> Self:
        """The same on the grids of the smallest and largest value that each number is thought to have."""
        return self.on([_grid_of(float(v) for v in ranges[x] if v is not None) or Grid() for x in self.numbers])


class DoubleSum(Exact):
    """Σ x of doubles; null over no values."""

    @classmethod
    def finished(cls, n: int, sums: Sequence[int], grids: Sequence[Grid]) -> float | None:
        (grid,) = grids
        return _scaled((n * grid.center << BITS) + sums[0], grid.exponent + 1 - BITS)

    @classmethod
    def special(cls, n: int, low: float, high: float) -> float | None:
        return n * low + 0.0 if low == high else low + high

    @classmethod
    def fits(cls, grid: Grid, low: float, high: float) -> bool:
        return grid.fits(min(low, 0.0), max(high, 0.0))  # a sum needs the digits of its values, not of how they differ


class CentralMoment2(Exact):
    """Σ(x − mean)²: 0 for one value or equal ones, null over no values."""

    @classmethod
    def sums(cls, *steps: Tree) -> list[Tree]:
        (z,) = steps
        return [_total(z), _product(z, z)]

    @classmethod
    def summed(cls, steps: np.ndarray) -> list[np.ndarray]:
        return [steps, steps * steps * 2.0**-BITS]

    @classmethod
    def finished(cls, n: int, sums: Sequence[int], grids: Sequence[Grid]) -> float | None:
        total, squares = sums
        return _scaled(max(_moment(n, total, total, squares), 0.0), 2 * (grids[0].exponent + 1))

    @classmethod
    def special(cls, n: int, low: float, high: float) -> float | None:
        return 0.0 if low == high and math.isfinite(low) else math.nan


class Correlated(Exact):
    """Pearson's r over the rows where both are there; null for fewer than two or a constant side."""

    width = 2

    @classmethod
    def sums(cls, *steps: Tree) -> list[Tree]:
        x, y = steps
        return [_total(x), _total(y), _product(x, x), _product(y, y), _product(x, y)]

    @classmethod
    def finished(cls, n: int, sums: Sequence[int], grids: Sequence[Grid]) -> float | None:
        x, y, xx, yy, xy = sums
        around = math.sqrt(max(_moment(n, x, x, xx), 0.0)) * math.sqrt(max(_moment(n, y, y, yy), 0.0))
        return _moment(n, x, y, xy) / around if around else None


class Nearest(Operation):
    """The nearest whole number to a double, of two the even one; null beyond 64 bits."""

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        return exp.TryCast(this=x, to=data_type("bigint"), safe=True)

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return exp.TryCast(this=call("rint", x), to=data_type("bigint"), safe=True)


class WideSum(Operation):
    """The sum of integers of 64 bits, in 128; Spark adds the halves, since its decimals are slow."""

    @classmethod
    def duckdb(cls, n: Tree) -> Tree:
        return exp.Sum(this=n)

    @classmethod
    def spark(cls, n: Tree) -> Tree:
        wide = data_type("decimal(38, 0)")
        high = cast_to(exp.Sum(this=call("shiftright", n, exp.Literal.number(31))), wide)
        low = cast_to(exp.Sum(this=exp.BitwiseAnd(this=n.copy(), expression=exp.Literal.number(2**31 - 1))), wide)
        return add(mul(high, exp.Literal.number(2**31)), low)


def _total(z: Tree) -> Tree:
    return WideSum.of(Nearest.of(z))


def _product(x: Tree, y: Tree) -> Tree:
    """Σ x·y of numbers in steps, in steps of 2^(2·exponent + 2 − BITS)."""
    return _total(mul(mul(x, y), lit(2.0**-BITS)))


def _exact_total(steps: np.ndarray) -> int:
    """The sum of doubles in memory, each rounded to an integer: of halves, which no 64 bits overflow."""
    import numpy as np

    whole = np.rint(steps).astype(np.int64)
    return (int((whole >> 31).sum()) << 31) + int((whole & (2**31 - 1)).sum())


def _moment(n: int, x: int, y: int, xy: int) -> float:
    """Σ(x − x̄)(y − ȳ) of numbers as shares of 2^BITS steps, from their sums: exact until the one rounding at the end."""
    return ((xy * n << BITS) - x * y) / (n << 2 * BITS)


def _scaled(x: float, exponent: int) -> float:
    try:
        return math.ldexp(x, exponent)
    except OverflowError:
        return math.copysign(math.inf, x)


def _ends(aggregate: Exact, parts: Mapping[str, Any]) -> list[tuple[float, float]]:
    """The smallest and largest of each number."""
    ends = list(parts.values())[-2 * aggregate.width :]
    return list(zip(ends[::2], ends[1::2], strict=True))


def values_of(aggregate: Exact, groups: Mapping[Any, Mapping[str, Any] | None]) -> dict[Any, float | None]:
    """An aggregate's value for each group, from what the engine gave."""
    grids = aggregate.grids
    return {key: _value_of(aggregate, grids, parts) for key, parts in groups.items()}


def _value_of(aggregate: Exact, grids: Sequence[Grid], parts: Mapping[str, Any] | None) -> float | None:
    if parts is None:
        return None
    ends = _ends(aggregate, parts)
    n, *sums = list(parts.values())[: -2 * aggregate.width]
    if not n:
        return None
    if not all(math.isfinite(low) and math.isfinite(high) and low != high for low, high in ends):
        return aggregate.special(n, *ends[0])
    return aggregate.finished(n, [int(s or 0) for s in sums], grids)


def regridded(aggregate: Exact, groups: Mapping[Any, Mapping[str, Any] | None]) -> dict[Any, Exact]:
    """The aggregate that is to be asked instead, for each group whose values need other grids.

    A number's grid is that of its values in all groups, unless a group's own range is too small for it.
    """
    given = aggregate.grids
    found = {key: _ends(aggregate, parts) for key, parts in groups.items() if parts is not None}
    whole = [_grid_of(x for ends in found.values() for x in ends[i]) for i in range(aggregate.width)]
    wanted = {key: [_fitting(aggregate, *e, w) or g for e, w, g in zip(ends, whole, given, strict=True)] for key, ends in found.items()}
    return {key: aggregate.on(grids) for key, grids in wanted.items() if grids != given}


def _fitting(aggregate: Exact, low: float, high: float, whole: Grid | None) -> Grid | None:
    """The grid of a group; None where any will do."""
    own = _grid_of((low, high))
    return whole if own is not None and whole is not None and aggregate.fits(whole, low, high) else own


def _grid_of(values: Iterable[float | None]) -> Grid | None:
    """The grid of the values that are finite; None where they do not differ."""
    finite = [x for x in values if x is not None and math.isfinite(x)]
    return Grid.around(min(finite), max(finite)) if finite and min(finite) != max(finite) else None
