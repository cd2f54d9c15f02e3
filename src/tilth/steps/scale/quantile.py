"""quantile: maps numbers to their rank in training, with a uniform or normal distribution."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import groupby
from typing import Any, ClassVar, Literal

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column, Dataset, Schema
from tilth.engine.expressions import add, case, col, eq, ge, if_else, is_null, le, lit, lt, mul, number, sub
from tilth.engine.needs import Need
from tilth.engine.operations.aggregates import Quantiles
from tilth.engine.operations.numbers import Divide, Finite, NaturalLogarithm, SquareRoot, clipped
from tilth.engine.statistics import Statistic
from tilth.errors import Mistake
from tilth.steps.scale.discretize import placed
from tilth.steps.step import Asking, ColumnStep, Learned

MOST = 1_000
LEAST = 1e-7  # the share that becomes the smallest number of the normal distribution
SHARE, ROOT = "share", "root"  # columns on the way to a normal distribution


@dataclass(frozen=True)
class QuantileTransform(ColumnStep):
    """Replaces a number by the share of training values below it, from 0 to 1, whatever their distribution.

    It interpolates between `n_quantiles` quantiles of the finite training values, in equal steps from the smallest to the largest; of equal
    quantiles it takes the middle. Smaller values become 0, larger ones 1. With `output_distribution: normal`, the share p becomes Φ⁻¹(p),
    limited to the values for 10⁻⁷ and 1 − 10⁻⁷ (±5.2). Gives floats; null stays null.

    Elsewhere: scikit-learn's QuantileTransformer with `subsample=None`, which uses fewer quantiles if there are fewer values.

    Errors: a column that is not numeric, or without a finite value in training. Source of Φ⁻¹: Wichura 1988, algorithm AS 241.

    >>> print(QuantileTransform("income", output_distribution="normal"))
    quantile(columns='income', output_distribution='normal')
    """

    name = "quantile"
    parts = frozenset({"features"})
    learned_types: ClassVar[Mapping[str, Any]] = {"values": list[float], "first": list[float], "last": list[float]}

    n_quantiles: int = 100
    """The number of quantiles."""
    output_distribution: Literal["uniform", "normal"] = "uniform"
    """The distribution of the results."""

    def mistakes(self) -> Iterator[Mistake]:
        if not 2 <= self.n_quantiles <= MOST:
            yield Mistake(f"quantile: `n_quantiles` is {self.n_quantiles}", accepted=f"2 to {MOST:,}", code="bad-value")

    def asked(self, column: Column) -> Asking[Mapping[str, Any]]:
        steps = self.n_quantiles - 1
        shares = [i / steps for i in range(self.n_quantiles)]
        need: Need = Statistic(Quantiles.of(Finite.of(col(column.name)), *map(lit, shares)))
        found = (yield [need])[need]
        if found is None or found[0] is None:
            raise self.nothing_to_learn(column, "no finite value")
        line = [(x, [p for _, p in at]) for x, at in groupby(zip((x + 0.0 for x in found), shares, strict=True), key=lambda pair: pair[0])]
        return {"values": [x for x, _ in line], "first": [at[0] for _, at in line], "last": [at[-1] for _, at in line]}

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        return {column.name: _normal(column.name) if self.output_distribution == "normal" else _share(number(column), **learned)}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        helpers = {}
        if self.output_distribution == "normal":
            shares = {
                _held(SHARE, c): clipped(_share(number(schema[c]), **state), lit(LEAST), lit(1 - LEAST)) for c, state in learned.items()
            }
            roots = {_held(ROOT, c): _root(c) for c in learned}
            data, helpers = data.change(shares).change(roots), shares | roots
        return super().made(data, schema, learned).change(dict.fromkeys(helpers))

    def accepts(self, column: Column) -> str:
        return "" if column.kind.numeric else "has no quantiles: it is not numeric"


def _share(x: Tree, values: Sequence[float], first: Sequence[float], last: Sequence[float]) -> Tree:
    """The share of the training values below x, by the quantiles and the first and last share that each of them has."""
    lines = [_line(x, values[i : i + 2], last[i], first[i + 1], (first[i] + last[i]) / 2) for i in range(len(values) - 1)]
    within = placed(x, values[1:-1], lines, lt) if lines else lit(0.0)
    return case((is_null(x), lit(None)), (le(x, lit(values[0])), lit(0.0)), (ge(x, lit(values[-1])), lit(1.0)), otherwise=within)


def _line(x: Tree, ends: Sequence[float], low: float, high: float, middle: float) -> Tree:
    """The share between two quantiles; at the first of them the middle of its shares."""
    slope = (high - low) / width if (width := ends[1] - ends[0]) else math.inf
    line = add(lit(low), mul(sub(x, lit(ends[0])), lit(slope if math.isfinite(slope) else 0.0)))
    return line if low == middle else if_else(eq(x, lit(ends[0])), lit(middle), line)


# ── Φ⁻¹, for shares from 10⁻⁷ on: two of the three ranges of AS 241 ──

MIDDLE = 0.425
A = (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4,
     4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3)  # fmt: skip
B = (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4, 5.2264952788528545610e3)  # fmt: skip
C = (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
     1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4)  # fmt: skip
D = (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9)  # fmt: skip


def _root(column: str) -> Tree:
    """The argument of the polynomials: 0.425² − (p − ½)² in the middle, else √(−ln p) − 1.6 of the smaller of p and 1 − p."""
    p = col(_held(SHARE, column))
    tail = SquareRoot.of(sub(lit(0.0), NaturalLogarithm.of(if_else(lt(p, lit(0.5)), p, sub(lit(1.0), p)))))
    return if_else(_is_middle(p), sub(lit(MIDDLE**2), mul(_centred(p), _centred(p))), sub(tail, lit(1.6)))


def _normal(column: str) -> Tree:
    """Φ⁻¹(p)."""
    p, r = col(_held(SHARE, column)), col(_held(ROOT, column))
    tail = Divide.of(_polynomial(r, C), _polynomial(r, D))
    return case(
        (_is_middle(p), mul(_centred(p), Divide.of(_polynomial(r, A), _polynomial(r, B)))),
        (lt(p, lit(0.5)), sub(lit(0.0), tail)),
        (ge(p, lit(0.5)), tail),
    )


def _centred(p: Tree) -> Tree:
    return sub(p, lit(0.5))


def _is_middle(p: Tree) -> Tree:
    return le(exp.Abs(this=_centred(p)), lit(MIDDLE))


def _polynomial(x: Tree, coefficients: Sequence[float]) -> Tree:
    """Σ cᵢ xⁱ."""
    *rest, highest = coefficients
    return reduce(lambda sum_, c: add(mul(sum_, x), lit(c)), rest[::-1], lit(highest))


def _held(what: str, column: str) -> str:
    """A column that is dropped again."""
    return f"\x1f{what} of {column}"
