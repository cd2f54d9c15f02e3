"""The `output` steps as functions of numpy arrays.

There is only one implementation: each function runs the row function of its step, which gives the same result as the engines.

>>> import numpy as np
>>> softmax(np.array([[1000.0, 1000.0], [-np.inf, 0.0]])).tolist()
[[0.5, 0.5], [0.0, 1.0]]
>>> sigmoid([-800.0, 0.0, 800.0]).tolist(), argmax([[1.0, 3.0], [2.0, 2.0]]).tolist()
([0.0, 0.5, 1.0], [1, 0])
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from tilth.data import Change, Column, Dataset, Kind, Memory, Schema
from tilth.engine.row import row_function
from tilth.steps.fitting import without_rows
from tilth.steps.output.activation import Elu, Logit, LogSigmoid, Relu, Sigmoid, Softplus, Tanh, Temperature
from tilth.steps.output.argmax import Argmax
from tilth.steps.output.softmax import LogSoftmax, Softmax
from tilth.steps.step import Step

Array = Any
"""An array of numpy, or what makes one: a list of numbers, or of rows."""


def softmax(x: Array, temperature: float = 1.0) -> np.ndarray:
    """The probabilities of each row of scores (the last axis); NaN for a row with NaN, two ∞ or nothing but −∞."""
    return _rows(Softmax(temperature=temperature), x)


def log_softmax(x: Array) -> np.ndarray:
    """The logarithms of the probabilities of each row of scores (the last axis)."""
    return _rows(LogSoftmax(), x)


def sigmoid(x: Array) -> np.ndarray:
    """1 / (1 + exp(−x)) of each number."""
    return _each(Sigmoid(), x)


def log_sigmoid(x: Array) -> np.ndarray:
    """−ln(1 + exp(−x)) of each number."""
    return _each(LogSigmoid(), x)


def logit(x: Array) -> np.ndarray:
    """ln(x / (1 − x)) of each probability."""
    return _each(Logit(), x)


def tanh(x: Array) -> np.ndarray:
    """The hyperbolic tangent of each number."""
    return _each(Tanh(), x)


def relu(x: Array, slope: float = 0.0) -> np.ndarray:
    """x of each number above 0, slope · x of others."""
    return _each(Relu(slope=slope), x)


def elu(x: Array, alpha: float = 1.0) -> np.ndarray:
    """x of each number above 0, α (exp(x) − 1) of others."""
    return _each(Elu(alpha=alpha), x)


def softplus(x: Array) -> np.ndarray:
    """ln(1 + exp(x)) of each number."""
    return _each(Softplus(), x)


def temperature(x: Array, value: float) -> np.ndarray:
    """x / T of each number."""
    return _each(Temperature(value=value), x)


def argmax(x: Array) -> np.ndarray:
    """The place of the greatest score of each row (the last axis), of equal ones the first; −1 for a row with NaN."""
    given = np.asarray(x, dtype=np.float64)
    rows = given.reshape(-1, given.shape[-1])
    one = _function(Argmax(labels=tuple(range(given.shape[-1]))), given.shape[-1])
    found = [one(row)["prediction"] for row in _named(rows)]
    return np.array([-1 if place is None else place for place in found], dtype=np.int64).reshape(given.shape[:-1])


def _each(step: Step, x: Array) -> np.ndarray:
    given = np.asarray(x, dtype=np.float64)
    return _rows(step, given.reshape(-1, 1)).reshape(given.shape)


def _rows(step: Step, x: Array) -> np.ndarray:
    given = np.asarray(x, dtype=np.float64)
    one = _function(step, given.shape[-1])
    made = [list(one(row).values()) for row in _named(given.reshape(-1, given.shape[-1]))]
    return np.array(made, dtype=np.float64).reshape(given.shape)  # null is NaN


def _named(rows: np.ndarray) -> list[dict[str, float]]:
    names = [f"prediction_{i}" for i in range(rows.shape[1])]
    return [dict(zip(names, row, strict=True)) for row in rows.tolist()]


@lru_cache(maxsize=64)
def _function(step: Step, width: int) -> Callable[[Any], dict[str, Any]]:
    """The step's row function for rows of this many scores."""
    schema = Schema(tuple(Column(f"prediction_{i}", Kind.FLOAT) for i in range(width)))
    made = without_rows(step, schema).apply(Dataset(Memory(None, schema.names)))
    return row_function([layer for layer in made.layers if isinstance(layer, Change)], schema.names)
