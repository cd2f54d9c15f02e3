"""A flow as a transformer of scikit-learn: in a Pipeline, a ColumnTransformer, a cross-validation or a search of parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import ValidationError
from sqlglot import exp

from tilth.engine.arrow import as_numpy
from tilth.errors import FlowError, MissingExtra, RequestError, listed, unknown
from tilth.flow import Flow
from tilth.flow.estimator import fit, transformed
from tilth.flow.parameters import parameters, step_of, written
from tilth.flow.parts import LISTS
from tilth.steps.step import Part, Step

try:
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data
except ImportError:  # without the extra, the module can be imported, but transformers cannot be made
    BaseEstimator, TransformerMixin = (type(name, (), {"absent": True}) for name in ("BaseEstimator", "TransformerMixin"))

OF_STEP = re.compile(rf"({'|'.join(part.name for part in LISTS)})__(\d+)__(\w+)")
FRAMES = ("pandas", "polars", "pyarrow")
NUMBERS = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal)


class FlowTransformer(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A flow as a transformer of scikit-learn.

    `flow` is a `Flow`. All rows that `fit` is given are the training part, so a `split` of the flow is left out; a flow with a part
    `training` is refused, because a transformer cannot make or drop rows. The steps of `rows` change what is learned from, not what
    `transform` is given.

    `transform` gives the features of the flow. For a frame of pandas, Polars or Arrow, the result is a frame of the same library; otherwise
    a matrix of doubles with NaN for null, or of objects if a feature is neither a number nor a boolean. With
    `set_output(transform="pandas")`, both are pandas frames. The columns of a matrix are called `x0`, `x1` …. `y` is the column with the
    role `label` if the flow has one and X lacks it; `fit_transform` gives out-of-fold values for what is learned from it.

    Each parameter of a step is one of the transformer: `features__0__with` is `with` of the first step of `features`.

    Errors: `NotFittedError`; `RequestError` for what a flow refuses, a part `training`, a label that neither X nor y has, and parameters
    that a step does not take; `ValueError` for an X that scikit-learn refuses, such as a sparse matrix or other columns than in `fit`.

    >>> import numpy as np
    >>> flow = Flow.parse("features: [{impute: {columns: numeric, with: mean}}, {scale: numeric}]")
    >>> transformer = FlowTransformer(flow).fit(np.array([[1.0], [3.0], [np.nan]]))
    >>> transformer.transform(np.array([[2.0]])).tolist(), transformer.get_feature_names_out().tolist()
    ([[0.0]], ['x0'])
    >>> transformer.set_params(features__1__with="minmax").fit_transform(np.array([[1.0], [3.0]])).tolist()
    [[0.0], [1.0]]
    """

    def __init__(self, flow: Flow) -> None:
        if hasattr(BaseEstimator, "absent"):
            raise MissingExtra.named("models", "a transformer of scikit-learn")
        self.flow = flow

    # ── parameters ──

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The flow and, if `deep`, the parameters of its steps."""
        found: dict[str, Any] = super().get_params(deep=False)
        return found | (dict(_of_steps(self.flow)) if deep and isinstance(self.flow, Flow) else {})

    def set_params(self, **params: Any) -> FlowTransformer:
        """Set `flow`, then parameters of its steps. Errors: `RequestError` that names what a step does not take."""
        here = {name: value for name, value in params.items() if not OF_STEP.fullmatch(name)}
        super().set_params(**here)
        changes = {name: value for name, value in params.items() if name not in here}
        self.flow = _changed(self.flow, changes) if changes else self.flow
        return self

    # ── fit and transform ──

    def fit(self, X: Any, y: Any = None) -> FlowTransformer:
        """Learn from all rows of X."""
        self._learned_from(X, y)
        return self

    def transform(self, X: Any) -> Any:
        """The features of each row of X."""
        check_is_fitted(self)
        return _given_back(X, transformed(self.flow_, self._table(X, reset=False)))

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """`fit`, and return the features of the same rows, with out-of-fold values for what is learned from the label."""
        table = self._learned_from(X, y)
        return _given_back(X, transformed(self.flow_, table, exp.true()))

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray[Any, Any]:
        """The names of the features. `input_features`, if they are given, must be the columns that `fit` was given."""
        check_is_fitted(self)
        if input_features is not None:
            if len(input_features) != self.n_features_in_:
                raise ValueError(f"input_features should have length equal to number of features ({self.n_features_in_})")
            if list(input_features) != list(getattr(self, "feature_names_in_", input_features)):
                raise ValueError("input_features is not equal to feature_names_in_")
        names: np.ndarray[Any, Any] = self.flow_.get_feature_names_out()
        return names

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.string = tags.input_tags.categorical = True
        return tags

    def _learned_from(self, X: Any, y: Any) -> Any:
        """Learn from X and y, and return the table that was used."""
        flow = deepcopy(_checked(self.flow))  # a flow caches values, which would count as a change of the parameter
        table = self._table(X, reset=True)
        label = flow.reading.roles.label
        if label is not None and label not in _names(table):
            if y is None:
                hint = f"give y, or a column {label!r} in X; or remove the role"
                raise FlowError(f"the flow has the label {label!r}, which X lacks, and there is no y", hint=hint, code="no-label")
            table = _with_label(table, label, column_or_1d(y, warn=True))
        self.flow_ = fit(flow, table)
        return table

    def _table(self, X: Any, reset: bool) -> Any:
        """X as a table: unchanged, or made from the columns of a matrix."""
        if _is_frame(X):
            validate_data(self, X, skip_check_array=True, reset=reset)
            return X
        matrix = validate_data(self, X, dtype=None, ensure_all_finite=False, reset=reset)
        return pa.table({f"x{i}": _arrow(f"x{i}", matrix[:, i]) for i in range(matrix.shape[1])})


def _of_steps(flow: Flow) -> Iterator[tuple[str, Any]]:
    """(name in the transformer, value) for the parameters of all steps."""
    for part, step, i in _places(flow):
        for name in parameters(type(step)):
            yield f"{part}__{i}__{name}", _parameters(step)[name]


def _places(flow: Flow) -> Iterator[tuple[Part, Step, int]]:
    for part in LISTS:
        yield from ((part.name, step, i) for i, step in enumerate(flow.parts.get(part.name, ())))


def _parameters(step: Step) -> dict[str, Any]:
    """All parameters of a step, by their names in flow files."""
    return {f.name.rstrip("_"): getattr(step, f.name) for f in written(type(step))}


def _changed(flow: Flow, changes: Mapping[str, Any]) -> Flow:
    """The flow with changed parameters of steps. Errors: `RequestError` with all parameters that are unknown or rejected by a step."""
    known = dict(_of_steps(flow))
    RequestError.reject(unknown([name for name in changes if name not in known], known, "there is no parameter {}", "unknown-parameter"))
    parts: dict[Part, list[Step]] = {part: list(steps) for part, steps in flow.parts.items()}
    for part, step, i in _places(flow):
        begin = f"{part}__{i}__"
        given = {name.removeprefix(begin): value for name, value in changes.items() if name.startswith(begin)}
        parts[part][i] = _step(step, given, flow, begin) if given else step
    return replace(flow, parts={part: tuple(steps) for part, steps in parts.items()}, text="", learned=None)


def _step(step: Step, given: Mapping[str, Any], flow: Flow, begin: str) -> Step:
    """The step with changed parameters."""
    try:
        return step_of(type(step), {**_parameters(step), **given}, flow.reading.roles)
    except ValidationError as error:
        told = [(".".join(map(str, e["loc"])), e["msg"]) for e in error.errors()]
        raise RequestError(*(f"{begin}{where}: {message}" for where, message in told), code="bad-value") from error


def _checked(flow: Any) -> Flow:
    """The flow for a transformer. Errors: `RequestError` if it is not a flow, or has a part that is not supported in a transformer."""
    if not isinstance(flow, Flow):
        message = f"FlowTransformer: a value of type {type(flow).__name__} is not a flow"
        raise RequestError(message, accepted="a Flow", hint="Flow.load(path) reads one from a file", code="no-flow")
    if flow.parts.get("training"):
        message = "the flow has a part `training`, and a transformer of scikit-learn keeps the rows as they are"
        hint = "leave the part out, and weigh classes in the model (`class_weight`); or prepare by `tilth run`, which runs it"
        raise FlowError(message, hint=hint, code="rows-change")
    return replace(flow, parts={part: steps for part, steps in flow.parts.items() if part != "split"}, learned=None)


def _is_frame(x: Any) -> bool:
    return type(x).__module__.partition(".")[0] in FRAMES and hasattr(x, "columns")


def _names(table: Any) -> list[str]:
    return list(table.column_names if isinstance(table, pa.Table) else table.columns)


def _with_label(table: Any, label: str, y: np.ndarray) -> Any:
    """The table with y as a further column."""
    if isinstance(table, pa.Table):
        return table.append_column(label, _arrow(label, y))
    if type(table).__module__.startswith("pandas"):
        return table.assign(**{label: y})
    import polars as pl

    return table.with_columns(pl.Series(label, y))


def _arrow(name: str, values: np.ndarray) -> pa.Array:
    """A column of a matrix as an Arrow array."""
    try:
        return pa.array(np.ascontiguousarray(values), from_pandas=True)
    except pa.ArrowException as error:
        kinds = listed(sorted({type(v).__name__ for v in values.tolist()}))
        raise TypeError(f"column {name} of X holds {kinds}: argument must be a string, a number or a boolean, and of one type") from error


def _given_back(x: Any, made: Any) -> Any:
    """The result in the form of the input: a frame of the same library, or a matrix."""
    if _is_frame(x):
        return made
    numbers = all(any(holds(t) for holds in NUMBERS) for t in made.schema.types)
    columns = [as_numpy(c.cast(pa.float64())) if numbers else np.array(c.to_pylist(), dtype=object) for c in made.columns]
    return np.column_stack(columns) if columns else np.empty((len(made), 0))
