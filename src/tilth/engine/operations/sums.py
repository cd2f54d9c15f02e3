"""Sums of doubles whose value does not depend on the order of the rows, nor on threads, files or the engine.

Floating-point addition rounds, so a sum of doubles depends on the order in which threads happen to add. Here engines add integers, which
is exact: each double is its nearest integer and the rest, on a grid of 2⁻⁶²; the integers become one double at the end, in Python, rounded
once. A column whose largest value lies outside the range in which that is as good as doubles are is asked again, multiplied by a power of
two, which rounds nothing. See `docs/decisions/0009-sums-do-not-depend-on-order.md`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import add, and_, cast_to, data_type, double, if_else, lit, mul, not_null, sub
from tilth.engine.operations.operation import Operation, Struct, call

GRID = 62  # bits behind the point
SMALLEST = 2.0**-9  # of a largest value: below it, too few bits of it are on the grid


class Exact(Operation):
    """An aggregate of doubles by integers: its arguments are numbers, and an exponent of two for each by which it is multiplied first."""

    largest: ClassVar[float]
    width: ClassVar[int] = 1  # arguments that are numbers

    @classmethod
    def both(cls, *arguments: Tree) -> Tree:
        numbers, exponents = arguments[: cls.width], arguments[cls.width :]
        if exponents:
            numbers = tuple(mul(x, lit(2.0 ** int(k.name))) for x, k in zip(numbers, exponents, strict=True))
        return cls.parts(*map(double, numbers))

    @classmethod
    def parts(cls, *numbers: Tree) -> Tree:
        """A structure of sums of integers, and of the smallest and largest of each number."""
        raise NotImplementedError

    @classmethod
    def finished(cls, parts: Mapping[str, Any], exponents: tuple[int, ...]) -> float | None:
        """The value from the parts; `exponents` of two were multiplied in."""
        raise NotImplementedError


class Nearest(Operation):
    """The nearest whole number to a double, of two the even one; null beyond 64 bits."""

    kind = "bigint"

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        return exp.TryCast(this=x, to=data_type(cls.kind), safe=True)

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return exp.TryCast(this=call("rint", x), to=data_type(cls.kind), safe=True)


class NearestOf32(Nearest):
    """The nearest whole number to a double; null beyond 32 bits, so that its square has 64."""

    kind = "int"


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


class DoubleSum(Exact):
    """Σ x of doubles; null over no values."""

    largest = 2.0**62

    @classmethod
    def parts(cls, *numbers: Tree) -> Tree:
        (x,) = numbers
        return Struct.of(*_total(x), exp.Min(this=x.copy()), exp.Max(this=x.copy()))

    @classmethod
    def finished(cls, parts: Mapping[str, Any], exponents: tuple[int, ...]) -> float | None:
        total, _, low, high = parts.values()
        if low is None:
            return None
        if not math.isfinite(low) or not math.isfinite(high):
            return float(low + high)
        return _scaled(_whole(parts.values()) / (1 << GRID), -sum(exponents)) if total is not None else None


class CentralMoment2(Exact):
    """Σ(x − mean)²: 0 for one value or equal ones, null over no values."""

    largest = 2.0**31 - 1

    @classmethod
    def parts(cls, *numbers: Tree) -> Tree:
        (x,) = numbers
        return Struct.of(exp.Count(this=x.copy()), *_total(x), *_product(x, x), exp.Min(this=x.copy()), exp.Max(this=x.copy()))

    @classmethod
    def finished(cls, parts: Mapping[str, Any], exponents: tuple[int, ...]) -> float | None:
        n, *sums, low, high = parts.values()
        if low is None or not math.isfinite(low) or not math.isfinite(high):
            return None if low is None else math.nan
        if low == high:
            return 0.0
        moment = _moment(n, _whole(sums), _whole(sums), _products(sums[2:]))
        return _scaled(moment, -2 * sum(exponents))


class Correlated(Exact):
    """Pearson's r over the rows where both are there; null for fewer than two or a constant side."""

    largest = 2.0**31 - 1
    width = 2

    @classmethod
    def parts(cls, *numbers: Tree) -> Tree:
        a, b = numbers
        both = and_(not_null(a), not_null(b))
        x, y = if_else(both, a), if_else(both.copy(), b)
        products = [p for pair in ((x, x), (y, y), (x, y)) for p in _product(*pair)]
        ends = [kind(this=v.copy()) for v in (x, y) for kind in (exp.Min, exp.Max)]
        return Struct.of(exp.Count(this=x.copy()), *_total(x), *_total(y), *products, *ends)

    @classmethod
    def finished(cls, parts: Mapping[str, Any], exponents: tuple[int, ...]) -> float | None:
        n, *sums, low, high, low2, high2 = parts.values()
        if n < 2 or low == high or low2 == high2:
            return None
        if not all(map(math.isfinite, (low, high, low2, high2))):
            return None
        x, y = _whole(sums), _whole(sums[2:])
        xx, yy, xy = (_products(sums[i : i + 3]) for i in (4, 7, 10))
        around = math.sqrt(_moment(n, x, x, xx)) * math.sqrt(_moment(n, y, y, yy))
        return _moment(n, x, y, xy, signed=True) / around if around else None


def _total(x: Tree) -> tuple[Tree, Tree]:
    """Σ of the nearest integers and Σ of the rest on the grid."""
    whole = Nearest.of(x)
    return WideSum.of(whole), WideSum.of(_on_grid(sub(x, double(whole))))


def _product(x: Tree, y: Tree) -> tuple[Tree, Tree, Tree]:
    """Σ x·y in three parts: of the integers' products, which are exact, and of what the rests add to them."""
    bigint = data_type("bigint")
    whole_x, whole_y = NearestOf32.of(x), NearestOf32.of(y)
    rest_x, rest_y = sub(x, double(whole_x)), sub(y, double(whole_y))
    rest = mul(rest_x, add(x, double(whole_x))) if x == y else add(mul(x, rest_y), mul(rest_x, double(whole_y)))
    return WideSum.of(mul(cast_to(whole_x, bigint), cast_to(whole_y, bigint))), *_total(rest)


def _on_grid(rest: Tree) -> Tree:
    return Nearest.of(mul(rest, lit(2.0**GRID)))


def _whole(sums: Iterable[Any]) -> int:
    """The first two sums, in units of the grid."""
    whole, rest, *_ = sums
    return (int(whole or 0) << GRID) + int(rest or 0)


def _products(sums: Iterable[Any]) -> int:
    """A sum of products, in units of the grid."""
    integers, *rest = sums
    return (int(integers or 0) << GRID) + _whole(rest)


def _moment(n: int, x: int, y: int, xy: int, signed: bool = False) -> float:
    """Σ(x − x̄)(y − ȳ) from n, Σx, Σy and Σxy: exact until the one rounding at the end."""
    found = ((xy * n << GRID) - x * y) / (n << 2 * GRID)
    return found if signed else max(found, 0.0)


def _scaled(x: float, exponent: int) -> float:
    try:
        return math.ldexp(x, exponent)
    except OverflowError:
        return math.copysign(math.inf, x)


def value_of(aggregate: Exact, parts: Mapping[str, Any] | None) -> float | None:
    """An aggregate's value from what the engine gave."""
    if parts is None:
        return None
    return aggregate.finished(parts, tuple(int(k.name) for k in aggregate.expressions[aggregate.width :]))


def rescaled(aggregate: Tree, parts: Mapping[str, Any] | None) -> Tree | None:
    """The aggregate with its numbers multiplied by powers of two, where the smallest or largest in `parts` is outside its range.

    Exponents are multiples of 16, so that groups of like size are asked together.
    """
    if not isinstance(aggregate, Exact) or len(aggregate.expressions) > aggregate.width or parts is None:
        return None
    ends = [abs(v) if v is not None else 0.0 for v in list(parts.values())[-2 * aggregate.width :]]
    sizes = [max(ends[2 * i : 2 * i + 2]) for i in range(aggregate.width)]
    if all(s == 0 or SMALLEST <= s < aggregate.largest or not math.isfinite(s) for s in sizes):
        return None
    top = math.frexp(aggregate.largest)[1] - 1
    exponents = [max(-1008, min(1008, (top - math.frexp(s)[1]) // 16 * 16)) if s and math.isfinite(s) else 0 for s in sizes]
    return type(aggregate).of(*aggregate.expressions, *(exp.Literal.string(str(k)) for k in exponents))
