"""sigmoid, log_sigmoid, logit, tanh, relu, elu, softplus, temperature: each score by itself becomes another number."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column
from tilth.engine.expressions import add, and_, case, ge, greatest, gt, is_null, le, least, lit, lt, mul, number, sub
from tilth.engine.operations.numbers import Divide, Exponential, HyperbolicTangent, LogOnePlus, NanToNull, NaturalLogarithm
from tilth.errors import Mistake
from tilth.steps.output.softmax import of_temperature
from tilth.steps.step import ColumnStep, Selector

ZERO, ONE = lit(0.0), lit(1.0)
NEAREST = 1e-12  # the distance from 0 and 1 at which `logit` cuts probabilities


@dataclass(frozen=True)
class Activation(ColumnStep):
    """A function of one score."""

    parts = frozenset({"features", "output"})

    columns: Selector = "prediction*"
    """The scores: names, kinds (numeric …), roles, patterns with `*`; `!` in front excludes."""

    @abstractmethod
    def of(self, x: Tree) -> Tree:
        """The function of a double that is not NaN; null for null."""

    def accepts(self, column: Column) -> str:
        return "" if column.kind.numeric else "is not numeric"

    def change(self, column: Column, **learned: Any) -> Mapping[str, Tree | None]:
        return {column.name: self.of(NanToNull.of(number(column)))}


@dataclass(frozen=True)
class Sigmoid(Activation):
    """Turns a score into a number from 0 to 1: the probability of its class.

    x' = 1 / (1 + exp(−x)), for x < 0 computed as exp(x) / (1 + exp(x)), so that no exponential overflows; 1 for ∞, 0 for −∞, null for null
    and NaN. Errors: a column that is not numeric. Elsewhere: the logistic function, scipy's `expit`.

    >>> print(Sigmoid("score"))
    sigmoid(columns='score')
    """

    name = "sigmoid"

    def of(self, x: Tree) -> Tree:
        up, down = Exponential.of(x), Exponential.of(mul(x, lit(-1.0)))
        return case((ge(x, ZERO), Divide.of(ONE, add(ONE, down))), otherwise=Divide.of(up, add(ONE, up)))


@dataclass(frozen=True)
class LogSigmoid(Activation):
    """Turns a score into the logarithm of its sigmoid, without computing the sigmoid, which would underflow to 0 for very negative scores.

    x' = −ln(1 + exp(−x)), computed as min(x, 0) − ln(1 + exp(−|x|)) with a logarithm that is precise near 1; −∞ for −∞, null for null and
    NaN. Errors: a column that is not numeric. Elsewhere: scipy's `log_expit`.

    >>> print(LogSigmoid())
    log_sigmoid()
    """

    name = "log_sigmoid"

    def of(self, x: Tree) -> Tree:
        below = sub(x, LogOnePlus.of(Exponential.of(x)))
        above = sub(ZERO, LogOnePlus.of(Exponential.of(mul(x, lit(-1.0)))))
        return case((ge(x, ZERO), above), otherwise=below)


@dataclass(frozen=True)
class Logit(Activation):
    """Turns a probability into a score, the inverse of `sigmoid`.

    x' = ln x − ln(1 − x), with x cut to 1e-12 … 1 − 1e-12, so that 0 and 1 give ∓27.6. Null for null, NaN, and values that are not
    probabilities, below 0 or above 1. Errors: a column that is not numeric. Elsewhere: scipy's `logit`.

    >>> print(Logit("probability"))
    logit(columns='probability')
    """

    name = "logit"

    def of(self, x: Tree) -> Tree:
        cut = least(greatest(x, lit(NEAREST)), lit(1 - NEAREST))
        return case((and_(ge(x, ZERO), le(x, ONE)), sub(NaturalLogarithm.of(cut), LogOnePlus.of(mul(cut, lit(-1.0))))))


@dataclass(frozen=True)
class Tanh(Activation):
    """Maps a score to a number from −1 to 1, its hyperbolic tangent.

    x' = (exp(2x) − 1) / (exp(2x) + 1); 1 for ∞, −1 for −∞, null for null and NaN. Errors: a column that is not numeric.

    >>> print(Tanh())
    tanh()
    """

    name = "tanh"

    def of(self, x: Tree) -> Tree:
        return HyperbolicTangent.of(x)


@dataclass(frozen=True)
class Relu(Activation):
    """Sets scores below 0 to 0, or multiplies them by a slope.

    x' = x for x > 0, else slope · x; 0 for −0 and, without a slope, for −∞. Null for null and NaN. Errors: a column that is not numeric; a
    slope that is below 0 or infinite. Source: the leaky form is that of Maas and others 2013, "Rectifier nonlinearities improve neural
    network acoustic models".

    >>> print(Relu("score"), Relu("score", slope=0.01))
    relu(columns='score') relu(columns='score', slope=0.01)
    """

    name = "relu"

    slope: float = 0.0
    """The factor of scores below 0; 0.01 is usual for a leaky ReLU."""

    def mistakes(self) -> Iterator[Mistake]:
        if not 0 <= self.slope < math.inf:
            yield Mistake(f"relu: the slope is {self.slope}", accepted="0 or a number above it", code="bad-value")

    def of(self, x: Tree) -> Tree:
        below = case((lt(x, ZERO), mul(x, lit(float(self.slope)))), otherwise=ZERO) if self.slope else ZERO
        return case((is_null(x), exp.Null()), (gt(x, ZERO), x), otherwise=below)


@dataclass(frozen=True)
class Elu(Activation):
    """Bends scores below 0 to an exponential that ends at a lowest value.

    x' = x for x > 0, else α (exp(x) − 1), computed as α · 2t / (1 − t) with t = tanh(x/2), which is precise near 0; −α for −∞, null for
    null and NaN. Errors: a column that is not numeric; an α that is not above 0. Source: Clevert and others 2015, "Fast and accurate deep
    network learning by exponential linear units".

    >>> print(Elu("score"))
    elu(columns='score')
    """

    name = "elu"

    alpha: float = 1.0
    """The α: the lowest value is −α."""

    def mistakes(self) -> Iterator[Mistake]:
        if not 0 < self.alpha < math.inf:
            yield Mistake(f"elu: alpha is {self.alpha}", accepted="a number above 0", code="bad-value")

    def of(self, x: Tree) -> Tree:
        t = HyperbolicTangent.of(mul(x, lit(0.5)))
        below = mul(Divide.of(add(t, t), sub(ONE, t)), lit(float(self.alpha)))
        return case((gt(x, ZERO), x), (lt(x, ZERO), below), (is_null(x), exp.Null()), otherwise=ZERO)


@dataclass(frozen=True)
class Softplus(Activation):
    """Maps a score to a number above 0: for large scores almost the score, for very negative ones almost 0.

    x' = ln(1 + exp(x)), computed as max(x, 0) + ln(1 + exp(−|x|)) with a logarithm that is precise near 1; ∞ for ∞, 0 for −∞, null for null
    and NaN. Errors: a column that is not numeric.

    >>> print(Softplus())
    softplus()
    """

    name = "softplus"

    def of(self, x: Tree) -> Tree:
        above = add(x, LogOnePlus.of(Exponential.of(mul(x, lit(-1.0)))))
        return case((ge(x, ZERO), above), otherwise=LogOnePlus.of(Exponential.of(x)))


@dataclass(frozen=True)
class Temperature(Activation):
    """Divides scores by a temperature, before `softmax` or `sigmoid`: above 1, probabilities come closer to each other.

    x' = x / T. The highest score stays the highest. Null for null and NaN. Errors: a column that is not numeric; a
    temperature that is not above 0. Source: Guo and others 2017, "On calibration of modern neural networks".

    >>> print(Temperature(value=1.7))
    temperature(value=1.7)
    """

    name = "temperature"

    value: float = 1.0
    """The temperature T."""

    def mistakes(self) -> Iterator[Mistake]:
        return of_temperature(self.name, self.value)

    def of(self, x: Tree) -> Tree:
        return Divide.of(x, lit(float(self.value)))
