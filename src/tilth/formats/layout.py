"""The layout of a table for a training algorithm: label, weight and numeric features, according to the roles of the columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tilth.data import Column, Dataset, Files, Kind, Roles, Schema
from tilth.data.schema import NUMBERS
from tilth.engine.arrow import as_numpy
from tilth.engine.session import Session
from tilth.errors import ColumnError, Mistake, RequestError
from tilth.formats.format import Format
from tilth.formats.shards import Contents, WrittenColumn, contents_beside
from tilth.store.local import files

MOST_COLUMNS = 10_000  # of a table when reading; wider rows are read as lists
KEYS, VALUES = "keys", "values"  # the two list columns with the features of sparse rows
STEPS = {  # the step that converts a kind to numbers
    Kind.STRING: "encode: {columns: %s, with: one_hot}",
    Kind.DATE: "featurize: %s",
    Kind.TIMESTAMP: "featurize: %s",
    Kind.TIMESTAMP_TZ: "featurize: %s",
    Kind.STRUCT: "unnest: %s",
}


@dataclass(frozen=True)
class Layout:
    """The columns to write: label, weight and features, in this order.

    A weight is written only after a label.

    `sizes` has the number of values of each feature: the length for a list of fixed size, otherwise 1. `sparse`: the features are two list
    columns, `keys` (the positions of features, from 0) and `values`.
    """

    label: str | None
    weight: str | None
    features: tuple[str, ...]
    sizes: tuple[int, ...] = ()
    sparse: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns."""
        return (*(c for c in (self.label, self.weight) if c is not None), *self.features)

    @property
    def width(self) -> int:
        """How many numbers the features of a row have in total."""
        return sum(self.sizes)

    def names(self) -> Iterator[str]:
        """A name for each number: the name of its column, and for an element of a list also its index."""
        for name, size in zip(self.features, self.sizes, strict=True):
            yield from [name] if size == 1 else (f"{name}[{i}]" for i in range(size))

    @classmethod
    def of(cls, roles: Roles, schema: Schema, what: str, sparse: bool = True, weighted: bool = True, labelled: bool = True) -> Layout:
        """The layout of a table. `what` names the format in messages. `sparse`, `weighted`, `labelled`: whether the format has sparse rows,
        weights, and a label.

        Errors: `ColumnError` for every column that is not numeric, with the step that converts it, and for a table without features.
        """
        label = roles.label if labelled and roles.label in schema else None
        weight = roles.weight if weighted and label and roles.weight in schema else None
        features = [schema[n] for n in roles.features(schema)]
        alone = [schema[c] for c in (label, weight) if c is not None]
        if sparse and sorted(c.name for c in features) == [KEYS, VALUES] and all(c.kind is Kind.LIST for c in features):
            ColumnError.reject(_not_number(c, what, c.name == label) for c in alone if c.kind not in NUMBERS)
            return cls(label, weight, (KEYS, VALUES), sparse=True)
        wrong = [c for c in alone if c.kind not in NUMBERS] + [c for c in features if not _size(c)]
        ColumnError.reject(_not_number(c, what, c.name == label) for c in wrong)
        if not features:
            hint = "the others have a role that excludes them: label, id, time, group, split …"
            raise ColumnError(f"{what}: no column is a feature", hint=hint, code="no-features")
        return cls(label, weight, tuple(c.name for c in features), tuple(_size(c) for c in features))


def _size(column: Column) -> int:
    """How many numbers a column has in a row; 0 if it is not numeric."""
    if column.kind is Kind.LIST and column.of in NUMBERS and len(column.shape) == 1:
        return column.shape[0] or 0
    return int(column.kind in NUMBERS)


def _not_number(column: Column, what: str, label: bool = False) -> Mistake:
    message = f"{'label' if label else 'column'} {column.name!r} is {column}, and {what} holds numbers only"
    step = STEPS.get(column.kind, "")
    if label and column.kind is Kind.STRING:
        step = "encode: {columns: %s, with: ordinal}"
    does = f"add `{step % column.name}` to `features`" if step else "make numbers of it in `features`"
    hint = does if label else f"{does}, take it away there (`select: ['!{column.name}']`), or give it a role such as id"
    return Mistake(
        message, accepted="integers, floats, decimals, booleans, and lists of a fixed size of them", hint=hint, code="wrong-kind"
    )


def features_of(roles: Roles, schema: Schema, what: str = "an array") -> Layout:
    """A layout with only the features of a table, possibly none. Errors: `ColumnError` for every feature that is not numeric."""
    found = [schema[n] for n in roles.features(schema)]
    ColumnError.reject(_not_number(c, what) for c in found if not _size(c))
    return Layout(None, None, tuple(c.name for c in found), tuple(map(_size, found)))


class TrainingFormat(Format):
    """A format for training algorithms: label, weight and features according to the table's roles; other columns are left out.

    `encode` and `put` get the additional option `layout`. `sparse`, `weighted`, `labelled`: whether the format has sparse rows, weights,
    and a label.
    """

    streams: ClassVar[bool] = True
    sparse: ClassVar[bool] = True
    weighted: ClassVar[bool] = True
    labelled: ClassVar[bool] = True

    def open(self, given: Any, names: Sequence[str] | None, engine: Session, **options: Any) -> Files:
        names, options = named_by_manifest(self, given, names, options)
        return super().open(given, names, engine, **options)  # type: ignore[safe-super, return-value]  # of a codec

    def prepared(self, data: Dataset, engine: Session, folder: bool, options: Mapping[str, Any]) -> tuple[Dataset, Mapping[str, Any]]:
        layout = self.layout(data, engine)
        return data.keep(layout.columns), {**options, "layout": layout}

    def layout(self, data: Dataset, engine: Session) -> Layout:
        """The layout of a table. Errors: as `Layout.of`."""
        return Layout.of(data.roles, engine.schema(data), self.name, self.sparse, self.weighted, self.labelled)

    def contents(self, data: Dataset, engine: Session, options: Mapping[str, Any]) -> Contents:
        layout, schema = options["layout"], engine.schema(data)
        sizes = {} if layout.sparse else dict(zip(layout.features, layout.sizes, strict=True))
        columns = (WrittenColumn(c, str(schema[c]), data.roles.of_column(c), sizes.get(c, 1)) for c in layout.columns)
        given = {word: value for word, value in options.items() if word not in ("layout", "trainer")}
        width = given.get("n_features") if layout.sparse else layout.width
        return Contents(tuple(columns), given, self.media_type(layout), options.get("trainer"), width)

    def media_type(self, layout: Layout) -> str | None:
        """The media type of the files, with its parameters."""
        return None


def named_by_manifest(
    form: Format, given: Any, names: Sequence[str] | None, options: Mapping[str, Any]
) -> tuple[Sequence[str] | None, dict[str, Any]]:
    """Column names from the manifest next to files that do not contain names, and the options with those in the manifest."""
    contents = contents_beside(files(given, form.suffixes), form.name)
    return (names, dict(options)) if contents is None or names is not None else named(form, contents, options)


def named(form: Format, contents: Contents, options: Mapping[str, Any]) -> tuple[Sequence[str] | None, dict[str, Any]]:
    """Column names and options from the contents in a manifest. Given options take precedence."""
    lists = {c.name for c in contents.columns} >= {KEYS, VALUES}
    weights = any("weight" in c.roles for c in contents.columns)
    found = {"lists": lists or None, "weights": weights or None, "n_features": contents.n_features}
    known = {**contents.options, **{word: value for word, value in found.items() if value is not None}}
    options = {word: value for word, value in known.items() if word in form.options} | dict(options)
    return contents.names() if options.get("lists", False) == lists else None, options


# ── numbers as text ──


def numbers(batch: pa.RecordBatch, layout: Layout, what: str) -> list[pa.Array]:
    """A column for each number of a row, in the order of writing: booleans as 0 and 1, NaN as null.

    Errors: as `matrix`, and `RequestError` for infinity.
    """
    made = [] if layout.label is None else [plain(batch.column(layout.label), layout.label, what)]
    made += [] if layout.weight is None else [plain(batch.column(layout.weight), layout.weight, what)]
    for name, size in zip(layout.features, layout.sizes, strict=True):
        values = plain(_flat(batch, name, size), name, what)
        made += [values] if size == 1 else [values.take(pa.array(range(i, len(values), size), pa.int64())) for i in range(size)]
    return made


def plain(values: pa.Array, name: str, what: str) -> pa.Array:
    """The numbers of a column, converted as in `numbers`."""
    if pa.types.is_boolean(values.type):
        return values.cast(pa.int8())
    if not pa.types.is_floating(values.type):
        return values
    if pc.any(pc.is_inf(values)).as_py():
        hint = "make it null or clip it in `features`: `null_if`, `outliers`"
        raise RequestError(f"column {name!r} holds infinity, which {what} cannot hold", hint=hint, code="infinite")
    return pc.if_else(pc.is_nan(values), None, values)


def _flat(batch: pa.RecordBatch | pa.Table, name: str, size: int) -> Any:
    """The values of a column. Lists of a fixed size are flattened."""
    values = batch.column(name)
    if not pa.types.is_fixed_size_list(values.type):
        return values
    if values.null_count:
        hint = "filter out these rows, or impute them"
        raise RequestError(f"column {name!r} has rows without a list of {size} numbers", hint=hint, code="missing-list")
    return pc.list_flatten(values)


# ── numbers as arrays ──


def matrix(batch: pa.RecordBatch | pa.Table, layout: Layout, dtype: np.dtype[Any], into: np.ndarray | None = None) -> np.ndarray:
    """The features of rows as a matrix, (rows, width), in a new array or written `into` one; null is NaN.

    Errors: `RequestError` for numbers that do not fit the type, and for rows without a list.
    """
    made = np.empty((batch.num_rows, layout.width), dtype) if into is None else into
    at = 0
    for name, size in zip(layout.features, layout.sizes, strict=True):
        made[:, at : at + size] = array(_flat(batch, name, size), name, dtype).reshape(-1, size)
        at += size
    return made


def array(values: pa.Array | pa.ChunkedArray, name: str, dtype: np.dtype[Any]) -> np.ndarray:
    """The values of a column; null is NaN. Errors: as `matrix`."""
    exact = pa.types.is_float32(values.type) or pa.types.is_boolean(values.type)  # the smaller type represents them exactly
    whole = as_numpy(values.cast(pa.float32() if exact else pa.float64(), safe=False))
    if exact or dtype == whole.dtype:
        return whole.astype(dtype, copy=False)
    with np.errstate(over="ignore"):
        made = whole.astype(dtype)
    if np.isinf(made).any() and not np.array_equal(np.isinf(made), np.isinf(whole)):
        hint = "scale it in `features`, or write doubles: dtype float64"
        raise RequestError(f"column {name!r} has numbers that are too large for {dtype}", hint=hint, code="too-large")
    return made


def rounded(batch: pa.RecordBatch, names: Iterable[str], dtype: np.dtype[Any]) -> list[str]:
    """The integer columns with values that a type rounds, such as values beyond 2²⁴ for 32-bit floats."""
    return [n for n in names if pa.types.is_integer(batch.column(n).type) and _is_rounded(batch.column(n), dtype)]


def _is_rounded(values: pa.Array, dtype: np.dtype[Any]) -> bool:
    known = values.drop_null().to_numpy(zero_copy_only=False)
    return bool((known.astype(dtype).astype(np.float64) != known.astype(np.float64)).any())


def sparse_rows(batch: pa.RecordBatch, dtype: np.dtype[Any], width: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """The concatenated keys and values of sparse rows, sorted by key in each row; the count of each row; and the width.

    Errors: `RequestError` for a missing width, missing lists, lists of different lengths, and keys that are repeated or too large.
    """
    if width is None:
        hint = "give n_features"
        raise RequestError("the rows are sparse, and their width is not known", hint=hint, code="no-width")
    lists = [batch.column(name) for name in (KEYS, VALUES)]
    sizes = [np.asarray(pc.list_value_length(column).fill_null(-1)) for column in lists]
    if (sizes[0] != sizes[1]).any() or (sizes[0] < 0).any():
        raise RequestError(f"rows have {KEYS!r} and {VALUES!r} of different lengths, or none", hint="filter them out", code="ragged-list")
    keys, values = array(lists[0].flatten(), KEYS, np.dtype(np.float64)), array(lists[1].flatten(), VALUES, dtype)
    rows = np.repeat(np.arange(len(sizes[0])), sizes[0])
    if not (np.isfinite(keys).all() and (keys >= 0).all() and (keys < width).all()):
        raise RequestError(f"column {KEYS!r} has numbers outside 0 to {width - 1:,}", hint="are they counted from 1?", code="bad-key")
    order = np.lexsort((keys, rows))
    keys, values = keys[order].astype(np.int64), values[order]
    if ((np.diff(keys) == 0) & (np.diff(rows) == 0)).any():
        raise RequestError(f"column {KEYS!r} has a number twice in a row", hint="add their values up", code="bad-key")
    return keys, values, sizes[0].astype(np.int64), width
