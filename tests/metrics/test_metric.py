"""What every metric can do: be one of some rows, and of groups of rows."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tests.engines import duckdb_session
from tilth.data import Dataset, Memory
from tilth.engine.expressions import col, eq, lit
from tilth.metrics.columns import Completeness, Correlation, Mean, Percentile, RowCount, StandardDeviation
from tilth.metrics.keys import DistinctValues, Entropy, Uniqueness
from tilth.metrics.metric import Grouped, Where, measured

TABLE = pa.table({"g": ["a", "a", "b", "b", "b", None], "x": [1.0, 2.0, None, 4.0, 8.0, 16.0], "y": [2, 3, 5, 7, 7, 7]})
METRICS = [
    RowCount(), Completeness("x"), Mean("x"), StandardDeviation("x"), Percentile("x"), Correlation("x", "y"), Uniqueness(("y",)),
    DistinctValues("y"), Entropy("y"),
]  # fmt: skip


@pytest.fixture
def data():
    return Dataset(Memory(TABLE, tuple(TABLE.column_names)))


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_where_true_is_the_whole_table(metric, data):
    found = measured(data, [metric, Where(metric, eq(lit(1), lit(1)))], duckdb_session())
    assert len(set(found.values())) == 1


@pytest.mark.parametrize("metric", METRICS, ids=lambda m: m.name)
def test_by_groups_is_of_each_groups_rows(metric, data):
    by_group = Grouped(metric, ("g",))
    alone = {g: Where(metric, eq(col("g"), lit(g))) for g in "ab"}
    found = measured(data, [by_group, *alone.values()], duckdb_session())
    assert found[by_group].keys() == {"a", "b", None}
    assert {g: found[by_group][g] for g in "ab"} == pytest.approx({g: found[m] for g, m in alone.items()})


def test_groups_are_compared():
    gap = Grouped(Mean("x"), ("g",), compare=lambda means: means["b"] - means["a"])
    data = Dataset(Memory(TABLE, tuple(TABLE.column_names)))
    assert measured(data, [gap], duckdb_session())[gap] == 6.0 - 1.5  # by hand: (4 + 8) / 2 and (1 + 2) / 2


def test_a_metric_names_its_columns():
    assert Correlation("x", "y").subject == ("x", "y")
    assert Where(Uniqueness(("g", "y")), eq(col("x"), lit(1))).subject == ("g", "y")
