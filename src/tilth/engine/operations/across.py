"""Aggregates over the values of a list: values in a window of rows, or several values of one row. Nulls are left out.

Trees use each value once, because Spark would compute it twice, and add from left to right, so that every engine gives the same result.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import reduce
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine.expressions import add, cast, double, eq, gt, if_else, lit, mul, not_null, sub
from tilth.engine.operations.lists import Element, Length
from tilth.engine.operations.numbers import IntegerDivide, NanToNull, in_64_bits
from tilth.engine.operations.operation import Operation, call
from tilth.engine.operations.structs import Field, Fielded

VALUES, VALUE, OTHER, TOTAL = map(exp.column, ("values", "value", "other", "total"))  # the arguments of functions


def function(body: Tree, *arguments: exp.Column) -> Tree:
    """A function that lists are mapped, filtered or added up by."""
    return exp.Lambda(this=body, expressions=[exp.to_identifier(a.name) for a in arguments])


class Mapped(Operation):
    """A list with a function applied to each element."""

    duckdb_call, spark_call = "list_transform", "transform"


class Chosen(Operation):
    """The elements of a list for which a function is true."""

    duckdb_call, spark_call = "list_filter", "filter"


class Reduced(Operation):
    """A value, and then what a function of it and of one element of a list after another makes of it."""

    spark_call = "aggregate"

    @classmethod
    def duckdb(cls, values: Tree, first: Tree, made: Tree) -> Tree:
        return call("list_reduce", values, made, first)


class Named(Operation):
    """A function of a value that is written out only once."""

    @classmethod
    def both(cls, value: Tree, made: Tree) -> Tree:
        return Element.of(Mapped.of(exp.Array(expressions=[value.copy()]), made), lit(0))


def _known(values: Sequence[Any]) -> list[Any]:
    return [v for v in values if v is not None]


def _total(values: Sequence[float], first: float = 0.0) -> float:
    return reduce(lambda a, b: a + b, values, first)


def _finite_or_null(value: float) -> float | None:
    return None if math.isnan(value) else value


class Collected(Operation):
    """An aggregate: the values of many rows as a list, with or without nulls, in any order."""

    duckdb_call, spark_call = "list", "collect_list"


class Known(Operation):
    """A list without its nulls."""

    spark_call = "array_compact"

    @classmethod
    def duckdb(cls, values: Tree) -> Tree:
        return Chosen.duckdb(values, function(not_null(VALUE.copy()), VALUE))


class Count(Operation):
    """How many values there are."""

    total = True

    @classmethod
    def both(cls, values: Tree) -> Tree:
        return cast(Length.of(Known.of(values)), Kind.INTEGER)

    @staticmethod
    def row(values: Sequence[Any]) -> int:
        return len(_known(values))


class Distinct(Operation):
    """The different values, in any order."""

    total = True
    duckdb_call = "list_distinct"

    @classmethod
    def spark(cls, values: Tree) -> Tree:
        return call("array_compact", call("array_distinct", values))

    @staticmethod
    def row(values: Sequence[Any]) -> list[Any]:
        return list(dict.fromkeys(_known(values)))


class CountDistinct(Operation):
    """How many different values there are."""

    total = True

    @classmethod
    def both(cls, values: Tree) -> Tree:
        return cast(Length.of(Distinct.of(values)), Kind.INTEGER)

    @staticmethod
    def row(values: Sequence[Any]) -> int:
        return len(set(_known(values)))


class Ordered(Operation):
    """A list from its largest value to its smallest, and then its nulls."""

    @classmethod
    def duckdb(cls, values: Tree) -> Tree:
        return call("list_sort", values, lit("DESC"), lit("NULLS LAST"))

    @classmethod
    def spark(cls, values: Tree) -> Tree:
        return call("sort_array", values, exp.false())


class Largest(Operation):
    """The nth largest value; n is a literal, 1 for the largest. Null if there are fewer values."""

    @classmethod
    def both(cls, values: Tree, n: Tree) -> Tree:
        return Element.of(Ordered.of(values), lit(int(n.name) - 1))

    @staticmethod
    def row(values: Sequence[Any], n: int) -> Any:
        found = sorted(_known(values), reverse=True)
        return found[n - 1] if n <= len(found) else None


class LargestDistinct(Largest):
    """The nth largest of the different values."""

    @classmethod
    def both(cls, values: Tree, n: Tree) -> Tree:
        return Largest.of(Distinct.of(values), n)

    @staticmethod
    def row(values: Sequence[Any], n: int) -> Any:
        return Largest.row(Distinct.row(values), n)


class Mode(Operation):
    """The most frequent value; of equally frequent ones the smallest."""

    @classmethod
    def both(cls, values: Tree) -> Tree:
        alike = Chosen.of(VALUES.copy(), function(eq(OTHER.copy(), VALUE.copy()), OTHER))
        pair = Fielded.of(lit("place"), exp.Neg(this=Length.of(alike)), lit("value"), VALUE.copy())
        ranked = Mapped.of(Distinct.of(VALUES.copy()), function(pair, VALUE))
        return Named.of(values, function(Field.of(Least.of(ranked), lit("value")), VALUES))

    @staticmethod
    def row(values: Sequence[Any]) -> Any:
        counts = Counter(_known(values))
        return min(counts, key=lambda v: (-counts[v], v)) if counts else None


class Least(Operation):
    """The least element of a list."""

    spark_call = "array_min"

    @classmethod
    def duckdb(cls, values: Tree) -> Tree:
        return call("list_extract", call("list_sort", values), lit(1))


class Sum(Operation):
    """The sum of integers; null of none."""

    @classmethod
    def both(cls, values: Tree) -> Tree:
        return _of_some(values, _summed(VALUES.copy(), cast(lit(0), Kind.INTEGER)))

    @staticmethod
    def row(values: Sequence[Any]) -> Any:
        found = _known(values)
        return reduce(lambda a, b: in_64_bits(a + b), found, 0) if found else None


class FloatSum(Operation):
    """The sum of floats; null of none, and of infinities of both signs."""

    @classmethod
    def both(cls, values: Tree) -> Tree:
        return NanToNull.of(_of_some(values, _summed(VALUES.copy(), lit(0.0))))

    @staticmethod
    def row(values: Sequence[Any]) -> Any:
        found = _known(values)
        return _finite_or_null(_total(found)) if found else None


def _summed(values: Tree, zero: Tree) -> Tree:
    return Reduced.of(values, zero, function(add(TOTAL.copy(), VALUE.copy()), TOTAL, VALUE))


def _of_some(values: Tree, made: Tree, at_least: int = 1) -> Tree:
    """An aggregate of the non-null values, `VALUES`, if there are enough."""
    return Named.of(Known.of(values), function(if_else(gt(Length.of(VALUES.copy()), lit(at_least - 1)), made), VALUES))


def _mean() -> Tree:
    return exp.Div(this=_summed(VALUES.copy(), lit(0.0)), expression=double(Length.of(VALUES.copy())))


class Mean(Operation):
    """The mean of floats: their sum over their number."""

    @classmethod
    def both(cls, values: Tree) -> Tree:
        return NanToNull.of(_of_some(values, _mean()))

    @staticmethod
    def row(values: Sequence[Any]) -> Any:
        found = _known(values)
        return _finite_or_null(_total(found) / len(found)) if found else None


class Variance(Operation):
    """The variance Σ(x − mean)² / (n − 1) of floats, as of a sample; null of fewer than two."""

    @classmethod
    def both(cls, values: Tree) -> Tree:
        away = Mapped.of(VALUES.copy(), function(exp.Paren(this=sub(VALUE.copy(), OTHER.copy())), VALUE))
        squares = Mapped.of(away, function(mul(VALUE.copy(), VALUE.copy()), VALUE))
        found = exp.Div(this=_summed(squares, lit(0.0)), expression=double(exp.Paren(this=sub(Length.of(VALUES.copy()), lit(1)))))
        return NanToNull.of(_of_some(values, Named.of(_mean(), function(found, OTHER)), at_least=2))

    @staticmethod
    def row(values: Sequence[Any]) -> Any:
        found = _known(values)
        if len(found) < 2:
            return None
        mean = _total(found) / len(found)
        return _finite_or_null(_total([(x - mean) * (x - mean) for x in found]) / (len(found) - 1))


class StandardDeviation(Operation):
    """The root of the variance."""

    @classmethod
    def both(cls, values: Tree) -> Tree:
        return exp.Sqrt(this=Variance.of(values))

    @staticmethod
    def row(values: Sequence[Any]) -> Any:
        found = Variance.row(values)
        return None if found is None else math.sqrt(found)


class Median(Operation):
    """The median of floats; of an even number of them half the sum of the two in the middle."""

    @classmethod
    def both(cls, values: Tree) -> Tree:
        places = (IntegerDivide.of(sub(Length.of(VALUES.copy()), lit(less)), lit(2)) for less in (1, 0))
        middle = mul(exp.Paren(this=add(*(Element.of(VALUES.copy(), place) for place in places))), lit(0.5))
        return NanToNull.of(_of_some(Ordered.of(values), middle))

    @staticmethod
    def row(values: Sequence[Any]) -> Any:
        found = sorted(_known(values), reverse=True)
        return _finite_or_null((found[(len(found) - 1) // 2] + found[len(found) // 2]) * 0.5) if found else None
