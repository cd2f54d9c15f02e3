"""Distances between two groups in a continuous label, before a threshold makes it binary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import BELOW, Dataset, Kind
from tilth.engine.expressions import alias, and_, coalesce, col, double, eq, in_, lit, mul, not_null, or_, sub
from tilth.engine.layers import table as named
from tilth.engine.operations.numbers import Divide, Finite
from tilth.engine.session import Session
from tilth.engine.statistics import highest, total
from tilth.measures.bias.axis import MISSING_KEY, Axis, Side
from tilth.measures.bias.cube import WEIGHTS, Facets
from tilth.measures.bias.request import BiasRequest

Y, NEXT = "y", "next"


def label_distances(
    facet: Facets, sides: Sequence[Side], label: Axis, request: BiasRequest, data: Dataset, engine: Session
) -> dict[str, Any]:
    """Side → (the largest gap between the two cumulative distributions of the label, the area between them), over finite labels.

    The first is the two-sample Kolmogorov–Smirnov statistic max|F_a − F_d|, in [0, 1]; the second the 1-Wasserstein distance ∫|F_a − F_d|,
    in the label's unit. Takes one grouped scan for all sides of a facet. Empty for facets and labels that are numbers written as strings.
    """
    asked = [s for s in sides if s.keys and MISSING_KEY not in s.keys]
    if label.kind is Kind.STRING or any(a.intervals and a.kind is Kind.STRING for a in facet.axes) or not asked:
        return {}
    steps = data.rows(_by_value(facet, asked, label, request), out=(Y, "all", *(f"d{i}" for i in range(len(asked)))))
    steps = steps.rows(_running(len(asked)), out=(Y, NEXT, *(f"gap{i}" for i in range(len(asked)))))
    gaps = [col(f"gap{i}") for i in range(len(asked))]
    wanted = [(highest(g), total(mul(g, sub(col(NEXT), col(Y))))) for g in gaps]
    found = engine.answer(steps, [s for pair in wanted for s in pair])
    return {side.name: (found[ks], found[area]) for side, (ks, area) in zip(asked, wanted, strict=True)}


def _by_value(facet: Facets, sides: Sequence[Side], label: Axis, request: BiasRequest) -> exp.Select:
    """The rows of each side by value of the label."""
    y = Finite.of(double(col(label.column)))
    column = WEIGHTS if request.frequency else request.weight
    weight = lit(1.0) if column is None else double(col(column))
    known = and_(*(not_null(a.keys_tree) for a in facet.axes)) if request.missing != "clarify" else exp.true()
    numbers = [alias(_sum_where(weight, known), "all")]
    numbers += [alias(_sum_where(weight, _inside(facet, side)), f"d{i}") for i, side in enumerate(sides)]
    select = exp.Select(expressions=[alias(y, Y), *numbers]).from_(named(BELOW), copy=False)
    return select.where(not_null(y), copy=False).group_by(y.copy(), copy=False)


def _sum_where(x: Tree, condition: Tree) -> Tree:
    filtered = exp.Filter(this=exp.Sum(this=x.copy()), expression=exp.Where(this=condition.copy()))
    return coalesce(filtered, lit(0.0))


def _inside(facet: Facets, side: Side) -> Tree:
    """The condition that a row belongs to a side."""
    if len(facet.axes) == 1:
        return in_(facet.axes[0].keys_tree, sorted(side.keys))
    return or_(*(and_(*(eq(a.keys_tree, lit(part)) for a, part in zip(facet.axes, key, strict=True))) for key in sorted(side.keys)))


def _running(sides: int) -> exp.Select:
    """For each value, the gap between the cumulative distributions, and the next value."""
    following = exp.Window(this=exp.Anonymous(this="lead", expressions=[col(Y)]), order=_by_y())
    shares = ((_running_share(sub(col("all"), d)), _running_share(d)) for d in (col(f"d{i}") for i in range(sides)))
    gaps = [alias(exp.Abs(this=sub(a, d)), f"gap{i}") for i, (a, d) in enumerate(shares)]
    return exp.Select(expressions=[col(Y), alias(following, NEXT), *gaps]).from_(named(BELOW), copy=False)


def _running_share(x: Tree) -> Tree:
    so_far = exp.Window(this=exp.Sum(this=x.copy()), order=_by_y())
    return Divide.of(so_far, exp.Window(this=exp.Sum(this=x.copy())))


def _by_y() -> exp.Order:
    return exp.Order(expressions=[exp.Ordered(this=col(Y), nulls_first=False)])
