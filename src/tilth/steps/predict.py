"""predict: a new column, predicted by a model that was trained elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import pyarrow as pa

from tilth.data import Dataset, Kind, Roles, Schema
from tilth.engine.arrow import arrow_type
from tilth.engine.expressions import col, lit
from tilth.engine.python_operation import PythonFunction
from tilth.errors import Mistake, RequestError, listed
from tilth.steps.models import Model, model_of
from tilth.steps.step import Learned, Learning, Step, reject_clashes

FORMS = {".skops": "skops", ".onnx": "onnx"}
LARGEST = 64 * 2**20  # bytes of a model that a fitted flow carries


@dataclass(frozen=True)
class Predict(Step):
    """A new column with a model's prediction, so that a flow can end in one: in batch, and for each row that is served.

    The model is a scikit-learn model saved by skops (`.skops`, extra `models`) or an ONNX model (`.onnx`, extra `onnx`): files that hold
    no code. It is read when the flow is fitted and becomes part of the fitted flow. It is given the columns as doubles, booleans as 0
    and 1, null as NaN, which some models accept and others refuse. It runs as Python on every engine, which `tilth plan` marks.

    `label` is the predicted class, of its own kind, or the predicted number. `probability` is that of the class `positive`; without it,
    of the model's last class, which of two is the positive one. A predicted class of the label's kind has the role `prediction` from
    then on, so that bias of what the model says is measured too.

    Errors: a file that is not such a model, or holds types that are neither trusted by skops nor by `trusted`; columns that are not
    numbers or booleans, or not as many as the model takes; a class that the model lacks.

    >>> print(Predict("forest.skops", with_="probability"))
    predict(model='forest.skops', with='probability')
    """

    name = "predict"
    parts = frozenset({"features"})
    makes_columns = True
    names_columns = True
    learns = False
    shorthand = "model"
    predicts = True
    learned_types: ClassVar[Mapping[str, Any]] = {"columns": list[str], "model": bytes}

    model: str
    """The file: `.skops` or `.onnx`. A relative path starts at the working directory."""
    with_: Literal["label", "probability"] = "label"
    """The predicted class or number, or the probability of a class."""
    column: str = "prediction"
    """The column that is made."""
    columns: tuple[str, ...] = ()
    """The columns that the model takes, in its order. Default: those it was trained on, where it has their names."""
    positive: str | int | bool | None = None
    """`probability`: the class. Default: the model's last one."""
    trusted: tuple[str, ...] = ()
    """Types that a `.skops` file may hold besides those that skops trusts. Name only what you have reviewed."""

    def __post_init__(self) -> None:
        if not self.form:
            raise RequestError(f"predict: {self.model!r} is not a model file", accepted=listed(FORMS), code="bad-model")

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        content = self._content()
        model = model_of(self.form, content, self.trusted)
        columns = self.columns or model.names
        self._reject(model, columns, schema)
        reject_clashes(self.name, schema, {"": {self.column: lit(0)}})
        return {"": {"columns": list(columns), "model": content}}

    def _content(self) -> bytes:
        try:
            content = Path(self.model).read_bytes()
        except OSError as error:
            raise RequestError(f"predict: {self.model!r} cannot be read: {error.strerror}", code="bad-model") from error
        if len(content) > LARGEST:
            message = f"predict: {self.model!r} has {len(content):,} bytes"
            raise RequestError(message, accepted=f"up to {LARGEST:,} bytes", code="model-too-large")
        return content

    @property
    def form(self) -> str:
        """The form of the file, by its suffix; empty for an unknown one."""
        return FORMS.get(Path(self.model).suffix.lower(), "")

    def _reject(self, model: Model, columns: tuple[str, ...], schema: Schema) -> None:
        unfit = "is not a number or boolean (encode it first)"
        numeric = {k for k in Kind if k.numeric or k is Kind.BOOLEAN}
        wrong = self.unfit(map(schema.__getitem__, columns), lambda c: "" if c.kind in numeric else unfit)
        if not columns:
            wrong.append(
                Mistake("predict: the model does not say which columns it takes", hint="name them: `columns: […]`", code="no-columns")
            )
        elif model.width and len(columns) != model.width:
            wrong.append(Mistake(f"predict: {len(columns)} columns for a model that takes {model.width}", code="model-inputs"))
        if self.positive is not None and self.positive not in model.classes:
            accepted = listed(map(repr, model.classes)) or "nothing: the model does not say its classes"
            wrong.append(Mistake(f"predict: the model has no class {self.positive!r}", accepted=accepted, code="bad-value"))
        RequestError.reject(wrong)

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        state = learned[""]
        content = state["model"]
        model = model_of(self.form, content, self.trusted)
        function = Prediction(self.form, content, self.trusted, self.with_, self.positive)
        gives = Kind.FLOAT if self.with_ == "probability" else model.kind
        called = PythonFunction(function, (Kind.FLOAT,) * len(state["columns"]), gives, f"predict {Path(self.model).name}")
        changed = data.change({self.column: called.of(*map(col, state["columns"]))})
        label = data.roles.label
        comparable = label is not None and label in schema and schema[label].kind is gives and self.with_ == "label"
        return replace(changed, roles=replace(data.roles, prediction=self.column)) if comparable else changed

    def predictor(self, learned: Learned) -> tuple[Callable[[pa.Table], np.ndarray], tuple[str, ...]]:
        state = learned[""]
        model = model_of(self.form, state["model"], self.trusted)

        def labels(rows: pa.Table) -> np.ndarray:
            return model.labels(np.stack([c.cast("float64").to_numpy() for c in rows.columns], axis=1))

        return labels, tuple(state["columns"])

    def shown(self, learned: Learned) -> Learned:
        return {"": {"columns": learned[""]["columns"]}}

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        return frozenset({self.column, *self.columns}) if self.columns else None


@dataclass(frozen=True)
class Prediction:
    """A model's prediction for columns of doubles, as an Arrow array."""

    form: str
    content: bytes = field(repr=False)
    trusted: tuple[str, ...]
    with_: str
    positive: Any

    def __call__(self, *columns: pa.Array) -> pa.Array:
        model = model_of(self.form, self.content, self.trusted)
        matrix = np.stack([c.to_numpy(zero_copy_only=False).astype(np.float64) for c in columns], axis=1)
        gives = arrow_type(model.kind if self.with_ == "label" else Kind.FLOAT)
        if not len(matrix):
            return pa.array([], gives)
        if self.with_ == "label":
            return pa.array(model.labels(matrix).tolist(), gives)
        place = -1 if self.positive is None else model.classes.index(self.positive)
        return pa.array(model.probabilities(matrix)[:, place].astype(np.float64))
