"""Aggregates that engines spell differently."""

from __future__ import annotations

from functools import reduce

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.engine.expressions import add, and_, cast_to, coalesce, data_type, double, if_else, lit, mul, not_null, sub
from tilth.engine.operations.operation import Operation, Struct, call
from tilth.engine.operations.sums import WideSum


class Quantile(Operation):
    """The interpolated quantile of x at q (type 7): exact; null without values. Not mergeable."""

    @classmethod
    def duckdb(cls, x: Tree, q: Tree) -> Tree:
        return add(call("quantile_cont", x, q), lit(0.0))

    @classmethod
    def spark(cls, x: Tree, q: Tree) -> Tree:
        return add(call("percentile", x, q), lit(0.0))


class Quantiles(Operation):
    """Several interpolated quantiles (type 7) as a list, in the order of the literals that say them: in the time of one."""

    @classmethod
    def duckdb(cls, x: Tree, *qs: Tree) -> Tree:
        return call("quantile_cont", x, call("list_value", *qs))

    @classmethod
    def spark(cls, x: Tree, *qs: Tree) -> Tree:
        return call("percentile", x, call("array", *qs))


class DiscreteQuantile(Operation):
    """The smallest value of x with a share q of the values at or below it; null without values. Not mergeable.

    Doubles, so that both engines find the same value: an integer beyond 2⁵³ is rounded.
    """

    @classmethod
    def duckdb(cls, x: Tree, q: Tree) -> Tree:
        return add(call("quantile_disc", double(x), q), lit(0.0))

    @classmethod
    def spark(cls, x: Tree, q: Tree) -> Tree:
        order = exp.Order(expressions=[exp.Ordered(this=double(x), nulls_first=True)])
        return add(exp.WithinGroup(this=exp.PercentileDisc(this=q.copy()), expression=order), lit(0.0))


class Correlation(Operation):
    """Pearson's correlation of the pairs of doubles without nulls. Null for fewer than two pairs, and if one side is constant.

    Rounding may give a constant a small variance, so constants are detected by their extremes.
    """

    @classmethod
    def both(cls, x: Tree, y: Tree) -> Tree:
        pairs = [if_else(and_(not_null(x), not_null(y)), value) for value in (x, y)]
        varied = and_(*(exp.LT(this=exp.Min(this=value.copy()), expression=exp.Max(this=value.copy())) for value in pairs))
        return if_else(varied, call("corr", *pairs))


class Middle(Operation):
    """The aggregate that `LowerMedian` is computed from; it also works in windows, where Spark has no discrete quantile."""

    spark_call = "collect_list"

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        return call("quantile_disc", x, lit(0.5))


class LowerMedian(Operation):
    """The lower median of the values of `Middle`; null over no values."""

    @classmethod
    def duckdb(cls, found: Tree) -> Tree:
        return found

    @classmethod
    def spark(cls, found: Tree) -> Tree:
        place = exp.IntDiv(this=exp.Paren(this=exp.Sub(this=call("size", found), expression=lit(1))), expression=lit(2))
        return call("get", call("array_sort", found), cast_to(place, data_type("int")))


class ExactSum(Operation):
    """The sum of integers or decimals, exact however large; null over no values (Spark alone overflows)."""

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        return exp.Sum(this=x.copy())

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return exp.Sum(this=cast_to(x, data_type("decimal(38, 0)")))


class GroupEntropy(Operation):
    """−Σ p ln p over groups of size n < 2⁴¹, in nats; null over no groups. The order of the groups changes no digit.

    ln n is cut into parts of 16, 21 and 16 binary places, so that n times each of them is an integer, and their sums are exact.
    """

    @classmethod
    def both(cls, n: Tree) -> Tree:
        log = exp.Ln(this=double(n))
        first, second, third = (exp.Floor(this=mul(log, lit(2.0**places))) for places in (16, 37, 53))
        parts = {16: first, 37: sub(second, mul(first, lit(2.0**21))), 53: sub(third, mul(second, lit(2.0**16)))}
        sums = [mul(double(WideSum.of(mul(n, cast_to(part, data_type("bigint"))))), lit(2.0**-places)) for places, part in parts.items()]
        total = exp.Sum(this=double(n))
        return sub(exp.Ln(this=total), exp.Div(this=reduce(add, sums), expression=total.copy()))


class CountIf(Operation):
    """The number of rows for which a condition is true; 0 over no rows (DuckDB alone gives null there)."""

    @classmethod
    def both(cls, condition: Tree) -> Tree:
        return exp.Coalesce(this=exp.CountIf(this=condition.copy()), expressions=[lit(0)])


class CountDistinct(Operation):
    """The number of different values, without null; 0 over no values. Not mergeable."""

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return exp.Count(this=exp.Distinct(expressions=[x.copy()]))


class DistinctOfFew(Operation):
    """The number of distinct values, without null, for tables of few rows: all values are held in memory.

    To count distinct values of a hundred columns, Spark would copy each row a hundred times, and DuckDB would allocate a large hash table
    for each column.
    """

    @classmethod
    def duckdb(cls, x: Tree) -> Tree:
        return coalesce(call("list_unique", call("list", x)), lit(0))

    @classmethod
    def spark(cls, x: Tree) -> Tree:
        return call("size", call("collect_set", x))


class SumOrZero(Operation):
    """The sum of integers; 0 over no rows."""

    @classmethod
    def both(cls, x: Tree) -> Tree:
        return coalesce(ExactSum.of(x), lit(0))


class MostFrequentKey(Operation):
    """The key of the largest group, of equally large ones the smallest key; null over no groups."""

    @classmethod
    def both(cls, key: Tree, n: Tree) -> Tree:
        return call("min_by", key, Struct.of(exp.Neg(this=n.copy()), key.copy()))


class TopKeys(Operation):
    """The `most` largest groups as pairs of −size and key: the largest first, of equally large ones the smaller key first."""

    @classmethod
    def duckdb(cls, key: Tree, n: Tree, most: Tree) -> Tree:
        pair = Struct.of(exp.Neg(this=n.copy()), key)
        return call("min_by", pair, pair, most)

    @classmethod
    def spark(cls, key: Tree, n: Tree, most: Tree) -> Tree:
        if int(most.name) <= SPARK_MOST:
            return cls.duckdb(key, n, most)
        pair = Struct.of(exp.Neg(this=n.copy()), key)
        return call("slice", call("array_sort", call("collect_list", pair)), lit(1), most)


class SmallestTogether(Operation):
    """The values of some columns in the smallest row, compared from left to right, among rows without nulls in these columns.

    The result is a structure; null if there is no such row.
    """

    @classmethod
    def both(cls, *columns: Tree) -> Tree:
        there = and_(*(not_null(c.copy()) for c in columns))
        return exp.Filter(this=exp.Min(this=Struct.of(*columns)), expression=exp.Where(this=there))


SPARK_MOST = 100_000  # values that Spark's min_by gives at most; for more it collects all groups and sorts them
