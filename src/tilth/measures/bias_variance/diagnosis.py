"""The diagnosis of a learner from its losses and their parts, with reasons and advice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tilth.measures.bias_variance.curves import Point, PowerLaw
from tilth.measures.bias_variance.estimation import Interval
from tilth.report.charts import number, percent

HIGH_VARIANCE = 0.4  # share of variance in the loss; below it, the share of bias is above 0.6
GAP = 0.25  # the training loss may be lower than the loss on unseen rows by this share of the latter
TOLERANCE = 0.02  # share of the loss without learning

BOTH, UNCLEAR, BALANCED = "high bias and high variance", "unclear", "balanced"
HIGH_BIAS, OVERFITTING = "high bias (underfitting)", "high variance (overfitting)"
RICHER = "a richer model, better features or less regularisation"
CALMER = "regularisation, averages of models (bagging) or fewer features"


@dataclass(frozen=True)
class Evidence:
    """Mean losses with whole folds, and the share of variance with its interval.

    `error` is the standard error of the loss on unseen rows, `naive` the loss without learning, `target` the loss that is good enough, if
    given, `best` the best of the validation curve, `noise` the loss from noise in the labels, if known.
    """

    train: float
    unseen: float
    naive: float
    error: float
    share: float
    ends: Interval
    target: float | None = None
    best: float | None = None
    noise: float | None = None

    @property
    def reference(self) -> float:
        """The loss that would be good: the requested one; else half of the loss without learning, or the best that was found."""
        if self.target is not None:
            return self.target
        good = min(self.naive / 2, self.naive if self.best is None else self.best)
        return max(good, self.noise or 0.0)

    @property
    def tolerance(self) -> float:
        """The smallest difference of losses that counts: 2 % of the loss without learning, or two standard errors if larger."""
        return max(TOLERANCE * self.naive, 2 * self.error)

    @property
    def by_losses(self) -> str:
        """The diagnosis by the losses: bias is high if training rows are not fitted, variance if unseen rows have a much higher loss."""
        unfit = self.train > self.reference + self.tolerance
        wide = self.unseen - self.train > max(self.tolerance, GAP * self.unseen)
        return BOTH if unfit and wide else HIGH_BIAS if unfit else OVERFITTING if wide else BALANCED

    @property
    def disagrees(self) -> str:
        """How the decomposition contradicts the losses, or is inconclusive, in words; empty if it agrees.

        >>> Evidence(0.0, 0.3, 0.4, 0.01, 0.2, (0.1, 0.3)).disagrees
        'the losses say high variance (overfitting), but only 20 % of the loss is variance'
        """
        found, (low, high) = self.by_losses, self.ends
        if found not in (HIGH_BIAS, OVERFITTING):
            return ""
        part, share = ("bias", 1 - self.share) if found == HIGH_BIAS else ("variance", self.share)
        if (self.share < HIGH_VARIANCE) != (found == HIGH_BIAS):
            return f"the losses say {found}, but only {percent(share)} of the loss is {part}"
        limit = 1 - HIGH_VARIANCE if found == HIGH_BIAS else HIGH_VARIANCE
        between = f"{percent(self.share)} of the loss is variance, which may be {percent(low)} to {percent(high)}"
        return f"the losses say {found}, but {between}; {percent(limit)} of {part} is the limit" if low < HIGH_VARIANCE < high else ""

    @property
    def diagnosis(self) -> str:
        """The diagnosis; unclear if losses and decomposition disagree."""
        return UNCLEAR if self.disagrees else self.by_losses

    @property
    def words(self) -> list[str]:
        """The numbers behind the diagnosis, in words."""
        reference = "is asked for" if self.target is not None else "would be good"
        found = [
            f"the loss is {number(self.unseen)} on unseen rows and {number(self.train)} on those learned from",
            f"{percent(self.share)} of it is variance and {percent(1 - self.share)} bias",
            f"{number(self.naive)} is the loss without learning, and {number(self.reference)} {reference}",
        ]
        found += [] if self.noise is None else [f"rows with equal features differ in their labels, which costs {number(self.noise)}"]
        return found + ([self.disagrees] if self.disagrees else [])


def advice(found: Evidence, law: PowerLaw | None = None, parameter: str = "", varied: Sequence[Point] = ()) -> list[str]:
    """What to try next, the best first. `law` predicts the gain from more rows, `varied` has the losses for other values of a parameter.

    >>> advice(Evidence(0.35, 0.36, 0.4, 0.01, 0.1, (0.05, 0.2)))
    ['try a richer model, better features or less regularisation']
    """
    what, made = found.diagnosis, list[str]()
    if varied:
        best = min(varied, key=lambda p: p.unseen)
        if best.unseen < found.unseen - found.tolerance:
            made.append(f"set {parameter} to {best.at}: the loss on unseen rows is {number(best.unseen)} then")
    if what in (HIGH_BIAS, BOTH):
        made.append(f"try {RICHER}")
    if what in (OVERFITTING, BOTH):
        made.append(f"try {CALMER}")
    if law is not None and what != BALANCED:
        no_use = law.high < min(found.tolerance, GAP * found.unseen)
        more = f"twice as many would lower the loss by about {number(law.gain)} ({number(law.low)} to {number(law.high)})"
        made.append(f"more rows will hardly help: {more}" if no_use else f"try more rows: {more}")
    return made + (["look at more rows, or train more replicates"] if what == UNCLEAR else [])
