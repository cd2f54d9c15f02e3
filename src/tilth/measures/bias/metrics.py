"""The table of bias metrics, used by requests, results, reports and Clarify's lists.

A metric is one row of `BIAS_METRICS`. `difference` and `ratio` make rows that compare the rates of both sides, such as rates of a
confusion matrix.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from tilth.measures.bias.contingency import Contingency
from tilth.metrics import contrasts, intervals
from tilth.metrics.contrasts import Numbers, divided

Formula = Callable[[Contingency], Numbers]
Rate = Callable[[Contingency], tuple[Numbers, Numbers]]
"""For each side the rows that count as hits, and the rows that they are a part of: (draws, side) each."""
Cells = tuple[tuple[int, int], ...]
"""Cells of the confusion matrix, each as (label, prediction)."""
TP, FP, FN, TN = ((1, 1),), ((0, 1),), ((1, 0),), ((0, 0),)
Stage = Literal["pre_training", "post_training"]


@dataclass(frozen=True)
class Wording:
    """The wording of a value: a sentence, its words for values above, below and at the neutral one, and a sentence for the rates.

    `{d}` and `{a}` are the groups, `{y}` is the favourable outcome, `{word}` one of `words`, `{than}` is `as` at the neutral value. The
    number after the sentence is in percentage points, a factor (`times`), a plain number (`number`) or the group's share of rows (`share`).
    """

    sentence: str
    rates: str = ""
    words: tuple[str, str, str] = ("less", "more", "as")
    unit: Literal["points", "times", "number", "share"] = "points"


_SIZE = Wording("{d} is", unit="share")
_LABEL = Wording("{d} gets {y} {word} often {than} {a}", "{d} gets {y} in this share of its rows")
_PREDICTED = Wording("{d} is predicted {y} {word} often {than} {a}", "{d} is predicted {y} in this share of its rows")
_TIMES = Wording(_PREDICTED.sentence, words=("more", "less", "as"), unit="times")
_RIGHT = Wording("Predictions are right {word} often for {d} {than} for {a}", "Predictions for {d} are right in this share of its rows")
_STRATA = Wording(
    "Within the strata, {d} is {word} share of the rejected {than} of the accepted", words=("a larger", "a smaller", "the same")
)
_STRATA_PREDICTED = Wording(
    "Within the strata, {d} is {word} share of the predicted rejections {than} of the predicted acceptances", words=_STRATA.words
)
_RECALL = Wording("Of the rows with {y}, {d} is predicted so {word} often {than} {a}")
_SPECIFICITY = Wording("Of the rows without {y}, {d} is predicted {y} {word} often {than} {a}")
_PRECISION = Wording("Where {y} is predicted, that is right {word} often for {d} {than} for {a}")
_REJECTION = Wording("Where {y} is not predicted, that is right {word} often for {d} {than} for {a}", words=("more", "less", "as"))
_ACCEPTANCES = Wording(
    "For each prediction of {y} {d} has {word} such labels {than} {a}", words=("fewer", "more", "as many"), unit="number"
)
_REJECTIONS = Wording(
    "For each predicted rejection {d} has {word} rejected labels {than} {a}", words=("more", "fewer", "as many"), unit="number"
)
_ERRORS = Wording("For each wrong acceptance {d} has {word} wrong rejections {than} {a}", words=("more", "fewer", "as many"), unit="number")
_NEIGHBOURS = Wording("Rows of {a} that are similar to those of {d} are predicted {y} {word} often {than} these")


@dataclass(frozen=True)
class BiasMetric:
    """A bias metric: names, the axes of the cube that it needs in addition to the two sides, its range, its formula and its meaning.

    `band` is the range accepted by convention, `neutral` the value without bias. `rate` is set if the metric compares a rate of each side;
    the difference then has a p-value. `quotient` has the name of the compared ratios, with the parts and wholes of each side. `error` is
    the closed-form standard error, on a log scale with `log_error`. `undefined` tells whether the value is only a convention, `impossible`
    why there is none. A `distance` also has a meaning over all label values, not only rejected and accepted. `compares` selects the rows:
    of both `sides`, of the group `d` with a vote in place of the label (`flip_test`), or `all`, whatever their side.
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
    impossible: Callable[[Contingency], str] = lambda t: ""
    distance: bool = False
    quotient: tuple[str, Rate] | None = None
    compares: Literal["sides", "d", "all"] = "sides"

    @property
    def description(self) -> str:
        """The metric's name in result files."""
        return f"{self.title} ({self.name})"

    @property
    def requires(self) -> tuple[str, ...]:
        """The axes that need a column; in the flip test, votes replace the label."""
        return ("prediction",) if self.compares == "d" else self.axes

    @property
    def stage(self) -> Stage:
        """`post_training` if it needs a model's predictions, else `pre_training`."""
        return "post_training" if "prediction" in self.axes else "pre_training"

    def used(self, t: Contingency) -> Numbers:
        """(draws, side): the rows with known values on all axes of the metric; (draws, 1) if it does not compare sides."""
        known = t.overall(*self.axes)[:, None] if self.compares == "all" else t.known(*self.axes)
        found: Numbers = known.sum(axis=tuple(range(2, known.ndim)))
        return found[:, 1:] if self.compares == "d" else found

    def ratios(self, t: Contingency) -> list[tuple[str, float, float]]:
        """The compared ratios of a single table: name, numerator and denominator of each."""
        name, parts = self.quotient or ("", None)
        if parts is None:
            return []
        hits, sizes = (x[0].tolist() for x in parts(t))
        return [(f"{name} of {s}", h, n) for s, h, n in zip("ad", hits, sizes, strict=True)]

    def by_convention(self, t: Contingency) -> list[str]:
        """Notes on the ratios of a single table that are divisions by 0."""
        return [f"{name}: {h:g}/0 counts as {'infinite' if h else 0}" for name, h, n in self.ratios(t) if not n]

    def values(self, t: Contingency) -> Numbers:
        """The metric in each draw; NaN if a side is empty."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(self.used(t).min(axis=1) == 0, np.nan, self.formula(t))

    def value(self, t: Contingency) -> float | None:
        """The metric of a single table; None if a side is empty."""
        (found,) = self.values(t)
        return None if np.isnan(found) else float(found)

    def closed_interval(self, value: float, t: Contingency, confidence: float) -> tuple[float, float] | None:
        """value ± z · standard error, if it has a closed form; on a log scale for a ratio."""
        if self.error is None or not math.isfinite(value) or (self.log_error and value <= 0):
            return None
        if not self.log_error:
            return intervals.normal_interval(value, self.error(t), confidence)
        low, high = intervals.normal_interval(math.log(value), self.error(t), confidence)
        return math.exp(low), math.exp(high)


# ── rates, and metrics that compare them ──


def accepted(axis: str) -> Rate:
    """The share of favourable outcomes."""

    def rate(t: Contingency) -> tuple[Numbers, Numbers]:
        known = t.known(axis)
        return known[..., 1], known.sum(axis=-1)

    return rate


def confusion(part: Cells, whole: Cells) -> Rate:
    """The ratio of two sums of cells of the confusion matrix, each cell as (label, prediction)."""

    def rate(t: Contingency) -> tuple[Numbers, Numbers]:
        known = t.known("label", "prediction")
        hits, sizes = (sum(known[..., y, p] for y, p in cells) for cells in (part, whole))
        return np.asarray(hits), np.asarray(sizes)

    return rate


def contrast(rate: Rate, of_a: bool) -> Formula:
    """The ratio of a minus the ratio of d, or the reverse; 0 if they are equal, even if infinite."""

    def formula(t: Contingency) -> Numbers:
        rates = divided(*rate(t))
        found: Numbers = np.where(rates[:, 0] == rates[:, 1], 0.0, rates[:, 0] - rates[:, 1])
        return found if of_a else 0.0 - found

    return formula


def difference(
    name: str,
    title: str,
    axes: tuple[str, ...],
    rate: Rate,
    meaning: str,
    wording: Wording,
    of_a: bool = True,
    rated: str = "share",
    **more: Any,
) -> BiasMetric:
    """A row: the rate of a minus the rate of d, or without `of_a` the reverse, in [−1, 1]; `rated` is the rate's name."""

    def error(t: Contingency) -> float:
        hits, sizes = (x[0] for x in rate(t))
        return intervals.error_of_difference(hits[0] / sizes[0], sizes[0], hits[1] / sizes[1], sizes[1])

    more = {"band": (-0.1, 0.1), "undefined": lambda t: not rate(t)[1].all(), "quotient": (rated, rate), **more}
    return BiasMetric(name, title, axes, (-1, 1), contrast(rate, of_a), meaning, wording, rate=rate, error=error, **more)


def difference_of_ratios(name: str, title: str, ratios: str, of: tuple[Cells, Cells], wording: Wording, of_a: bool = True) -> BiasMetric:
    """A row: the ratio of two counts of a minus the ratio of d, or the reverse, in (−∞, ∞)."""
    ratio = confusion(*of)
    more: dict[str, Any] = {"undefined": lambda t: not ratio(t)[1].all(), "quotient": (ratios, ratio), "band": (-0.25, 0.25)}
    axes = ("label", "prediction")
    return BiasMetric(name, title, axes, (-math.inf, math.inf), contrast(ratio, of_a), f"difference of the {ratios}", wording, **more)


def ratio(name: str, title: str, axes: tuple[str, ...], rate: Rate, meaning: str, wording: Wording, **more: Any) -> BiasMetric:
    """A row: the rate of d divided by the rate of a, in [0, ∞); 1 if they are equal."""

    def formula(t: Contingency) -> Numbers:
        rates = divided(*rate(t))
        return divided(rates[:, 1], rates[:, 0])

    def error(t: Contingency) -> float:
        hits, sizes = (x[0] for x in rate(t))
        return math.sqrt(sum(1 / h - 1 / n for h, n in zip(hits, sizes, strict=True)))

    more = {"band": (0.8, 1.25), "undefined": lambda t: not rate(t)[0][0, 0], **more}
    return BiasMetric(name, title, axes, (0, math.inf), formula, meaning, wording, neutral=1.0, error=error, log_error=True, **more)


# ── other metrics ──


def distance(
    name: str, title: str, high: float, of_shares: Callable[[Numbers, Numbers], Numbers], kind: str, band: tuple[float, float] | None = None
) -> BiasMetric:
    """A row: the distance between the label distributions of a and d, in [0, high]."""

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


def conditional_disparity(name: str, of: str, axis: str, meaning: str, wording: Wording) -> BiasMetric:
    """A row: d's share of the rejected minus its share of the accepted within strata, in [−1, 1]."""

    def formula(t: Contingency) -> Numbers:
        strata = t.known("stratum", axis)
        both = strata.sum(axis=1)
        return contrasts.conditional_disparity(strata[:, 1, :, 0], both[..., 0], strata[:, 1, :, 1], both[..., 1])

    def one_sided(t: Contingency) -> bool:
        return bool((t.known("stratum", axis)[0].sum(axis=0).min(axis=1) == 0).all())

    def impossible(t: Contingency) -> str:
        negative, positive = t.known("stratum", axis)[0].sum(axis=(0, 1))
        return "" if negative and positive else "No positive labels in set" if negative else "No negative labels in set"

    more: dict[str, Any] = {"undefined": one_sided, "impossible": impossible}
    title = f"Conditional Demographic Disparity in {of}"
    return BiasMetric(name, title, ("stratum", axis), (-1, 1), formula, meaning, wording, (-0.1, 0.1), **more)


def generalized_entropy(name: str, title: str, meaning: str, alpha: float = 2.0) -> BiasMetric:
    """A row: `contrasts.generalized_entropy` of benefits b = prediction − label + 1 over all rows. Source: Speicher and others 2018.

    For α = 2, half their squared coefficient of variation, from counts: ½ · ((TP + TN + 4 FP) / (N μ²) − 1), μ = 1 + (FP − FN) / N.
    """

    def formula(t: Contingency) -> Numbers:
        cells = t.overall("label", "prediction")
        right, up = cells[:, 0, 0] + cells[:, 1, 1], cells[:, 0, 1]
        if alpha != 2:
            return contrasts.generalized_entropy(np.stack([cells[:, 1, 0], right, up], axis=-1), (0, 1, 2), alpha)
        rows, benefit = cells.sum(axis=(1, 2)), right + 2 * up
        found: Numbers = ((right + 4 * up) * rows / (benefit * benefit) - 1) / 2
        return found

    def impossible(t: Contingency) -> str:
        cells = t.overall("label", "prediction")[0]
        return "" if cells.sum() > cells[1, 0] else "Every row is a false negative: all benefits are 0"

    more: dict[str, Any] = {"impossible": impossible, "compares": "all"}
    return BiasMetric(name, title, ("label", "prediction"), (0, math.inf), formula, meaning, **more)


def entropy_of_order(alpha: float) -> BiasMetric:
    """Generalized entropy of an order α, named `GE_α`."""
    title = f"Generalized Entropy of order {alpha:g}"
    return generalized_entropy(f"GE_{alpha:g}", title, f"inequality of benefits over all rows, by an entropy of order {alpha:g}", alpha)


def flip_test(name: str, title: str, meaning: str) -> BiasMetric:
    """A row: (W − U) / n_d. W counts d's rows with a favourable prediction against the vote of their neighbours in a; U the reverse.

    Its table has the neighbours' vote in place of the label. If negative, d would be better off with the predictions of its neighbours.
    """

    def formula(t: Contingency) -> Numbers:
        votes = t.known("label", "prediction")[:, 1]
        found: Numbers = (votes[:, 0, 1] - votes[:, 1, 0]) / votes.sum(axis=(1, 2))
        return found

    axes = ("label", "prediction")
    return BiasMetric(name, title, axes, (-1, 1), formula, meaning, _NEIGHBOURS, (-0.1, 0.1), compares="d")


def plain_disparity(t: Contingency, axis: str) -> float | None:
    """The disparity without strata: `contrasts.disparity` of one stratum with all rows."""
    known = t.known(axis)
    d, both = known[:, 1], known.sum(axis=1)
    found = contrasts.disparity(d[:, 0], both[:, 0], d[:, 1], both[:, 1])[0]
    return None if np.isnan(found) else float(found)


_SHARES = "Difference in Positive Proportions in"
_RATES = "Difference in"
_OF = "difference of the shares of"
_P, _BOTH = ("prediction",), ("label", "prediction")

_ALL = (
    imbalance("CI", "Class Imbalance", "how unequal in size the groups are"),
    difference("DPL", f"{_SHARES} Labels", ("label",), accepted("label"), f"{_OF} favourable labels", _LABEL),
    distance("KL", "Kullback-Liebler Divergence", math.inf, contrasts.kullback_leibler, "Kullback–Leibler"),
    distance("JS", "Jensen-Shannon Divergence", math.log(2), contrasts.jensen_shannon, "Jensen–Shannon", (0, 0.02)),
    distance("LP", "L-p Norm", math.sqrt(2), contrasts.euclidean, "L2 norm"),
    distance("TVD", "Total Variation Distance", 1, contrasts.total_variation, "total variation", (0, 0.1)),
    distance("KS", "Kolmogorov-Smirnov Distance", 1, contrasts.largest_gap, "largest difference of one share", (0, 0.1)),
    conditional_disparity("CDDL", "Labels", "label", "share of the rejected less share of the accepted, within strata", _STRATA),
    difference("DPPL", f"{_SHARES} Predicted Labels", _P, accepted("prediction"), f"{_OF} the favourable prediction", _PREDICTED),
    ratio("DI", "Disparate Impact", _P, accepted("prediction"), "ratio of the shares of favourable predictions", _TIMES),
    difference_of_ratios(
        "DCA", "Difference in Conditional Acceptance", "favourable labels for each such prediction", (TP + FN, TP + FP), _ACCEPTANCES
    ),
    difference_of_ratios(
        "DCR", "Difference in Conditional Rejection", "rejected labels for each such prediction", (TN + FP, TN + FN), _REJECTIONS, False
    ),
    difference(
        "SD", "Specificity Difference", _BOTH, confusion(TN, TN + FP), "difference of the specificities", _SPECIFICITY, False, "specificity"
    ),
    difference("RD", "Recall Difference", _BOTH, confusion(TP, TP + FN), "difference of the recalls", _RECALL, True, "recall"),
    difference(
        "DAR", f"{_RATES} Acceptance Rates", _BOTH, confusion(TP, TP + FP), "difference of the precisions", _PRECISION, True, "precision"
    ),
    difference(
        "DRR",
        f"{_RATES} Rejection Rates",
        _BOTH,
        confusion(TN, TN + FN),
        f"{_OF} rejections that are right",
        _REJECTION,
        False,
        "rejection rate",
    ),
    difference(
        "AD", "Accuracy Difference", _BOTH, confusion(TP + TN, TP + FP + FN + TN), f"{_OF} right predictions", _RIGHT, True, "accuracy"
    ),
    difference_of_ratios("TE", "Treatment Equality", "wrong rejections for each wrong acceptance", (FN, FP), _ERRORS, False),
    conditional_disparity("CDDPL", "Predicted Labels", "prediction", "the same of predictions", _STRATA_PREDICTED),
    flip_test("FT", "Flip Test", "share of rows with a different prediction than the most similar rows of the others"),
    generalized_entropy("GE", "Generalized Entropy", "inequality of benefits over all rows, whatever the group"),
)
BIAS_METRICS: dict[str, BiasMetric] = {m.name: m for m in _ALL}
"""Short name → metric. The title of KL has the spelling of published result files."""

OF_NEGATIVES = ("SD", "DRR", "DCR", "AD", "GE")
"""Metrics that need true negatives, which detections of objects do not have."""


def of_stage(stage: Stage) -> tuple[str, ...]:
    """The names of the metrics of a stage: those that need predictions, or those that do not."""
    return tuple(m.name for m in _ALL if m.stage == stage)


def stage_of(name: str) -> Stage:
    """The stage of a number by its name: a metric, possibly with an addition, such as `KL by label value` and `GE_1`, or `wasserstein`."""
    metric = BIAS_METRICS.get(re.split("[ _]", name)[0])
    return "pre_training" if metric is None else metric.stage
