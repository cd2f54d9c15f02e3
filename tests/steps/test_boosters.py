"""Boosted trees: what their own libraries predict, as labels, probabilities and scores; and behind a flow."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tilth.data import Kind
from tilth.errors import RequestError
from tilth.serve.pipeline import Pipeline
from tilth.steps.models import model_of

lightgbm, xgboost = pytest.importorskip("lightgbm"), pytest.importorskip("xgboost")

X = np.random.default_rng(0).normal(size=(60, 3))
X[5, 1] = np.nan
LABELS = {"binary": (X[:, 0] > 0).astype(int), "multi": np.arange(60) % 3, "number": X[:, 0] * 2}
OBJECTIVES = {
    "lightgbm": {"binary": "binary", "multi": "multiclass", "number": "regression"},
    "xgboost": {"binary": "binary:logistic", "multi": "multi:softprob", "number": "reg:squarederror"},
}


def trained(form: str, what: str, names: list[str] | None = None) -> tuple[bytes, np.ndarray, np.ndarray]:
    """The file of a model, and what its library predicts: values, and sums of the trees."""
    options = {"objective": OBJECTIVES[form][what], **({"num_class": 3} if what == "multi" else {}), "seed": 1}
    if form == "lightgbm":
        data = lightgbm.Dataset(X, LABELS[what], **({"feature_name": names} if names else {}))
        model = lightgbm.train({**options, "verbosity": -1, "min_data_in_leaf": 3, "num_threads": 1}, data, 3)
        return model.model_to_string().encode(), model.predict(X), model.predict(X, raw_score=True)
    data = xgboost.DMatrix(X, LABELS[what], feature_names=names)
    model = xgboost.train({**options, "verbosity": 0, "nthread": 1}, data, 3)
    return bytes(model.save_raw("ubj")), model.predict(data), model.predict(data, output_margin=True)


@pytest.mark.parametrize("form", OBJECTIVES)
def test_two_classes(form):
    content, p, z = trained(form, "binary", ["a", "b", "c"])
    model = model_of(form, content)
    assert (model.names, model.width, model.classes, model.kind) == (("a", "b", "c"), 3, (0, 1), Kind.INTEGER)
    assert model.probabilities(X) == pytest.approx(np.stack([1 - p, p], axis=1))
    assert model.scores(X) == pytest.approx(np.stack([np.zeros(60), z], axis=1))
    assert model.labels(X).tolist() == (p > 0.5).astype(int).tolist()


@pytest.mark.parametrize("form", OBJECTIVES)
def test_three_classes_and_numbers(form):
    content, p, z = trained(form, "multi")
    model = model_of(form, content)
    assert (model.names, model.classes) == ((), (0, 1, 2))
    assert model.probabilities(X) == pytest.approx(p)
    assert model.scores(X) == pytest.approx(z)
    assert model.labels(X).tolist() == p.argmax(axis=1).tolist()
    content, value, _ = trained(form, "number")
    model = model_of(form, content)
    assert (model.classes, model.kind) == ((), Kind.FLOAT)
    assert model.labels(X) == pytest.approx(value)
    with pytest.raises(RequestError, match="no probabilities"):
        model.probabilities(X)


@pytest.mark.parametrize("content", [b"", b"nothing", b"tree\nnope", b"{nope", b"\x80\x04\x95pickle", b"binf" + b"\0" * 200])
@pytest.mark.parametrize("form", OBJECTIVES)
def test_what_is_not_a_model_is_rejected(form, content):
    with pytest.raises(RequestError, match="the file is not a model of"):
        model_of(form, content)


@pytest.mark.parametrize(("form", "suffix"), [("lightgbm", "lgb"), ("xgboost", "ubj")])
def test_in_a_flow(form, suffix, tmp_path):
    content, p, _ = trained(form, "binary", ["a", "b", "c"])
    (tmp_path / f"model.{suffix}").write_bytes(content)
    table = pa.table({name: pa.array(X[:, i], from_pandas=True) for i, name in enumerate("abc")})
    flow = tilth.fit(tilth.Flow.parse(f"features: [{{predict: {{model: {tmp_path}/model.{suffix}, with: probability}}}}]"), table)
    assert tilth.write(tilth.apply(flow, table))["prediction"].to_pylist() == pytest.approx(p.tolist(), rel=1e-6)
    assert [flow.row(row)["prediction"] for row in table.to_pylist()] == pytest.approx(p.tolist(), rel=1e-6)


def test_a_name_with_spaces(tmp_path):
    """LightGBM writes it with underlines; a column of this very name comes first."""
    content, p, _ = trained("lightgbm", "binary", ["a b", "a_c", "c d"])
    assert model_of("lightgbm", content).names == ("a_b", "a_c", "c_d")
    assert model_of("lightgbm", content).names_among(["a b", "a c", "a_c", "other"]) == ("a b", "a_c", "c_d")
    (tmp_path / "model.lgb").write_bytes(content)
    table = pa.table({name: pa.array(X[:, i], from_pandas=True) for i, name in enumerate(["a b", "a_c", "c d"])})
    flow = tilth.fit(tilth.Flow.parse(f"features: [{{predict: {{model: {tmp_path}/model.lgb, with: probability}}}}]"), table)
    assert [flow.row(row)["prediction"] for row in table.to_pylist()] == pytest.approx(p.tolist(), rel=1e-6)
    tilth.fit(tilth.Flow.parse("features: [{scale: {columns: ['a b']}}]"), table).save(tmp_path / "scaled.tilth")
    stages = Pipeline.of(str(tmp_path / "scaled.tilth"), str(tmp_path / "model.lgb")).stages
    assert stages[1].takes.names == ("a b", "a_c", "c d")
    report = tilth.measure(table.append_column("other", table["a b"]), "shap", model=f"{tmp_path}/model.lgb", rows=2)
    assert {f.columns for f in report.of("shap")} == {"a b", "a_c", "c d"}
