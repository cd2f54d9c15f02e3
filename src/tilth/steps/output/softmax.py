"""softmax, log_softmax: scores become probabilities, or their logarithms."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.expressions import Expression as Tree

from tilth.data import Dataset, Roles, Schema, select, words_of
from tilth.engine.expressions import added, and_, case, col, eq, greatest, gt, if_else, is_null, lit, number, sub
from tilth.engine.operations.numbers import Divide, Exponential, NanToNull, NaturalLogarithm
from tilth.errors import Mistake, RequestError
from tilth.steps.step import Learned, Learning, Selector, Step

MOST, WHOLE = "\x1fmost", "\x1fwhole"  # columns for the greatest score and the sum of the exponentials
INFINITY = lit(math.inf)


@dataclass(frozen=True)
class OfScores(Step):
    """The base of steps that transform all scores of a row together."""

    parts = frozenset({"features", "output"})
    learns = False
    learned_types: ClassVar[Mapping[str, Any]] = {"columns": list[str]}
    fewest: ClassVar[int] = 2

    columns: Selector = "prediction*"
    """The scores: names, kinds (numeric …), roles, patterns with `*`; `!` in front excludes."""

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        chosen = list(self._chosen(schema, roles))
        if len(chosen) < self.fewest:
            message = f"{self.name}: {chosen[0]!r} is one score, of which it would make the same number in each row"
            raise RequestError(message, accepted="a score for each class", hint="`sigmoid` makes a probability of one", code="one-score")
        return {"": {"columns": chosen}}

    def _chosen(self, schema: Schema, roles: Roles) -> Sequence[str]:
        """The columns, in the order of their names in the flow, or in the order of the table."""
        words = words_of(self.columns)
        found = self.chosen_numbers(self.columns, schema, roles)
        return words if all(w in schema for w in words) else found

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        return frozenset(select(self.columns, schema, roles))


@dataclass(frozen=True)
class Softmax(OfScores):
    """Turns the scores of a row into probabilities that sum to 1.

    xᵢ' = exp(xᵢ/T − m) / Σⱼ exp(xⱼ/T − m), where T is the temperature and m the greatest of the xⱼ/T, so that no exponential overflows. One
    score of ∞ has the probability 1. A row in which a score is null, two are ∞, or all are −∞, gives null for all. Errors: a column that is
    not numeric; a temperature that is not above 0. Source: Bridle 1990; temperature: Guo and others 2017, "On calibration of modern neural
    networks".

    >>> print(Softmax(("yes", "no")))
    softmax(columns=['yes', 'no'])
    """

    name = "softmax"

    temperature: float = 1.0
    """The divisor of the scores: above 1, probabilities come closer to each other."""

    def mistakes(self) -> Iterator[Mistake]:
        return of_temperature(self.name, self.temperature)

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        chosen, data = learned[""]["columns"], scored(data, schema, learned, self.temperature)
        data = data.change({c: exponential(col(c)) for c in chosen}).change({WHOLE: added(*map(col, chosen))})
        tied = and_(eq(col(MOST), INFINITY), gt(col(WHOLE), lit(1.0)))
        made = {c: case((tied, exp.Null()), otherwise=NanToNull.of(Divide.of(col(c), col(WHOLE)))) for c in chosen}
        return data.change(made).change({MOST: None, WHOLE: None})


@dataclass(frozen=True)
class LogSoftmax(OfScores):
    """Turns the scores of a row into logarithms of probabilities, without computing the probabilities, which would underflow to 0 for low
    scores.

    xᵢ' = xᵢ − m − ln Σⱼ exp(xⱼ − m), where m is the greatest of the scores. One score of ∞ becomes 0 and all others −∞. A row in which a
    score is null, two are ∞, or all are −∞, gives null for all. Errors: a column that is not numeric.

    >>> print(LogSoftmax())
    log_softmax()
    """

    name = "log_softmax"

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        chosen, data = learned[""]["columns"], scored(data, schema, learned)
        data = data.change({WHOLE: added(*(exponential(col(c)) for c in chosen))})
        tied = and_(eq(col(MOST), INFINITY), gt(col(WHOLE), lit(1.0)))

        def logarithm(c: str) -> Tree:
            above = if_else(eq(col(c), INFINITY), lit(0.0), lit(-math.inf))
            made = NanToNull.of(sub(sub(col(c), col(MOST)), NaturalLogarithm.of(col(WHOLE))))
            return case((tied, exp.Null()), (is_null(col(WHOLE)), exp.Null()), (eq(col(MOST), INFINITY), above), otherwise=made)

        return data.change({c: logarithm(c) for c in chosen}).change({MOST: None, WHOLE: None})


def scored(data: Dataset, schema: Schema, learned: Learned, temperature: float = 1.0) -> Dataset:
    """The scores as doubles without NaN, divided by a temperature, and the column `MOST` with the greatest of them."""
    chosen = learned[""]["columns"]
    scores = {c: NanToNull.of(number(schema[c])) for c in chosen}
    if temperature != 1:
        scores = {c: Divide.of(score, lit(temperature)) for c, score in scores.items()}
    return data.change(scores).change({MOST: most(*map(col, chosen))})


def most(*scores: Tree) -> Tree:
    """The greatest of the scores that are not null."""
    return greatest(*scores) if len(scores) > 1 else scores[0]


def exponential(x: Tree) -> Tree:
    """exp(x − m); where m is ∞, 1 for x = ∞ and 0 for others."""
    above = if_else(eq(x, INFINITY), lit(1.0), lit(0.0))
    return case((is_null(x), exp.Null()), (eq(col(MOST), INFINITY), above), otherwise=Exponential.of(sub(x, col(MOST))))


def of_temperature(name: str, temperature: float) -> Iterator[Mistake]:
    """The mistake of a temperature that scores cannot be divided by."""
    if not 0 < temperature < math.inf:
        yield Mistake(f"{name}: the temperature is {temperature}", accepted="a number above 0", code="bad-value")
