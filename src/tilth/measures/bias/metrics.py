"""The table of bias metrics: one value per metric, from which requests, results, reports and Clarify's lists are read.

A metric is added as one row of `BIAS_METRICS`. `difference` and `ratio` make the rows that compare a rate of each side, as those of a
confusion matrix do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tilth.measures.bias.contingency import Contingency
from tilth.metrics import contrasts, intervals
from tilth.metrics.contrasts import Numbers, divided

Formula = Callable[[Contingency], Numbers]
Rate = Callable[[Contingency], tuple[Numbers, Numbers]]
"""Of each side the rows that count as hits, and the rows that they are a part of: (draws, side) each."""
Stage = Literal["pre_training", "post_training"]


@dataclass(frozen=True)
class Wording:
    """How a value is put into words: a sentence, its word for values above, below and at the neutral one, and a sentence for the rates.

    `{d}` and `{a}` are the groups, `{y}` is the favourable outcome, `{word}` one of `words`, `{than}` is `as` at the neutral value. What
    follows is in percentage points, a factor (`times`) or the group's share of the rows (`share`).
    """

    sentence: str
    rates: str = ""
    words: tuple[str, str, str] = ("less", "more", "as")
    unit: Literal["points", "times", "share"] = "points"


_SIZE = Wording("{d} is", unit="share")
_LABEL = Wording("{d} gets {y} {word} often {than} {a}", "{d} gets {y} in this share of its rows")
_PREDICTED = Wording("{d} is predicted {y} {word} often {than} {a}", "{d} is predicted {y} in this share of its rows")
_TIMES = Wording(_PREDICTED.sentence, words=("more", "less", "as"), unit="times")
_RIGHT = Wording("Predictions are right {word} often for {d} {than} for {a}", "Predictions for {d} are right in this share of its rows")
_STRATA = Wording(
    "Within the strata, {d} is {word} share of the rejected {than} of the accepted", words=("a larger", "a smaller", "the same")
)


@dataclass(frozen=True)
class BiasMetric:
    """A bias metric: names, the axes of the cube that it needs beside the two sides, its range, its formula and what it means.

    `band` is what is acceptable by convention, `neutral` the value without bias. `rate` is what is compared where it is a rate of each
    side: its difference has a p-value. `error` is the closed-form standard error, on a log scale with `log_error`. `undefined` is true
    where the value is by convention only. A `distance` has a meaning over all label values too, not only rejected and accepted.
    """

    name: str
    title: str
    axes: tuple[str, ...]
    range: tuple[float, float]
    formula: Formula
    meaning: str
    wording: Wording | None = None
    band: tuple[float, float] | None = None
    neutral: float = 0.0
    rate: Rate | None = None
    error: Callable[[Contingency], float] | None = None
    log_error: bool = False
    undefined: Callable[[Contingency], bool] = lambda t: False
    distance: bool = False

    @property
    def description(self) -> str:
        """The name that result files carry."""
        return f"{self.title} ({self.name})"

    @property
    def stage(self) -> Stage:
        """Whether it needs a model's predictions."""
        return "post_training" if "prediction" in self.axes else "pre_training"

    def used(self, t: Contingency) -> Numbers:
        """(draws, side): the rows in which everything is known that the metric needs."""
        known = t.known(*self.axes)
        found: Numbers = known.sum(axis=tuple(range(2, known.ndim)))
        return found

    def values(self, t: Contingency) -> Numbers:
        """The metric in each draw; NaN where a side is empty."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.used(t).min(axis=1) == 0, np.nan, self.formula(t))

    def value(self, t: Contingency) -> float | None:
        """The metric of a single table; None where a side is empty."""
        (found,) = self.values(t)
        return None if np.isnan(found) else float(found)

    def closed_interval(self, value: float, t: Contingency, confidence: float) -> tuple[float, float] | None:
        """value ± z · standard error, where there is a closed form of that; on a log scale for a ratio."""
        if self.error is None or not math.isfinite(value) or (self.log_error and value <= 0):
            return None
        if not self.log_error:
            return intervals.normal_interval(value, self.error(t), confidence)
        low, high = intervals.normal_interval(math.log(value), self.error(t), confidence)
        return math.exp(low), math.exp(high)


# ── rates, and rows that compare them ──


def accepted(axis: str) -> Rate:
    """The share of favourable outcomes."""

    def rate(t: Contingency) -> tuple[Numbers, Numbers]:
        known = t.known(axis)
        return known[..., 1], known.sum(axis=-1)

    return rate


def correct(t: Contingency) -> tuple[Numbers, Numbers]:
    """The share of predictions that equal the label."""
    known = t.known("label", "prediction")
    return known[..., 0, 0] + known[..., 1, 1], known.sum(axis=(-2, -1))


def difference(name: str, title: str, axes: tuple[str, ...], rate: Rate, meaning: str, wording: Wording, **more: Any) -> BiasMetric:
    """A row: the rate of a less the rate of d, in [−1, 1]."""

    def formula(t: Contingency) -> Numbers:
        rates = divided(*rate(t))
        return np.where(rates[:, 0] == rates[:, 1], 0.0, rates[:, 0] - rates[:, 1])

    def error(t: Contingency) -> float:
        hits, sizes = (x[0] for x in rate(t))
        return intervals.error_of_difference(hits[0] / sizes[0], sizes[0], hits[1] / sizes[1], sizes[1])

    more = {"band": (-0.1, 0.1), "undefined": lambda t: not rate(t)[1].all(), **more}
    return BiasMetric(name, title, axes, (-1, 1), formula, meaning, wording, rate=rate, error=error, **more)


def ratio(name: str, title: str, axes: tuple[str, ...], rate: Rate, meaning: str, wording: Wording, **more: Any) -> BiasMetric:
    """A row: the rate of d divided by the rate of a, in [0, ∞), 1 where they are equal."""

    def formula(t: Contingency) -> Numbers:
        rates = divided(*rate(t))
        return divided(rates[:, 1], rates[:, 0])

    def error(t: Contingency) -> float:
        hits, sizes = (x[0] for x in rate(t))
        return math.sqrt(sum(1 / h - 1 / n for h, n in zip(hits, sizes, strict=True)))

    more = {"band": (0.8, 1.25), "undefined": lambda t: not rate(t)[0][0, 0], **more}
    return BiasMetric(name, title, axes, (0, math.inf), formula, meaning, wording, neutral=1.0, error=error, log_error=True, **more)


# ── rows of other shapes ──


def distance(
    name: str, title: str, high: float, of_shares: Callable[[Numbers, Numbers], Numbers], kind: str, band: tuple[float, float] | None = None
) -> BiasMetric:
    """A row: how far the distributions of the label are apart, in [0, high]."""

    def formula(t: Contingency) -> Numbers:
        shares = contrasts.shares(t.known("label"))
        return of_shares(shares[:, 0], shares[:, 1])

    meaning = f"distance of the label distributions ({kind})"
    return BiasMetric(name, title, ("label",), (0, high), formula, meaning, band=band, distance=True)


def imbalance(name: str, title: str, meaning: str) -> BiasMetric:
    """A row: how much larger a is than d, in [−1, 1]."""

    def error(t: Contingency) -> float:
        n_a, n_d = t.known()[0]
        return 2 * intervals.error_of_share(n_d / (n_a + n_d), n_a + n_d)

    def formula(t: Contingency) -> Numbers:
        return contrasts.imbalance(*t.known().T)

    return BiasMetric(name, title, (), (-1, 1), formula, meaning, _SIZE, (-0.5, 0.5), error=error)


def conditional_disparity(name: str, title: str, axis: str, meaning: str) -> BiasMetric:
    """A row: d's share of the rejected less its share of the accepted within strata, in [−1, 1]."""

    def formula(t: Contingency) -> Numbers:
        strata = t.known("stratum", axis)
        both = strata.sum(axis=1)
        return contrasts.conditional_disparity(strata[:, 1, :, 0], both[..., 0], strata[:, 1, :, 1], both[..., 1])

    def one_sided(t: Contingency) -> bool:
        return bool((t.known("stratum", axis)[0].sum(axis=0).min(axis=1) == 0).all())

    return BiasMetric(name, title, ("stratum", axis), (-1, 1), formula, meaning, _STRATA, (-0.1, 0.1), undefined=one_sided)


def plain_disparity(t: Contingency, axis: str) -> float | None:
    """The disparity without strata: `contrasts.disparity` of one stratum that holds all rows."""
    known = t.known(axis)
    d, both = known[:, 1], known.sum(axis=1)
    found = contrasts.disparity(d[:, 0], both[:, 0], d[:, 1], both[:, 1])[0]
    return None if np.isnan(found) else float(found)


_SHARES = "Difference in Positive Proportions in"
_STRATIFIED = "Conditional Demographic Disparity in"
_OF = "difference of the shares of"

_ALL = (
    imbalance("CI", "Class Imbalance", "how unequal in size the groups are"),
    difference("DPL", f"{_SHARES} Labels", ("label",), accepted("label"), f"{_OF} favourable labels", _LABEL),
    distance("KL", "Kullback-Liebler Divergence", math.inf, contrasts.kullback_leibler, "Kullback–Leibler"),
    distance("JS", "Jensen-Shannon Divergence", math.log(2), contrasts.jensen_shannon, "Jensen–Shannon", (0, 0.02)),
    distance("LP", "L-p Norm", math.sqrt(2), contrasts.euclidean, "L2 norm"),
    distance("TVD", "Total Variation Distance", 1, contrasts.total_variation, "total variation", (0, 0.1)),
    distance("KS", "Kolmogorov-Smirnov Distance", 1, contrasts.largest_gap, "largest difference of one share", (0, 0.1)),
    conditional_disparity("CDDL", f"{_STRATIFIED} Labels", "label", "share of the rejected less share of the accepted, within strata"),
    difference(
        "DPPL", f"{_SHARES} Predicted Labels", ("prediction",), accepted("prediction"), f"{_OF} the favourable prediction", _PREDICTED
    ),
    ratio("DI", "Disparate Impact", ("prediction",), accepted("prediction"), "ratio of the shares of favourable predictions", _TIMES),
    difference("AD", "Accuracy Difference", ("label", "prediction"), correct, f"{_OF} right predictions", _RIGHT),
)
BIAS_METRICS: dict[str, BiasMetric] = {m.name: m for m in _ALL}
"""Short name → metric. The title of KL is spelled as published result files spell it."""


def of_stage(stage: Stage) -> tuple[str, ...]:
    """The names of the metrics that need predictions, or of those that do not."""
    return tuple(m.name for m in _ALL if m.stage == stage)
