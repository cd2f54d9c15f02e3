"""predict: a new column, or one for each class, predicted by a model that was trained elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from tilth.data import Dataset, Kind, Roles, Schema
from tilth.engine.arrow import arrow_type
from tilth.engine.expressions import col, lit
from tilth.engine.python_operation import Item, PythonFunction
from tilth.errors import Mistake, RequestError, listed
from tilth.measures.measure import Predictor
from tilth.steps.models import MOST_MADE, Gave, Model, ModelStep, model_of, struct
from tilth.steps.step import Learned, Learning, reject_clashes

MADE = "\x1fpredicted"  # temporary column with a number for each class
SEVERAL: Mapping[str, Gave] = {"scores": "scores", "probabilities": "probabilities"}


@dataclass(frozen=True)
class Predict(ModelStep):
    """Adds a column with a model's prediction, or one for each class, in batches and for each served row.

    The model is a scikit-learn model saved by skops (`.skops`, extra `models`), an ONNX model (`.onnx`, extra `onnx`), or boosted trees of
    LightGBM saved as text (`.lgb`, extra `lightgbm`) or of XGBoost (`.ubj`, extra `xgboost`), with the classes 0, 1 …. None of these files
    holds code. The model is read when the flow is fitted and becomes part of the fitted flow. It gets the columns as doubles, booleans as 0
    and 1, and null as NaN, which some models accept and others reject. It runs as Python on every engine; `tilth plan` marks this.

    `label` is the predicted class, in its own kind, or the predicted number. `probability` is the probability of the class `positive`; by
    default of the model's last class, which is the positive one of two. A predicted class of the label's kind has the role `prediction`
    from then on, so that bias of what the model says is measured too.

    `scores` and `probabilities` make a column for each class, `prediction_CLASS`, for steps in `output` to transform: `output: [softmax]`
    after `scores`. Scores are what the model has before probabilities: `decision_function` of scikit-learn, the last output of an ONNX
    model, the sums of boosted trees. One score z of two classes becomes 0 and z. If the model does not name its classes, they are 0, 1 …;
    a single number has no class in the name of its column.

    Errors: a file that is not such a model, or holds types that neither skops nor `trusted` trusts; columns that are not numbers or
    booleans, or a wrong number of columns; a class that the model does not have; a model that cannot give what `with` asks for.

    >>> print(Predict("forest.skops", with_="probability"))
    predict(model='forest.skops', with='probability')
    """

    name = "predict"
    predicts = True

    with_: Literal["label", "probability", "scores", "probabilities"] = "label"
    """The predicted class or number, the probability of one class, or a score or a probability of each class."""
    column: str = "prediction"
    """The new column, or the prefix of several new columns."""
    positive: str | int | bool | None = None
    """`probability`: the class. Default: the model's last one."""

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        content = self.content()
        model = model_of(self.form, content, self.trusted)
        columns = self.columns or model.names_among(schema.names)
        self._reject(model, columns, schema)
        reject_clashes(self.name, schema, {"": dict.fromkeys(self._makes(model, len(columns)), lit(0))})
        return {"": {"columns": list(columns), "model": content}}

    def _makes(self, model: Model, width: int) -> tuple[str, ...]:
        """The columns that are made."""
        gave = SEVERAL.get(self.with_)
        found = (self.column,) if gave is None else model.named(gave, self.column, width)
        if len(found) > MOST_MADE:
            message = f"predict: the model has {len(found):,} classes, and each would be a column"
            raise RequestError(message, accepted=f"up to {MOST_MADE:,}", hint="with: label", code="too-many-columns")
        return found

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
        takes, makes = (Kind.FLOAT,) * len(state["columns"]), self._makes(model, len(state["columns"]))
        kind = model.kind if self.with_ == "label" else Kind.FLOAT
        gives = (kind,) * len(makes) if self.with_ in SEVERAL else kind
        called = PythonFunction(function, takes, gives, f"predict {Path(self.model).name}").of(*map(col, state["columns"]))
        if self.with_ in SEVERAL:
            return data.change({MADE: called}).change({name: Item.of(col(MADE), lit(i)) for i, name in enumerate(makes)} | {MADE: None})
        changed = data.change({self.column: called})
        label = data.roles.label
        comparable = label is not None and label in schema and schema[label].kind is kind and self.with_ == "label"
        return replace(changed, roles=replace(data.roles, prediction=self.column)) if comparable else changed

    def predictor(self, learned: Learned) -> tuple[Predictor, tuple[str, ...]]:
        state = learned[""]
        model = model_of(self.form, state["model"], self.trusted)

        def labels(rows: pa.Table) -> np.ndarray:
            return model.labels(np.stack([c.cast("float64").to_numpy() for c in rows.columns], axis=1))

        columns = tuple(state["columns"])
        return Predictor(labels, *self._numbers(model, len(columns)), model=getattr(model, "model", None)), columns

    def _numbers(self, model: Model, width: int) -> tuple[tuple[str, ...], Callable[[np.ndarray], np.ndarray]]:
        """The outputs to explain: probabilities; scores if there are none or if requested; or numbers."""
        if not model.classes and model.kind is Kind.FLOAT:
            several = np.size(model.labels(np.zeros((1, width))))
            outputs = ("prediction",) if several == 1 else tuple(map(str, range(several)))
            return outputs, lambda x: np.asarray(model.labels(x), float).reshape(len(x), several)
        gave: Gave = "probabilities" if self.with_ != "scores" and model.gives("probabilities", width) else "scores"
        return tuple(name.removeprefix("_") or "prediction" for name in model.named(gave, "", width)), lambda x: model.numbers(gave, x)

    def touches(self, schema: Schema, roles: Roles) -> frozenset[str] | None:
        known = self.columns and self.with_ not in SEVERAL
        return frozenset({self.column, *self.columns}) if known else None


def predictor_of(
    file: str | Path,
    columns: tuple[str, ...] = (),
    trusted: tuple[str, ...] = (),
    otherwise: tuple[str, ...] | None = (),
    known: Iterable[str] = (),
) -> tuple[Predictor, tuple[str, ...]]:
    """The model in a file, and its input columns: the given ones, or those it was trained on, as a table with the `known` columns names
    them, else `otherwise` (None: column numbers).

    Errors: `RequestError` if the file holds no such model, or if the columns are unknown or of the wrong number.
    """
    step = Predict(str(file), columns, trusted)
    content = step.content()
    model = model_of(step.form, content, trusted)
    takes = columns or model.names_among(known) or (tuple(map(str, range(model.width))) if otherwise is None else otherwise)
    RequestError.reject(step.unmatched(takes, model.width))
    return step.predictor({"": {"columns": list(takes), "model": content}})


@dataclass(frozen=True)
class Prediction:
    """A model's prediction for columns of doubles, as an Arrow array; several numbers of a row as a struct."""

    form: str
    content: bytes = field(repr=False)
    trusted: tuple[str, ...]
    with_: str
    positive: Any

    def __call__(self, *columns: pa.Array) -> pa.Array:
        model = model_of(self.form, self.content, self.trusted)
        matrix = np.stack([c.to_numpy(zero_copy_only=False).astype(np.float64) for c in columns], axis=1)
        if gave := SEVERAL.get(self.with_):
            return struct(model.numbers(gave, matrix) if len(matrix) else np.empty((0, len(model.named(gave, "", len(columns))))))
        gives = arrow_type(model.kind if self.with_ == "label" else Kind.FLOAT)
        if not len(matrix):
            return pa.array([], gives)
        if self.with_ == "label":
            return pa.array(model.labels(matrix).tolist(), gives)
        place = -1 if self.positive is None else model.classes.index(self.positive)
        return pa.array(model.probabilities(matrix)[:, place].astype(np.float64))
