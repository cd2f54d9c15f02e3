"""The quick model: its scores are those that scikit-learn computes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tilth.data import Column, Kind, Roles
from tilth.measures.insights.features import feature_of, target_of
from tilth.measures.insights.quick_model import MODEL, metrics_of, one_thread, quick_model, trained
from tilth.report import Finding
from tilth.report.blocks import plain

metrics = pytest.importorskip("sklearn.metrics")
RANDOM = np.random.default_rng(1)
N = 400
A, B = RANDOM.normal(size=N), RANDOM.normal(size=N)
CITY = RANDOM.choice(["oslo", "rome", "bonn"], N)
SCORE = A + (CITY == "rome") + 0.5 * RANDOM.normal(size=N)
FEATURES = [feature_of(Column(n, k), pa.chunked_array([list(v)])) for n, k, v in (
    ("a", Kind.FLOAT, A.tolist()), ("b", Kind.FLOAT, [None if x > 1 else x for x in B.tolist()]), ("city", Kind.STRING, CITY.tolist()),
    ("note", Kind.STRING, [f"n{i}" for i in range(N)]),
)]  # fmt: skip


@pytest.fixture(autouse=True)
def in_one_thread():
    with one_thread():
        yield


def target(values, kind):
    return target_of(Column("y", kind), pa.table({"y": values}), Roles(label="y"))


TWO = target(np.where(SCORE > 0, "yes", "no").tolist(), Kind.STRING)
THREE = target(np.digitize(SCORE, [-0.5, 1.0]).tolist(), Kind.INTEGER)
NUMBER = target(SCORE.tolist(), Kind.FLOAT)


@pytest.mark.parametrize(("t", "average"), [(TWO, "binary"), (THREE, "macro")])
def test_scores_of_classes_are_those_of_scikit_learn(t, average):
    done = trained(FEATURES[:3], t, seed=0)
    predicted, scores = done.predict(done.x[done.held])
    y, ours = t.y[done.held].astype(int), metrics_of(done, done.held)
    more = {"average": average} | ({"pos_label": t.positive} if average == "binary" else {})
    theirs = {
        "accuracy": metrics.accuracy_score(y, predicted),
        "balanced accuracy": metrics.balanced_accuracy_score(y, predicted),
        "AUC": metrics.roc_auc_score(y, scores[:, 1] if average == "binary" else scores, multi_class="ovr"),
        "precision": metrics.precision_score(y, predicted, **more),
        "recall": metrics.recall_score(y, predicted, **more),
        "F1": metrics.f1_score(y, predicted, **more),
    }
    assert ours == pytest.approx(theirs, abs=1e-5)
    found, _ = quick_model(FEATURES, t, {}, seed=0)
    assert [list(row) for row in found.matrix] == metrics.confusion_matrix(y, predicted).tolist()
    assert found.train_rows + found.validation_rows == N
    assert found.left_out == ("note",)


def test_scores_of_numbers_are_those_of_scikit_learn():
    done = trained(FEATURES[:3], NUMBER, seed=0)
    predicted, _ = done.predict(done.x[done.held])
    y = NUMBER.y[done.held]
    theirs = {
        "R²": metrics.r2_score(y, predicted),
        "RMSE": metrics.root_mean_squared_error(y, predicted),
        "MSE": metrics.mean_squared_error(y, predicted),
        "MAE": metrics.mean_absolute_error(y, predicted),
        "median absolute error": metrics.median_absolute_error(y, predicted),
        "max error": metrics.max_error(y, predicted),
    }
    assert metrics_of(done, done.held) == pytest.approx(theirs, rel=1e-5)
    found, _ = quick_model(FEATURES, NUMBER, {}, seed=0)
    assert found.baseline["R²"] == pytest.approx(0, abs=0.05)
    assert found.matrix == ()


def test_what_matters_has_importance_and_the_best_column_is_tried_without():
    found, importance = quick_model(FEATURES, TWO, {"a": 0.6}, seed=0)
    assert importance["a"] > 0.2 > importance["city"] > importance["b"]
    assert found.best == "a"
    assert found.without < found.validation["AUC"] - 0.1


def test_a_class_that_only_the_validation_part_has_is_never_predicted():
    t = target(["a"] * 60 + ["b"] * 59 + ["c"], Kind.STRING)
    found, _ = quick_model([feature_of(Column("x", Kind.INTEGER), pa.chunked_array([list(range(120))]))], t, {}, seed=0)
    assert len(found.matrix) == 3


def test_without_a_column_that_varies_there_is_no_model():
    constant = feature_of(Column("x", Kind.INTEGER), pa.chunked_array([[1] * N]))
    assert quick_model([constant], TWO, {}, seed=0)[0].score == ""


def test_the_section_has_train_and_validation_side_by_side():
    payload, _ = quick_model(FEATURES, TWO, {}, seed=0)
    section = MODEL.section([Finding("model", ("y",), payload.validation["AUC"], payload=payload)])
    assert section.blocks[0].heads == ("score", "train", "validation", "baseline")
    assert section.blocks[2].heads == ("actual", "predicted \x0eno\x0f", "predicted \x0eyes\x0f")
    assert "Trained on 320 rows, the model has an AUC of" in plain(section.lead)
