"""What a model says of itself, and which bytes are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.steps.models import TREE, linear, network, tree
from tilth.data import Kind
from tilth.errors import RequestError
from tilth.steps.models import model_of


def read(form: str, path: str, trusted: tuple[str, ...] = ()):
    return model_of(form, Path(path).read_bytes(), trusted)


def test_a_model_says_what_it_takes_and_gives():
    found = read("skops", tree(), TREE)
    assert (found.width, found.names, found.classes, found.kind) == (3, (), ("high", "low", "middle"), Kind.STRING)
    assert read("skops", linear(("b", "c", "a"))).names == ("b", "c", "a")
    assert read("skops", linear()).kind is Kind.INTEGER
    assert (read("onnx", network()).width, read("onnx", network()).kind) == (3, Kind.FLOAT)


def test_a_model_of_the_same_bytes_is_read_once():
    assert read("onnx", network()) is read("onnx", network())


def test_what_is_not_a_model_is_rejected():
    for form in ("skops", "onnx"):
        with pytest.raises(RequestError, match="the file is not"):
            model_of(form, b"nothing")


def test_an_onnx_model_reads_no_other_file(tmp_path, monkeypatch):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    monkeypatch.chdir(tmp_path)
    weights = numpy_helper.from_array(np.ones((3, 300), dtype=np.float32), "w")
    given, made = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, n]) for name, n in (("x", 3), ("y", 300)))
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "g", [given], [made], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save_model(model, "outside.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    with pytest.raises(RequestError, match="keeps its numbers in another file"):
        read("onnx", "outside.onnx")


def test_a_model_of_numbers_has_no_probabilities(tmp_path):
    from sklearn.linear_model import LinearRegression
    from skops import io

    x = np.arange(6.0).reshape(3, 2)
    io.dump(LinearRegression().fit(x, [1.0, 2.0, 3.0]), tmp_path / "line.skops")
    model = read("skops", str(tmp_path / "line.skops"))
    assert np.allclose(model.labels(x), [1, 2, 3])
    with pytest.raises(RequestError, match="no probabilities"):
        model.probabilities(x)
