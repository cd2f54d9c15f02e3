"""The step `predict`: what scikit-learn and ONNX Runtime say, in a table and for one row; what is refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tests.steps.made import columns_of, made
from tests.steps.models import TREE, folder, linear, matrix, network, tree
from tilth.errors import RequestError
from tilth.flow.flow import Flow
from tilth.steps.predict import Predict

ABC = ("a", "b", "c")
X = matrix(50, seed=9)
TABLE = pa.table({name: pa.array(x, from_pandas=True) for name, x in zip(ABC, X.T, strict=True)})
FULL = pa.table({name: np.nan_to_num(x) for name, x in zip(ABC, X.T, strict=True)})


def model(path: str):
    from skops import io

    return io.load(path, trusted=list(TREE))


def test_a_label_and_a_probability_are_those_of_scikit_learn():
    found = made(Predict(tree(), columns=ABC, trusted=TREE), TABLE)["prediction"]
    assert found == model(tree()).predict(X).tolist()
    shares = made(Predict(tree(), with_="probability", columns=ABC, positive="low", trusted=TREE), TABLE)["prediction"]
    assert shares == model(tree()).predict_proba(X)[:, 1].tolist()


def test_a_number_of_each_class_is_that_of_scikit_learn():
    names = [f"p_{c}" for c in model(tree()).classes_]
    found = made(Predict(tree(), with_="probabilities", column="p", columns=ABC, trusted=TREE), TABLE)
    assert [found[n] for n in names] == model(tree()).predict_proba(X).T.tolist()
    found = made(Predict(linear(), with_="scores", columns=ABC), FULL)
    assert found["prediction_0"] == [0.0] * 50
    assert np.allclose(found["prediction_1"], model(linear()).decision_function(np.nan_to_num(X)), rtol=1e-12)
    assert set(made(Predict(network(), with_="scores", columns=ABC), TABLE)) == {*ABC, "prediction_0", "prediction_1"}
    assert made(Predict(network(), with_="scores", columns=ABC), TABLE[:0])["prediction_1"] == []


def test_a_flow_ends_in_a_transform_of_scores():
    step = f"{{predict: {{model: {linear()}, columns: [a, b, c], with: scores}}}}"
    flow = tilth.fit(Flow.parse(f"features: [{step}]\noutput: [softmax, argmax]"), FULL)
    x, of = np.nan_to_num(X), model(linear())
    batch = columns_of(tilth.apply(flow, FULL), duckdb_session())
    assert np.allclose(np.array([batch["prediction_0"], batch["prediction_1"]]).T, of.predict_proba(x), rtol=1e-12)
    assert batch["prediction"] == list(map(str, of.predict(x)))
    rows = [flow.row(row) for row in FULL.to_pylist()]
    assert [row["prediction"] for row in rows] == batch["prediction"]
    assert np.allclose([row["prediction_1"] for row in rows], batch["prediction_1"], rtol=1e-12)


def test_a_model_that_knows_its_columns_takes_them_from_a_wider_table_in_its_own_order():
    names = ("b", "c", "a")
    wide = FULL.append_column("z", pa.array(["?"] * 50))
    found = made(Predict(linear(names), with_="probability"), wide)["prediction"]
    assert np.allclose(found, model(linear(names)).predict_proba(FULL.select(names).to_pandas())[:, 1], rtol=1e-12)


def test_onnx_gives_its_first_output_or_its_last():
    z = np.nan_to_num(X) @ [1.0, -1.0, 0.5]
    assert np.allclose(made(Predict(network(), columns=ABC), TABLE)["prediction"], z, atol=1e-5)
    assert np.allclose(made(Predict(network(), with_="probability", columns=ABC), TABLE)["prediction"], 1 / (1 + np.exp(-z)), atol=1e-5)


@pytest.mark.parametrize("path", [tree, network])
def test_a_flow_ends_in_a_prediction_in_batch_and_for_one_row_without_the_file(path, tmp_path):
    text = f"""
features:
  - impute: {{columns: a, with: mean}}
  - scale: {{columns: numeric}}
  - predict: {{model: {path()}, columns: [a, b, c], column: p, trusted: [{TREE[0]}]}}
"""
    flow = tilth.fit(Flow.parse(text), TABLE)
    flow.save(tmp_path / "f.tilth")
    served = Flow.load(tmp_path / "f.tilth")
    engine = duckdb_session()
    batch = columns_of(tilth.apply(served, TABLE), engine)
    assert batch["p"] == [served.row(row)["p"] for row in TABLE.to_pylist()]
    assert len(str(served)) < 1000


def test_files_that_are_not_models_and_columns_that_do_not_fit_are_rejected():
    (folder() / "bad.skops").write_bytes(b"no zip")
    (folder() / "bad.onnx").write_bytes(b"no model")
    wrong = [
        (Predict("none.skops"), "there is no model of predict"),
        (Predict(str(folder() / "bad.skops")), "not a scikit-learn model"),
        (Predict(str(folder() / "bad.onnx")), "not a ONNX model|not an ONNX model"),
        (Predict(tree(), columns=ABC), "not trusted: sklearn.tree._tree.Tree"),
        (Predict(linear()), "does not say which columns"),
        (Predict(linear(), columns=("a", "b")), "2 columns for a model that takes 3"),
        (Predict(linear(), columns=("a", "b", "s")), "'s' .* is not a number"),
        (Predict(linear(), columns=ABC, with_="probability", positive=7), "no class 7"),
        (Predict(linear(), columns=ABC, column="a"), "'a'"),
        (Predict(linear(), columns=ABC, column="s", with_="scores"), "'s_0'"),
        (Predict(tree(), columns=ABC, with_="scores", trusted=TREE), "(?s)no scores.*decision_function.*with: probabilities"),
        (Predict(linear(), columns=ABC), "raised ValueError: Input X contains NaN"),
    ]
    for step, message in wrong:
        with pytest.raises(RequestError, match=message):
            made(step, TABLE.append_column("s", pa.array(["x"] * 50)).append_column("s_0", pa.array(X[:, 1])))
    with pytest.raises(RequestError, match="not a model file"):
        Predict("model.pkl")


def test_no_code_of_a_model_file_runs(tmp_path):
    import os

    from sklearn.preprocessing import FunctionTransformer
    from skops import io

    io.dump(FunctionTransformer(os.getcwd), tmp_path / "evil.skops")
    with pytest.raises(RequestError, match=r"not trusted: posix.getcwd"):
        made(Predict(str(tmp_path / "evil.skops"), columns=ABC), TABLE)


def test_bias_of_the_predictions_is_measured_on_each_part():
    rows = FULL.append_column("sex", pa.array(["f", "m"] * 25)).append_column("y", pa.array([0, 1] * 25))
    flow = f"""
data: {{roles: {{label: y, positive: 1, facet: sex}}}}
split: {{train: 0.5, test: 0.5}}
features: [{{predict: {{model: {linear(ABC)}}}}}]
measure: [bias]
"""
    report = tilth.run(Flow.parse(flow), data=rows)
    parts = {name: {f.part for f in report.of("bias") if f.name == name} for name in ("DPL", "DPPL", "DI", "AD")}
    after = {"train", "test"}
    assert parts == {"DPL": {"raw", *after}, "DPPL": after, "DI": after, "AD": after}
