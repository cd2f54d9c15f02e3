"""The distribution of a column's values: histogram, skewness, outliers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tilth.engine.arrow import as_numpy

if TYPE_CHECKING:
    import numpy as np

BINS = 20
SINGLE = 31  # whole numbers in a range up to this size have a bin each, such as the days of a month
NEAR, FAR = 1.5, 3.0  # numbers this many interquartile ranges beyond the quartiles are outliers, or far ones (Tukey 1977)


@dataclass(frozen=True)
class Histogram:
    """Counts of values in bins of equal width from `low` to `high`, and of the values `below` and `above`."""

    low: Any
    high: Any
    counts: tuple[int, ...]
    below: int = 0
    above: int = 0


def histogram_of(x: np.ndarray, whole: bool, quantiles: Mapping[str, float]) -> Histogram | None:
    """The histogram of sorted numbers, limited to the far fences, so that a few extremes do not squeeze the others into one bin.

    `whole` numbers in a small range have a bin each. None if the range is too large or too small for doubles.
    """
    import numpy as np

    low, high = float(x[0]), float(x[-1])
    span = FAR * (quantiles["p75"] - quantiles["p25"])
    if span:
        low, high = max(low, quantiles["p25"] - span), min(high, quantiles["p75"] + span)
    if whole:
        low, high = float(np.ceil(low)), float(np.floor(high))
    single = whole and high - low < SINGLE
    bins = int(high - low) + 1 if single else BINS
    edges = (low - 0.5, high + 0.5) if single else (low, high)
    if not 2 * bins * math.ulp(max(map(abs, edges))) < edges[1] - edges[0] < float("inf"):
        return None
    cuts = np.linspace(*edges, bins + 1)
    places = [*np.searchsorted(x, cuts[:-1]).tolist(), int(np.searchsorted(x, cuts[-1], "right"))]  # the last bin includes both edges
    return Histogram(low, high, tuple(b - a for a, b in pairwise(places)), *outside(x, low, high))


def outside(x: np.ndarray, low: float, high: float) -> tuple[int, int]:
    """The number of sorted values below `low`, and above `high`."""
    import numpy as np

    return int(np.searchsorted(x, low)), len(x) - int(np.searchsorted(x, high, "right"))


def histogram_of_times(column: pa.ChunkedArray) -> Histogram | None:
    """The histogram of dates or times, from the first to the last; None without values."""
    import numpy as np

    there = column.drop_null()
    if not len(there):
        return None
    ends = pc.min_max(there).as_py()
    plain = there.cast(pa.int32()) if pa.types.is_date32(there.type) or pa.types.is_time32(there.type) else there.cast(pa.int64())
    counts, _ = np.histogram(as_numpy(plain), BINS)
    return Histogram(ends["min"], ends["max"], tuple(counts.tolist()))


def shape_of(x: np.ndarray, quantiles: Mapping[str, float]) -> dict[str, float]:
    """The shape of sorted numbers: `skewness`, m₃ / m₂^1.5 from central moments, and the shares of `outliers` and `far_outliers`.

    Empty without numbers, and if all are equal.
    """
    if not len(x) or x[0] == x[-1]:
        return {}
    scaled = x / max(-x[0], x[-1])  # avoids overflow of powers
    around = scaled - scaled.mean()
    squares = around * around
    m2, m3 = float(squares.mean()), float((squares * around).mean())
    low, high = quantiles["p25"], quantiles["p75"]
    beyond = {"outliers": NEAR * (high - low), "far_outliers": FAR * (high - low)}
    shares = {name: sum(outside(x, low - far, high + far)) / len(x) for name, far in beyond.items()} if high > low else {}
    return ({"skewness": round(m3 / m2**1.5, 12)} if m2 else {}) | shares
