"""The measure shap: of functions, model files and flows; its section, and the values of single rows."""

from __future__ import annotations

import csv

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

import tilth
from tilth.errors import RequestError
from tilth.measures.explain.local import LocalValues, save_local
from tilth.measures.explain.section import SHAP
from tilth.measures.explain.shap import Shap
from tilth.report.blocks import Picture, Table, plain
from tilth.report.html import to_html

N = 300
RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=(N, 3)).round(3)
Y = np.where(X[:, 0] + 0.4 * X[:, 1] > 0, "yes", "no")
TABLE = pa.table({"a": X[:, 0], "b": X[:, 1], "c": X[:, 2], "y": Y, "id": range(N)})
ROLES = {"label": "y", "positive": "yes", "id": "id"}
DATA = tilth.read(TABLE, roles=ROLES)


def linear(rows):
    return 2 * rows["a"].to_numpy() - rows["b"].to_numpy()


def test_of_a_linear_model_they_are_what_each_column_is_off_the_mean():
    found = tilth.measure(DATA, Shap(linear, rows=N, background="mean")).of("shap")
    off = np.abs(X - X.mean(axis=0)).mean(axis=0) * [2, 1, 0]
    assert [f.subject[0] for f in found] == ["a", "b", "c"]
    assert [f.value for f in found] == pytest.approx(off)
    p = found[0].payload
    assert (p.exact, p.rows, p.background, p.coalitions, p.output) == (True, N, 1, 6, "prediction")
    assert p.expected == pytest.approx(X.mean(axis=0) @ [2, -1, 0])


@pytest.mark.parametrize(
    ("how", "number"), [("mean_abs", lambda v: np.abs(v).mean()), ("median", np.median), ("mean_sq", lambda v: (v**2).mean())]
)
def test_values_are_aggregated(how, number):
    report = tilth.measure(DATA, Shap(linear, rows=40, aggregate=how, local=True))
    (local,) = report.of(LocalValues)
    for f in report.of("shap"):
        values = [row[local.payload.columns.index(f"{f.subject[0]}_prediction")] for row in local.payload.values]
        assert f.value == pytest.approx(number(np.array(values)))
    assert abs(report.of("shap")[0].value) == max(abs(f.value) for f in report.of("shap"))


def test_strings_are_features_of_a_function():
    table = pa.table({"s": ["x", "y", None, "x"] * 20, "n": [1, 2, 3, 4] * 20})
    effect = {"x": 4.0, "y": 0.0, None: -4.0}
    model = lambda rows: np.array([effect[s] for s in rows["s"].to_pylist()])  # noqa: E731
    found = tilth.measure(table, Shap(model, background=(("y", 0),))).of("shap")
    assert {f.subject[0]: f.value for f in found} == {"s": 3.0, "n": 0.0}


def test_a_group_of_columns_is_one_feature():
    found = tilth.measure(DATA, Shap(linear, rows=50, groups={"ab": ("a", "b")}, background="mean")).of("shap")
    alone = tilth.measure(DATA, Shap(linear, rows=50, background="mean")).of("shap")
    assert [f.subject for f in found] == [("ab",), ("c",)]
    assert found[0].payload.mean == pytest.approx(sum(f.payload.mean for f in alone if f.subject[0] in "ab"))


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    pytest.importorskip("skops")
    from sklearn.linear_model import LogisticRegression
    from skops import io

    path = tmp_path_factory.mktemp("model") / "model.skops"
    io.dump(LogisticRegression().fit(X, Y), path)
    return path


def test_a_model_file_is_explained_by_its_log_odds(model):
    from skops import io

    given = {"rows": N, "link": "logit", "background": "mean", "columns": ("a", "b", "c")}
    off = io.load(model).coef_[0] * (X - X.mean(axis=0))
    for output, sign in (("", 1), ("no", -1)):
        found = tilth.measure(DATA, Shap(str(model), output=output, **given)).of("shap")
        assert found[0].payload.output == (output or "yes")
        ours = {f.subject[0]: f for f in found}
        assert [ours[c].value for c in "abc"] == pytest.approx(np.abs(off).mean(axis=0))
        assert [ours[c].payload.most for c in "abc"] == pytest.approx((sign * off).max(axis=0))


def test_it_is_shown_as_bars_and_a_table():
    report = tilth.measure(DATA, Shap(linear))
    section = SHAP.section(report.of("shap"))
    assert [type(b) for b in section.blocks[1:]] == [Picture, Table]
    assert plain(section.lead).startswith("a moves prediction most")
    assert "What drives the predictions" in to_html(report)


def test_the_values_of_rows_are_written_with_their_ids(tmp_path):
    (found,) = tilth.measure(DATA, Shap(linear, rows=5, background=((0.0, 0.0, 0.0),), local=True)).of(LocalValues)
    save_local(found.payload, tmp_path / "out.csv")
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["id", "a_prediction", "b_prediction", "c_prediction"]
    for row in rows:
        assert [float(row[f"{c}_prediction"]) for c in "abc"] == pytest.approx(X[int(row["id"])] * [2, -1, 0])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"background": ((1.0, 2.0),)}, "a row of 2 values"),
        ({"background": ()}, "no rows"),
        ({"background": (("x", 0.0, 0.0),)}, "does not fit the columns"),
        ({"samples": 3}, "3 samples for 3 features"),
        ({"rows": 100, "background": "sample", "most_predictions": 59_999}, "100 rows × 100 of the background × 6 samples"),
        ({"groups": {"g": ("a", "z")}}, "groups name 'z'"),
        ({"groups": {"g": ("a",), "h": ("a",)}}, "a column twice"),
    ],
)
def test_what_does_not_fit_is_refused(given, said):
    with pytest.raises(RequestError, match=said):
        tilth.measure(DATA, Shap(linear, **given))


def test_rows_without_ids_are_not_told_apart():
    with pytest.raises(RequestError, match="need ids"):
        tilth.measure(TABLE.drop(["y", "id"]), Shap(linear, local=True))


def test_features_that_are_not_to_be_explained_stay_as_they_are():
    product = lambda rows: rows["a"].to_numpy() * (rows["b"].to_numpy() + rows["c"].to_numpy())  # noqa: E731
    shap = Shap(product, rows=5, background=((1.0, 2.0, 3.0),), features_to_explain=("b", "a"), local=True)
    report = tilth.measure(DATA, shap)
    (local,) = report.of(LocalValues)
    for i, (of_a, of_b) in zip(local.payload.ids["id"], local.payload.values, strict=True):
        a, b, c = X[i]
        assert of_a == pytest.approx((a - 1) * (2 + b + 2 * c) / 2)  # the mean of (a − 1)(2 + c) and (a − 1)(b + c)
        assert of_a + of_b == pytest.approx(a * (b + c) - 1 * (2 + c))
    with pytest.raises(RequestError, match="no feature 'z'"):
        tilth.measure(DATA, Shap(product, features_to_explain=("z",)))


def test_without_rows_there_are_no_findings():
    assert not tilth.measure(TABLE.slice(0, 0), Shap(linear)).findings


# ── in a flow ──


@pytest.mark.slow
def test_a_flow_explains_the_model_of_its_step_predict(model, tmp_path):
    pyarrow.csv.write_csv(TABLE, tmp_path / "t.csv")
    given = "{rows: 20, background: [[0, 0, 0]], link: logit, groups: {ab: [a, b]}}"
    text = (
        "data: {read: t.csv, roles: {label: y, positive: 'yes', id: id}}\n"
        f"features: [{{predict: {{model: {model}, columns: [a, b, c]}}}}]\n"
        f"split: {{train: 0.7, test: 0.3, by: hash(id)}}\nmeasure: [{{shap: {given}}}]\n"
    )
    (tmp_path / "f.yaml").write_text(text)
    report = tilth.run(tmp_path / "f.yaml", tmp_path / "out")
    found = report.of("shap")
    assert [(f.part, f.subject[0], f.payload.output) for f in found] == [(p, c, "yes") for p in ("train", "test") for c in ("ab", "c")]
    loaded = tilth.Flow.load(tmp_path / "out" / "f.tilth").measure
    assert loaded == (Shap(rows=20, background=((0, 0, 0),), link="logit", groups={"ab": ("a", "b")}),)
    whole = tilth.measure(DATA, Shap(str(model), columns=("a", "b", "c"), rows=20)).of("shap")
    with pytest.raises(RequestError, match="explains numbers"):
        tilth.measure(DATA, Shap(tilth.Flow.load(tmp_path / "out" / "f.tilth"), columns=("a", "b", "c")))
    probability = tilth.Flow.parse(f"features: [{{predict: {{model: {model}, columns: [a, b, c], with: probability}}}}]")
    tilth.fit(probability, TABLE).save(tmp_path / "p.tilth")
    same = tilth.measure(DATA, Shap(str(tmp_path / "p.tilth"), columns=("a", "b", "c"), rows=20)).of("shap")
    assert [f.value for f in same] == pytest.approx([f.value for f in whole])


def test_what_a_flow_made_of_one_column_is_one_feature(tmp_path):
    pytest.importorskip("skops")
    from sklearn.linear_model import LinearRegression
    from skops import io

    city = np.array(["Bergen", "Oslo", "Bodo"])[np.arange(30) % 3]
    x = RANDOM.normal(size=30).round(3)
    pyarrow.csv.write_csv(pa.table({"id": range(30), "city": city, "x": x, "y": x}), tmp_path / "t.csv")
    hot = (city[:, None] == ["Bergen", "Bodo", "Oslo"]).astype(float)
    columns = [*hot.T, 2 * x, x + hot[:, 2]]
    io.dump(LinearRegression().fit(np.stack(columns, axis=1), RANDOM.normal(size=30)), tmp_path / "m.skops")
    coefficients = io.load(tmp_path / "m.skops").coef_
    steps = (
        "[{encode: {columns: [city], with: one_hot}}, {formula: {column: mixed, expression: x + city_Oslo}},"
        " {formula: {column: x, expression: 2 * x}},"
        f" {{predict: {{model: {tmp_path / 'm.skops'}, columns: [city_Bergen, city_Bodo, city_Oslo, x, mixed]}}}}]"
    )
    text = (
        f"data: {{read: {tmp_path / 't.csv'}, roles: {{id: id, label: y}}}}\nfeatures: {steps}\nmeasure: [{{shap: {{background: mean}}}}]\n"
    )
    (tmp_path / "f.yaml").write_text(text, "utf-8")
    found = {f.subject[0]: f for f in tilth.run(tmp_path / "f.yaml", tmp_path / "out").of("shap")}
    off = [(c - c.mean()) * k for c, k in zip(columns, coefficients, strict=True)]
    expected = {"city": off[0] + off[1] + off[2], "x": off[3], "mixed": off[4]}
    assert {name: f.value for name, f in found.items()} == pytest.approx({name: np.abs(v).mean() for name, v in expected.items()})
