"""Small models for `predict` and `transform`, made once for this text and these versions of the libraries: training takes seconds."""

from __future__ import annotations

import getpass
import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from tilth.steps.predict import Predict
from tilth.steps.transform import Transform

TREE = ("sklearn.tree._tree.Tree",)


@cache
def folder() -> Path:
    """One folder for all runs and workers: the names of tests hold its path, and must be the same in all of them."""
    versions = [version(name) for name in ("scikit-learn", "skops", "onnx", "numpy")]
    of = hashlib.sha256(repr((versions, Path(__file__).read_text())).encode()).hexdigest()[:12]
    made = Path(tempfile.gettempdir()) / f"tilth-models-{getpass.getuser()}-{of}"
    made.mkdir(exist_ok=True)
    return made


def kept(form: str) -> Callable[[Callable[..., bytes]], Callable[..., str]]:
    """Of a function that makes a model, one that gives the path of a file with it, which it makes if the file is not there."""

    def wrap(make: Callable[..., bytes]) -> Callable[..., str]:
        @cache
        def path(names: tuple[str, ...] = ()) -> str:
            place = folder() / f"{make.__name__}{''.join(names)}.{form}"
            if not place.exists():
                new = place.with_name(f"{place.name}.{os.getpid()}")
                new.write_bytes(make(names))
                new.replace(place)  # at once: another worker may be reading it
            return str(place)

        return path

    return wrap


def matrix(rows: int = 200, seed: int = 3) -> np.ndarray:
    x = np.random.default_rng(seed).normal(0, 5, size=(rows, 3))
    x[::7, 0] = np.nan
    return x


@kept("skops")
def tree(_: tuple[str, ...]) -> bytes:
    """A decision tree of three classes of strings, which takes NaN."""
    from sklearn.tree import DecisionTreeClassifier
    from skops import io

    x = matrix()
    y = np.array(["low", "middle", "high"])[np.digitize(np.nan_to_num(x[:, 0]) + x[:, 1], [-3, 3])]
    return bytes(io.dumps(DecisionTreeClassifier(max_depth=4, random_state=0).fit(x, y)))


@kept("skops")
def linear(names: tuple[str, ...]) -> bytes:
    """A logistic regression of two classes, trained on named columns or on none."""
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from skops import io

    x = np.nan_to_num(matrix())
    y = (x[:, 0] - x[:, 1] > 0).astype(int)
    model = LogisticRegression().fit(pd.DataFrame(x, columns=list(names)) if names else x, y)
    return bytes(io.dumps(model))


@kept("onnx")
def network(_: tuple[str, ...]) -> bytes:
    """σ(a − b + c / 2) as ONNX, null counted as 0; its label is the sum."""
    from onnx import TensorProto, checker, helper

    weights = helper.make_tensor("w", TensorProto.FLOAT, [3, 1], [1.0, -1.0, 0.5])
    zero, one = (helper.make_tensor(n, TensorProto.FLOAT, [], [v]) for n, v in (("zero", 0.0), ("one", 1.0)))
    nodes = [
        helper.make_node("IsNaN", ["x"], ["gap"]),
        helper.make_node("Where", ["gap", "zero", "x"], ["there"]),
        helper.make_node("MatMul", ["there", "w"], ["z"]),
        helper.make_node("Sigmoid", ["z"], ["p"]),
        helper.make_node("Sub", ["one", "p"], ["q"]),
        helper.make_node("Concat", ["q", "p"], ["both"], axis=1),
    ]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 3])]
    shapes = {"z": [None, 1], "both": [None, 2]}
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    graph = helper.make_graph(nodes, "network", inputs, outputs, [weights, zero, one])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    checker.check_model(model)
    return bytes(model.SerializeToString())


@kept("skops")
def scaler(_: tuple[str, ...]) -> bytes:
    """Three columns, scaled to 0 to 1."""
    from sklearn.preprocessing import MinMaxScaler
    from skops import io

    return bytes(io.dumps(MinMaxScaler().fit(matrix())))


@kept("skops")
def mixed(names: tuple[str, ...]) -> bytes:
    """A number, standardized, and the categories of a string, one-hot, in a sparse matrix: of two named columns."""
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.preprocessing import OneHotEncoder, StandardScaler
    from skops import io

    number, string = names
    encoder = OneHotEncoder(handle_unknown="ignore")
    both = ColumnTransformer([("n", StandardScaler(), [number]), ("c", encoder, [string])], sparse_threshold=1.0)
    return bytes(io.dumps(both.fit(pd.DataFrame({number: [1.0, 2.0, np.nan, 5.0], string: ["a", "b", np.nan, "日本"]}))))


@kept("skops")
def words(_: tuple[str, ...]) -> bytes:
    """The weights of the words of a text."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from skops import io

    return bytes(io.dumps(TfidfVectorizer().fit(["a fair day", "a fair deal", "no deal"])))


def transforming() -> list[Transform]:
    return [Transform(scaler(), columns=("whole", "price", "flag")), Transform(mixed(("price", "word")))]


def predicting(columns: tuple[str, ...]) -> list[Predict]:
    return [
        Predict(tree(), columns=columns, trusted=TREE),
        Predict(tree(), with_="probability", column="p", columns=columns, positive="high", trusted=TREE),
        Predict(network(), columns=columns),
        Predict(network(), with_="probability", columns=columns),
        Predict(network(), with_="scores", column="s", columns=columns),
        Predict(tree(), with_="probabilities", columns=columns, trusted=TREE),
    ]
