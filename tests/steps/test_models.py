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


def test_a_model_of_numbers_has_no_probabilities(tmp_path):
    from sklearn.linear_model import LinearRegression
    from skops import io

    x = np.arange(6.0).reshape(3, 2)
    io.dump(LinearRegression().fit(x, [1.0, 2.0, 3.0]), tmp_path / "line.skops")
    model = read("skops", str(tmp_path / "line.skops"))
    assert np.allclose(model.labels(x), [1, 2, 3])
    with pytest.raises(RequestError, match="no probabilities"):
        model.probabilities(x)
