"""The stages that predict: a model from a file, or a user's function, if running it is allowed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from tilth.engine.python_operation import user_function
from tilth.errors import Mistake, RequestError, TilthError
from tilth.formats.arrow import as_table
from tilth.serve.bodies.rows import BadRows, Columns, Row
from tilth.serve.remote import predicted_row
from tilth.steps.functions import ARRAYS, form_of, handed
from tilth.steps.models import Gave, Model

PREDICTION = "prediction"
MOST_NAMED = 20  # mistakes of one request that are listed
PYTHON = "python:"  # prefix of the name of a function: python:module:function
MATRIX = "numpy.ndarray"
LARGEST = float(np.finfo(np.float32).max)  # libraries reject infinite values, and some whatever is not a 32-bit float
MISSING = Mistake("the model does not accept missing values", hint="fill it in the flow with `impute`", code="missing-value")
LARGE = Mistake("the model does not accept a value as large as this", accepted=f"numbers up to {LARGEST:.3g}", code="too-large")


@dataclass(frozen=True)
class Prediction:
    """A model from a file. It gives a label for each row, or a number for each class in `prediction_CLASS`."""

    title: str
    model: Model = field(repr=False)
    columns: tuple[str, ...]
    gave: Literal["labels"] | Gave = "labels"

    def load(self) -> None:
        """Test whether a model that does not say what it takes accepts these columns, with rows of zeros. Errors: `RequestError`."""
        if self.model.width:
            return
        try:
            _of_rows(self.model.labels(np.zeros((2, len(self.columns)))), 2)
        except Exception as error:  # the user's model
            reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
            message = f"{self.title} does not accept rows of {len(self.columns)} columns: {reason}"
            raise RequestError(message, accepted="a matrix of floats in, one value or row per row out", code="model-inputs") from error

    @property
    def quick(self) -> bool:
        """Whether it answers small requests outside of threads."""
        return self.model.quick

    @property
    def takes(self) -> Columns:
        """The input columns of the model, in order."""
        return Columns(self.columns)

    @cached_property
    def gives(self) -> tuple[str, ...]:
        """`prediction`, or one column for each class."""
        if self.gave == "labels":
            return (PREDICTION,)
        return self.model.named(self.gave, PREDICTION, len(self.columns))

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        if self.gave == "labels":
            return [{PREDICTION: label} for label in self._asked(self.model.labels, rows).tolist()]
        found = self._asked(partial(self.model.numbers, self.gave), rows).tolist()
        return [dict(zip(self.gives, values, strict=True)) for values in found]

    def numbers(self, rows: Sequence[Row]) -> list[list[float]]:
        """The scores behind the labels, or probabilities if the model has no scores."""
        gave: Gave = "scores" if self.model.gives("scores", len(self.columns)) else "probabilities"
        return [list(map(float, row)) for row in self._asked(partial(self.model.numbers, gave), rows)]

    def _asked(self, method: Callable[[np.ndarray], np.ndarray], rows: Sequence[Row]) -> np.ndarray:
        given = matrix(rows, self.columns)
        try:
            return _of_rows(method(given), len(given))
        except Exception as error:  # the user's model
            for wrong, refused in ((np.isnan(given), MISSING), (np.abs(given) > LARGEST, LARGE)):
                if found := np.argwhere(wrong)[:MOST_NAMED].tolist():
                    raise BadRows([(i + 1, self.columns[j], refused) for i, j in found]) from error
            raise ModelFailed(f"{self.title} failed ({type(error).__name__})", code="model-failed") from error


def _of_rows(found: np.ndarray, rows: int) -> np.ndarray:
    if len(found) != rows:
        raise ValueError(f"it returned {len(found)} rows for {rows}")
    return found


class ModelFailed(TilthError):
    """The model raised an error that no row explains."""


def matrix(rows: Sequence[Row], columns: Sequence[str]) -> np.ndarray:
    """A matrix of doubles from columns of numbers and booleans, null as NaN. Errors: `BadRows`."""
    try:
        return np.array([[row[c] for c in columns] for row in rows], dtype=np.float64)
    except (KeyError, TypeError, ValueError):
        wrong = [(i, c, m) for i, row in enumerate(rows, 1) for c in columns if (m := _not_number(row, c)) is not None]
        raise BadRows(wrong[:MOST_NAMED]) from None


def _not_number(row: Row, column: str) -> Mistake | None:
    if column not in row:
        return Mistake(f"there is no column {column!r}, which the model takes", code="unknown-column")
    try:
        np.float64(np.nan if row[column] is None else row[column])
    except (TypeError, ValueError):
        return Mistake(f"column {column!r} is not a number", accepted="a number, a boolean or null", code="wrong-kind")
    return None


# ── a function ──


@dataclass(frozen=True)
class Called:
    """A user's function of the rows of one request. The annotation of its first parameter decides the form of the arguments.

    The forms are those of the step `python` (an array for each column without an annotation, tables, series), and `numpy.ndarray`: a
    matrix of doubles, null as NaN. The function returns one value per row in an array, a series or a list, which is the column
    `prediction`; a matrix with the columns `prediction_0` …; or a table with its own column names. The output columns are found by calling
    it with a row of `examples`; they are unknown if it fails for all of them.

    Errors: `ModelFailed` if it raises an error, with only the type of the error, or returns another number of rows.
    """

    name: str
    takes: Columns
    examples: Sequence[Row] = field(default=(), repr=False)
    quick = False

    @property
    def title(self) -> str:
        """The name as the user gave it."""
        return f"{PYTHON}{self.name}"

    def load(self) -> None:
        """Import the function, and call it with the examples. Errors: `NotAllowed`, `RequestError`."""
        self._function, self._form, self.gives  # noqa: B018 -- computed now and cached

    @cached_property
    def _function(self) -> Callable[..., Any]:
        return user_function(self.name)

    @cached_property
    def _form(self) -> str:
        return form_of(self.name, self._function, MATRIX)

    @cached_property
    def _types(self) -> Mapping[str, pa.DataType]:
        """The types of the columns, inferred from all examples: the values of a single request may be all null."""
        return {c: pa.array([row[c] for row in self.examples]).type for c in self.takes.names} if self.examples else {}

    @cached_property
    def gives(self) -> tuple[str, ...]:
        """The columns that it gives for an example; none if unknown."""
        for row in self.examples:
            try:
                return tuple(self([row])[0])
            except TilthError:
                continue
        return ()

    def __call__(self, rows: Sequence[Row]) -> list[Row]:
        given = [matrix(rows, self.takes.names)] if self._form == MATRIX else self._arguments(rows)
        try:
            found = _returned(self._function(*given))
        except Exception as error:  # the user's function
            raise ModelFailed(f"{self.title} failed ({type(error).__name__})", code="python-failed") from error
        if len(found) != len(rows):
            raise ModelFailed(f"{self.title} returned {len(found)} rows for {len(rows)}", code="python-result")
        return found

    def _arguments(self, rows: Sequence[Row]) -> Sequence[Any]:
        arrays = [_array([row[c] for row in rows], self._types.get(c)) for c in self.takes.names]
        return arrays if self._form == ARRAYS else handed(self._form, pa.table(arrays, list(self.takes.names)))


def _array(values: Sequence[Any], kind: pa.DataType | None) -> pa.Array:
    try:
        return pa.array(values, kind if kind is None or not pa.types.is_null(kind) else None)
    except pa.ArrowException:
        return pa.array(values)


def _returned(value: Any) -> list[Row]:
    """The rows in a value that a function returned. Errors: `ValueError` for rows in another order; any error of an unsupported value."""
    if hasattr(value, "index") and hasattr(value, "iloc") and list(value.index) != list(range(len(value))):  # a pandas object
        raise ValueError("rows in another order")
    if isinstance(value, np.ndarray):
        value = value.tolist()
    elif isinstance(value, pa.Array | pa.ChunkedArray):
        value = value.to_pylist()
    elif hasattr(value, "to_list"):  # a series
        value = value.to_list()
    elif not isinstance(value, list | tuple):
        value = as_table(value).to_pylist()
    return list(map(predicted_row, value))


def source_of(name: str) -> bytes:
    """The source of the module of a function `module:function`; empty if the module has no file."""
    found = find_spec(name.partition(":")[0])
    return Path(found.origin).read_bytes() if found is not None and found.origin and Path(found.origin).is_file() else b""
