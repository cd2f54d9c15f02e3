"""sigmoid, log_sigmoid, tanh, relu, temperature: each score by itself becomes another number."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Column
from tilth.engine.expressions import add, case, ge, gt, is_null, lit, mul, number, sub
from tilth.engine.operations.numbers import Divide, Exponential, HyperbolicTangent, LogOnePlus, NanToNull
from tilth.errors import Mistake
from tilth.steps.output.softmax import of_temperature
from tilth.steps.step import ColumnStep, Selector

ZERO, ONE = lit(0.0), lit(1.0)


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
    """Sets scores below 0 to 0.

    x' = max(x, 0); 0 for −∞ and −0, null for null and NaN. Errors: a column that is not numeric.

    >>> print(Relu("score"))
    relu(columns='score')
    """

    name = "relu"

    def of(self, x: Tree) -> Tree:
        return case((is_null(x), exp.Null()), (gt(x, ZERO), x), otherwise=ZERO)


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
