"""Sums of doubles whose value does not depend on the order of the rows, nor on threads, files or the engine.

Floating-point addition rounds, so a sum of doubles depends on the order in which threads happen to add. Here engines add integers, which
is exact: each double is converted to a step of a grid with 2⁶⁰ steps between the column's minimum and maximum. These are guessed from the
first rows, and computed together with the sums; if they give another grid, the sums are computed again. Python combines the integers and
rounds once. See `docs/decisions/0009-sums-do-not-depend-on-order.md`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from math import comb
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import add, cast_to, col, data_type, double, if_else, is_null, lit, mul, or_, sub
from tilth.engine.operations.operation import Operation, Struct, call

BITS = 61  # of an integer, without its sign
STEP = 6  # exponents are multiples of it, so that the range of the first rows mostly gives the grid of all
GROUP = 9  # bits that a group's range may be smaller than the grid


class Grid(NamedTuple):
    """Steps of 2^(`exponent` − 60) around `center` · 2^(`exponent` + 1); the range of the values is at most 2^`exponent`.

    Both are integers, or arrays of them: one for each group.
    """

    center: Any = 0
    exponent: Any = 24

    @classmethod
    def around(cls, low: np.ndarray, high: np.ndarray, step: int = STEP) -> Self:
        """The grids of values from `low` to `high`, which differ and are finite; exponents are multiples of `step`."""
        huge = np.maximum(-low, high) > 1e300  # so that no difference overflows
        low, high = np.where(huge, 0.0, low), np.where(huge, 1.0, high)
        exponent = np.maximum(-(-np.frexp(high - low)[1].astype(np.int64) // step) * step, -960)
        center = np.rint(np.ldexp(low, -exponent - 2) + np.ldexp(high, -exponent - 2)).astype(np.int64)
        return cls(np.where(huge, 0, center), np.where(huge, 1026, exponent))

    @classmethod
    def of_all(cls, low: np.ndarray, high: np.ndarray, step: int = STEP) -> Self | None:
        """The grid for values with these minima and maxima of groups; None if all finite values are equal."""
        ends = np.concatenate([low, high])
        ends = ends[np.isfinite(ends)]
        if not len(ends) or ends.min() == ends.max():
            return None
        return cls(*(int(x[0]) for x in cls.around(ends.min(keepdims=True), ends.max(keepdims=True), step)))

    @classmethod
    def read(cls, written: Tree) -> Self:
        """The grid that a tree's argument says."""
        center, exponent = written.name.split()
        return cls(int(center), int(exponent))

    def write(self) -> Tree:
        """The grid as an argument of a tree."""
        return exp.Literal.string(f"{self.center} {self.exponent}")

    @property
    def shift(self) -> Any:
        """The number that is subtracted from a double before it is counted in steps."""
        return np.ldexp(np.float64(self.center), self.exponent + 1)

    @property
    def scale(self) -> Any:
        """The steps in 1."""
        return np.ldexp(1.0, BITS - 1 - self.exponent)

    def steps(self, x: Tree) -> Tree:
        """A double in steps of the grid."""
        return mul(sub(x, lit(float(self.shift))) if self.center else x, lit(float(self.scale)))

    def steps_in(self, x: np.ndarray) -> np.ndarray:
        """Doubles in memory in steps of the grid."""
        steps: np.ndarray = (x - self.shift) * self.scale
        return steps

    def fits(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Whether a group's range is large enough for the grid of all."""
        fits: np.ndarray = np.frexp(high - low)[1] >= self.exponent - GROUP
        return fits


class Parts(NamedTuple):
    """An engine's results for an exact aggregate in some groups: the numbers of values, sums of integers, and the ends of each number."""

    n: np.ndarray
    sums: list[np.ndarray]
    ends: list[tuple[np.ndarray, np.ndarray]]

    @classmethod
    def of(cls, aggregate: Exact, columns: Sequence[np.ndarray]) -> Self:
        """Make parts from the fields of the aggregate's structure: integers (sums as objects), and doubles with NaN for null."""
        n, *sums = columns[: -2 * aggregate.width]
        ends = columns[-2 * aggregate.width :]
        return cls(n, sums, list(zip(ends[::2], ends[1::2], strict=True)))

    @classmethod
    def of_rows(cls, aggregate: Exact, rows: Sequence[Mapping[str, Any] | None]) -> Self:
        """From structures as Python has them; None is the structure of no values."""
        ends = 2 * aggregate.width
        size = next((len(row) for row in rows if row is not None), 1 + ends)
        nothing = [0] * (size - ends) + [None] * ends
        columns = zip(*(nothing if row is None else row.values() for row in rows), strict=True)
        n, *rest = (list(column) for column in columns)
        sums = [np.array([int(v or 0) for v in column], object) for column in rest[:-ends]]
        return cls.of(aggregate, [np.array(n), *sums, *(np.array(column, np.float64) for column in rest[-ends:])])

    def take(self, places: np.ndarray) -> Parts:
        """The parts of the groups at these places."""
        return Parts(self.n[places], [s[places] for s in self.sums], [(low[places], high[places]) for low, high in self.ends])

    @property
    def differing(self) -> list[np.ndarray]:
        """For each number, whether a group has values that differ, all of them finite."""
        return [(self.n > 0) & np.isfinite(low) & np.isfinite(high) & (low != high) for low, high in self.ends]


class Exact(Operation):
    """An aggregate of doubles by integers: its arguments are numbers, and the grid of each.

    A grid is a literal, or a pair of columns: the shift and the scale of the group that a row is in.
    """

    width: ClassVar[int] = 1  # arguments that are numbers
    step: ClassVar[int] = STEP  # of the exponents of its grids

    @classmethod
    def both(cls, *arguments: Tree) -> Tree:
        numbers = [double(x) for x in arguments[: cls.width]]
        there = [x if cls.width == 1 else if_else(or_(*(is_null(y) for y in numbers if y is not x)), exp.Null(), x) for x in numbers]
        grids = arguments[cls.width :] or [Grid().write()] * cls.width
        ends = [kind(this=x.copy()) for x in there for kind in (exp.Min, exp.Max)]
        steps = [_steps(x, grid) for x, grid in zip(there, grids, strict=True)]
        return Struct.of(exp.Count(this=there[0].copy()), *cls.sums(*steps), *ends)

    @classmethod
    def sums(cls, *steps: Tree) -> list[Tree]:
        """The sums of integers that the value is computed from."""
        return [_total(z) for z in steps]

    @classmethod
    def summed(cls, steps: np.ndarray) -> list[np.ndarray]:
        """The integers to sum for numbers in memory, in steps of the grid."""
        return [steps]

    @classmethod
    def of_array(cls, x: np.ndarray) -> float | None:
        """The aggregate of finite doubles in memory: the very number that an engine's sums give."""
        if not len(x):
            return None
        low, high, n = x.min(keepdims=True), x.max(keepdims=True), np.array([len(x)])
        grid = Grid.of_all(low, high)
        if grid is None:
            found = cls.special(n, low, high)
        else:
            sums = [np.array([_exact_total(part)], object) for part in cls.summed(grid.steps_in(x))]
            found = cls.finished(n.astype(object), sums, [grid])
        return None if found is None else float(found[0])

    @classmethod
    def finished(cls, n: np.ndarray, sums: Sequence[np.ndarray], grids: Sequence[Grid]) -> np.ndarray:
        """The value of each group from its sums; NaN if undefined. No value is infinite, and no argument is constant.

        Integers are Python objects, so that arithmetic is exact.
        """
        raise NotImplementedError

    @classmethod
    def special(cls, n: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray | None:
        """The value of each group whose values are equal, infinite or NaN; None if undefined."""
        return None

    @classmethod
    def fits(cls, grid: Grid, low: np.ndarray, high: np.ndarray) -> np.ndarray:
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
        return self._with([g.write() for g in grids])

    def on_columns(self, pairs: Sequence[tuple[str, str]]) -> Self:
        """The same aggregate on grids whose shift and scale are in columns."""
        return self._with([exp.Tuple(expressions=[col(shift), col(scale)]) for shift, scale in pairs])

    def _with(self, grids: Sequence[Tree]) -> Self:
        return type(self)(expressions=[*(x.copy() for x in self.numbers), *grids])

    def aimed(self, ranges: Mapping[Tree, tuple[Any, Any]]) -> Self:
        """The same on the grids of the smallest and largest value that each number is thought to have."""
        ends = [[np.array([np.nan if v is None else v], np.float64) for v in ranges[x]] for x in self.numbers]
        return self.on([Grid.of_all(low, high, self.step) or Grid() for low, high in ends])

    # ── from what an engine gave ──

    def on_range(self, parts: Parts) -> Self:
        """The same on the grids that the values of all groups call for."""
        return self.on([Grid.of_all(*pair, self.step) or given for pair, given in zip(parts.ends, self.grids, strict=True)])

    def apart(self, parts: Parts) -> tuple[np.ndarray, list[Grid]]:
        """The groups whose range is too small for the common grid, and their own grids."""
        differing = parts.differing
        unfit = [d & ~self.fits(g, *e) for d, g, e in zip(differing, self.grids, parts.ends, strict=True)]
        places = np.flatnonzero(reduce(np.logical_or, unfit) & reduce(np.logical_and, differing))
        grids = []
        for (low, high), given, chosen in zip(parts.ends, self.grids, unfit, strict=True):
            own = Grid.around(low[places], high[places], self.step)
            pairs = zip(own, given, strict=True)
            grids.append(Grid(*(np.where(chosen[places], of_group, of_all) for of_group, of_all in pairs)))
        return places, grids

    def values(self, parts: Parts, grids: Sequence[Grid] = ()) -> tuple[np.ndarray, np.ndarray]:
        """The value of the aggregate in each group, and whether it is defined. `grids`: the groups' own grids, if they have any."""
        found, there = np.full(len(parts.n), np.nan), np.zeros(len(parts.n), bool)
        regular = np.flatnonzero(reduce(np.logical_and, parts.differing))
        if len(regular):
            n, sums, _ = parts.take(regular)
            found[regular] = self.finished(n.astype(object), sums, grids or self.grids)
            there[regular] = ~np.isnan(found[regular])
        rest = np.setdiff1d(np.flatnonzero(parts.n), regular, assume_unique=True)
        some = parts.take(rest)
        special = self.special(some.n, *some.ends[0])
        if special is not None:
            found[rest], there[rest] = special, True
        return found, there


class DoubleSum(Exact):
    """Σ x of doubles; null over no values."""

    @classmethod
    def finished(cls, n: np.ndarray, sums: Sequence[np.ndarray], grids: Sequence[Grid]) -> np.ndarray:
        (grid,) = grids
        return _scaled((n * grid.center << BITS) + sums[0], grid.exponent + 1 - BITS)

    @classmethod
    def special(cls, n: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            found: np.ndarray = np.where(low == high, n * low + 0.0, low + high)
        return found

    @classmethod
    def fits(cls, grid: Grid, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        return grid.fits(np.minimum(low, 0.0), np.maximum(high, 0.0))  # a sum needs the digits of its values, not of how they differ


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
    def finished(cls, n: np.ndarray, sums: Sequence[np.ndarray], grids: Sequence[Grid]) -> np.ndarray:
        total, squares = sums
        return _scaled(np.maximum(_moment(n, total, total, squares), 0.0), 2 * (grids[0].exponent + 1))

    @classmethod
    def special(cls, n: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        return np.where((low == high) & np.isfinite(low), 0.0, np.nan)


class StandardMoment(Exact):
    """Σ(x − mean)ᵏ · mᵏᐟ²⁻¹ / (Σ(x − mean)²)ᵏᐟ² over m values, for k of 3 or 4; 0 for equal values, null over no values.

    Each power takes the smallness of a narrow range to that power, so that its grid is as narrow as the range.
    """

    step = 2
    power: ClassVar[int]

    @classmethod
    def sums(cls, *steps: Tree) -> list[Tree]:
        (z,) = steps
        powers = [z]
        for _ in range(1, cls.power):
            powers.append(mul(mul(powers[-1], z), lit(2.0**-BITS)))
        return [_total(x) for x in powers]

    @classmethod
    def finished(cls, n: np.ndarray, sums: Sequence[np.ndarray], grids: Sequence[Grid]) -> np.ndarray:
        spread = np.maximum(_central(n, sums, 2).astype(np.float64), 0.0) ** (cls.power / 2)
        found: np.ndarray = np.divide(_central(n, sums, cls.power).astype(np.float64), spread, out=np.zeros(len(n)), where=spread > 0)
        return found

    @classmethod
    def special(cls, n: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        return np.where((low == high) & np.isfinite(low), 0.0, np.nan)

    @classmethod
    def fits(cls, grid: Grid, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        fits: np.ndarray = np.frexp(high - low)[1] > grid.exponent - cls.step
        return fits


class StandardMoment3(StandardMoment):
    """The third one: the skewness."""

    power = 3


class StandardMoment4(StandardMoment):
    """The fourth one: the kurtosis of a population, 3 more than the excess."""

    power = 4


class Correlated(Exact):
    """Pearson's r over the rows where both are there; null for fewer than two or a constant side."""

    width = 2

    @classmethod
    def sums(cls, *steps: Tree) -> list[Tree]:
        x, y = steps
        return [_total(x), _total(y), _product(x, x), _product(y, y), _product(x, y)]

    @classmethod
    def finished(cls, n: np.ndarray, sums: Sequence[np.ndarray], grids: Sequence[Grid]) -> np.ndarray:
        x, y, xx, yy, xy = sums
        around = np.sqrt(np.maximum(_moment(n, x, x, xx), 0.0)) * np.sqrt(np.maximum(_moment(n, y, y, yy), 0.0))
        found: np.ndarray = np.divide(_moment(n, x, y, xy), around, out=np.full(len(n), np.nan), where=around > 0)
        return found


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


def _steps(x: Tree, grid: Tree) -> Tree:
    """A double in steps of a grid."""
    if isinstance(grid, exp.Tuple):
        shift, scale = grid.expressions
        return mul(sub(x, shift), scale)
    return Grid.read(grid).steps(x)


def _exact_total(steps: np.ndarray) -> int:
    """The sum of doubles in memory, each rounded to an integer: of halves, which no 64 bits overflow."""
    whole = np.rint(steps).astype(np.int64)
    return (int((whole >> 31).sum()) << 31) + int((whole & (2**31 - 1)).sum())


def _moment(n: np.ndarray, x: np.ndarray, y: np.ndarray, xy: np.ndarray) -> np.ndarray:
    """Σ(x − x̄)(y − ȳ) of numbers as shares of 2^BITS steps, from their sums: exact until the one rounding at the end."""
    found: np.ndarray = (((xy * n << BITS) - x * y) / (n << 2 * BITS)).astype(np.float64)
    return found


def _central(n: np.ndarray, sums: Sequence[np.ndarray], power: int) -> np.ndarray:
    """Σ(x − x̄)ᵏ · nᵏ⁻¹ of numbers as shares of 2^BITS steps, from the sums of their powers; in units of 2^(−k · BITS), exact."""
    unit = n << BITS
    terms = (comb(power, j) * (-sums[0]) ** j * sums[power - j - 1] * unit ** (power - j - 1) for j in range(power))
    found: np.ndarray = sum(terms, (-sums[0]) ** power)
    return found


def _scaled(x: np.ndarray, exponent: Any) -> np.ndarray:
    with np.errstate(over="ignore"):
        scaled: np.ndarray = np.ldexp(x.astype(np.float64), exponent)
    return scaled
