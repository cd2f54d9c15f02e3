"""Metrics: their needs, and the value computed from the answers. `METRICS` is the shelf of column metrics."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from tilth.errors import RequestError
from tilth.shelf import Shelf

if TYPE_CHECKING:
    from tilth.metrics.metric import Metric

METRICS: Shelf[type[Metric]] = Shelf(
    "metric",
    "metrics",
    {
        "row_count": "tilth.metrics.columns:RowCount",
        "completeness": "tilth.metrics.columns:Completeness",
        "sum": "tilth.metrics.columns:Sum",
        "mean": "tilth.metrics.columns:Mean",
        "variance": "tilth.metrics.columns:Variance",
        "standard_deviation": "tilth.metrics.columns:StandardDeviation",
        "minimum": "tilth.metrics.columns:Minimum",
        "maximum": "tilth.metrics.columns:Maximum",
        "range": "tilth.metrics.columns:Range",
        "skewness": "tilth.metrics.columns:Skewness",
        "kurtosis": "tilth.metrics.columns:Kurtosis",
        "zeros_count": "tilth.metrics.columns:ZerosCount",
        "interquartile_range": "tilth.metrics.columns:InterquartileRange",
        "percentile": "tilth.metrics.columns:Percentile",
        "approximate_percentile": "tilth.metrics.sketches:ApproximatePercentile",
        "correlation": "tilth.metrics.columns:Correlation",
        "uniqueness": "tilth.metrics.keys:Uniqueness",
        "unique_value_ratio": "tilth.metrics.keys:UniqueValueRatio",
        "distinct_values": "tilth.metrics.keys:DistinctValues",
        "distinct_keys": "tilth.metrics.keys:DistinctKeys",
        "duplicate_rows": "tilth.metrics.keys:DuplicateRows",
        "entropy": "tilth.metrics.keys:Entropy",
        "most_frequent": "tilth.metrics.keys:MostFrequent",
    },
)


def metric_from(asked: str) -> Metric:
    """The metric written as a name and columns: `mean:age`, `correlation:age,income`, `row_count`.

    Errors: `RequestError` for a name that is not on the shelf, and for too few or many columns.

    >>> metric_from("mean:age")
    Mean(column='age', finite=False)
    """
    name, _, written = asked.partition(":")
    kind, given = METRICS.find(name.strip()), [c.strip() for c in written.split(",")] if written.strip() else []
    own = [f.name for f in fields(kind) if f.name.startswith("column")]
    if own == ["columns"] and given:
        return kind(columns=tuple(given))  # type: ignore[call-arg]  # every metric here is a dataclass
    if len(own) != len(given):
        shape = ",".join(["COLUMN"] * len(own)) if own != ["columns"] else "COLUMN,…"
        raise RequestError(f"the metric {asked!r} names {len(given)} columns", accepted=f"{name}:{shape}" if own else name, code="metric")
    return kind(**dict(zip(own, given, strict=True)))
