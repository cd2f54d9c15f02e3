"""Metrics by their names."""

import pytest

from tilth.errors import RequestError
from tilth.metrics import METRICS, metric_from
from tilth.metrics.columns import Correlation, Mean, RowCount
from tilth.metrics.keys import Uniqueness
from tilth.metrics.metric import Metric


def test_every_entry_is_a_metric():
    assert all(issubclass(METRICS[name], Metric) for name in METRICS)


@pytest.mark.parametrize(
    ("asked", "metric"),
    [
        ("mean:age", Mean("age")),
        ("correlation: a, b", Correlation("a", "b")),
        ("uniqueness:a,b", Uniqueness(("a", "b"))),
        ("row_count", RowCount()),
    ],
)
def test_a_metric_by_its_name(asked, metric):
    assert metric_from(asked) == metric


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("maen:age", "did you mean 'mean'"),
        ("mean", "accepted: mean:COLUMN"),
        ("correlation:a", "correlation:COLUMN,COLUMN"),
        ("row_count:a", "row_count"),
    ],
)
def test_what_is_not_one(asked, says):
    with pytest.raises(RequestError, match=says):
        metric_from(asked)
