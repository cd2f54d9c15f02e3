"""Many thresholds on one column: the same counts in one grouped scan."""

from __future__ import annotations

import math
import operator
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tilth.data import Dataset, Memory
from tilth.engine import thresholds
from tilth.engine.expressions import coalesce, col, ge, gt, le, lit, lt
from tilth.engine.session import Session
from tilth.engine.statistics import Statistic, count

SIDES = {gt: operator.gt, ge: operator.ge, lt: operator.lt, le: operator.le}
NUMBERS = st.sampled_from([-3, -0.5, 0, 0.25, 1, 2, 2**53 + 1, 1e300])
BOUNDS = st.lists(st.tuples(st.sampled_from(list(SIDES)), NUMBERS), min_size=3, max_size=12)


def asked(bounds: Any, column: str = "x") -> dict[Statistic, Any]:
    """Counts of the rows beyond each bound, as rules and as metrics write them."""
    trees = [(side(col(column), lit(c)), side, c) for side, c in bounds]
    return {count(coalesce(t, lit(False)) if i % 2 else t): (SIDES[side], c) for i, (t, side, c) in enumerate(trees)}


def answered(table: pa.Table, needs: Any, engine: Session) -> tuple[dict[Any, Any], list[str]]:
    before = len(engine.scans)
    return engine.answer(Dataset(Memory(table, tuple(table.column_names))), needs), [s.title for s in engine.scans[before:]]


@given(xs=st.lists(st.one_of(st.none(), NUMBERS, st.just(math.inf)), max_size=20), bounds=BOUNDS)
def test_the_counts_are_those_of_each_threshold_alone(xs, bounds):
    needs, engine = asked(bounds), duckdb_session()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(thresholds, "FEWEST", 1)
        found, titles = answered(pa.table({"x": pa.array(xs, pa.float64())}), [*needs, count()], engine)
    assert len(titles) == 2 and titles[0].endswith("thresholds on x")
    assert {s: found[s] for s in needs} == {s: sum(x is not None and side(x, float(c)) for x in xs) for s, (side, c) in needs.items()}
    assert found[count()] == len(xs)


@pytest.mark.slow
def test_few_thresholds_are_counted_with_everything_else():
    table, bounds = pa.table({"x": range(1000)}), [(gt, c) for c in range(thresholds.FEWEST)]
    for some, scans in ((bounds[1:], 1), (bounds, 2)):  # without a scan of thresholds the latter would be two as well
        found, titles = answered(table, [*asked(some), count()], duckdb_session())
        assert len(titles) == scans
        assert [found[s] for s in asked(some)] == [1000 - c - 1 for _, c in some]


def test_other_conditions_are_left_alone():
    bounds = [(gt, c) for c in range(thresholds.FEWEST)]
    others = [s.grouped(col("k")) for s in asked(bounds)] + [count(gt(col("x"), col("k"))), count(gt(col("x"), lit("a")))]
    assert thresholds.on_thresholds(others) == ([], others)


@pytest.mark.spark
def test_spark_counts_the_same(spark, monkeypatch):
    from tilth.engine.spark import Spark

    monkeypatch.setattr(thresholds, "FEWEST", 100)
    table = pa.table({"x": [None, math.inf, *(i / 7 for i in range(500))], "i": [*range(500), None, -5]})
    bounds = [(list(SIDES)[c % 4], c / 3 if c % 5 else c) for c in range(-30, 130)]
    needs = [*asked(bounds), *asked(bounds, "i"), count()]
    ours, theirs = answered(table, needs, duckdb_session()), answered(table, needs, Spark(spark).session())
    assert ours == theirs and len(ours[1]) == 3
