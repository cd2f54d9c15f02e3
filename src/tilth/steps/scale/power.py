"""power: transforms numbers, for instance to logarithms, to make their distribution less skewed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column
from tilth.engine.expressions import add, and_, case, col, ge, gt, if_else, is_null, lit, mul, not_null, number, sub
from tilth.engine.operations.numbers import Divide, Finite, NaturalLogarithm, Power, SquareRoot
from tilth.engine.statistics import central_moment, count_of, highest, lowest, total
from tilth.errors import RequestError
from tilth.steps.step import Asking, ColumnStep

DIGITS = 6  # of λ after the point: the likelihood hardly changes within them, and engines agree in them
GRID = [-2 + i / 2 for i in range(13)]  # λ at which the likelihood is computed first
FURTHEST = 2  # times that the grid is moved where its end is best
AROUND = (1 / 8, 1 / 128)  # then of seven λ at most so far from the best of the curve through those before
MOVES = 8  # times that the seven are moved where their end is best


@dataclass(frozen=True)
class PowerTransform(ColumnStep):
    """Transforms numbers so that their distribution is less skewed.

    | `with` | x' | for |
    |---|---|---|
    | `yeo_johnson` | ((x + 1)^λ − 1) / λ for x ≥ 0, −((1 − x)^(2 − λ) − 1) / (2 − λ) below; logarithms for λ = 0 and 2 | all numbers |
    | `box_cox` | (x^λ − 1) / λ, or ln x for λ = 0 | x > 0 |
    | `log`, `log1p` | ln x, ln(x + 1) | x > 0, x > −1 |
    | `sqrt`, `square` | √x, x² | x ≥ 0, all numbers |

    λ is the maximum-likelihood estimate under a normal distribution of x', from the finite training values, to six decimals; for a constant
    column it is 1. Finding it takes four scans or more: the likelihood of 13 values of λ, then of seven at a time near the best one. Values
    outside the domain become null and are counted. Gives floats; null stays null. Add [`scale`](#scale) after it for mean 0 and deviation
    1.

    Elsewhere: scikit-learn's PowerTransformer with `standardize=False`. Box and Cox 1964, "An analysis of transformations"; Yeo and Johnson
    2000, "A new family of power transformations to improve normality or symmetry".

    Errors: a column that is not numeric, or without a finite value in training; for `box_cox`, training values of 0 or less.

    >>> print(PowerTransform("income", with_="log1p"))
    power(columns='income', with='log1p')
    """

    name = "power"
    parts = frozenset({"features"})

    with_: Literal["yeo_johnson", "box_cox", "log", "log1p", "sqrt", "square"] = "yeo_johnson"
    """The transformation. For `yeo_johnson` and `box_cox`, λ is learned."""

    @property
    def _family(self) -> Callable[[Tree, float], Tree]:
        return {"yeo_johnson": yeo_johnson, "box_cox": box_cox}[self.with_]

    @property
    def _learned(self) -> bool:
        return self.with_ in ("yeo_johnson", "box_cox")

    def asked(self, column: Column) -> Asking[Mapping[str, Any]]:
        if not self._learned:
            return {}
        x = Finite.of(col(column.name))
        n, low, high, logs = count_of(x), lowest(x), highest(x), total(_log_slope(x, self.with_))
        found = yield [n, low, high, logs]
        self._reject(column, found[low])
        if found[low] == found[high]:
            return {"lambda": 1.0}
        return {"lambda": round((yield from self._likeliest(x, found[n], found[logs])), DIGITS) + 0.0}

    def _reject(self, column: Column, low: float | None) -> None:
        if low is None:
            raise self.nothing_to_learn(column, "no finite value")
        if self.with_ == "box_cox" and low <= 0:
            message = f"power: column {column.name!r} has values of 0 or less, and box_cox takes none"
            raise RequestError(message, hint="use `with: yeo_johnson`", code="outside-domain")

    def _likeliest(self, x: Tree, n: int, logs: float) -> Asking[float]:
        """The λ of greatest likelihood."""
        grid = GRID
        for move in range(FURTHEST + 1):
            likelihoods = yield from self._likelihoods(x, n, logs, grid)
            best = int(likelihoods.argmax())
            if 0 < best < len(grid) - 1 or move == FURTHEST:
                break
            grid = [point + (len(grid) - 1) / 2 * (1 if best else -1) for point in grid]
        near = slice(max(best - 1, 0), best + 2)
        middle = _peak(np.array(grid[near]), likelihoods[near])
        for width in AROUND:
            for _ in range(MOVES):
                places = np.linspace(middle - width, middle + width, 7)
                likelihoods = yield from self._likelihoods(x, n, logs, places.tolist())
                middle = float(places[likelihoods.argmax()])
                if places[0] < middle < places[-1]:
                    break
            middle = _peak(places, likelihoods)
        return middle

    def _likelihoods(self, x: Tree, n: int, logs: float, grid: Sequence[float]) -> Asking[np.ndarray]:
        """The log-likelihood for each λ, up to a constant: −n/2 ln σ² + (λ − 1) Σ ln dx'/dx at λ = 0."""
        asked = [central_moment(Finite.of(self._family(x, point))) for point in grid]
        found = yield asked
        moments = np.array([found[need] or math.nan for need in asked])
        likelihoods = -n / 2 * np.log(moments / n) + (np.array(grid) - 1) * logs
        finite = np.isfinite(likelihoods)  # not of a moment beyond all doubles
        return np.where(finite, likelihoods, likelihoods[finite].min(initial=0.0) - 1.0)

    def state(self, column: Column | None) -> Mapping[str, Any] | None:
        return {"lambda": float} if self._learned else {}

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        return {column.name: self._made(number(column), **learned)}

    def _made(self, x: Tree, **learned: Any) -> Tree:
        match self.with_:
            case "log":
                return NaturalLogarithm.of(x)
            case "log1p":
                return NaturalLogarithm.of(add(x, lit(1.0)))
            case "sqrt":
                return SquareRoot.of(x)
            case "square":
                return mul(x, x)
        return self._family(x, learned["lambda"])

    def counted(self, column: Column, **learned: Any) -> Mapping[str, Tree]:
        outside = and_(not_null(col(column.name)), is_null(self._made(number(column), **learned)))
        return {} if self.with_ in ("yeo_johnson", "square") else {"outside the domain": outside}

    def accepts(self, column: Column) -> str:
        return "" if column.kind.numeric else "cannot be transformed: it is not numeric"


def _peak(places: np.ndarray, likelihoods: np.ndarray) -> float:
    """Where the curve through some likelihoods is highest, between the first place and the last."""
    curve = np.polynomial.Chebyshev.fit(places, likelihoods, len(places) - 1)
    tops = [float(r.real) for r in curve.deriv().roots() if abs(r.imag) < 1e-9 and places[0] < r.real < places[-1]]
    return max([float(places[likelihoods.argmax()]), *tops], key=lambda at: float(curve(at)))


def yeo_johnson(x: Tree, power: float) -> Tree:
    """x on the scale of Yeo and Johnson."""
    upper = _raised(add(x, lit(1.0)), power)
    lower = _raised(sub(lit(1.0), x), 2.0 - power)
    return case((ge(x, lit(0.0)), upper), (not_null(x), sub(lit(0.0), lower)))


def box_cox(x: Tree, power: float) -> Tree:
    """x on the scale of Box and Cox; null for 0 or less."""
    return if_else(gt(x, lit(0.0)), _raised(x, power))


def _raised(x: Tree, power: float) -> Tree:
    """(x^power − 1) / power, which is ln x for a power of 0."""
    return NaturalLogarithm.of(x) if power == 0 else Divide.of(sub(Power.of(x, lit(float(power))), lit(1.0)), lit(float(power)))


def _log_slope(x: Tree, family: str) -> Tree:
    """ln dx'/dx for one more than λ less than for λ."""
    if family == "box_cox":
        return NaturalLogarithm.of(x)
    log = NaturalLogarithm.of(add(exp.Abs(this=x.copy()), lit(1.0)))
    return case((ge(x, lit(0.0)), log), (not_null(x), sub(lit(0.0), log)))
