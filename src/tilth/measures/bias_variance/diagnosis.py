"""Losses and their parts in words: what is wrong with a learner, why that is said, and what to try next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tilth.measures.bias_variance.curves import Point, PowerLaw
from tilth.measures.bias_variance.estimation import Interval
from tilth.report.charts import number, percent

HIGH_VARIANCE = 0.4  # share of the loss; with less, bias has more than 0.6
GAP = 0.25  # of the loss on unseen rows, by which that on training rows may be lower
TOLERANCE = 0.02  # of the loss without learning

BOTH, UNCLEAR, BALANCED = "high bias and high variance", "unclear", "balanced"
HIGH_BIAS, OVERFITTING = "high bias (underfitting)", "high variance (overfitting)"
RICHER = "a richer model, better features or less regularisation"
CALMER = "regularisation, averages of models (bagging) or fewer features"


@dataclass(frozen=True)
class Evidence:
    """Mean losses with all rows of a fold, the loss that would be good, and the share of variance with its interval.

    `error` is the standard error of the loss on unseen rows, `naive` the loss without learning, `noise` that of the labels, if known.
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
        """The loss that would be good: the one that is asked for; else half of that without learning, or the best that was found."""
        if self.target is not None:
            return self.target
        good = min(self.naive / 2, self.naive if self.best is None else self.best)
        return max(good, self.noise or 0.0)

    @property
    def tolerance(self) -> float:
        """The difference of losses that counts: 2 % of the loss without learning, or two standard errors."""
        return max(TOLERANCE * self.naive, 2 * self.error)

    @property
    def by_losses(self) -> str:
        """The diagnosis by the losses: bias is high where training rows are not fitted, variance where unseen rows cost much more."""
        unfit = self.train > self.reference + self.tolerance
        wide = self.unseen - self.train > max(self.tolerance, GAP * self.unseen)
        return BOTH if unfit and wide else HIGH_BIAS if unfit else OVERFITTING if wide else BALANCED

    @property
    def disagrees(self) -> str:
        """Where the decomposition contradicts the losses, or is inconclusive, in words; empty where it agrees.

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
        """The diagnosis, which is unclear where losses and decomposition disagree."""
        return UNCLEAR if self.disagrees else self.by_losses

    @property
    def words(self) -> list[str]:
        """The numbers that the diagnosis is made of."""
        reference = "is asked for" if self.target is not None else "would be good"
        found = [
            f"the loss is {number(self.unseen)} on unseen rows and {number(self.train)} on those learned from",
            f"{percent(self.share)} of it is variance and {percent(1 - self.share)} bias",
            f"{number(self.naive)} is the loss without learning, and {number(self.reference)} {reference}",
        ]
        found += [] if self.noise is None else [f"rows with equal features differ in their labels, which costs {number(self.noise)}"]
        return found + ([self.disagrees] if self.disagrees else [])


def advice(found: Evidence, law: PowerLaw | None = None, parameter: str = "", varied: Sequence[Point] = ()) -> list[str]:
    """What to try next, the best first. `law` says what more rows would bring, `varied` what other values of a parameter do.

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
