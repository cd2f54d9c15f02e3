"""Inference requests of SageMaker's algorithms in JSON: one document, or one instance per line."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import prod
from typing import IO, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tilth.errors import Mistake, Place, SourceError
from tilth.formats.codec import Codec
from tilth.formats.layout import KEYS, MOST_COLUMNS, VALUES, Layout, TrainingFormat, numbers, plain, sparse_rows

AT_ONCE = 10_000  # instances in a batch
LARGEST = 256 << 20  # bytes of a document, which is parsed as a whole
FEATURES = "features"
ANSWERS = ("predictions", "projections", "scores")
MOST_DIMENSIONS = 32  # of a shape: the product of millions of numbers would take hours
ACCEPTED = '{"features": [1, 2]}, or {"data": {"features": {"values": [1], "keys": [7], "shape": [9]}}}'


class Instances(TrainingFormat, Codec):
    """The base of JSON requests: they have only features, in the order of the table; a missing value is null.

    `lists`: read sparse instances as the two list columns `keys` and `values`.
    """

    options: ClassVar[tuple[str, ...]] = ("lists",)
    write_options: ClassVar[tuple[str, ...]] = ("n_features",)
    compressions: ClassVar[tuple[str, ...]] = ("none", "gzip")
    has_header: ClassVar[bool] = False
    labelled: ClassVar[bool] = False


class SagemakerJsonLines(Instances):
    """JSON Lines of instances: `{"features": [1, 2]}` on each line."""

    name = "sagemaker_jsonl"
    suffixes: ClassVar[tuple[str, ...]] = (".jsonl",)

    def media_type(self, layout: Layout) -> str:
        return "application/jsonlines"

    def encode(  # type: ignore[override]
        self, batches: pa.RecordBatchReader, file: IO[bytes], *, layout: Layout, n_features: int | None = None, **_: Any
    ) -> None:
        for batch in batches:
            file.write("".join(f"{line}\n" for line in _instances(batch, layout, n_features, self.name)).encode())

    def decode(self, file: IO[bytes], *, lists: bool = False, **_: Any) -> Iterator[pa.RecordBatch]:
        name = str(getattr(file, "name", "<file>"))
        lines = ((Mistake("", Place(name, number)), line) for number, line in enumerate(file, 1) if line.strip())
        yield from _batches(((where, _json(line, where)) for where, line in lines), lists)


class SagemakerJson(Instances):
    """One document: `{"instances": [{"features": [1, 2]}, …]}`. A document of predictions is read as a table of their fields."""

    name = "sagemaker_json"
    suffixes: ClassVar[tuple[str, ...]] = (".json",)
    by_suffix: ClassVar[bool] = False  # most JSON files contain something else

    def media_type(self, layout: Layout) -> str:
        return "application/json"

    def encode(  # type: ignore[override]
        self, batches: pa.RecordBatchReader, file: IO[bytes], *, layout: Layout, n_features: int | None = None, **_: Any
    ) -> None:
        file.write(b'{"instances":[')
        between = b""
        for batch in batches:
            if batch.num_rows:
                file.write(between + ",".join(_instances(batch, layout, n_features, self.name)).encode())
                between = b","
        file.write(b"]}\n")

    def decode(self, file: IO[bytes], *, lists: bool = False, **_: Any) -> Iterator[pa.RecordBatch]:
        text = file.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise SourceError(f"the document has more than {LARGEST >> 20} MiB", hint="write JSON Lines: sagemaker_jsonl", code="too-large")
        document = _json(text, Mistake("the document: "))
        word = next((w for w in ("instances", *ANSWERS) if isinstance(document, dict) and isinstance(document.get(w), list)), None)
        if word is None:
            accepted = '{"instances": […]}, or predictions, projections or scores in place of instances'
            raise SourceError("the document is neither a request nor an answer", accepted=accepted, code="bad-document")
        items = [(Mistake(f"{word}[{i}]: "), item) for i, item in enumerate(document[word])]
        yield from _batches(items, lists) if word == "instances" else _answers(items)


# ── writing ──


def _instances(batch: pa.RecordBatch, layout: Layout, n_features: int | None, what: str) -> list[str]:
    """The JSON of each row."""
    if layout.sparse:
        keys, values, counts, width = sparse_rows(batch, np.dtype(np.float64), n_features)
        begins = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
        parts = [pa.ListArray.from_arrays(begins, _text(a)) for a in (pa.array(keys), plain(pa.array(values), VALUES, what))]
        joined = [pc.binary_join(part, ",") for part in parts]
        made: tuple[Any, ...] = ('{"data":{"features":{"keys":[', joined[0], f'],"shape":[{width}],"values":[', joined[1], "]}}}")
    else:
        columns = [_text(column) for column in numbers(batch, layout, what)]
        made = ('{"features":[', pc.binary_join_element_wise(*columns, ","), "]}")
    found: list[str] = pc.binary_join_element_wise(*made, "").to_pylist()
    return found


def _text(values: pa.Array) -> pa.Array:
    return pc.fill_null(values.cast(pa.string()), "null")


# ── reading ──


def _json(text: bytes, where: Mistake) -> Any:
    try:
        return json.loads(text, parse_constant=_refused)
    except UnicodeDecodeError as error:
        raise _wrong(where, f"byte {error.start:,} is not UTF-8") from None
    except ValueError as error:
        at = f" at character {error.pos:,}" if isinstance(error, json.JSONDecodeError) else ": NaN and Infinity are not JSON"
        raise _wrong(where, f"it is not valid JSON{at}") from None


def _refused(constant: str) -> Any:
    raise ValueError(constant)


def _wrong(where: Mistake, what: str) -> SourceError:
    return SourceError(Mistake(f"{where.message}{what}", where.place, accepted=ACCEPTED, code="bad-instance"))


Element = tuple[list[float], list[int] | None, int]  # values, keys if sparse, width


def _elements(where: Mistake, instance: Any) -> dict[str, Element]:
    """The features of an instance, by name."""
    if isinstance(instance, dict) and isinstance(instance.get(FEATURES), list):
        return {FEATURES: _element(where, instance[FEATURES])}
    data = instance.get("data") if isinstance(instance, dict) else None
    if not isinstance(data, dict) or not data:
        raise _wrong(where, "it is not an instance")
    return {str(name): _element(where, element) for name, element in data.items()}


def _element(where: Mistake, given: Any) -> Element:
    try:
        return element(given)
    except ValueError as error:
        raise _wrong(where, str(error)) from error


def element(given: Any) -> Element:
    """Parse a feature, a list or an object with `values`, `keys` and `shape`, to values, keys (None if dense) and width.

    Nothing of the size of a shape is allocated. Errors: `ValueError` with the reason.

    >>> element([1, 2]), element({"values": [4], "keys": [1], "shape": [9]})
    (([1, 2], None, 2), ([4], [1], 9))
    """
    given = given if isinstance(given, dict) else {VALUES: given}
    values, keys, shape = given.get(VALUES, []), given.get(KEYS), given.get("shape")
    if not isinstance(values, list) or not all(v is None or (isinstance(v, int | float) and not isinstance(v, bool)) for v in values):
        raise ValueError("its values are not a list of numbers")
    if not all(of is None or (isinstance(of, list) and all(type(i) is int and i >= 0 for i in of)) for of in (keys, shape)):
        raise ValueError("its keys or its shape are not a list of whole numbers")
    if keys is None and (values or shape is None):
        return values, None, len(values)
    if shape is not None and (len(shape) > MOST_DIMENSIONS or max(shape, default=0) >= 2**63):
        raise ValueError(f"its shape has more than {MOST_DIMENSIONS} dimensions, or one of 2⁶³ or more")
    width = 0 if shape is None else prod(shape)
    if shape is None or len(keys or ()) != len(values) or not all(k < width for k in keys or ()):
        raise ValueError("it has keys without a shape, outside it, or not as many as values")
    return values, keys or [], width


def _batches(instances: Iterable[tuple[Mistake, Any]], lists: bool) -> Iterator[pa.RecordBatch]:
    widths: dict[str, int] = {}
    found = iter(instances)
    while some := list(itertools.islice(found, AT_ONCE)):
        rows = [(where, _elements(where, instance)) for where, instance in some]
        first = widths or _widths(rows[0][1])
        for where, row in rows:
            if _widths(row) != first:
                raise _wrong(where, f"it has {_widths(row)}, and the first one {first}")
        widths = first
        yield _lists([row for _, row in rows], rows[0][0]) if lists else _columns(rows, widths)
    if not widths:
        raise SourceError("there are no instances in the file", code="no-columns")


def _widths(row: Mapping[str, Element]) -> dict[str, int]:
    return {name: width for name, (_, _, width) in row.items()}


def _columns(rows: Sequence[tuple[Mistake, dict[str, Element]]], widths: Mapping[str, int]) -> pa.RecordBatch:
    if sum(widths.values()) > MOST_COLUMNS:
        what = f"it has {sum(widths.values()):,} features, and a table up to {MOST_COLUMNS:,} columns"
        raise SourceError(what, hint="read them as two columns of lists: lists=True", code="too-wide")
    made: dict[str, pa.Array] = {}
    for name, width in widths.items():
        cells = np.zeros((width, len(rows)))
        for i, (_, row) in enumerate(rows):
            values, keys, _ = row[name]
            cells[slice(None) if keys is None else keys, i] = np.array(values, float)
        stem = "f" if name == FEATURES else name if width == 1 else f"{name}_"
        names = [stem] if stem == name else [f"{stem}{i}" for i in range(width)]
        made |= {n: pa.array(column, from_pandas=True) for n, column in zip(names, cells, strict=True)}
    return pa.RecordBatch.from_pydict(made)


def _lists(rows: Sequence[dict[str, Element]], where: Mistake) -> pa.RecordBatch:
    if any(list(row) != [FEATURES] or row[FEATURES][1] is None for row in rows):
        raise _wrong(where, "it or one after it is not sparse, so they are not read as lists")
    keys = pa.array([row[FEATURES][1] for row in rows], pa.list_(pa.int64()))
    return pa.RecordBatch.from_pydict({KEYS: keys, VALUES: pa.array([row[FEATURES][0] for row in rows], pa.list_(pa.float64()))})


def _answers(items: Sequence[tuple[Mistake, Any]]) -> Iterator[pa.RecordBatch]:
    """The fields of predictions as columns. An array becomes a list."""
    for where, item in items:
        if not isinstance(item, dict):
            raise _wrong(where, "it is not an object")
    try:
        yield from pa.Table.from_pylist([item for _, item in items]).combine_chunks().to_batches() or [pa.RecordBatch.from_pylist([])]
    except (pa.ArrowException, TypeError) as error:
        raise SourceError("a field of the predictions has values of several types", code="types-differ") from error
