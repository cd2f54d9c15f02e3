"""Models that predict or transform, read from files that hold no code: scikit-learn's by skops, ONNX, LightGBM and XGBoost."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
import pyarrow as pa

from tilth.data import Kind
from tilth.errors import Mistake, RequestError, listed
from tilth.measures.model_file import FORMS, model_bytes, sklearn_model, unread_hint
from tilth.metrics.onnx import onnx_session
from tilth.steps.step import Learned, Step

MOST_MADE = 1_000  # columns
Gave: TypeAlias = Literal["scores", "probabilities"]


@dataclass(frozen=True)
class ModelStep(Step):
    """A step of a model in a file, which becomes part of the fitted flow."""

    parts = frozenset({"features"})
    makes_columns = True
    names_columns = True
    learns = False
    shorthand = "model"
    learned_types: ClassVar[Mapping[str, Any]] = {"columns": list[str], "model": bytes}
    forms: ClassVar[Mapping[str, str]] = FORMS  # suffix → form of the file

    model: str
    """The file. A relative path starts at the working directory."""
    columns: tuple[str, ...] = ()
    """The input columns, in the order of the model. Default: those it was trained on, if it knows their names."""
    trusted: tuple[str, ...] = ()
    """Types to allow in a `.skops` file besides those that skops trusts. Name only types that you have reviewed."""

    def mistakes(self) -> Iterator[Mistake]:
        if not self.form:
            message, hint = f"{self.name}: {self.model!r} is not a model file", unread_hint(self.model)
            yield Mistake(message, accepted=listed(self.forms), hint=hint, code="bad-model")

    @property
    def form(self) -> str:
        """The format of the file, by its suffix; empty if unknown."""
        return self.forms.get(Path(self.model).suffix.lower(), "")

    def content(self) -> bytes:
        """The bytes of the file. Errors: `RequestError` if it cannot be read, or is too large."""
        return model_bytes(self.model, self.name)

    def unmatched(self, columns: tuple[str, ...], width: int) -> list[Mistake]:
        """A mistake if the number of columns differs from the model's `width`; 0 means unknown."""
        if not columns:
            message = f"{self.name}: the model does not say which columns it takes"
            return [Mistake(message, hint="name them: `columns: […]`, at the command line --columns A,B", code="no-columns")]
        if width and len(columns) != width:
            return [Mistake(f"{self.name}: {len(columns)} columns for a model that takes {width}", code="model-inputs")]
        return []

    def shown(self, learned: Learned) -> Learned:
        return {"": {"columns": learned[""]["columns"]}}


class Model(ABC):
    """A model: what it takes, and its predictions for a matrix of numbers with a row for each row of the table."""

    names: tuple[str, ...] = ()
    """The columns that it was trained on, where it says so."""
    width: int = 0
    """How many columns it takes; 0 where it does not say."""
    classes: tuple[Any, ...] = ()
    """Its classes in the order of its probabilities; none for a model of numbers, or one that does not say."""
    kind: Kind = Kind.FLOAT
    """The kind of its labels."""
    single: bool = False
    """Whether it computes with 32-bit floats, of which another processor may round other digits."""
    quick: bool = True
    """Whether predictions for a few rows take less time than starting a thread."""

    def names_among(self, columns: Iterable[str]) -> tuple[str, ...]:
        """The columns that it was trained on, as a table with these columns calls them."""
        return self.names

    @abstractmethod
    def labels(self, x: np.ndarray) -> np.ndarray:
        """The predicted class or number of each row."""

    @abstractmethod
    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """The probability of each class, a column for each."""

    @abstractmethod
    def scores(self, x: np.ndarray) -> np.ndarray:
        """The scores of the classes, before they become probabilities, a column for each; for regression, the prediction.

        A single score z for two classes becomes 0 and z, because softmax then gives 1/(1 + exp(z)) and 1/(1 + exp(−z)).
        """

    def numbers(self, gave: Gave, x: np.ndarray) -> np.ndarray:
        """The scores or the probabilities."""
        return self.scores(x) if gave == "scores" else self.probabilities(x)

    def gives(self, gave: Gave, width: int) -> bool:
        """Whether the model has scores or probabilities; tested with a row of zeros of this width."""
        try:
            self.numbers(gave, np.zeros((1, width)))
        except RequestError:
            return False
        return True

    def named(self, gave: Gave, column: str, width: int) -> tuple[str, ...]:
        """Names for the columns of `numbers` of a matrix of this width: `column_CLASS` for each class, `column` for a single number.

        If the model does not name its classes, they are 0, 1 … Errors: as `scores` and `probabilities`.
        """
        found = self.numbers(gave, np.zeros((1, width))).shape[1]
        return (column,) if found == 1 else tuple(f"{column}_{c}" for c in self.classes or range(found))


def struct(matrix: np.ndarray) -> pa.StructArray:
    """The columns of a matrix of doubles as the fields f0, f1 … of an array, as a Python function returns several values."""
    columns = np.asarray(matrix, dtype=np.float64, order="F").T
    return pa.StructArray.from_arrays(list(map(pa.array, columns)), [f"f{i}" for i in range(len(columns))])


@lru_cache(maxsize=8)
def model_of(form: str, content: bytes, trusted: tuple[str, ...] = ()) -> Model:
    """The model in the bytes of a file. Errors: `MissingExtra`; `RequestError` for bytes that hold none, or untrusted types."""
    if form == "skops":
        return Skops(content, trusted)
    if form == "onnx":
        return Onnx(content)
    if form == "torchscript":
        from tilth.steps.torchscript import TorchScript

        return TorchScript(content)
    from tilth.steps import boosters

    return boosters.LightGbm(content) if form == "lightgbm" else boosters.XgBoost(content)


class Skops(Model):
    """A scikit-learn model that skops saved: only types that skops trusts, or that the user names, are made."""

    def __init__(self, content: bytes, trusted: tuple[str, ...]) -> None:
        self.model = sklearn_model(content, trusted)
        self.names = tuple(map(str, getattr(self.model, "feature_names_in_", ())))
        self.width = int(getattr(self.model, "n_features_in_", 0))
        found = getattr(self.model, "classes_", None)
        self.classes = () if found is None else tuple(found.tolist())
        kinds = {bool: Kind.BOOLEAN, int: Kind.INTEGER, str: Kind.STRING}
        self.kind = kinds.get(type(next(iter(self.classes), None)), Kind.FLOAT)

    def labels(self, x: np.ndarray) -> np.ndarray:
        return self._asked("predict", x)

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        if not hasattr(self.model, "predict_proba"):
            raise RequestError("the model gives no probabilities", accepted="with: label", code="no-probabilities")
        return self._asked("predict_proba", x)

    def scores(self, x: np.ndarray) -> np.ndarray:
        if self.classes and not hasattr(self.model, "decision_function"):
            message, hint = "the model gives probabilities and no scores", "`with: probabilities` makes a column for each class, too"
            raise RequestError(message, accepted="a model with `decision_function`", hint=hint, code="no-scores")
        found = self._asked("decision_function" if self.classes else "predict", x)
        if found.ndim > 1:
            return found
        return np.stack([np.zeros(len(found)), found], axis=1) if self.classes else found[:, None]

    def _asked(self, method: str, x: np.ndarray) -> np.ndarray:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "X does not have valid feature names")  # columns are given in the model's order
            found: np.ndarray = getattr(self.model, method)(x)
        return found


class Network(Model):
    """A model with one matrix of floats for its input; its first output is the label, its last one the probabilities or scores."""

    @abstractmethod
    def output(self, which: int, x: np.ndarray) -> np.ndarray:
        """One of the outputs, by its position."""

    def labels(self, x: np.ndarray) -> np.ndarray:
        found = self.output(0, x)
        return found.reshape(len(found)) if found.size == len(found) else found

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        found = self.output(-1, x)
        return found.reshape(len(found), -1)

    def scores(self, x: np.ndarray) -> np.ndarray:
        return self.probabilities(x)


class Onnx(Network):
    """An ONNX model with one matrix of numbers for its input."""

    def __init__(self, content: bytes) -> None:
        self.model = onnx_session(content)
        inputs, self.outputs = self.model.get_inputs(), self.model.get_outputs()
        if len(inputs) != 1 or inputs[0].type not in ("tensor(float)", "tensor(double)"):
            found = listed(f"{i.name} {i.type}" for i in inputs)
            accepted = "one matrix of floats or doubles"
            raise RequestError(f"the model's inputs are {found}", accepted=accepted, hint="export it with one input", code="model-inputs")
        if any("tensor" not in output.type or "seq" in output.type for output in self.outputs):
            raise RequestError("the model's outputs are not tensors", hint="export it without ZipMap", code="model-outputs")
        (self.input,) = inputs
        self.single = self.input.type == "tensor(float)"
        self.width = self.input.shape[-1] if isinstance(self.input.shape[-1], int) else 0
        self.kind = {"tensor(int64)": Kind.INTEGER, "tensor(string)": Kind.STRING}.get(self.outputs[0].type, Kind.FLOAT)

    def output(self, which: int, x: np.ndarray) -> np.ndarray:
        matrix = x.astype("float32" if self.single else "float64")
        found: np.ndarray = self.model.run([self.outputs[which].name], {self.input.name: matrix})[0]
        return found
