"""The statistics of a DataBrew profile job: one table of names, with what each applies to, its parameters, and what computes it.

Details that AWS's guide leaves open follow its results: entropy is in natural units, the kurtosis of a normal distribution is 0, and the
last bucket of a distribution is open.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from tilth.measures.sampled import quantiles_of

ALL = "ALL"
NUMBER, TEXT, BOOLEAN = "number", "string", "boolean"
EVERY = (NUMBER, TEXT, BOOLEAN)
SIZES = (NUMBER, TEXT)  # of a string its length
Found = Mapping[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A parameter of a statistic: its default, how its string is read (None if it cannot be), and what would be accepted."""

    default: Any
    read: Callable[[str], Any]
    accepted: str


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) > 0 else None


def _size(text: str) -> int | str | None:
    return ALL if text == ALL else _count(text)


def _positive(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < math.inf else None


def _selectors(text: str) -> list[dict[str, str]] | None:
    """Columns as JSON in a string: objects with `name` or `regex`."""
    try:
        found = json.loads(text)
    except ValueError:
        return None
    right = isinstance(found, list) and found and all(isinstance(s, dict) and len(s) == 1 and {*s} <= {"name", "regex"} for s in found)
    return found if right and all(isinstance(v, str) for s in found for v in s.values()) else None


def sample(default: int) -> dict[str, Parameter]:
    """The parameter of how many values are listed."""
    return {"sampleSize": Parameter(default, _size, 'a positive integer, or "ALL", as a string')}


BINS = {"binNumber": Parameter(20, _count, "a positive integer, as a string")}
OUTLIERS = {
    "threshold": Parameter(3.0, _positive, "a positive number, as a string"),
    "mildThreshold": Parameter(None, _positive, "a positive number below threshold, as a string"),
    **sample(50),
}
OF_TABLE: Mapping[str, Mapping[str, Parameter]] = {
    "DUPLICATE_ROWS_COUNT": {},
    "CORRELATION": {
        "columnNumber": Parameter(10, _size, 'a positive integer, or "ALL", as a string'),
        "columnSelectors": Parameter(None, _selectors, 'JSON in a string: [{"name": "age"}, {"regex": "age.*"}]'),
    },
}


@dataclass(frozen=True)
class Looked:
    """The distinct values of a column with their numbers of rows, sorted for numbers and booleans; and the number of `missing` rows.

    `sizes` are the sorted finite numbers, or the lengths of strings; `weights` are their numbers of rows.
    """

    values: list[Any]
    rows: np.ndarray
    sizes: np.ndarray
    weights: np.ndarray
    missing: int

    @cached_property
    def n(self) -> int:
        """The rows that have a size."""
        return int(self.weights.sum())

    @cached_property
    def total(self) -> Any:
        """The sum, exact for integers."""
        if self.sizes.dtype.kind == "i":
            return sum(int(v) * int(w) for v, w in zip(self.sizes, self.weights, strict=True))
        return math.fsum((self.sizes * self.weights).tolist())

    @cached_property
    def mean(self) -> float:
        """The mean."""
        return float(self.total / self.n)

    @cached_property
    def around(self) -> np.ndarray:
        """The distinct sizes less their mean."""
        found: np.ndarray = self.sizes - self.mean
        return found

    def moment(self, power: int) -> float:
        """A central moment of the population."""
        return float((self.around**power * self.weights).sum()) / self.n

    @cached_property
    def variance(self) -> float | None:
        """The variance of a sample, n − 1; None for one row."""
        return self.moment(2) * self.n / (self.n - 1) if self.n > 1 else None

    @cached_property
    def z(self) -> np.ndarray | None:
        """The distinct sizes as deviations from the mean, in standard deviations; None if there is no deviation."""
        return self.around / math.sqrt(self.variance) if self.variance else None

    @cached_property
    def in_order(self) -> np.ndarray:
        """The size of every row, in order, as doubles."""
        return np.repeat(self.sizes.astype(float), self.weights)

    def quantile(self, p: float) -> float:
        """A quantile, interpolated."""
        return quantiles_of(self.in_order, {"q": p})["q"]

    def plain(self, i: int) -> Any:
        """A size as Python has it."""
        return self.sizes[i].item()


@dataclass(frozen=True)
class ColumnStatistic:
    """A statistic of a column: the kinds that have it, what computes it, its parameters. `sized`: it needs a number or length."""

    kinds: tuple[str, ...]
    value: Callable[[Looked, Found], Found]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    sized: bool = True


def _most(found: Any, size: int | str) -> Any:
    return found if size == ALL else found[:size]


def _common(x: Looked, p: Found) -> Found:
    order = sorted(range(len(x.values)), key=lambda i: (-int(x.rows[i]), x.values[i]))
    return {"mostCommonValues": [{"value": x.values[i], "count": int(x.rows[i])} for i in _most(order, p["sampleSize"])]}


def _entropy(x: Looked, p: Found) -> Found:
    """−Σ p ln p over the distinct values."""
    if not len(x.rows):
        return {}
    return {"entropy": abs(math.fsum(-share * math.log(share) for share in (x.rows / x.rows.sum()).tolist()))}


def _mode(x: Looked, p: Found) -> Found:
    return {"mode": x.plain(int(x.weights.argmax()))}  # of equally frequent ones the smallest


def _extremes(name: str, last: bool) -> Callable[[Looked, Found], Found]:
    def found(x: Looked, p: Found) -> Found:
        order = range(len(x.sizes) - 1, -1, -1) if last else range(len(x.sizes))
        return {name: [{"value": x.plain(i), "count": int(x.weights[i])} for i in _most(order, p["sampleSize"])]}

    return found


def _variance(x: Looked, p: Found) -> Found:
    return {"variance": x.variance}


def _deviation(x: Looked, p: Found) -> Found:
    return {"standardDeviation": None if x.variance is None else math.sqrt(x.variance)}


def _skewness(x: Looked, p: Found) -> Found:
    m2 = x.moment(2)
    return {"skewness": x.moment(3) / m2**1.5 if m2 else None}


def _kurtosis(x: Looked, p: Found) -> Found:
    m2 = x.moment(2)
    return {"kurtosis": x.moment(4) / m2**2 - 3 if m2 else None}


def _zeros(x: Looked, p: Found) -> Found:
    return {"zerosCount": int(x.weights[x.sizes == 0].sum())}


def _deviations(x: Looked, p: Found) -> Found:
    away = np.abs(x.in_order - x.quantile(0.5))
    return {"medianAbsoluteDeviation": quantiles_of(np.sort(away), {"q": 0.5})["q"]}


def _quartiles(x: Looked, p: Found) -> Found:
    return {"interquartileRange": x.quantile(0.75) - x.quantile(0.25)}


def _percentiles(x: Looked, p: Found) -> Found:
    return {f"percentile{k}": x.quantile(k / 100) for k in (5, 25, 75, 95)}


def _buckets(numbers: np.ndarray, weights: np.ndarray, bins: int, first: Any) -> list[dict[str, Any]]:
    """Rows in buckets of equal width with shared edges, the last one open; a bucket has its lower edge. One bucket for equal numbers."""
    low, high = numbers[0].item(), numbers[-1].item()
    edges = [low + (high - low) * k / bins for k in range(bins)] if high > low else [low]
    place = np.searchsorted(np.array(edges, float), numbers, "right") - 1
    counts = np.bincount(np.maximum(place, 0), weights, len(edges)).astype(int).tolist()
    ends = [low if first is None else first, *edges[1:], "inf"]
    return [{"bucket": [ends[k], ends[k + 1]], "count": counts[k]} for k in range(len(edges))]


def _values(x: Looked, p: Found) -> Found:
    return {"valueDistribution": _buckets(x.sizes, x.weights, p["binNumber"], None)}


def _scores(x: Looked, p: Found) -> Found:
    return {"zScoreDistribution": _buckets(x.z, x.weights, p["binNumber"], "-inf") if x.z is not None else []}


def _outliers(x: Looked, p: Found) -> Found:
    """Rows more than `threshold` standard deviations from the mean, the farthest listed; and those beyond `mildThreshold` only."""
    away = np.zeros(len(x.sizes)) if x.z is None else np.abs(x.z)
    far = away > p["threshold"]
    order = sorted(np.flatnonzero(far).tolist(), key=lambda i: (-away[i], i))
    listed = [{"value": x.plain(i), "zScore": float(x.z[i])} for i in order for _ in range(int(x.weights[i]))] if x.z is not None else []
    found = {"zScoreOutliersCount": int(x.weights[far].sum()), "zScoreOutliersSample": _most(listed, p["sampleSize"])}
    if p["mildThreshold"] is not None:
        found["zScoreMildOutliersCount"] = int(x.weights[(away > p["mildThreshold"]) & ~far].sum())
    return found


OF_COLUMNS: Mapping[str, ColumnStatistic] = {
    "DISTINCT_VALUES_COUNT": ColumnStatistic(EVERY, lambda x, p: {"distinctValuesCount": len(x.values)}, sized=False),
    "UNIQUE_VALUES_COUNT": ColumnStatistic(EVERY, lambda x, p: {"uniqueValuesCount": int((x.rows == 1).sum())}, sized=False),
    "MISSING_VALUES_COUNT": ColumnStatistic(EVERY, lambda x, p: {"missingValuesCount": x.missing}, sized=False),
    "ENTROPY": ColumnStatistic(EVERY, _entropy, sized=False),
    "MOST_COMMON_VALUES": ColumnStatistic(EVERY, _common, sample(50), sized=False),
    "MIN": ColumnStatistic(SIZES, lambda x, p: {"min": x.plain(0)}),
    "MAX": ColumnStatistic(SIZES, lambda x, p: {"max": x.plain(-1)}),
    "MEAN": ColumnStatistic(SIZES, lambda x, p: {"mean": x.mean}),
    "MEDIAN": ColumnStatistic(SIZES, lambda x, p: {"median": x.quantile(0.5)}),
    "MODE": ColumnStatistic(SIZES, _mode),
    "STANDARD_DEVIATION": ColumnStatistic(SIZES, _deviation),
    "MINIMUM_VALUES": ColumnStatistic((NUMBER,), _extremes("minimumValues", last=False), sample(5)),
    "MAXIMUM_VALUES": ColumnStatistic((NUMBER,), _extremes("maximumValues", last=True), sample(5)),
    "SUM": ColumnStatistic((NUMBER,), lambda x, p: {"sum": x.total}),
    "RANGE": ColumnStatistic((NUMBER,), lambda x, p: {"range": x.plain(-1) - x.plain(0)}),
    "VARIANCE": ColumnStatistic((NUMBER,), _variance),
    "SKEWNESS": ColumnStatistic((NUMBER,), _skewness),
    "KURTOSIS": ColumnStatistic((NUMBER,), _kurtosis),
    "ZEROS_COUNT": ColumnStatistic((NUMBER,), _zeros),
    "MEDIAN_ABSOLUTE_DEVIATION": ColumnStatistic((NUMBER,), _deviations),
    "INTER_QUARTILE_RANGE": ColumnStatistic((NUMBER,), _quartiles),
    "PERCENTILES": ColumnStatistic((NUMBER,), _percentiles),
    "VALUE_DISTRIBUTION": ColumnStatistic(SIZES, _values, BINS),
    "Z_SCORE_DISTRIBUTION": ColumnStatistic((NUMBER,), _scores, BINS),
    "OUTLIER_DETECTION": ColumnStatistic(SIZES, _outliers, OUTLIERS),
}
"""Every statistic of a column, in the order of the result."""
