"""How much a class reveals about a sensitive column: l-diversity and t-closeness."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tilth.measures.disclosure.classes import Counted


@dataclass(frozen=True)
class Diversity:
    """How much the classes of a table reveal about one sensitive column.

    `distinct` is the smallest number of values in a class (distinct l-diversity), `entropy` is exp of the smallest entropy of a class
    (entropy l-diversity), `closeness` is the largest distance between a class and the table (t-closeness): half the sum of the absolute
    differences of shares (total variation), or, if values are ordered, the earth mover's distance with neighbouring values 1/(m − 1) apart.
    `sure` is the number of rows in classes with a single value.
    """

    column: str
    distinct: int
    entropy: float
    closeness: float
    ordered: bool
    sure: int


def diversity(counted: Counted, classes: np.ndarray, column: str, ordered: bool) -> Diversity:
    """The diversity of a column in the classes. Null counts as a value, the last one in their order."""
    codes = counted.columns[column].codes
    of, value, rows = counted.crossed(classes, codes)
    sizes = np.bincount(of, weights=rows)
    shares = rows / sizes[of]
    distinct = np.bincount(of)
    entropy = np.bincount(of, weights=-shares * np.log(shares))
    whole = np.bincount(value, weights=rows) / counted.rows
    far = _moved(of, value, shares, whole, len(sizes)) if ordered else _varied(of, value, shares, whole, len(sizes))
    sure = int(sizes[distinct == 1].sum())
    return Diversity(column, int(distinct.min()), math.exp(max(0.0, float(entropy.min()))), float(far.max()), ordered, sure)


def _varied(of: np.ndarray, value: np.ndarray, shares: np.ndarray, whole: np.ndarray, n: int) -> np.ndarray:
    """½ Σ |pᵢ − qᵢ| for each class; values that a class lacks add their share of the table."""
    present = np.bincount(of, weights=np.abs(shares - whole[value]), minlength=n)
    lacking = 1 - np.bincount(of, weights=whole[value], minlength=n)
    return np.clip((present + lacking) / 2, 0, 1)


def _moved(of: np.ndarray, value: np.ndarray, shares: np.ndarray, whole: np.ndarray, n: int) -> np.ndarray:
    """Σᵢ |Σⱼ≤ᵢ (pⱼ − qⱼ)| / (m − 1) for each class, with m values.

    Between two values of a class its cumulated share c is constant, so prefix sums of Q give the sum of |c − Qᵢ| over that stretch.
    """
    m = len(whole)
    if m < 2:
        return np.zeros(n)
    q = np.cumsum(whole)
    prefix = np.concatenate([[0.0], np.cumsum(q)])
    total = np.cumsum(shares)
    first = np.flatnonzero(np.diff(of, prepend=-1))
    begin = np.zeros(n)
    begin[of[first]] = total[first] - shares[first]
    level = np.clip(total - begin[of], 0, 1)  # the cumulated share from each value of a class on
    last = np.append(first[1:], len(of)) - 1
    until = np.append(value[1:], m)
    until[last] = m
    apart = _area(level, value, until, q, prefix)
    ahead = np.zeros(n)  # below the first value of a class, its cumulated share is 0
    ahead[of[first]] = prefix[value[first]]
    return np.clip((np.bincount(of, weights=apart, minlength=n) + ahead) / (m - 1), 0, 1)


def _area(level: np.ndarray, start: np.ndarray, end: np.ndarray, q: np.ndarray, prefix: np.ndarray) -> np.ndarray:
    """Σ |level − qᵢ| for start ≤ i < end, with q ascending."""
    cut = np.clip(np.searchsorted(q, level, side="right"), start, end)
    below = level * (cut - start) - (prefix[cut] - prefix[start])
    above = (prefix[end] - prefix[cut]) - level * (end - cut)
    area: np.ndarray = below + above
    return area
