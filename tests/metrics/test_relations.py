"""Metrics of two tables, by hand, and the laws of every metric."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from tests.engines import duckdb_session
from tilth.data import Dataset, Memory
from tilth.metrics.metric import Metric, measured
from tilth.metrics.relations import AggregateThere, DifferingRows, EqualRows, KeysThere, MatchedRows, RepeatedKeys, RowsThere
from tilth.testing.metrics import check_metric

HERE = pa.table({"k": [1, 2, 2, 3, None], "v": ["a", "b", "c", None, "e"]})
THERE = pa.table({"j": [1, 3, 4, 4, None], "w": ["a", None, "x", "y", "e"], "n": [1.0, 2.5, None, 0.5, 4.0]})
OTHER = Dataset(Memory(THERE, tuple(THERE.column_names), id(THERE)))
TEXTS = pa.table({"t": ["a", "a", "é", None], "n": [1, 2, 3, 4]})
WORDS = Dataset(Memory(TEXTS, tuple(TEXTS.column_names), id(TEXTS)))
KEY = (("k", "j"),)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (MatchedRows(OTHER, KEY), 2),  # 1 and 3; null matches nothing
        (EqualRows(OTHER, KEY, (("v", "w"),)), 2),  # null equals null
        (EqualRows(OTHER, KEY, (("k", "n"),)), 1),
        (DifferingRows(OTHER, KEY, ("v", "w")), 0),
        (DifferingRows(OTHER, KEY, ("k", "n")), 1),
        (RepeatedKeys(OTHER, KEY), 1),  # 2; 4 is not here
        (RepeatedKeys(OTHER, (("v", "w"),)), 0),
        (KeysThere(OTHER, ("j",)), 3),
        (KeysThere(OTHER, ("j",), repeated=True), 1),  # 4
        (KeysThere(OTHER, ("w", "n")), 3),
        (RowsThere(OTHER), 5),
        (AggregateThere(OTHER, "sum", "n"), 8.0),
        (AggregateThere(OTHER, "avg", "n"), 2.0),
        (AggregateThere(OTHER, "count", "w"), 4),
    ],
)
def test_by_hand(metric: Metric, expected: Any) -> None:
    assert measured(Dataset(Memory(HERE, ("k", "v"), id(HERE))), [metric], duckdb_session()) == {metric: expected}


@pytest.mark.slow
@pytest.mark.parametrize("metric", [MatchedRows(WORDS, (("text", "t"),)), RepeatedKeys(WORDS, (("text", "t"),))], ids=repr)
def test_the_laws(metric: Metric) -> None:
    check_metric(metric)
