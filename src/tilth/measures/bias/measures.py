"""The eight bias metrics that need no model: what each is of, its range, and how it is computed from a two-sided table of counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlglot.expressions import Expression as Tree

from tilth.engine.statistics import Statistic, count
from tilth.metrics import contrasts
from tilth.metrics.metric import Metric

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Sides:
    """Rows by side, stratum and outcome: numbers of shape (draws, side, stratum, outcome).

    Side 0 is a, side 1 is d. Outcome 0 is negative, 1 positive, 2 unknown; the last stratum holds the rows whose group is unknown.
    """

    numbers: Numbers

    @cached_property
    def rows(self) -> Numbers:
        """(draws, side): rows whatever their outcome."""
        found: Numbers = self._without_strata.sum(axis=2)
        return found

    @cached_property
    def outcomes(self) -> Numbers:
        """(draws, side, outcome): rows whose outcome is known."""
        return self._without_strata[..., :2]

    @cached_property
    def _without_strata(self) -> Numbers:
        """(draws, side, outcome)"""
        found: Numbers = self.numbers.sum(axis=2)
        return found

    @property
    def strata(self) -> Numbers:
        """(draws, side, stratum, outcome): rows whose outcome and group are known."""
        found: Numbers = self.numbers[:, :, :-1, :2]
        return found

    @cached_property
    def shares(self) -> tuple[Numbers, Numbers]:
        """The distribution of the outcomes in a and in d: (draws, outcome) each."""
        p = contrasts.shares(self.outcomes)
        return p[:, 0], p[:, 1]


Formula = Callable[[Sides], Numbers]


@dataclass(frozen=True)
class BiasMeasure:
    """A bias metric: its short and long name, the columns it needs, its range, its neutral value, the band that is by convention
    acceptable, and its formula.
    """

    name: str
    title: str
    needs: tuple[str, ...]
    range: tuple[float, float]
    formula: Formula
    band: tuple[float, float] | None = None
    neutral: float = 0.0

    @property
    def description(self) -> str:
        """The name that result files carry."""
        return f"{self.title} ({self.name})"


def _imbalance(t: Sides) -> Numbers:
    rows = t.rows
    return contrasts.imbalance(rows[:, 0], rows[:, 1])


def _difference(t: Sides) -> Numbers:
    a, d = t.shares
    found: Numbers = a[:, 1] - d[:, 1]
    return found


def _between_shares(formula: Callable[[Numbers, Numbers], Numbers]) -> Formula:
    return lambda t: formula(*t.shares)


def _conditional(t: Sides) -> Numbers:
    strata = t.strata
    both = strata.sum(axis=1)
    return contrasts.conditional_disparity(strata[:, 1, :, 0], both[..., 0], strata[:, 1, :, 1], both[..., 1])


def plain_disparity(t: Sides) -> Numbers:
    """The disparity without strata: `conditional_disparity` of one stratum that holds all rows."""
    d, both = t.outcomes[:, 1], t.outcomes.sum(axis=1)
    return contrasts.disparity(d[:, 0], both[:, 0], d[:, 1], both[:, 1])


_OUTCOME = ("facet", "label")
_ALL = (
    BiasMeasure("CI", "Class Imbalance", ("facet",), (-1, 1), _imbalance, (-0.5, 0.5)),
    BiasMeasure("DPL", "Difference in Positive Proportions in Labels", _OUTCOME, (-1, 1), _difference, (-0.1, 0.1)),
    BiasMeasure("KL", "Kullback-Liebler Divergence", _OUTCOME, (0, float("inf")), _between_shares(contrasts.kullback_leibler)),
    BiasMeasure("JS", "Jensen-Shannon Divergence", _OUTCOME, (0, float(np.log(2.0))), _between_shares(contrasts.jensen_shannon), (0, 0.02)),
    BiasMeasure("LP", "L-p Norm", _OUTCOME, (0, float(np.sqrt(2.0))), _between_shares(contrasts.euclidean)),
    BiasMeasure("TVD", "Total Variation Distance", _OUTCOME, (0, 1), _between_shares(contrasts.total_variation), (0, 0.1)),
    BiasMeasure("KS", "Kolmogorov-Smirnov Distance", _OUTCOME, (0, 1), _between_shares(contrasts.largest_gap), (0, 0.1)),
    BiasMeasure("CDDL", "Conditional Demographic Disparity in Labels", (*_OUTCOME, "group"), (-1, 1), _conditional, (-0.1, 0.1)),
)
BIAS_METRICS: dict[str, BiasMeasure] = {m.name: m for m in _ALL}
"""Short name → metric. The title of KL is spelled as published result files spell it."""

BY_LABEL_VALUE: dict[str, Callable[[Numbers, Numbers], Numbers]] = {
    "KL": contrasts.kullback_leibler,
    "JS": contrasts.jensen_shannon,
    "LP": contrasts.euclidean,
    "TVD": contrasts.total_variation,
    "KS": contrasts.largest_gap,
}
"""The distances that a label of several values has without being folded into positive and not."""


@dataclass(frozen=True)
class Bias(Metric):
    """One bias metric, by its short name, of two groups and two outcomes that conditions tell apart. None where a group is empty.

    `d` is true for the rows of the group in question, false for the others, null where that is not known; `positive` likewise for the
    outcome; `group` is what strata are made of, for CDDL. A row of which a needed part is null is left out.

    >>> from tilth.engine.expressions import col
    >>> Bias("DPL", col("female"), col("hired")).value({(True, True): 1, (True, False): 3, (False, True): 1, (False, False): 1})
    0.25
    """

    range = (-math.inf, math.inf)
    of: str
    d: Tree
    positive: Tree
    group: Tree | None = None

    def needs(self) -> tuple[Statistic, ...]:
        return (count().grouped(*(k for k in (self.d, self.positive, self.group) if k is not None)),)

    def value(self, cells: Mapping[tuple[Any, ...], int]) -> float | None:
        strata = sorted({str(cell[2:]) for cell in cells if None not in cell[2:]})
        numbers = np.zeros((1, 2, len(strata) + 1, 3))
        at = {s: i for i, s in enumerate(strata)}
        for (d, positive, *stratum), n in cells.items():
            if d is not None:
                numbers[0, int(d), at.get(str(tuple(stratum)), len(strata)), 2 if positive is None else int(positive)] += n
        return self._of(Sides(numbers))

    def _of(self, sides: Sides) -> float | None:
        asked = BIAS_METRICS[self.of]
        used = (
            sides.strata.sum(axis=(2, 3))
            if "group" in asked.needs
            else sides.outcomes.sum(axis=2)
            if "label" in asked.needs
            else sides.rows
        )
        return value_or_none(asked.formula(sides)[0]) if used.all() else None

    @property
    def name(self) -> str:
        return self.of


def value_or_none(x: float) -> float | None:
    """NaN, which is what formulas give where there is nothing to compare, as None."""
    return None if np.isnan(x) else float(x)
