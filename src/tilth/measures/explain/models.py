"""Wraps models for explanation: functions from a matrix of numbers to a column of numbers for each output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tilth.data import Dataset, Kind, Roles, Schema
from tilth.engine.arrow import arrow_type
from tilth.engine.needs import Sample
from tilth.engine.session import Session
from tilth.errors import Mistake, RequestError, listed
from tilth.measures.endpoint.model import EndpointModel
from tilth.measures.explain.trees import Trees, trees_of
from tilth.measures.importance import predicted
from tilth.measures.measure import Predictor
from tilth.metrics.metric import measured

if TYPE_CHECKING:
    from tilth.measures.explain.pdp import Pdp
    from tilth.measures.explain.shap import Shap

NUMBERS = (Kind.INTEGER, Kind.FLOAT, Kind.DECIMAL, Kind.BOOLEAN)
NOTHING: Mapping[int, Sequence[Any]] = {}
WITHOUT_CODES = (Kind.LIST, Kind.STRUCT, Kind.MAP, Kind.BINARY, Kind.OTHER, Kind.NULL)


@dataclass(eq=False)
class Rows:
    """Rows of a table as a matrix of doubles with NaN for null: numbers and booleans unchanged, values of other kinds as codes."""

    table: pa.Table
    kinds: Sequence[Kind]
    values: list[list[Any]] = field(default_factory=list)
    """For each column, the values of its codes; empty for numbers."""
    matrix: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        columns = []
        for column, kind in zip(self.table.columns, self.kinds, strict=True):
            coded = None if kind in NUMBERS else column.combine_chunks().dictionary_encode()
            self.values.append([] if coded is None else coded.dictionary.to_pylist())
            numbers = column if coded is None else coded.indices
            columns.append(pc.fill_null(numbers.cast("float64"), np.nan).to_numpy(zero_copy_only=False))
        self.matrix = np.stack(columns, axis=1) if columns else np.zeros((len(self.table), 0))

    @property
    def categories(self) -> np.ndarray:
        """Marks the columns of codes and booleans."""
        return np.array([not kind.numeric for kind in self.kinds], bool)

    def coded(self, rows: Sequence[Sequence[Any]]) -> np.ndarray:
        """Given rows as such a matrix; new values get new codes."""
        found = np.full((len(rows), len(self.kinds)), np.nan)
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                if value is not None and self.kinds[j] not in NUMBERS:
                    if value not in self.values[j]:
                        self.values[j].append(value)
                    found[i, j] = self.values[j].index(value)
                elif value is not None:
                    found[i, j] = value
        return found

    def named(self, place: int, codes: np.ndarray) -> tuple[Any, ...]:
        """The values of a column for numbers of the matrix."""
        if self.kinds[place] is Kind.BOOLEAN:
            return tuple(bool(code) for code in codes)
        if self.kinds[place] in NUMBERS:
            return tuple(codes.tolist())
        return tuple(str(self.values[place][int(code)]) for code in codes)

    def decoded(self, matrix: np.ndarray, given: Mapping[int, Sequence[Any]] = NOTHING) -> pa.Table:
        """Convert a matrix back to a table; `given` has values for some columns, by their indices."""
        arrays = []
        for i, (numbers, kind, values) in enumerate(zip(matrix.T, self.kinds, self.values, strict=True)):
            null = np.isnan(numbers)
            if i in given:
                arrays.append(pa.array(given[i], self.table.schema.types[i]))
            elif kind in (Kind.INTEGER, Kind.BOOLEAN):
                arrays.append(pa.array(np.rint(np.where(null, 0, numbers)).astype(np.int64), mask=null).cast(arrow_type(kind)))
            elif kind in NUMBERS:
                arrays.append(pa.array(numbers, mask=null))
            else:
                codes = pa.array(np.where(null, 0, numbers).astype(np.int32), mask=null)
                arrays.append(pa.array(values, self.table.schema.types[i]).take(codes))
        return pa.table(arrays, names=self.table.column_names)


@dataclass(frozen=True, eq=False)
class Asked:
    """A model with sample rows and their `ids`. `outputs` are the names of its outputs; `call` returns a column for each.

    `origins`: column → the only column of the data that a flow made it from. `trees`: the trees that the model is a sum of, if known.
    `call` takes a matrix and, for a function or a flow, also values of columns of text, by their indices, which replace their codes.
    """

    rows: Rows
    ids: pa.Table
    outputs: tuple[str, ...]
    call: Callable[..., np.ndarray]
    origins: Mapping[str, str] = field(default_factory=dict)
    trees: Callable[[], Trees | None] = lambda: None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the model takes."""
        return tuple(self.rows.table.column_names)


def asked_of(measure: Shap | Pdp, table: Dataset, session: Session, rows: int) -> Asked:
    """The model of a measure, with a sample of rows of its input columns.

    The measure's `output` selects an output. By default all are used; for two classes only the one of the role `positive`, or the last.

    Errors: `RequestError` without a model, for missing or unfit columns, an unknown output, and predictions that are not numbers.
    """
    RequestError.reject(measure.without_model())
    name, model, output, roles = measure.name, measure.model, measure.output, table.roles
    apart = {roles.label, roles.prediction, roles.weight, roles.split, roles.fold, *roles.id, measure.prediction}
    columns = measure.columns or tuple(c for c in table.names if c not in apart)
    schema = session.schema(table)
    reject_unfit(name, columns, schema, isinstance(model, Predictor))
    need = Sample(tuple(dict.fromkeys((*columns, *roles.id))), rows, measure.seed)
    sampled = measured(table, [need], session)[need]
    held, ids = Rows(sampled.select(list(columns)), [schema[c].kind for c in columns]), sampled.select(list(roles.id))
    if isinstance(model, EndpointModel):
        return _of_endpoint(name, model, output, roles, held, ids)
    if not isinstance(model, Predictor):
        return _of_function(name, model, measure.prediction, held, ids, session)
    outputs = model.outputs
    chosen = _chosen(name, outputs, output, roles)
    names, trees = tuple(outputs[i] for i in chosen), partial(trees_of, model.model, chosen, len(outputs))
    return Asked(held, ids, names, lambda matrix: model.numbers(matrix)[:, chosen], model.origins, trees)


def _of_endpoint(name: str, model: EndpointModel, output: str, roles: Roles, held: Rows, ids: pa.Table) -> Asked:
    """An endpoint: all of its scores, unless one is requested or has the name of the favourable label."""
    names = model.scored(held.table.slice(0, 1)).names
    named = output or set(names) & set(map(str, roles.positive))
    chosen = _chosen(name, names, output, roles) if named else list(range(len(names)))

    def call(matrix: np.ndarray, given: Mapping[int, Sequence[Any]] = NOTHING) -> np.ndarray:
        return model.scored(held.decoded(matrix, given)).matrix[:, chosen]

    return Asked(held, ids, tuple(names[i] for i in chosen), call)


def _of_function(name: str, model: Any, prediction: str, held: Rows, ids: pa.Table, session: Session) -> Asked:
    """A function of tables, or a fitted flow."""

    def call(matrix: np.ndarray, given: Mapping[int, Sequence[Any]] = NOTHING) -> np.ndarray:
        found = predicted(model, held.decoded(matrix, given), prediction, session)
        if found.dtype.kind not in "biuf":
            hint = "in a flow: `predict` with: probability; or add --model FILE"
            raise RequestError(f"{name} explains numbers, but the model predicts {found.dtype}", hint=hint, code="wrong-kind")
        return found.astype(float).reshape(len(matrix), -1)

    width = call(held.matrix[:1]).shape[1] if len(held.matrix) else 1
    return Asked(held, ids, (prediction,) if width == 1 else tuple(map(str, range(width))), call)


def _chosen(name: str, outputs: Sequence[str], output: str, roles: Roles) -> list[int]:
    if output:
        if output not in outputs:
            raise RequestError(f"{name}: the model has no output {output!r}", accepted=listed(outputs), code="bad-value")
        return [outputs.index(output)]
    if len(outputs) != 2:
        return list(range(len(outputs)))
    favoured = [i for i, o in enumerate(outputs) if o in map(str, roles.positive)]
    return favoured[-1:] or [1]


def reject_unfit(name: str, columns: Sequence[str], schema: Schema, numbers: bool) -> None:
    """Reject input columns that are missing or of an unfit kind. Errors: `RequestError`."""
    lacking = [c for c in columns if c not in schema]
    if lacking:
        message = f"{name}: the model takes {listed(map(repr, lacking))}, which the data does not have"
        raise RequestError(message, accepted=listed(schema.names), hint="give the data that the model is given", code="no-such-column")
    hint = (
        "explain the fitted flow that encodes it (--model FLOW.tilth), or measure in that flow" if numbers else "name the model's columns"
    )
    accepted = "numbers, booleans" if numbers else "columns of single values"
    RequestError.reject(
        Mistake(f"{name}: {c!r} is a column of kind {schema[c].kind}", accepted=accepted, hint=hint, code="wrong-kind")
        for c in columns
        if (schema[c].kind not in NUMBERS if numbers else schema[c].kind in WITHOUT_CODES)
    )
