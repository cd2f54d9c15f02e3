"""discretize: numbers become bins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from sqlglot.expressions import Expression as Tree

from tilth.data import Column
from tilth.engine.expressions import if_else, le, lit, lt, not_null, number
from tilth.errors import Mistake, RequestError
from tilth.metrics.columns import Maximum, Minimum, Percentile
from tilth.metrics.metric import Question
from tilth.steps.step import ColumnStep

MOST_BINS, MOST_EDGES = 100, 1_000


@dataclass(frozen=True)
class Discretize(ColumnStep):
    """Replaces numbers by the number or the name of the bin that they fall into.

    | `with` | edges between bins |
    |---|---|
    | `quantile` | quantiles of the finite training values, so that bins hold equally many; duplicates and the ends are left out |
    | `uniform` | at equal distances from the smallest to the largest finite training value |
    | `edges` | your own: `edges: [18, 65]` makes three bins |

    The outer bins are open: a value smaller than any in training is in the first bin, ∞ in the last. An edge belongs to the bin above it,
    or with `closed: right` to the bin below it. Null stays null. With `uniform`, a constant column has one bin.

    Elsewhere: scikit-learn's KBinsDiscretizer with `encode='ordinal'`; with `closed: right` pandas' `cut` and `qcut`.

    Errors: a column that is not numeric, or without a finite value in training; a different number of `labels` than of bins.

    >>> print(Discretize("age", with_="edges", edges=(18.0, 65.0)))
    discretize(columns='age', with='edges', edges=[18.0, 65.0])
    """

    name = "discretize"
    parts = frozenset({"features"})
    learned_types: ClassVar[Mapping[str, Any]] = {"edges": list[float]}

    with_: Literal["quantile", "uniform", "edges"] = "quantile"
    """How to find the edges."""
    bins: int = 5
    """`quantile`, `uniform`: the number of bins."""
    edges: tuple[float, ...] = ()
    """`edges`: the edges between bins, in rising order."""
    closed: Literal["left", "right"] = "left"
    """The side on which a bin includes its edge."""
    labels: Literal["number", "interval"] | tuple[str, ...] = "number"
    """The output: the number of the bin, from 0; its interval, such as `[18, 65)`; or names, one for each bin."""

    def mistakes(self) -> Iterator[Mistake]:
        if bool(self.edges) != (self.with_ == "edges"):
            yield Mistake("discretize: `edges` belongs to `with: edges`, and the other way round", code="bad-value")
        if any(not a < b for a, b in zip(self.edges, self.edges[1:], strict=False)) or len(self.edges) > MOST_EDGES:
            yield Mistake(f"discretize: `edges` are up to {MOST_EDGES:,} numbers in rising order", code="bad-value")
        if not 2 <= self.bins <= MOST_BINS:
            yield Mistake(f"discretize: `bins` must be from 2 to {MOST_BINS}", code="bad-value")
        if not isinstance(self.labels, str) and len(set(self.labels)) < len(self.labels):
            yield Mistake("discretize: a name is in `labels` twice", code="bad-value")
        if not isinstance(self.labels, str) and self.with_ == "edges" and len(self.labels) != len(self.edges) + 1:
            message = f"discretize: {len(self.labels)} `labels` for {len(self.edges) + 1} bins"
            yield Mistake(message, accepted="a name for each bin", code="bad-value")

    def needs(self, column: Column) -> Mapping[str, Question]:
        if self.with_ == "edges":
            return {}
        inner = range(1, self.bins) if self.with_ == "quantile" else ()
        ends = {"low": Minimum(column.name, finite=True), "high": Maximum(column.name, finite=True)}
        return {**ends, **{str(i): Percentile(column.name, i / self.bins) for i in inner}}

    def learn(self, column: Column, **measured: Any) -> Mapping[str, Any]:
        if any(v is None for v in measured.values()):
            raise self.nothing_to_learn(column, "no finite value", hint="give the edges yourself, or leave it out")
        edges = self._found(**measured)
        if not isinstance(self.labels, str) and len(self.labels) != len(edges) + 1:
            message = f"discretize: {len(self.labels)} `labels` for column {column.name!r}, which has {len(edges) + 1} bins"
            raise RequestError(message, hint="its values are often equal: ask for fewer bins", code="bins")
        return {"edges": edges}

    def _found(self, low: float = 0.0, high: float = 0.0, **quantiles: float) -> list[float]:
        match self.with_:
            case "quantile":
                return sorted({float(x) for x in quantiles.values() if low < x < high})
            case "uniform":
                steps = range(1, self.bins) if low < high else ()
                return sorted({low + (high / self.bins - low / self.bins) * i for i in steps})
        return [float(x) for x in self.edges]

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        edges: Sequence[float] = learned["edges"]
        test, written = lt if self.closed == "left" else le, [lit(label) for label in self._labels(edges)]
        return {column.name: if_else(not_null(number(column)), placed(number(column), edges, written, test))}

    def _labels(self, edges: Sequence[float]) -> Sequence[Any]:
        """The label of each bin."""
        if self.labels == "number":
            return range(len(edges) + 1)
        if self.labels == "interval":
            return intervals(edges, self.closed)
        return self.labels

    def accepts(self, column: Column) -> str:
        return "" if column.kind.numeric else "has no bins: it is not numeric"


def intervals(edges: Sequence[float], closed: Literal["left", "right"] = "left") -> list[str]:
    """How the bins between edges are written, with the outer ones.

    >>> intervals([18, 65])
    ['(-inf, 18)', '[18, 65)', '[65, inf)']
    """
    ends = [f"{x:.15g}" for x in edges]
    left, right = "[)" if closed == "left" else "(]"
    lows, highs = [f"{left}{x}" for x in ends], [f"{x}{right}" for x in ends]
    return [f"{low}, {high}" for low, high in zip(["(-inf", *lows], [*highs, "inf)"], strict=True)]


def placed(x: Tree, edges: Sequence[float], values: Sequence[Tree], test: Callable[[Tree, Tree], Tree]) -> Tree:
    """The value of the bin of x, by binary search."""
    if not edges:
        return values[0]
    half = len(edges) // 2
    below, above = (placed(x, *part, test) for part in ((edges[:half], values[: half + 1]), (edges[half + 1 :], values[half + 1 :])))
    return if_else(test(x, lit(edges[half])), below, above)
