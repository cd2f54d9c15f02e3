"""Aggregates of Spark that DuckDB spells or defines otherwise: percentiles, medians, correlation, approximate counts.

Approximate ones are exact here, which is within the error that Spark states for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Kind
from tilth.engine import expressions as e
from tilth.engine.operations.aggregates import Correlation, DiscreteQuantile, Quantile
from tilth.engine.operations.operation import Operation
from tilth.engine.user_sql.meaning import Meaning
from tilth.engine.user_sql.nodes import name_of, typed


def _percentile(operation: type[Operation]) -> Callable[[Meaning, Any], Tree]:
    """A percentile with a literal share."""

    def rule(a: Meaning, node: Any) -> Tree:
        share = e.lit(0.5) if isinstance(node, exp.Median) else node.args["quantile"]
        if not (isinstance(share, exp.Literal) and share.is_number and 0 <= float(share.name) <= 1):
            return a.reject(f"the percentage of {name_of(node)} must be a number from 0 to 1 that is written out")
        return typed(operation.of(_double(a, node), e.lit(float(share.name))), Kind.FLOAT)

    return rule


def _double(a: Meaning, node: Any) -> Tree:
    """The argument of an aggregate, as a double."""
    if isinstance(node.this, exp.Distinct):
        return a.reject(f"{name_of(node)} takes all values, not the distinct ones", hint="select distinct values in a sub-query")
    (x,) = a.numbers(name_of(node), [node.this])
    return a.as_double(x)


def _correlation(a: Meaning, node: exp.Corr) -> Tree:
    return typed(Correlation.of(*map(a.as_double, a.numbers("corr()", [node.this, node.expression]))), Kind.FLOAT)


def _distinct(a: Meaning, node: exp.ApproxDistinct) -> Tree:
    return typed(exp.Count(this=exp.Distinct(expressions=[node.this.copy()])), Kind.INTEGER)


def over_rows(a: Meaning, node: exp.Window | exp.Filter) -> Tree:
    """An aggregate over a window, or over the rows that a FILTER leaves."""
    if isinstance(node.this, Operation):
        hint = "put CASE WHEN … THEN … END into it" if isinstance(node, exp.Filter) else "group by it in a sub-query, and join that"
        return a.reject(f"{node.key.upper()} cannot be used with a percentile, a median or a correlation", hint=hint)
    return a.one_of(node, [node.this])


AGGREGATES: Mapping[type[Any], Callable[[Meaning, Any], Tree]] = {
    **dict.fromkeys((exp.Quantile, exp.Median), _percentile(Quantile)),
    exp.ApproxQuantile: _percentile(DiscreteQuantile),
    exp.Corr: _correlation,
    exp.ApproxDistinct: _distinct,
}
"""Node → its rule."""
