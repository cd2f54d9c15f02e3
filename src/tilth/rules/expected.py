"""Predicts the interval of the next value of a metric from its earlier values, for DetectAnomalies."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import combinations, pairwise
from operator import itemgetter
from statistics import fmean, median

FEWEST, MOST = 3, 100  # the minimum number of earlier values, and the maximum number that is used
FEWEST_OF_TREND = 8
FEWEST_OF_NORMAL = 12  # with at least this many values, k is 3
STUDENT = (10.0, 8.8915, 6.4348, 5.376, 4.8002, 4.4421, 4.1991, 4.024, 3.892)
"""How many deviations are allowed for 3, 4 … 11 values: the two-sided 99.7 % quantile of Student's t, at most 10."""
SURE = 1.96  # standard deviations of the Mann-Kendall statistic that make a trend significant: 95 %
OUTLIER = 5.0  # a value more standard deviations from its season is ignored when deciding whether there is a season
EXPLAINED, CHANCE = 0.2, 4.0  # the least share of the variance that a season explains, and its distance from chance in spreads
LONGEST = 4.0  # the largest gap that widens the limits
REGULAR = 0.1  # runs are regular if each gap differs from the usual gap by at most this share of it
RUNS = (7, 12)  # periods in runs
DAY = 86_400.0
PERIODS: tuple[tuple[str, float, Callable[[datetime], int]], ...] = (
    ("a day", DAY, lambda t: t.hour),
    ("a week", 7 * DAY, lambda t: t.weekday()),
    ("a month", 30.4 * DAY, lambda t: t.day),
)
DIGITS = 3  # of the bounds of a rule that is suggested


@dataclass(frozen=True)
class Expected:
    """An expected value, and the inclusive limits of usual values.

    `trend` is the growth in the usual time between two checks, 0 if there is none. `season` is the detected period, or an empty string.
    """

    value: float
    low: float
    high: float
    trend: float = field(default=0.0, repr=False, compare=False)
    season: str = field(default="", repr=False, compare=False)

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


def expected(
    earlier: Sequence[float],
    domain: tuple[float, float] = (-math.inf, math.inf),
    times: Sequence[datetime] = (),
    at: datetime | None = None,
) -> Expected:
    """Predict the value after earlier ones (latest first); with their `times`, the value `at` a given time.

    value = level + trend + season; limits = value ± k · s · √(gap + 1/n).

    - level: the median.
    - trend: the median slope (Theil-Sen), if there are at least eight values and its sign is significant (Mann-Kendall test, 95 %).
    - season: the median of the values at the same hour, weekday or day of the month, or the same number of runs apart. It is used if there
      are two whole periods, and if it explains a fifth of the variance and more than chance would. Residuals beyond five deviations count
      as five here.
    - s = 1.4826 · the median absolute residual. With a season, the smallest residuals, one per phase, are left out. If s is about 0, the
      mean absolute residual is used.
    - k: 3 for at least twelve values, Student's quantile for fewer.
    - gap: the time since the latest value as a multiple of the usual time, 1 to 4.

    Limits are clipped to the `domain` of the metric. Only the latest hundred values are used. Without times, runs are assumed to be equally
    spaced.

    >>> expected([10.0, 11.0, 9.0, 10.0])
    Expected(value=10.0, low=2.63..., high=17.36...)
    """
    values = list(reversed(earlier[:MOST]))
    n = len(values)
    places, following = _places(n, list(reversed(times[:MOST])), at)
    season = _season(values, places, list(reversed(times[:MOST])), at)
    plain = [x - s for x, s in zip(values, season.of_values, strict=True)]
    slope = _slope(plain, places)
    level = median(x - slope * t for x, t in zip(plain, places, strict=True))
    residuals = sorted(abs(x - slope * t - level) for x, t in zip(plain, places, strict=True))[season.phases :]
    least = 1e-9 * max(1.0, abs(level))  # smaller differences are rounding errors
    spread = next(s for s in (1.4826 * median(residuals), fmean(residuals), least) if s >= least)
    k = 3.0 if n >= FEWEST_OF_NORMAL else STUDENT[n - FEWEST]
    value = level + slope * following + season.of_next
    width = k * spread * math.sqrt(min(max(1.0, following - places[-1]), LONGEST) + 1 / n)
    low, high = (min(max(x, domain[0]), domain[1]) for x in (value - width, value + width))
    return Expected(value, low, high, slope, season.name)


def _places(n: int, times: Sequence[datetime], at: datetime | None) -> tuple[list[float], float]:
    """Where on the axis of time the values are and the next one is, in units of the usual gap; 0, 1, 2 … without times."""
    gaps = [(b - a).total_seconds() for a, b in pairwise(times)]
    usual = median(gaps) if gaps else 0.0
    if at is None or usual <= 0:
        return [float(i) for i in range(n)], float(n)
    return [(t - times[0]).total_seconds() / usual for t in times], max((at - times[0]).total_seconds(), 0.0) / usual


@dataclass(frozen=True)
class _Season:
    """What a season adds to each value, and to the next one."""

    name: str
    of_values: Sequence[float]
    of_next: float
    phases: int = 0  # number of fitted medians; this many residuals are about 0, and do not measure the spread


def _season(values: Sequence[float], places: Sequence[float], times: Sequence[datetime], at: datetime | None) -> _Season:
    """The season that explains most of the variance, if one explains enough. `values` are without their trend."""
    none = _Season("", [0.0] * len(values), 0.0)
    slope = _slope(values, places)
    level = [x - slope * t for x, t in zip(values, places, strict=True)]
    found = [pair for name, phases in _phases(len(values), times, at) for pair in _explaining(name, level, phases)]
    return max(found, key=itemgetter(0), default=(0.0, none))[1]


def _phases(n: int, times: Sequence[datetime], at: datetime | None) -> Iterator[tuple[str, list[int]]]:
    """For each candidate period, the phases of the values, followed by that of the next value."""
    gaps = [(b - a).total_seconds() for a, b in pairwise(times)]
    usual = median(gaps) if gaps else 0.0
    if at is not None and usual > 0:
        every = [*times, at]
        span = (times[-1] - times[0]).total_seconds()
        for name, seconds, phase in PERIODS:
            if usual <= seconds / 2 and span >= 2 * seconds - usual * 1.5:
                yield name, [phase(t) for t in every]
    if at is None or usual <= 0 or all(abs(gap - usual) <= REGULAR * usual for gap in gaps):
        for runs in RUNS:
            if n >= 2 * runs:
                yield f"{runs} runs", [i % runs for i in range(n + 1)]


def _explaining(name: str, values: Sequence[float], phases: Sequence[int]) -> Iterator[tuple[float, _Season]]:
    """The season for these phases with its explained share of the variance, if that is enough and more than chance would explain."""
    groups: dict[int, list[float]] = {}
    for phase, x in zip(phases, values, strict=False):
        groups.setdefault(phase, []).append(x)
    n, p, whole = len(values), len(groups), median(values)
    if p < 2 or n <= p or len(groups.get(phases[-1], ())) < 2:
        return
    shift = {phase: median(of) - whole for phase, of in groups.items()}
    residuals = [x - whole - shift[phase] for phase, x in zip(phases, values, strict=False)]
    most = OUTLIER * 1.4826 * median(map(abs, residuals)) or math.inf
    limited = [min(max(x, -most), most) for x in residuals]
    values = [whole + shift[phase] + x for phase, x in zip(phases, limited, strict=False)]
    rest = sum(x**2 for x in limited) / (n - p)
    total = sum((x - fmean(values)) ** 2 for x in values) / (n - 1)
    between = (total * (n - 1) - rest * (n - p)) / (p - 1)
    by_chance = 1 + CHANCE * math.sqrt(2 / (p - 1) + 2 / (n - p))  # of the ratio of variances between and within: its mean and spread
    if total > 0 and 1 - rest / total >= EXPLAINED and between > by_chance * rest:
        yield 1 - rest / total, _Season(name, [shift[phase] for phase in phases[:-1]], shift[phases[-1]], p)


def _slope(values: Sequence[float], places: Sequence[float]) -> float:
    """The median slope of all pairs of values; 0 of few values, and where its sign may be chance."""
    n = len(values)
    if n < FEWEST_OF_TREND:
        return 0.0
    pairs = [(y, x, b - a) for (a, x), (b, y) in combinations(zip(places, values, strict=True), 2) if b > a]
    rising = sum((y > x) - (y < x) for y, x, _ in pairs)
    deviation = math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    return median((y - x) / gap for y, x, gap in pairs) if abs(rising) - 1 > SURE * deviation else 0.0


def _outwards(x: float, rounding: str) -> str:
    """A number beyond `x`, which is as near to it as three digits allow."""
    exact = Decimal(repr(x))
    unit = Decimal(1).scaleb((exact.adjusted() if exact else 0) - DIGITS + 1)
    moved = exact.quantize(unit, rounding=rounding)
    if moved == exact:
        moved += unit if rounding == ROUND_CEILING else -unit
    return f"{moved:f}"
