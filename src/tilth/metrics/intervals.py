"""Statistical inference: bootstrap and closed-form intervals, tests, and adjustment for multiple tests."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist

import numpy as np
from numpy.random import SFC64, RandomState
from numpy.typing import ArrayLike

from tilth.metrics.contrasts import Numbers

AT_ONCE = 100_000  # numbers per batch of draws, to fit a processor's cache; but at least 100 draws
MOST_AT_ONCE = 4_000_000  # most numbers in the tables of a batch, including zeros: 32 MB
LARGE = 1_000  # cells with at least this many rows are drawn as normal: their skewness, 0.03, is far below the noise of 1,000 draws


def resampled(counts: ArrayLike, draws: int, seed: Sequence[int], weights: tuple[ArrayLike, ArrayLike] | None = None) -> Iterator[Numbers]:
    """Bootstrap: draws tables with the same number of rows, with replacement, from a table of counts.

    A draw is one multinomial draw over the cells, whatever the number of rows; cells with at least `LARGE` rows are drawn from the normal
    distribution with the same means and covariances, which is several times as fast. Yields arrays of draws × cells, in batches to bound
    memory. Equal seeds give equal draws on every machine: numpy guarantees that this generator and its bits never change. `weights` are the
    sums of weights and of squared weights of each cell; a draw is then a sum of weights: the drawn rows times the cell's mean weight, with
    normal noise for the variance of weights within the cell.

    >>> [part.sum(axis=1).tolist() for part in resampled([30, 20, 50], 3, [0])]
    [[100.0, 100.0, 100.0]]
    """
    whole = np.asarray(counts, dtype=float)
    seen = np.flatnonzero(whole)
    order = seen[np.argsort(whole[seen], kind="stable")]  # the largest cell is last, and absorbs rounding errors
    few, large = np.split(order, [np.searchsorted(whole[order], LARGE)])
    rows = int(whole.sum())
    parts = np.array([*whole[few], whole[large].sum()]) if len(large) else whole[few]  # the large cells are drawn as one, then divided
    generator = RandomState(SFC64([s % 2**32 for s in seed]))
    cells, there = max(1, len(whole)), max(1, len(seen))
    step = max(1, min(max(AT_ONCE // there, 100), MOST_AT_ONCE // cells))
    for begin in range(0, draws, step):
        drawn = np.zeros((len(whole), min(step, draws - begin))).T  # a cell's draws are contiguous in memory
        if rows:
            found = generator.multinomial(rows, parts / rows, size=len(drawn)).T
            drawn.T[few] = found[: len(few)]
            if len(large):
                drawn.T[large] = _normal(whole[large], found[-1], generator)
        if weights is not None:
            mean, variance = (np.divide(np.asarray(w, dtype=float), whole, out=np.zeros(len(whole)), where=whole > 0) for w in weights)
            noise = generator.standard_normal(drawn.shape) * np.sqrt(drawn * np.maximum(variance - mean * mean, 0.0))
            drawn = np.maximum(drawn * mean + noise, 0.0)
        yield drawn


def _normal(counts: Numbers, rows: Numbers, generator: RandomState) -> Numbers:
    """(cells, draws): distribute the `rows` of each draw over the cells, with the means and covariances of the multinomial distribution."""
    share = (counts / counts.sum())[:, None]
    drawn: Numbers = generator.standard_normal((len(counts), len(rows)))
    drawn *= np.sqrt(share)
    together = drawn.sum(axis=0)
    drawn *= np.sqrt(rows)
    drawn += share * (rows - np.sqrt(rows) * together)
    np.rint(drawn, out=drawn)
    drawn[-1] += rows - drawn.sum(axis=0)
    return drawn


def percentile_interval(drawn: ArrayLike, confidence: float = 0.95) -> tuple[float, float] | None:
    """The k-th value from either end of the draws, k = ⌊(B + 1)·α/2⌋. NaN draws are excluded.

    None if fewer than half of the draws have a value, or if none would be cut off. There is no interpolation, so draws may be
    infinite. Source: Efron and Tibshirani 1993, section 12.5.

    >>> percentile_interval(range(1000))
    (24.0, 975.0)
    """
    drawn = np.asarray(drawn, dtype=float)
    there = np.sort(drawn[~np.isnan(drawn)])
    k = math.floor((len(there) + 1) * (1 - confidence) / 2 + 1e-9)
    if not k or len(there) * 2 < len(drawn):
        return None
    return float(there[k - 1]), float(there[-k])


def normal_interval(value: float, error: float, confidence: float = 0.95) -> tuple[float, float]:
    """value ± z · standard error.

    >>> [round(x, 3) for x in normal_interval(0.3, 0.08307)]
    [0.137, 0.463]
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    return value - z * error, value + z * error


def wilson_interval(hits: int, rows: int, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval of a share: (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n). Source: Wilson 1927.

    >>> [round(x, 4) for x in wilson_interval(8, 10)]
    [0.4902, 0.9433]
    """
    z2 = NormalDist().inv_cdf((1 + confidence) / 2) ** 2
    share = hits / rows
    centre, half = share + z2 / (2 * rows), math.sqrt(z2 * (share * (1 - share) / rows + z2 / (4 * rows * rows)))
    return (centre - half) / (1 + z2 / rows), (centre + half) / (1 + z2 / rows)


def error_of_share(share: float, rows: float) -> float:
    """The standard error of a share: √(p(1 − p)/n)."""
    return math.sqrt(share * (1 - share) / rows)


def error_of_difference(p_a: float, n_a: float, p_d: float, n_d: float) -> float:
    """The standard error of the difference of two groups' shares.

    >>> round(error_of_difference(0.7, 100, 0.4, 50), 5)
    0.08307
    """
    return math.hypot(error_of_share(p_a, n_a), error_of_share(p_d, n_d))


def p_of_difference(hits_a: int, n_a: int, hits_d: int, n_d: int) -> float | None:
    """The two-sided p-value of the difference of two shares, in [0, 1].

    The pooled z test, or Fisher's exact test if fewer than 5 hits or misses are expected in a group. None if a group is empty.

    >>> round(p_of_difference(70, 100, 20, 50), 6), round(p_of_difference(3, 4, 1, 4), 4)
    (0.000407, 0.4857)
    """
    if not n_a or not n_d:
        return None
    share = (hits_a + hits_d) / (n_a + n_d)
    if min(n_a, n_d) * min(share, 1 - share) < 5:
        return fisher_exact(hits_a, n_a, hits_d, n_d)
    return math.erfc(abs(z_of_difference(hits_a, n_a, hits_d, n_d)) / math.sqrt(2))


def z_of_difference(hits_a: int, n_a: int, hits_d: int, n_d: int) -> float:
    """The pooled two-proportion z: (p_a − p_d) / √(p(1 − p)(1/n_a + 1/n_d)).

    >>> round(z_of_difference(70, 100, 20, 50), 4)
    3.5355
    """
    share = (hits_a + hits_d) / (n_a + n_d)
    return (hits_a / n_a - hits_d / n_d) / math.sqrt(share * (1 - share) * (1 / n_a + 1 / n_d))


def fisher_exact(hits_a: int, n_a: int, hits_d: int, n_d: int) -> float:
    """The exact two-sided p-value: the probability, given the margins, of all tables at most as likely as this one. Source: Fisher 1922.

    >>> round(fisher_exact(3, 4, 1, 4), 6)
    0.485714
    """
    hits, rows = hits_a + hits_d, n_a + n_d
    low, high = max(0, hits - n_d), min(hits, n_a)
    base = _log_choose(rows, hits)
    logs = [_log_choose(n_a, k) + _log_choose(n_d, hits - k) - base for k in range(low, high + 1)]
    seen = logs[hits_a - low] + 1e-6  # tolerance for rounding
    return min(1.0, math.fsum(math.exp(x) for x in logs if x <= seen))


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def adjusted(p_values: Sequence[float]) -> list[float]:
    """p-values adjusted for multiple tests by controlling the false discovery rate.

    Source: Benjamini and Hochberg 1995, step-up.

    >>> [round(p, 3) for p in adjusted([0.01, 0.04, 0.03, 0.5])]
    [0.04, 0.053, 0.053, 0.5]
    """
    order = sorted(range(len(p_values)), key=lambda i: -p_values[i])
    found = [0.0] * len(p_values)
    least = 1.0
    for done, i in enumerate(order):
        least = min(least, p_values[i] * len(p_values) / (len(p_values) - done))
        found[i] = least
    return found


def upper_bound(hits: int, rows: int) -> float:
    """The share that would give at most `hits` hits with probability 5 %: an upper bound of what a sample may have missed.

    Without hits it is about 3 / rows. Source: Clopper and Pearson 1934, one-sided.

    >>> round(upper_bound(0, 50_000), 7), round(upper_bound(8, 10), 4)
    (5.99e-05, 0.9632)
    """
    low, high = hits / rows, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 - _beta(hits + 1, rows - hits, middle) > 0.05 else (low, middle)
    return high


def _beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Press et al. 2007, section 6.4)."""
    if x <= 0 or b <= 0 or x >= 1:
        return 0.0 if x <= 0 or b <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta(b, a, 1 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, 10_000):
        for step in (m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))):
            d, c = 1 / (1 + step * d), 1 + step / c
            fraction *= d * c
        if abs(d * c - 1) < 1e-12:
            break
    return front * fraction
