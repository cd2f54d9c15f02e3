"""transform: columns become those that a scikit-learn transformer makes of them, which was fitted elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from tilth.data import Dataset, Kind, Roles, Schema
from tilth.engine.arrow import as_numpy
from tilth.engine.expressions import col, lit
from tilth.engine.python_operation import Item, PythonFunction
from tilth.errors import RequestError, extra, first_line, listed
from tilth.steps.models import MOST_MADE, Model, ModelStep, model_of, struct
from tilth.steps.step import Learned, Learning, kept_private, reject_clashes

MADE = "\x1ftransformed"  # temporary column with the struct of the transformer's output
TAKEN = frozenset({Kind.BOOLEAN, Kind.INTEGER, Kind.FLOAT, Kind.DECIMAL, Kind.STRING})


@dataclass(frozen=True)
class Transform(ModelStep):
    """Replaces columns by the output of a fitted scikit-learn transformer.

    Save the transformer (`PCA`, `ColumnTransformer`, a `Pipeline` of such …) with skops (`.skops`, extra `models`), a format without code.
    It is read when the flow is fitted, becomes part of the fitted flow, and learns nothing more. Its output columns are floats, named by
    its `get_feature_names_out`, and replace its input columns.

    It gets numbers as doubles, booleans as 0 and 1, strings as they are, and null as NaN: as a pandas frame if it was trained on named
    columns, otherwise as a matrix. A transformer that does not say how many columns it takes, such as `TfidfVectorizer`, gets one column,
    as a list of strings with "" for null. Its output for a row must depend on that row alone. It runs as Python on every engine; `tilth
    plan` marks this.

    Errors: a file that is not such a transformer, or holds types that neither skops nor `trusted` trusts; columns of another kind, or a
    wrong number of columns; a transformer that does not name its output, makes more than 1,000 columns, or makes strings.

    >>> print(Transform("pca.skops", columns=("length", "width")))
    transform(model='pca.skops', columns=['length', 'width'])
    """

    name = "transform"
    forms: ClassVar[Mapping[str, str]] = {".skops": "skops"}
    learned_types: ClassVar[Mapping[str, Any]] = {"columns": list[str], "makes": list[str], "model": bytes}

    def learning(self, schema: Schema, roles: Roles) -> Learning:
        yield ()
        content = self.content()
        model = model_of(self.form, content, self.trusted)
        columns = self.columns or model.names
        unfit = "is not a number, a boolean or a string"
        wrong = self.unfit(map(schema.__getitem__, columns), lambda c: "" if c.kind in TAKEN else unfit)
        RequestError.reject([*wrong, *self.unmatched(columns, model.width or 1)])
        makes = _made_by(model, columns)
        gone = dict.fromkeys((c for c in columns if c not in makes), None)
        reject_clashes(self.name, schema, {columns[0]: {**gone, **{name: lit(0) for name in makes if name not in columns}}})
        return {"": {"columns": list(columns), "makes": makes, "model": content}}

    def made(self, data: Dataset, schema: Schema, learned: Learned) -> Dataset:
        state = learned[""]
        columns, makes = state["columns"], state["makes"]
        takes = tuple(Kind.STRING if schema[c].kind is Kind.STRING else Kind.FLOAT for c in columns)
        function = Transformation(state["model"], self.trusted, len(makes))
        called = PythonFunction(function, takes, (Kind.FLOAT,) * len(makes), f"transform {Path(self.model).name}")
        values = {name: Item.of(col(MADE), lit(i)) for i, name in enumerate(makes)}
        gone = {c: None for c in (*columns, MADE) if c not in values}
        return kept_private(data.change({MADE: called.of(*map(col, columns))}).change({**values, **gone}), makes, columns)


def _made_by(model: Model, columns: Sequence[str]) -> list[str]:
    """The names of the columns that a transformer makes of these."""
    transformer: Any = getattr(model, "model", None)
    if not hasattr(transformer, "transform"):
        message = f"transform: a {type(transformer).__name__} does not transform"
        raise RequestError(message, hint="a model that predicts is for the step `predict`", code="bad-model")
    unnamed = model.width and not model.names
    try:
        made = list(map(str, transformer.get_feature_names_out(columns) if unnamed else transformer.get_feature_names_out()))
    except (AttributeError, TypeError, ValueError) as error:
        message = f"transform: the transformer does not name what it makes: {first_line(error)}"
        raise RequestError(message, accepted="one with `get_feature_names_out`", code="bad-model") from error
    if len(made) > MOST_MADE:
        raise RequestError(
            f"transform: the transformer makes {len(made):,} columns", accepted=f"up to {MOST_MADE:,}", code="too-many-columns"
        )
    if twice := sorted({name for name in made if made.count(name) > 1}):
        raise RequestError(f"transform: the transformer makes columns of the same name: {listed(twice)}", code="name-clash")
    return made


@dataclass(frozen=True)
class Transformation:
    """A transformer's output for columns of doubles and strings, as a struct of doubles."""

    content: bytes = field(repr=False)
    trusted: tuple[str, ...]
    width: int

    def __call__(self, *columns: pa.Array) -> pa.Array:
        model: Any = model_of("skops", self.content, self.trusted)
        rows = len(columns[0])
        made = model.model.transform(_given(model, columns)) if rows else np.empty((0, self.width))
        made = made.toarray() if hasattr(made, "toarray") else made  # a sparse matrix
        return struct(made)


def _given(model: Model, columns: Sequence[pa.Array]) -> Any:
    """Columns as a transformer takes them."""
    if not model.width:
        return ["" if text is None else text for text in columns[0].to_pylist()]
    values = [_numpy(column) for column in columns]
    if not model.names:
        return np.stack(values, axis=1)
    with extra("frames", "a transformer that was trained on named columns"):
        import pandas as pd
    return pd.DataFrame(dict(zip(model.names, values, strict=True)))


def _numpy(column: pa.Array) -> np.ndarray:
    """A column with NaN for null; strings as objects."""
    if not pa.types.is_string(column.type):
        return as_numpy(column.cast(pa.float64()))
    return np.array([np.nan if value is None else value for value in column.to_pylist()], dtype=object)
