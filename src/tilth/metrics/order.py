"""Tests whether the order of rows carries information, by statistics of a column's values in row order.

If only chance has ordered the rows, every order is equally likely (they are exchangeable), and every test statistic here is approximately
normal with mean 0 and standard deviation 1. Each test detects another kind of order, so several are needed.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike

from tilth.metrics.contrasts import Numbers


def _numbers(values: ArrayLike) -> Numbers:
    return np.asarray(values, dtype=np.float64)


def _product(a: Numbers, b: Numbers) -> np.float64:
    """The scalar product. numpy's own starts threads, which on a busy machine wait for each other longer than the computation takes."""
    found: np.float64 = (a * b).sum()
    return found


def ranks(values: ArrayLike) -> Numbers:
    """The ranks of numbers, from 1; equal ones get their mean rank.

    >>> ranks([10, 30, 30, 20]).tolist()
    [1.0, 3.5, 3.5, 2.0]
    """
    _, place, counts = np.unique(_numbers(values), return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    found: Numbers = (ends - (counts - 1) / 2)[place]
    return found


def autocorrelation(values: ArrayLike) -> float:
    """Σ (xᵢ − x̄)(xᵢ₊₁ − x̄) / Σ (xᵢ − x̄)², in [−1, 1]: how similar a value is to the one before. NaN for a constant column.

    >>> round(autocorrelation([1, 2, 3, 4, 5]), 12)
    0.4
    """
    x = _numbers(values)
    x = x - x.mean()
    with np.errstate(invalid="ignore"):
        return float(np.divide(_product(x[1:], x[:-1]), _product(x, x)))


def von_neumann(values: ArrayLike) -> float:
    """Σ (xᵢ₊₁ − xᵢ)² / Σ (xᵢ − x̄)², about 2(1 − r₁): 2 for chance, less for similar neighbours. NaN for a constant column.

    >>> von_neumann([1, 2, 3, 4, 5])
    0.4
    """
    x = _numbers(values)
    step, x = np.diff(x), x - x.mean()
    with np.errstate(invalid="ignore"):
        return float(np.divide(_product(step, step), _product(x, x)))


def bartels(values: ArrayLike) -> float:
    """The test statistic for the von Neumann ratio of the ranks, which outliers do not change. NaN for a constant column.

    A negative statistic means that neighbours are similar, a positive one that values alternate.

    Bartels 1982, "The rank version of von Neumann's ratio test for randomness".
    """
    x = ranks(values)
    n = len(x)
    return (von_neumann(x) - 2) / math.sqrt(4 * (n - 2) * (5 * n * n - 2 * n - 9) / (5 * n * (n + 1) * (n - 1) ** 2))


def runs(values: ArrayLike) -> tuple[float, float]:
    """The test statistic for the number of runs of values above and below the median, and this number divided by its expected value.

    Values equal to the median are left out; if there are only two distinct values, the larger one counts as above. A negative statistic
    means that the values are clumped, a positive one that they alternate. NaN if one side is empty.

    Wald and Wolfowitz 1940, "On a test whether two samples are from the same population".
    """
    x = _numbers(values)
    different = np.unique(x)
    above = x > different[0] if len(different) == 2 else x[x != np.median(x)] > np.median(x)
    n, larger = len(above), int(above.sum())
    both = 2 * larger * (n - larger)
    if not both or both <= n:
        return math.nan, math.nan
    found, expected = 1 + int(np.count_nonzero(np.diff(above))), both / n + 1
    return (found - expected) / math.sqrt(both * (both - n) / (n * n * (n - 1))), found / expected


def trend(values: ArrayLike) -> float:
    """Spearman's rank correlation of a column with the row number, in [−1, 1]. NaN for a constant column.

    >>> round(trend([1, 4, 9, 16]), 12)
    1.0
    """
    x, rows = ranks(values), np.arange(1.0, len(_numbers(values)) + 1)
    x, rows = x - x.mean(), rows - rows.mean()
    with np.errstate(invalid="ignore"):
        return float(np.divide(_product(x, rows), math.sqrt(_product(x, x) * _product(rows, rows))))


def threshold(tests: int) -> float:
    """The number of standard deviations, at least 3, that any of `tests` statistics exceeds by chance only once in 1,000 cases.

    >>> round(threshold(1), 2), round(threshold(20), 2)
    (3.29, 4.06)
    """
    return max(3.0, -NormalDist().inv_cdf(0.0005 / max(1, tests)))


def numbers_ordered(values: ArrayLike, deviations: float = 3) -> bool:
    """Whether neighbours are similar (autocorrelation, Bartels' test), or values rise or fall with the row number (trend).

    The effect must be significant and not small, |r₁| > 0.1 (of values or ranks) or |ρ| > 0.05: with many rows, even tiny effects are
    significant.
    """
    n = len(_numbers(values))
    alike = abs(autocorrelation(values)) > max(deviations / math.sqrt(n), 0.1)
    alike = alike or (abs(bartels(values)) > deviations + 1 and abs(von_neumann(ranks(values)) / 2 - 1) > 0.1)
    return alike or abs(trend(values)) > max((deviations + 1) / math.sqrt(n - 1), 0.05)


def classes_ordered(values: ArrayLike, deviations: float = 3) -> bool:
    """Whether two classes are clumped or alternate: their runs are over `deviations` + 1 deviations, and 10 %, off the expected number."""
    z, share = runs(values)
    return abs(z) > deviations + 1 and abs(share - 1) > 0.1
