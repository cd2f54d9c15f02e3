"""Permutation importance, beside scikit-learn's."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tilth.data import Roles
from tilth.measures.importance import IMPORTANCE, Importance
from tilth.report.blocks import Picture, Table
from tilth.report.html import to_html

N = 600
RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(N, 3))
Y = (X[:, 0] + 0.4 * X[:, 1] + 0.1 * RANDOM.normal(size=N) > 0).astype(int)
TABLE = pa.table({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": Y, "id": range(N)})
ROLES = {"label": "y", "id": "id"}


def test_it_is_that_of_scikit_learn():
    inspection = pytest.importorskip("sklearn.inspection")
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression().fit(X, Y)
    predict = lambda rows: model.predict(np.column_stack([c.to_numpy() for c in rows.columns]))  # noqa: E731
    report = tilth.measure(tilth.read(TABLE, roles=ROLES), Importance(predict, rows=N, repeats=30))
    theirs = inspection.permutation_importance(model, X, Y, n_repeats=30, random_state=0)
    ours = {f.subject[0]: f for f in report.of("importance")}
    assert list(ours)[:2] == ["a", "b"]
    for i, name in enumerate("abc"):
        error = 4 * (theirs.importances_std[i] + 0.002) / np.sqrt(30)
        assert ours[name].value == pytest.approx(theirs.importances_mean[i], abs=error)
        assert ours[name].payload.baseline == model.score(X, Y)


def test_a_number_is_scored_by_its_variance():
    table = pa.table({"a": X[:, 0], "c": X[:, 2], "y": 2 * X[:, 0]})
    report = tilth.measure(tilth.read(table, roles={"label": "y"}), Importance(lambda rows: 2 * rows["a"].to_numpy(), rows=N))
    a, c = report.of("importance")
    assert (a.payload.score, a.payload.baseline, c.value) == ("R²", 1.0, 0.0)
    assert a.value == pytest.approx(2, abs=0.3)  # shuffled values are twice as far off as the mean is


def test_a_fitted_flow_can_be_the_model():
    flow = tilth.Flow.parse('features: [{formula: {column: prediction, expression: "if(a + 0.4 * b > 0, 1, 0)"}}]')
    fitted = tilth.fit(flow, TABLE)
    first = tilth.measure(tilth.read(TABLE, roles=ROLES), Importance(fitted, columns=("a", "b", "c"), rows=200)).of("importance")
    rule = lambda rows: (rows["a"].to_numpy() + 0.4 * rows["b"].to_numpy() > 0).astype(int)  # noqa: E731
    again = tilth.measure(tilth.read(TABLE, roles=ROLES), Importance(rule, columns=("a", "b", "c"), rows=200)).of("importance")
    assert [(f.subject, f.value) for f in first] == [(f.subject, f.value) for f in again]


def test_it_is_shown_as_bars_and_a_table():
    report = tilth.measure(tilth.read(TABLE, roles=ROLES), Importance(lambda rows: np.ones(len(rows), int), rows=50))
    section = IMPORTANCE.section(report.of("importance"))
    assert [type(b) for b in section.blocks[1:]] == [Picture, Table]
    assert "What the model relies on" in to_html(report)


def test_without_a_model_or_a_label_it_is_refused():
    assert [m.code for m in Importance().refused(Roles())] == ["no-model", "no-label"]


def test_without_a_known_label_there_are_no_findings():
    table = pa.table({"a": [1.0], "y": pa.nulls(1, pa.int64())})
    assert tilth.measure(tilth.read(table, roles={"label": "y"}), Importance(lambda rows: rows["a"])).of("importance") == ()
