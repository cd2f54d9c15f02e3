"""predict: a new column, predicted by a model that was trained elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from tilth.data import Dataset, Kind, Roles, Schema
from tilth.engine.arrow import arrow_type
from tilth.engine.expressions import col, lit
from tilth.engine.python_operation import PythonFunction
from tilth.errors import Mistake, RequestError, listed
from tilth.steps.models import Model, ModelStep, model_of
from tilth.steps.step import Learned, Learning, reject_clashes


@dataclass(frozen=True)
class Predict(ModelStep):
    """A new column with a model's prediction, so that a flow can end in one: in batch, and for each row that is served.

    The model is a scikit-learn model saved by skops (`.skops`, extra `models`), an ONNX model (`.onnx`, extra `onnx`), or boosted trees of
    LightGBM saved as text (`.lgb`, extra `lightgbm`) or of XGBoost (`.ubj`, extra `xgboost`), whose classes are 0, 1 …: files that hold no
    code. It is read when the flow is fitted and becomes part of the fitted flow. It is given the columns as doubles, booleans as 0
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
    predicts = True

    with_: Literal["label", "probability"] = "label"
    """The predicted class or number, or the probability of a class."""
    column: str = "prediction"
    """The column that is made."""
    positive: str | int | bool | None = None
    """`probability`: the class. Default: the model's last one."""

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        content = self.content()
        model = model_of(self.form, content, self.trusted)
        columns = self.columns or model.names
        self._reject(model, columns, schema)
        reject_clashes(self.name, schema, {"": {self.column: lit(0)}})
        return {"": {"columns": list(columns), "model": content}}

    def _reject(self, model: Model, columns: tuple[str, ...], schema: Schema) -> None:
        unfit = "is not a number or boolean (encode it first)"
        numeric = {k for k in Kind if k.numeric or k is Kind.BOOLEAN}
        wrong = self.unfit(map(schema.__getitem__, columns), lambda c: "" if c.kind in numeric else unfit)
        wrong += self.unmatched(columns, model.width)
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
