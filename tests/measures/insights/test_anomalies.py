"""The most anomalous rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tilth.data import Column, Kind
from tilth.measures.insights.anomalies import ANOMALY, anomaly_finding
from tilth.measures.insights.features import feature_of
from tilth.report.blocks import plain

pytest.importorskip("sklearn")
RANDOM = np.random.default_rng(0)
N = 300
TABLE = pa.table(
    {
        "age": [*RANDOM.normal(40, 5, N - 1).tolist(), 140.0],
        "city": [*(["oslo", "rome"] * N)[: N - 1], "mars"],
        "gap": [None if i % 2 else 1.0 + i % 3 for i in range(N)],
        "name": [f"n{i}" for i in range(N)],
    }
)
KINDS = {"age": Kind.FLOAT, "city": Kind.STRING, "gap": Kind.FLOAT, "name": Kind.STRING}


def features(table):
    return [feature_of(Column(n, k), table[n]) for n, k in KINDS.items()]


def test_a_row_that_is_far_out_comes_first_with_what_is_rare_about_it():
    found = anomaly_finding(features(TABLE), TABLE, ["city"], seed=0)
    assert found.examples[0] == {"age": 140.0, "city": "***", "gap": None, "name": "n299"}
    assert found.payload.rare[0][:2] == (("city", round(1 / N, 6)), ("age", round(2 / N, 6)))
    assert found.value == min(found.payload.scores) < -0.1
    assert found.payload.columns == ("age", "city", "gap")


@pytest.mark.slow
def test_the_scores_are_those_of_scikit_learn():
    from sklearn.ensemble import IsolationForest

    table = TABLE.select(["age"])
    found = anomaly_finding([feature_of(Column("age", Kind.FLOAT), table["age"])], table, [], seed=7)
    theirs = IsolationForest(random_state=7).fit(np.array(table["age"])[:, None]).decision_function(np.array(table["age"])[:, None])
    assert found.payload.scores == pytest.approx(np.sort(theirs)[:5], abs=1e-6)


def test_few_rows_and_nothing_that_varies_have_none():
    few = TABLE.slice(0, 5)
    assert anomaly_finding(features(few), few, [], seed=0) is None
    assert anomaly_finding([], TABLE, [], seed=0) is None


def test_the_section_says_why():
    section = ANOMALY.section([anomaly_finding(features(TABLE), TABLE, [], seed=0)])
    assert plain(section.blocks[1].rows[0][1].words) == "city mars (0.3 %), age 140.0 (0.7 %)"
