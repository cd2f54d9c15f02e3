"""Permutation importance, beside scikit-learn's."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

import tilth
from tilth.data import Roles
from tilth.errors import RequestError
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


def test_of_one_number_as_the_label_nothing_explains_anything():
    table = pa.table({"a": X[:, 0], "y": np.ones(N)})
    report = tilth.measure(tilth.read(table, roles={"label": "y"}), Importance(lambda rows: np.ones(len(rows)), rows=N))
    assert not report.findings


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
    assert [m.code for m in Importance().refused(Roles())] == ["no-label"]
    with pytest.raises(RequestError, match="importance needs a model"):
        tilth.measure(tilth.read(TABLE, roles=ROLES), Importance())


def test_a_label_of_another_kind_than_the_prediction_is_refused():
    table = TABLE.set_column(3, "y", pa.array([str(y) for y in Y]))
    with pytest.raises(RequestError, match="which is a string, but the model predicts a number"):
        tilth.measure(tilth.read(table, roles=ROLES), Importance(lambda rows: Y[: len(rows)]))


# ── in a flow ──


def flow_of(folder, measure="importance: {rows: 600, repeats: 30}", features=None):
    pyarrow.csv.write_csv(TABLE, folder / "t.csv")
    from sklearn.linear_model import LogisticRegression
    from skops import io

    io.dump(LogisticRegression().fit((X - X.mean(axis=0)) / X.std(axis=0), Y), folder / "model.skops")
    predict = f"{{predict: {{model: {folder}/model.skops, columns: [a, b, c]}}}}"
    text = "data: {read: t.csv, roles: {label: y, id: id}}\n"
    text += features or f"features: [{{scale: {{columns: [a, b, c]}}}}, {predict}]\n"
    (folder / "f.yaml").write_text(f"{text}split: {{train: 0.7, test: 0.3, by: hash(id)}}\nmeasure: [{{{measure}}}]\n")
    return folder / "f.yaml"


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def test_a_flow_measures_the_model_of_its_step_predict(engine, tmp_path, request):
    pytest.importorskip("skops")
    if engine == "spark":
        from tilth.engine.spark import Spark

        engine = Spark(session=request.getfixturevalue("spark"))
    report = tilth.run(flow_of(tmp_path), tmp_path / "out", engine=engine)
    found = report.of("importance")
    assert {f.part for f in found} == {"train", "test"}
    for part in ("train", "test"):
        ours = {f.subject[0]: f.value for f in found if f.part == part}
        assert list(ours) == ["a", "b", "c"]
        assert ours["a"] > 0.2 > ours["b"] > abs(ours["c"])
    assert "What the model relies on" in (tmp_path / "out" / "report.html").read_text("utf-8")
    assert tilth.Flow.load(tmp_path / "out" / "f.tilth").measure == (Importance(rows=600, repeats=30),)


def test_a_flow_without_a_model_or_with_a_parameter_of_python_is_refused(tmp_path):
    with pytest.raises(RequestError) as error:
        tilth.Flow.load(flow_of(tmp_path, features="features: [{scale: {columns: [a, b, c]}}]\n"))
    (mistake,) = error.value.mistakes
    assert (mistake.code, mistake.place.line, mistake.hint) == ("no-model", 4, "add the step `predict` to `features`")
    with pytest.raises(RequestError, match="model: this key is not known"):
        tilth.Flow.load(flow_of(tmp_path, "importance: {model: x.skops}"))


def test_without_a_known_label_there_are_no_findings():
    table = pa.table({"a": [1.0], "y": pa.nulls(1, pa.int64())})
    assert tilth.measure(tilth.read(table, roles={"label": "y"}), Importance(lambda rows: rows["a"])).of("importance") == ()
