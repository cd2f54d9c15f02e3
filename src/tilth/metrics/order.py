"""Whether the order of rows says something: of a column in the order of its rows, what would be about as large in any order if it did not.

Rows in any order are as likely as in any other if nothing but chance has put them there (they are exchangeable). Every test statistic here
is then about normal with mean 0 and deviation 1. Each test sees another kind of order, so that it takes several.
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
    """The scalar product. numpy's own starts threads, which on a busy machine wait for each other longer than it takes."""
    found: np.float64 = (a * b).sum()
    return found


def ranks(values: ArrayLike) -> Numbers:
    """The places of numbers by size, from 1; equal ones share the mean of theirs.

    >>> ranks([10, 30, 30, 20]).tolist()
    [1.0, 3.5, 3.5, 2.0]
    """
    _, place, counts = np.unique(_numbers(values), return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    found: Numbers = (ends - (counts - 1) / 2)[place]
    return found


def autocorrelation(values: ArrayLike, lag: int = 1) -> float:
    """Σ (xᵢ − x̄)(xᵢ₊ₖ − x̄) / Σ (xᵢ − x̄)², in [−1, 1]: how much a value is like the one k rows before. NaN of a constant column.

    >>> round(autocorrelation([1, 2, 3, 4, 5]), 12)
    0.4
    """
    x = _numbers(values)
    x = x - x.mean()
    with np.errstate(invalid="ignore"):
        return float(np.divide(_product(x[lag:], x[: len(x) - lag]), _product(x, x)))


def runs(values: ArrayLike) -> tuple[float, float]:
    """The test statistic of the number of runs of values above and below the median, and that number as a share of what chance gives.

    Values equal to the median are left out, but of two different values the larger ones count as above. Negative: the values
    are clumped; positive: they alternate. NaN where there are not two sides.

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
    """Spearman's rank correlation of a column with the number of the row, in [−1, 1]. NaN of a constant column.

    >>> round(trend([1, 4, 9, 16]), 12)
    1.0
    """
    x, rows = ranks(values), np.arange(1.0, len(_numbers(values)) + 1)
    x, rows = x - x.mean(), rows - rows.mean()
    with np.errstate(invalid="ignore"):
        return float(np.divide(_product(x, rows), math.sqrt(_product(x, x) * _product(rows, rows))))


def threshold(tests: int) -> float:
    """How many deviations from its mean, at least 3, a statistic must be so that one of so many tests says so by chance once in 1,000.

    >>> round(threshold(1), 2), round(threshold(20), 2)
    (3.29, 4.06)
    """
    return max(3.0, -NormalDist().inv_cdf(0.0005 / max(1, tests)))


def numbers_ordered(values: ArrayLike, deviations: float = 3) -> bool:
    """Whether neighbours are alike (autocorrelation), or values rise or fall with the number of the row (trend).

    The effect must be significant and not small, |r₁| > 0.1 or |ρ| > 0.05: of many rows, tiny effects are significant too.
    """
    n = len(_numbers(values))
    alike = abs(autocorrelation(values)) > max(deviations / math.sqrt(n), 0.1)
    return alike or abs(trend(values)) > max((deviations + 1) / math.sqrt(n - 1), 0.05)


def classes_ordered(values: ArrayLike, deviations: float = 3) -> bool:
    """Whether two classes are clumped or alternate: their runs are a tenth, and one deviation more, fewer or more than by chance."""
    z, share = runs(values)
    return abs(z) > deviations + 1 and abs(share - 1) > 0.1
