"""Operations on numbers that the engines' own functions compute differently."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.expressions import (
    add,
    and_,
    case,
    cast,
    coalesce,
    data_type,
    double,
    eq,
    ge,
    greatest,
    gt,
    if_else,
    is_null,
    least,
    lit,
    lt,
    mul,
    ne,
    not_null,
    null_if,
    or_,
    sub,
    text,
)
from tilth.engine.operations.operation import Operation, call
from tilth.errors import RequestError

WHOLE = lit(2.0**52)  # from here on every double is a whole number
SURE, NEAR = 2.0**40, 1e-3  # up to SURE, a value farther than NEAR from a half is rounded correctly in spite of errors
EXACT = Context(prec=60)


def in_64_bits(x: Any) -> Any:
    """The number itself. Errors: `RequestError` for an integer beyond 64 bits, as in the engines."""
    if isinstance(x, int) and not -(2**63) <= x < 2**63:
        raise RequestError("a value does not fit: an integer leaves 64 bits")
    return x


class Divide(Operation):
    """x / y in doubles; null where y is 0 (DuckDB alone gives infinity, Spark alone raises)."""

    total = True  # if written inline: the divisor is then a constant other than 0

    @classmethod
    def both(cls, x: Tree, y: Tree) -> Tree:
        divisor = double(y) if y.is_number and y.to_py() else null_if(double(y), lit(0.0))
        return exp.Paren(this=exp.Div(this=double(x), expression=divisor))

    @classmethod
    def inline(cls, arguments: Sequence[str], constants: Mapping[str, Any]) -> str | None:
        x, y = arguments
        return f"{x} / {y}" if constants.get(y) and isinstance(constants[y], float) else None

    @staticmethod
    def row(x: Any, y: Any) -> Any:
        return None if y == 0 else float(x) / float(y)


class IsNan(Operation):
    """Whether x is NaN; false for null."""

    never_null = True
    null_input = True

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return coalesce(exp.IsNan(this=x.copy()), exp.false())

    @staticmethod
    def row(x: Any) -> bool:
        return x is not None and x != x


class NanToNull(Operation):
    """x, but null where x is NaN: what reading does to every float column."""

    identity_if = "{x} == {x}"
    shared = True

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        # DuckDB settles isnan(x), and comparisons with NaN, from the extremes in a Parquet file, which leave NaN out: TRY keeps it from
        # doing so. And no NOT: the branch that every row takes comes last, which saves DuckDB a third
        return if_else(exp.IsNan(this=call("try", x)), exp.Null(), x)

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return if_else(exp.IsNan(this=x.copy()), exp.Null(), x)

    @staticmethod
    def row(x: Any) -> Any:
        return None if x != x else x


class Finite(Operation):
    """x as a double; null if x is not finite. Steps learn from such values."""

    shared = True

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        return if_else(call("isfinite", double(x)), double(x))

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return if_else(lt(exp.Abs(this=double(x)), lit(math.inf)), double(x))

    @staticmethod
    def row(x: Any) -> Any:
        return float(x) if math.isfinite(x) else None


class NoNegativeZero(Operation):
    """x + 0.0: the same number, without a negative zero (which engines pick differently as an extreme)."""

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return add(double(x), lit(0.0))

    @staticmethod
    def row(x: Any) -> float:
        return float(x) + 0.0


class IntegerDivide(Operation):
    """i / j cut off towards zero, of integers; null where j is 0."""

    @classmethod
    def both(cls, i: Tree, j: Tree) -> Tree:
        return exp.Paren(this=exp.IntDiv(this=i.copy(), expression=null_if(j, lit(0))))

    @staticmethod
    def row(i: Any, j: Any) -> Any:
        return None if j == 0 else in_64_bits(abs(i) // abs(j) * (1 if (i < 0) == (j < 0) else -1))


class FloorDivide(Operation):
    """i / j rounded down, of integers, where j is a constant above 0."""

    total = True

    @classmethod
    def both(cls, i: Tree, j: Tree) -> Tree:
        below = lt(exp.Paren(this=exp.Mod(this=i.copy(), expression=j.copy())), lit(0))  # an engine rounds i / j towards 0
        return exp.Paren(this=sub(exp.Paren(this=exp.IntDiv(this=i, expression=j)), cast(below, Kind.INTEGER)))

    row = staticmethod(operator.floordiv)


class Remainder(Operation):
    """The remainder of x / y, with the sign of x; null if y is 0."""

    @classmethod
    def duckdb(cls, x: Tree, y: Tree) -> Tree:
        # -2⁶³ % -1 overflows; a division by 1 has the same remainder
        divisor = null_if(y, lit(0)) if isinstance(y, exp.Literal) else case((ne(y, lit(-1)), null_if(y, lit(0))), (not_null(y), lit(1)))
        return exp.Paren(this=exp.Mod(this=x.copy(), expression=divisor))

    @classmethod
    def spark(cls, x: Tree, y: Tree) -> Tree:
        return exp.Paren(this=exp.Mod(this=x.copy(), expression=null_if(y, lit(0))))

    @staticmethod
    def row(x: Any, y: Any) -> Any:
        if y == 0:
            return None
        if isinstance(x, int) and isinstance(y, int):
            return abs(x) % abs(y) * (-1 if x < 0 else 1)
        return math.nan if not math.isfinite(x) else math.fmod(x, y)


class _Whole(Operation):
    word: ClassVar[str]
    nearest: ClassVar[Callable[[float], int]]

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        return add(call(cls.word, double(x)), lit(0.0))

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return add(if_else(lt(exp.Abs(this=double(x)), WHOLE), double(call(cls.word, double(x))), double(x)), lit(0.0))

    @classmethod
    def row(cls, x: Any) -> float:
        return float(cls.nearest(x)) + 0.0 if math.isfinite(x) else float(x)


class Floor(_Whole):
    """The largest integer that is at most x, as a double. NaN and infinities stay."""

    word, nearest = "floor", math.floor


class Ceiling(_Whole):
    """The smallest integer that is at least x, as a double. NaN and infinities stay."""

    word, nearest = "ceil", math.ceil


class SquareRoot(Operation):
    """√x; null for a negative x."""

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return exp.Sqrt(this=if_else(ge(double(x), lit(0.0)), double(x)))

    @staticmethod
    def row(x: Any) -> Any:
        return None if x < 0 else math.sqrt(x)  # NaN stays NaN: it is greater than every number


class NaturalLogarithm(Operation):
    """ln x; null for x of 0 or less."""

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return exp.Ln(this=if_else(gt(double(x), lit(0.0)), double(x)))

    @staticmethod
    def row(x: Any) -> Any:
        return None if x <= 0 else math.log(x)


class Exponential(Operation):
    """eˣ; infinity if it is too large for a double."""

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return exp.Exp(this=double(x))

    @staticmethod
    def row(x: Any) -> float:
        try:
            return math.exp(x)
        except OverflowError:
            return math.inf


class LogOnePlus(Operation):
    """ln(1 + x) for x above −1, as precise near 0 as elsewhere; null for others.

    ln(w) · x / (w − 1) with w = 1 + x as it was rounded: what rounding took from w, the quotient puts right. Source: Goldberg 1991, "What
    every computer scientist should know about floating-point arithmetic", theorem 4.
    """

    @classmethod
    def both(cls, x: Tree) -> Tree:
        w = add(double(x), lit(1.0))
        near = exp.Paren(this=exp.Div(this=mul(exp.Ln(this=w), double(x)), expression=null_if(sub(w, lit(1.0)), lit(0.0))))
        return case((eq(w, lit(1.0)), double(x)), (eq(double(x), lit(math.inf)), double(x)), (gt(w, lit(0.0)), near))

    @staticmethod
    def row(x: Any) -> Any:
        w = 1.0 + x
        if w == 1 or x == math.inf:
            return float(x)
        return math.log(w) * x / (w - 1.0) if w > 0 else None


class HyperbolicTangent(Operation):
    """(e²ˣ − 1) / (e²ˣ + 1)."""

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return call("tanh", double(x))

    row = staticmethod(math.tanh)


class Power(Operation):
    """xʸ in doubles; 1 to any power is 1. NaN if it is not a real number, infinity if it is too large."""

    @classmethod
    def duckdb(cls, x: Tree, y: Tree) -> Tree:
        return call("power", double(x), double(y))

    @classmethod
    def spark(cls, x: Tree, y: Tree) -> Tree:
        if y.is_number:
            return call("power", double(x), double(y))
        # Java's power of 1 and NaN, and of ±1 and infinity, is NaN; C's, which DuckDB and Python follow, is 1
        one = and_(
            eq(exp.Abs(this=double(x)), lit(1.0)), or_(eq(double(x), lit(1.0)), eq(exp.Abs(this=double(y)), lit(math.inf))), not_null(y)
        )
        return case((one, lit(1.0)), otherwise=call("power", double(x), double(y)))

    @staticmethod
    def row(x: Any, y: Any) -> float:
        try:
            return math.pow(x, y)
        except OverflowError:
            return -math.inf if x < 0 and math.fmod(y, 2) != 0 else math.inf
        except ValueError:
            odd = math.isfinite(y) and math.fmod(y, 2) != 0
            return math.nan if x != 0 else math.copysign(math.inf, x) if odd and y == math.floor(y) else math.inf


class DecimalToInteger(Operation):
    """A decimal truncated to an integer; null if it is too large. (DuckDB's cast rounds.)"""

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        return exp.TryCast(this=call("trunc", x), to=data_type("bigint"), safe=True)

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return exp.TryCast(this=x.copy(), to=data_type("bigint"), safe=True)

    @staticmethod
    def row(x: Any) -> Any:
        return int(x) if math.isfinite(x) and -(2**63) <= int(x) < 2**63 else None


class ToInteger(DecimalToInteger):
    """A double truncated to an integer; null if it is not finite or too large. (Spark's cast turns 2⁶³ into 2⁶³ − 1.)"""

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return if_else(lt(double(x), lit(2.0**63)), super().spark(x))


class Round(Operation):
    """x rounded to n decimal places (a literal, 0 or more), halves away from zero. NaN and infinities stay.

    Halves are decided by the shortest notation of x: 1.005 becomes 1.01, though the double is slightly less. Source: Spark SQL, round.
    """

    @classmethod
    def duckdb(cls, x: Tree, n: Tree) -> Tree:
        value, factor = double(x), lit(10.0 ** int(n.this))
        scaled = exp.Abs(this=mul(value, factor))
        from_half = exp.Abs(this=sub(exp.Paren(this=sub(scaled, call("floor", scaled))), lit(0.5)))
        sure = and_(lt(scaled, lit(SURE)), gt(from_half, lit(NEAR)))
        near = exp.Paren(this=exp.Div(this=exp.Round(this=mul(value, factor)), expression=factor.copy()))
        written = exp.TryCast(this=text(value), to=data_type(f"decimal(38, {n.name})"), safe=True)
        as_written = (lt(exp.Abs(this=value.copy()), WHOLE), double(text(written)))
        return add(case((sure, near), as_written, otherwise=value), lit(0.0))

    @classmethod
    def spark(cls, x: Tree, n: Tree) -> Tree:
        return add(exp.Round(this=double(x), decimals=n.copy()), lit(0.0))

    @staticmethod
    def row(x: Any, n: Any) -> float:
        value = float(x)
        if not abs(value) < 2.0**52:
            return value
        scaled = abs(value) * 10.0**n
        whole = math.floor(scaled)
        if scaled < SURE and abs(scaled - whole - 0.5) > NEAR:
            return float(math.copysign(whole + (scaled - whole > 0.5), value) / 10.0**n + 0.0)
        return float(Decimal(repr(value)).quantize(Decimal((0, (1,), -n)), ROUND_HALF_UP, EXACT)) + 0.0


def clipped(x: Tree, low: Tree, high: Tree) -> Tree:
    """x kept between two bounds; null stays null."""
    return case((is_null(x), exp.Null()), otherwise=least(greatest(x, low), high))


def integer(x: Tree) -> Tree:
    """An integer or boolean as a 64-bit integer."""
    return cast(x, Kind.INTEGER)
