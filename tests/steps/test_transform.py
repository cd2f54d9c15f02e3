"""The step `transform`: what scikit-learn transformers make, in a table and for one row; what is refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tests.steps.made import made
from tests.steps.models import folder, linear, matrix, mixed, scaler, words
from tilth.data import Roles
from tilth.errors import RequestError
from tilth.flow.flow import Flow
from tilth.steps.transform import Transform

ABC = ("a", "b", "c")
X = np.nan_to_num(matrix(50, seed=9))
TABLE = pa.table(dict(zip(ABC, X.T, strict=True))).append_column("s", pa.array(["a", None] * 25))


def transformer(path: str):
    from skops import io

    return io.load(path)


def saved(name: str, fitted) -> str:
    from skops import io

    path = folder() / f"{name}.skops"
    io.dump(fitted, path)
    return str(path)


def test_the_columns_keep_their_names_where_the_transformer_keeps_them():
    found = made(Transform(scaler(), columns=ABC), TABLE)
    assert list(found) == ["a", "b", "c", "s"]
    assert np.stack([found[c] for c in ABC], axis=1).tolist() == transformer(scaler()).transform(X).tolist()


def test_the_columns_that_are_made_stand_for_those_that_are_taken():
    from sklearn.decomposition import PCA

    model = PCA(2).fit(X)
    found = made(Transform(saved("pca", model), columns=ABC), TABLE)
    assert list(found) == ["s", "pca0", "pca1"]
    assert np.allclose(np.stack([found["pca0"], found["pca1"]], axis=1), model.transform(X), rtol=1e-12)


def test_named_columns_are_taken_from_a_wider_table_and_null_is_nan():
    import pandas as pd

    found = made(Transform(mixed(("b", "s"))), TABLE)
    frame = pd.DataFrame({"b": TABLE["b"].to_numpy(), "s": ["a", np.nan] * 25})
    theirs = transformer(mixed(("b", "s"))).transform(frame).toarray()
    names = ["n__b", "c__s_a", "c__s_b", "c__s_日本", "c__s_nan"]
    assert list(found) == ["a", "c", *names]
    assert np.stack([found[c] for c in names], axis=1).tolist() == theirs.tolist()


def test_a_text_is_vectorized():
    texts = ["fair deal", None, "a day"]
    found = made(Transform(words(), columns=("t",)), {"t": texts})
    theirs = transformer(words()).transform([t or "" for t in texts]).toarray()
    assert found == dict(zip(["day", "deal", "fair", "no"], theirs.T.tolist(), strict=True))


@pytest.mark.slow
def test_a_flow_serves_it_without_the_file(tmp_path):
    flow = tilth.fit(Flow.parse(f"features: [{{transform: {{model: {mixed(('b', 's'))}}}}}]"), TABLE)
    flow.save(tmp_path / "f.tilth")
    served = Flow.load(tmp_path / "f.tilth")
    batch = tilth.write(tilth.apply(served, TABLE)).to_pylist()
    assert [served.row(row) for row in TABLE.to_pylist()] == batch


def test_what_is_made_of_a_private_column_is_private():
    flow = Flow.parse(f"data: {{roles: {{private: s}}}}\nfeatures: [{{transform: {{model: {mixed(('b', 's'))}}}}}]")
    assert "c__s_a" in tilth.apply(tilth.fit(flow, TABLE), TABLE).roles.private


def test_a_transformer_that_fails_without_a_message(monkeypatch):
    from sklearn.preprocessing import MinMaxScaler

    def silent(*_):
        raise ValueError

    monkeypatch.setattr(MinMaxScaler, "get_feature_names_out", silent)
    with pytest.raises(RequestError, match="does not name what it makes: ValueError"):
        made(Transform(scaler(), columns=ABC), TABLE, Roles())


def test_what_is_refused():
    from sklearn.preprocessing import FunctionTransformer, OneHotEncoder

    many = OneHotEncoder().fit(np.arange(2_000.0).reshape(-1, 1))
    wrong = [
        (Transform(linear(), columns=ABC), "a LogisticRegression does not transform"),
        (Transform(saved("nameless", FunctionTransformer().fit(X)), columns=ABC), "does not name what it makes"),
        (Transform(saved("many", many), columns=("a",)), "makes 2,000 columns"),
        (Transform(scaler(), columns=("a", "b")), "2 columns for a model that takes 3"),
        (Transform(scaler()), "does not say which columns"),
        (Transform(words(), columns=("a", "b")), "2 columns for a model that takes 1"),
        (Transform(scaler(), columns=("a", "b", "s")), "raised ValueError"),
        (Transform(mixed(("b", "gone"))), "gone"),
        (Transform("none.skops"), "there is no model of transform 'none.skops'"),
    ]
    for step, message in wrong:
        with pytest.raises(RequestError, match=message):
            made(step, TABLE, Roles())
    with pytest.raises(RequestError, match="there is a column 'pca0' already"):
        made(Transform(str(folder() / "pca.skops"), columns=ABC), TABLE.append_column("pca0", pa.array(range(50))))
    with pytest.raises(RequestError, match=r"'net.onnx' is not a model file[\s\S]*.skops"):
        Transform("net.onnx")
