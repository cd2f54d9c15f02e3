"""The battery for metrics: the whole shelf passes it, and a metric that breaks a law does not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tilth.measures.bias
import tilth.measures.profile  # noqa: F401 -- its metrics are on the shelf
from tilth.data import Dataset, Kind, Memory
from tilth.engine.duckdb import DuckDB
from tilth.engine.expressions import col, gt, lit
from tilth.engine.operations.strings import Trim
from tilth.engine.statistics import Statistic, count, lowest, total
from tilth.measures import profile
from tilth.measures.bias import Weights
from tilth.measures.bias.values import category
from tilth.metrics import columns, keys, relations, sketches
from tilth.metrics.metric import Grouped, Metric, Where
from tilth.testing.laws import in_memory, same
from tilth.testing.metrics import check_laws, check_metric, nasty_tables

POSITIVE = gt(col("float2"), lit(1.0))
TABLE = pa.table({"t": ["a", "b", "b", None, "é"], "i": [3, 1, 1, 7, None]})
OTHER = Dataset(Memory(TABLE, ("t", "i")))
SHELF: list[Metric] = [
    columns.RowCount(),
    columns.Share(POSITIVE),
    columns.Completeness("text"),
    columns.Completeness("date"),
    columns.Sum("float2"),
    columns.Mean("float"),
    columns.Mean("integer", finite=True),
    columns.Variance("float"),
    columns.Variance("float2", ddof=1, finite=True),
    columns.StandardDeviation("float2"),
    columns.Minimum("integer"),
    columns.Minimum("float", finite=True),
    columns.Maximum("date"),
    columns.Maximum("text"),
    columns.Extreme(Trim.of(col("text")), "min"),
    columns.Percentile("float", 0.25),
    columns.Range("float"),
    columns.InterquartileRange("float2"),
    columns.Skewness("float2"),
    columns.Kurtosis("float"),
    columns.ZerosCount("integer"),
    columns.Correlation("float", "float2"),
    keys.Uniqueness(("text", "truth")),
    keys.UniqueValueRatio("text"),
    keys.DistinctValues("integer"),
    keys.DistinctKeys(("integer", "text")),
    keys.DuplicateRows(("integer", "group")),
    keys.Entropy("text"),
    keys.Frequencies(("truth", "text")),
    keys.MostFrequent("text"),
    keys.TopValues("integer", 3),
    profile.Distinct(category("float", Kind.FLOAT)),
    profile.TextLengths("text"),
    sketches.ApproximatePercentile("float", 0.25),
    relations.MatchedRows(OTHER, (("text", "t"),)),
    relations.EqualRows(OTHER, (("integer", "i"),), (("text", "t"),)),
    relations.RepeatedKeys(OTHER, (("text", "t"), ("integer", "i"))),
    relations.DifferingRows(OTHER, (("integer", "i"),), ("text", "t")),
    relations.KeysThere(OTHER, ("t", "i")),
    relations.RowsThere(OTHER),
    relations.AggregateThere(OTHER, "sum", "i"),
    Weights(),
    Weights(col("float2")),
    Where(columns.Mean("float2"), POSITIVE),
    Grouped(columns.Variance("float2"), ("truth",)),
]
ESTIMATES = {"Distinct"}
"""Metrics that have a form which is allowed to be a little off; its laws hold but for that, and are not tried."""


def kinds_of_metric(base: type[Metric] = Metric) -> set[type[Metric]]:
    return {k for sub in base.__subclasses__() for k in (sub, *kinds_of_metric(sub)) if k.__module__.startswith("tilth.metrics")}


def test_the_whole_shelf_is_tried():
    assert {k.__name__ for k in kinds_of_metric()} - {type(m).__name__ for m in SHELF} == {"Wrapped", "_Finite"}  # bases


@pytest.mark.slow
@pytest.mark.parametrize("metric", SHELF, ids=str)
def test_a_metric_of_the_shelf_passes(metric):
    check_metric(metric)


VALUES = st.fixed_dictionaries(
    {
        "integer": st.none() | st.integers(-5, 5),
        "float": st.none() | st.floats(-1e3, 1e3),
        "float2": st.none() | st.integers(0, 9).map(lambda x: x / 4),
        "text": st.none() | st.sampled_from(["", " ", "a", "b", "é", "A"]),
        "truth": st.none() | st.booleans(),
        "date": st.none() | st.dates(),
        "group": st.none() | st.sampled_from("xy"),
    }
)
SCHEMA = nasty_tables()["rows"].schema
ENGINE = DuckDB().session()


@pytest.mark.slow
@pytest.mark.parametrize("metric", SHELF, ids=str)
@given(rows=st.lists(VALUES, max_size=8))
@settings(max_examples=settings().max_examples // 6)
def test_the_laws_hold_on_any_rows(metric, rows):
    check_laws(metric, pa.Table.from_pylist(rows, schema=SCHEMA), ENGINE)


@pytest.mark.spark
def test_the_shelf_has_the_same_values_on_spark(spark):
    """The tables as groups of one, which are asked together; and no rows."""
    from tilth.engine.spark import Spark
    from tilth.metrics.metric import measured

    engine = Spark(session=spark).session()
    tables = nasty_tables()
    named = pa.concat_tables([t.append_column("table", pa.array([name] * t.num_rows, pa.string())) for name, t in tables.items()])
    grouped = [Grouped(m, ("table",)) for m in SHELF]
    for table, metrics in ((named, grouped), (tables["no rows"], SHELF)):
        ours, theirs = measured(in_memory(table), metrics, ENGINE), measured(in_memory(table), metrics, engine)
        assert [m for m in metrics if not same(ours[m], theirs[m])] == []


# ── what must not pass ──


@dataclass(frozen=True)
class Wrong(Metric):
    """The number of rows, spoilt in one way."""

    way: str
    range: ClassVar[tuple[float, float]] = (0, math.inf)

    def needs(self) -> tuple[Statistic, ...]:
        return (count(),) if self.way != "merge" else (count(), lowest(col("integer")))

    def value(self, *numbers: Any) -> Any:
        rows = numbers[0]
        match self.way:
            case "range":
                return -1 - rows
            case "nan":
                return math.nan if rows else None
        return rows

    def merge(self, a: Any, b: Any) -> Any:
        return a if self.way == "merge" else super().merge(a, b)


@dataclass(frozen=True)
class Unfiltered(Wrong):
    """A metric that groups by itself."""

    def needs(self) -> tuple[Statistic, ...]:
        return count(), total(col("float2")).grouped(col("group"))

    def value(self, *numbers: Any) -> Any:
        return len(numbers[1]) + numbers[0]


@pytest.mark.parametrize(
    ("metric", "law"),
    [
        (Wrong("range"), r"the value is in \[0, inf\]"),
        (Wrong("nan"), "a value is never NaN"),
        (Wrong("merge"), "parts merge to the whole"),
    ],
)
def test_a_broken_law_is_named(metric, law):
    with pytest.raises(AssertionError, match=law):
        check_metric(metric)


def test_a_metric_without_its_columns_is_reported():
    with pytest.raises(AssertionError, match="its column 'nope' is in the table"):
        check_metric(columns.Mean("nope"))


def test_a_metric_that_is_not_frozen_is_rejected():
    with pytest.raises(TypeError, match="frozen"):

        @dataclass
        class Soft(columns.Mean):
            """A metric that can be changed."""
