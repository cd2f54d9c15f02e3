"""The KLL sketch: exact for few values, accurate and bounded for many, however they are ordered, cut and merged."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tilth.data import Dataset, Memory
from tilth.metrics.metric import measured
from tilth.metrics.sketches import ApproximatePercentile, Kll
from tilth.testing.metrics import check_metric
from tilth.testing.needs import check_need

QS = (0.0, 0.01, 0.25, 0.5, 0.9, 1.0)
FOLD = Kll(("x",), k=64)
ERROR = 0.05  # for k = 64: 2.3 / 64^0.97 in 99 of 100 cases


def sketch_of(*parts: np.ndarray):
    states = [FOLD.update(FOLD.start(), pa.RecordBatch.from_pydict({"x": part})) for part in parts]
    whole = states[0]
    for state in states[1:]:
        whole = FOLD.merge(whole, state)
    return whole


def rank_error(values: np.ndarray, answer: float, q: float) -> float:
    """How far q is from the shares of values below and at or below the answer."""
    below, upto = np.mean(values < answer), np.mean(values <= answer)
    return max(0.0, below - q, q - upto)


@settings(max_examples=20)
@given(
    seed=st.integers(0, 10_000),
    cuts=st.lists(st.integers(1, 5_000), max_size=5),
    shape=st.sampled_from([np.sort, np.copy, lambda x: np.round(x), lambda x: np.sort(x)[::-1]]),
)
def test_ranks_are_close_however_parts_are_merged(seed, cuts, shape):
    values = shape(np.random.default_rng(seed).normal(0, 3, size=5_000))
    sketch = sketch_of(*(part for part in np.split(values, sorted(cuts)) if len(part)))
    assert sketch.n == len(values)
    assert sketch.size <= 4 * 64
    assert max(rank_error(values, sketch.quantile(q), q) for q in QS) <= ERROR


def test_few_values_are_exact():
    values = np.array([3.0, 1.0, 2.0, np.inf, np.nan, 2.0])
    assert [sketch_of(values).quantile(q) for q in (0, 0.25, 0.5, 0.75, 1)] == [1, 1, 2, 2, 3]


def test_the_metric_and_the_fold_keep_their_laws():
    check_metric(ApproximatePercentile("float"))
    check_need(FOLD, pa.table({"x": [1.5, None, -2.0, 3.0, 3.0]}))


def test_a_million_values_through_the_engine():
    table = pa.table({"x": np.random.default_rng(1).permutation(1_000_000)})
    data = Dataset(Memory(table, ("x",)))
    metrics = [ApproximatePercentile("x", q) for q in QS]
    found = measured(data, metrics, duckdb_session())
    assert max(abs(found[m] / 1e6 - m.q) for m in metrics) < 0.02


@pytest.mark.spark
def test_spark_merges_its_parts(spark):
    from tilth.engine.spark import Spark

    values = np.random.default_rng(2).gamma(2.0, size=20_000)
    data = Dataset(Memory(pa.table({"x": values}), ("x",)))
    found = measured(data, [ApproximatePercentile("x", q) for q in QS], Spark(spark).session())
    assert max(rank_error(values, answer, m.q) for m, answer in found.items()) < 0.02
