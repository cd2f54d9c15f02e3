"""Small models for the step `predict`, made anew for each run of the tests."""

from __future__ import annotations

import getpass
import os
import tempfile
from functools import cache
from pathlib import Path

import numpy as np

from tilth.steps.predict import Predict

TREE = ("sklearn.tree._tree.Tree",)


@cache
def folder() -> Path:
    """One folder for all runs and workers: the names of tests hold its path, and must be the same in all of them."""
    made = Path(tempfile.gettempdir()) / f"tilth-models-{getpass.getuser()}"
    made.mkdir(exist_ok=True)
    return made


def kept(name: str, content: bytes) -> str:
    """The path of a file with this content, which appears at once: another worker may be reading it."""
    new = folder() / f"{name}.{os.getpid()}"
    new.write_bytes(content)
    return str(new.replace(folder() / name))


def matrix(rows: int = 200, seed: int = 3) -> np.ndarray:
    x = np.random.default_rng(seed).normal(0, 5, size=(rows, 3))
    x[::7, 0] = np.nan
    return x


@cache
def tree() -> str:
    """A decision tree of three classes of strings, which takes NaN."""
    from sklearn.tree import DecisionTreeClassifier
    from skops import io

    x = matrix()
    y = np.array(["low", "middle", "high"])[np.digitize(np.nan_to_num(x[:, 0]) + x[:, 1], [-3, 3])]
    return kept("tree.skops", io.dumps(DecisionTreeClassifier(max_depth=4, random_state=0).fit(x, y)))


@cache
def linear(names: tuple[str, ...] = ()) -> str:
    """A logistic regression of two classes, trained on named columns or on none."""
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from skops import io

    x = np.nan_to_num(matrix())
    y = (x[:, 0] - x[:, 1] > 0).astype(int)
    model = LogisticRegression().fit(pd.DataFrame(x, columns=list(names)) if names else x, y)
    return kept(f"linear{''.join(names)}.skops", io.dumps(model))


@cache
def network() -> str:
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
    return kept("network.onnx", model.SerializeToString())


def predicting(columns: tuple[str, ...]) -> list[Predict]:
    return [
        Predict(tree(), columns=columns, trusted=TREE),
        Predict(tree(), with_="probability", column="p", columns=columns, positive="high", trusted=TREE),
        Predict(network(), columns=columns),
        Predict(network(), with_="probability", columns=columns),
    ]
