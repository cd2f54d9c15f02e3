"""Differences between two groups: the formulas behind bias, drift and split skew.

Every formula is vectorised over all axes except the last, so that one call handles a table of counts and a thousand resampled ones.
Shares run over outcomes in the last axis, counts over strata.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[Any]


def shares(counts: ArrayLike) -> Numbers:
    """Counts of outcomes as shares that add up to 1, along the last axis; NaN if their sum is 0.

    >>> shares([30, 70]).tolist()
    [0.3, 0.7]
    """
    counts = np.asarray(counts, dtype=float)
    with np.errstate(invalid="ignore"):
        found: Numbers = counts / counts.sum(axis=-1, keepdims=True)
    return found


def imbalance(n_a: ArrayLike, n_d: ArrayLike) -> Numbers:
    """Class imbalance: (n_a − n_d) / (n_a + n_d), in [−1, 1]. Positive: fewer rows in d.

    >>> float(imbalance(100, 50)).__round__(5)
    0.33333
    """
    a, d = np.asarray(n_a, dtype=float), np.asarray(n_d, dtype=float)
    found: Numbers = (a - d) / (a + d)
    return found


def kullback_leibler(p: ArrayLike, q: ArrayLike) -> Numbers:
    """Σ p ln(p/q) in nats, in [0, ∞]: 0 for the same shares, infinite where p has an outcome that q lacks. Not symmetric.

    Source: Kullback and Leibler 1951.

    >>> round(float(kullback_leibler([0.3, 0.7], [0.6, 0.4])), 5), float(kullback_leibler([0.5, 0.5], [0, 1]))
    (0.18379, inf)
    """
    p, q = np.asarray(p, dtype=float), np.asarray(q, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p == 0, 0.0, p * np.log(p / q))
    return exact_sum(terms)


def jensen_shannon(p: ArrayLike, q: ArrayLike) -> Numbers:
    """½ KL(p‖m) + ½ KL(q‖m) with m = ½(p + q), in nats, in [0, ln 2]: 0 for the same shares, ln 2 for disjoint outcomes.

    Source: Lin 1991.

    >>> round(float(jensen_shannon([0.3, 0.7], [0.6, 0.4])), 5)
    0.0462
    """
    p, q = np.asarray(p, dtype=float), np.asarray(q, dtype=float)
    middle = (p + q) / 2
    return np.clip((kullback_leibler(p, middle) + kullback_leibler(q, middle)) / 2, 0.0, np.log(2.0))


def euclidean(p: ArrayLike, q: ArrayLike) -> Numbers:
    """√Σ(p − q)², in [0, √2].

    >>> round(float(euclidean([0.3, 0.7], [0.6, 0.4])), 5)
    0.42426
    """
    difference = np.asarray(p, dtype=float) - np.asarray(q, dtype=float)
    return np.sqrt(exact_sum(difference * difference))


def total_variation(p: ArrayLike, q: ArrayLike) -> Numbers:
    """½ Σ|p − q|, in [0, 1]: the share of one group's outcomes that would have to change to match the other's.

    >>> round(float(total_variation([0.4, 0.4, 0.2], [0.2, 0.1, 0.7])), 5)
    0.5
    """
    return exact_sum(np.abs(np.asarray(p, dtype=float) - np.asarray(q, dtype=float))) / 2


def largest_gap(p: ArrayLike, q: ArrayLike) -> Numbers:
    """max|p − q| over the outcomes, in [0, 1]: of the shares themselves, not of cumulative shares.

    >>> round(float(largest_gap([0.4, 0.4, 0.2], [0.2, 0.1, 0.7])), 5)
    0.5
    """
    found: Numbers = np.abs(np.asarray(p, dtype=float) - np.asarray(q, dtype=float)).max(axis=-1)
    return found


def disparity(refused_d: ArrayLike, refused: ArrayLike, accepted_d: ArrayLike, accepted: ArrayLike) -> Numbers:
    """d's share of the rejected minus its share of the accepted, in [−1, 1]; 0/0 counts as 0.

    >>> float(disparity(60, 75, 10, 15)).__round__(5)
    0.13333
    """
    return divided(refused_d, refused) - divided(accepted_d, accepted)


def conditional_disparity(refused_d: ArrayLike, refused: ArrayLike, accepted_d: ArrayLike, accepted: ArrayLike) -> Numbers:
    """The mean of the strata's `disparity`, weighted by their rows, in [−1, 1]; the last axis runs over the strata.

    Σ nᵢ·DDᵢ / Σ nᵢ with nᵢ the rows of stratum i. NaN without rows. Source: Wachter, Mittelstadt and Russell 2021.

    >>> float(conditional_disparity([5, 60], [15, 75], [15, 10], [45, 15])).__round__(5)
    0.08
    """
    rows = np.asarray(refused, dtype=float) + np.asarray(accepted, dtype=float)
    weighted = exact_sum(rows * disparity(refused_d, refused, accepted_d, accepted))
    with np.errstate(invalid="ignore"):
        found: Numbers = weighted / exact_sum(rows)
    return found


def generalized_entropy(counts: ArrayLike, benefits: ArrayLike, alpha: float = 2.0) -> Numbers:
    """The inequality of benefits b ≥ 0: mean((b/μ)^α − 1) / (α(α − 1)) with μ their mean, in [0, ∞]; 0 if all are equal.

    For α = 1 it is Theil's T, mean((b/μ) ln(b/μ)) with 0 ln 0 = 0; for α = 0 it is the mean logarithmic deviation, −mean(ln(b/μ)). With
    α ≤ 0 it is infinite if a benefit is 0. NaN if all are 0. `counts` has the rows with each of `benefits`, in the last axis. Source:
    Shorrocks 1980; Speicher and others 2018.

    >>> [round(float(generalized_entropy([30, 105, 15], [0, 1, 2], alpha)), 5) for alpha in (2, 1, 0)]
    [0.17901, 0.25939, inf]
    """
    p, b = shares(counts), np.asarray(benefits, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = b / exact_sum(p * b)[..., None]
        if alpha == 0:
            terms = -np.log(ratio)
        elif alpha == 1:
            terms = np.where(ratio == 0, 0.0, ratio * np.log(ratio))
        else:
            terms = (ratio**alpha - 1) / (alpha * (alpha - 1))
        return exact_sum(np.where(p == 0, 0.0, p * terms))


def divided(part: ArrayLike, whole: ArrayLike) -> Numbers:
    """part / whole; by convention 0/0 is 0, and x/0 is infinite."""
    part, whole = np.asarray(part, dtype=float), np.asarray(whole, dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Numbers = np.asarray(part / whole)
    return found if whole.all() else np.where((part == 0) & (whole == 0), 0.0, found)


def exact_sum(x: ArrayLike) -> Numbers:
    """The sum along the last axis; for a single table it is rounded only once, so that it does not depend on the order of terms.

    >>> float(exact_sum([1.0, 1e100, 1.0, -1e100]))
    2.0
    """
    x = np.asarray(x, dtype=float)
    if x.size == x.shape[-1] and np.isfinite(x).all():
        return np.full(x.shape[:-1], math.fsum(x.ravel()))
    found: Numbers = x.sum(axis=-1)
    return found
