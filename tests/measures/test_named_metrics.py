"""Metrics by their names."""

import pyarrow as pa
import pytest

import tilth
from tilth.errors import RequestError

TABLE = pa.table({"age": [30, 50], "job": ["a", None]})


def test_metrics_by_their_names():
    report = tilth.measure(TABLE, {"metrics": {"metrics": ["mean:age", "completeness:job"]}})
    assert [(f.name, f.value) for f in report.findings] == [("Mean", 40.0), ("Completeness", 0.5)]


@pytest.mark.parametrize("asked", ["maen:age", "mean", "mean:age,job"])
def test_what_is_not_one(asked):
    with pytest.raises(RequestError):
        tilth.measure(TABLE, {"metrics": {"metrics": [asked]}})
