"""Drift against a baseline: bias that is farther from its neutral value, and features in another order of importance."""

from __future__ import annotations

import math
from collections.abc import Mapping

MOST_REORDERED = 0.9  # nDCG below it is a drift of attributions, by the convention of SageMaker Model Monitor


def is_farther(low: float, high: float, baseline: float, neutral: float = 0.0) -> bool:
    """Whether a whole interval is farther from the neutral value than the baseline, on either side of it.

    That is, whether [low, high] and [neutral − |baseline − neutral|, neutral + |baseline − neutral|] have no number in common. Source:
    bias drift of SageMaker Model Monitor, which measures disparate impact from 0 too, not from its neutral value 1.

    >>> is_farther(-0.4, -0.25, baseline=0.2), is_farther(-0.4, -0.1, baseline=0.2), is_farther(0.5, 0.7, baseline=0.8, neutral=1)
    (True, False, True)
    """
    allowed = abs(baseline - neutral)
    return low - neutral > allowed or high - neutral < -allowed


def ndcg(baseline: Mapping[str, float], current: Mapping[str, float]) -> float | None:
    """The normalised discounted cumulative gain of features in their current order: Σ a(fᵢ) / log₂(i + 1), divided by the same sum in the
    order of the baseline. At most 1, which means the same order.

    `baseline` and `current` are feature → importance; the gains a are the importances in the baseline, 0 for a new feature. Features with
    equal importance keep the order of the baseline; a feature that is gone comes last. None if the baseline has no importance at all.
    Source: Järvelin and Kekäläinen 2002; attribution drift of SageMaker Model Monitor.

    >>> round(ndcg({"SAT": 0.70, "GPA": 0.50, "rank": 0.05}, {"rank": 0.9, "GPA": 0.6, "SAT": 0.3}), 5)
    0.68764
    """
    before = sorted((*baseline, *(f for f in current if f not in baseline)), key=lambda f: -baseline.get(f, -math.inf))
    after = sorted(before, key=lambda f: -current.get(f, -math.inf))
    found, best = (sum(baseline.get(f, 0.0) / math.log2(i + 1) for i, f in enumerate(order, 1)) for order in (after, before))
    return found / best if best else None
