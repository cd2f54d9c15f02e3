"""The interval in which the next value of a metric is expected, from its earlier values: what DetectAnomalies compares with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import combinations
from statistics import fmean, median

FEWEST, MOST = 3, 100  # earlier values that are needed, and that are looked at
FEWEST_OF_TREND = 8
FEWEST_OF_NORMAL = 12  # from so many on, three deviations are allowed
STUDENT = (10.0, 8.8915, 6.4348, 5.376, 4.8002, 4.4421, 4.1991, 4.024, 3.892)
"""How many deviations are allowed for 3, 4 … 11 values: the two-sided 99.7 % quantile of Student's t, at most 10."""
SURE = 1.96  # deviations from no trend, by Mann and Kendall, from which a trend is believed: 95 %
DIGITS = 3  # of the bounds of a rule that is suggested


@dataclass(frozen=True)
class Expected:
    """An expected value, and the limits within which values are not unusual, both included."""

    value: float
    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value is within the limits; NaN is not."""
        return self.low <= value <= self.high

    @property
    def bounds(self) -> tuple[str, str]:
        """The limits as bounds that `between`, which excludes them, can have: moved outwards to three digits.

        >>> Expected(100.0, 94.31, 106.0).bounds
        ('94.3', '107')
        """
        return _outwards(self.low, ROUND_FLOOR), _outwards(self.high, ROUND_CEILING)


def expected(earlier: Sequence[float], domain: tuple[float, float] = (-math.inf, math.inf)) -> Expected:
    """The value that follows three or more earlier ones, which are finite; the latest comes first.

    value = level + trend, limits = value ± k · s · √(1 + 1/n): the level is the median; the trend is the median slope (Theil and Sen) where
    there are eight values and more, and its sign is significant (Mann and Kendall, 95 %); s = 1.4826 · the median absolute residual, or the
    mean one where that is 0, or next to nothing; k is 3 for twelve values and more, and Student's quantile for fewer. Limits are inside the
    `domain` of the metric. Only the latest hundred values count. The runs are taken to be equally far apart; seasons are not looked for.

    >>> expected([10.0, 11.0, 9.0, 10.0])
    Expected(value=10.0, low=2.63..., high=17.36...)
    """
    values = list(reversed(earlier[:MOST]))
    n = len(values)
    slope = _slope(values)
    level = median(x - slope * i for i, x in enumerate(values))
    residuals = [abs(x - slope * i - level) for i, x in enumerate(values)]
    least = 1e-9 * max(1.0, abs(level))  # what is smaller is rounding
    spread = next(s for s in (1.4826 * median(residuals), fmean(residuals), least) if s >= least)
    k = 3.0 if n >= FEWEST_OF_NORMAL else STUDENT[n - FEWEST]
    value, width = level + slope * n, k * spread * math.sqrt(1 + 1 / n)
    low, high = (min(max(x, domain[0]), domain[1]) for x in (value - width, value + width))
    return Expected(value, low, high)


def _slope(values: Sequence[float]) -> float:
    """The median slope of all pairs of values; 0 of few values, and where its sign may be chance."""
    n = len(values)
    if n < FEWEST_OF_TREND:
        return 0.0
    pairs = [(a, b, j - i) for (i, a), (j, b) in combinations(enumerate(values), 2)]
    rising = sum((b > a) - (b < a) for a, b, _ in pairs)
    deviation = math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    return median((b - a) / gap for a, b, gap in pairs) if abs(rising) - 1 > SURE * deviation else 0.0


def _outwards(x: float, rounding: str) -> str:
    """A number beyond `x`, which is as near to it as three digits allow."""
    exact = Decimal(repr(x))
    unit = Decimal(1).scaleb((exact.adjusted() if exact else 0) - DIGITS + 1)
    moved = exact.quantize(unit, rounding=rounding)
    if moved == exact:
        moved += unit if rounding == ROUND_CEILING else -unit
    return f"{moved:f}"
