"""Bodies of requests as rows, and rows as bodies of answers, by media type."""

from __future__ import annotations

import codecs
import csv
import io
import json
import math
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cached_property, lru_cache
from types import NoneType
from typing import TYPE_CHECKING, Any, NoReturn

from tilth.errors import Mistake, RequestError, SourceError, listed
from tilth.serve.media import MediaType

if TYPE_CHECKING:
    import numpy as np

    from tilth.formats.recordio_protobuf import Bytes, Tensor

Row = Mapping[str, Any]
CSV, JSON, LINES, NPY, PARQUET = "text/csv", "application/json", "application/jsonlines", "application/x-npy", "application/x-parquet"
RECORDIO, TFEXAMPLE = "application/x-recordio-protobuf", "application/x-tfexample"
NUMBERS = frozenset({int, float})
ANSWERED = "predictions"  # the member of an answer that holds its rows
AS_THEY_ARE = frozenset({int, str, bool, NoneType})
LARGEST_TABLE = 256 * 2**20  # bytes of a Parquet body, unpacked: a few kilobytes may unpack to any size
MOST_VALUES = 2**23  # of the rows of a body whose size does not bound them: repeated ones of Parquet, and zeros of sparse rows


@dataclass(frozen=True)
class Columns:
    """The columns of a request in their order, by which values without names are told apart; `label` may be left out."""

    names: tuple[str, ...]
    label: str | None = None

    @cached_property
    def orders(self) -> dict[int, tuple[str, ...]]:
        """The columns that a row without names may have, by their number: all of them, or all but the label."""
        without = tuple(n for n in self.names if n != self.label)
        return {len(names): names for names in (self.names, without)}

    def named(self, values: Sequence[Any], number: int) -> dict[str, Any]:
        """The row of values in the order of the columns. Errors: `RequestError` for a wrong number of them."""
        return dict(zip(self.order(len(values), number), values, strict=True))

    def sparse(self, values: Sequence[Any], keys: Sequence[int], width: int, number: int) -> dict[str, Any]:
        """The row that has values at some places of its `width`, and zeros elsewhere. Errors: as `named`, and for too many rows."""
        names = self.order(width, number)
        _reject_large(number, width)
        return dict.fromkeys(names, 0) | {names[key]: value for key, value in zip(keys, values, strict=True)}

    def order(self, width: int, number: int) -> tuple[str, ...]:
        """The columns of a row of as many values. Errors: `RequestError` for a wrong number of them."""
        if width in self.orders:
            return self.orders[width]
        *_, shortest = self.orders.values()
        accepted = f"{' or '.join(map(str, self.orders))} values: {listed(shortest, most=40)}"
        raise BadRow(number, "", Mistake(f"{width} values are given", accepted=accepted, code="wrong-width"))


class BadRow(RequestError):
    """One row that is wrong, counted from 1; `column` is empty where it is not one column's fault."""

    def __init__(self, row: int, column: str, mistake: Mistake) -> None:
        super().__init__(mistake)
        self.rows = [(row, column, mistake)]


class BadRows(RequestError):
    """Rows that are wrong: (row, column, mistake) for each mistake."""

    def __init__(self, rows: Sequence[tuple[int, str, Mistake]]) -> None:
        super().__init__(*(mistake for _, _, mistake in rows))
        self.rows = list(rows)


class NotAcceptable(RequestError):
    """The answer cannot be of the media type that was asked for."""


def _reject_large(rows: int, columns: int) -> None:
    if rows * max(columns, 1) > MOST_VALUES:
        accepted = f"up to {MOST_VALUES:,} values; send the rows in several requests"
        raise RequestError(f"{rows:,} rows of {columns:,} columns are too many", accepted=accepted, code="too-large")


def decoded(body: bytes, kind: MediaType, columns: Columns) -> list[Row]:
    """The rows of a body whose media type is in `DECODERS`. Errors: `RequestError`, `BadRow`."""
    rows = DECODERS[kind.name](body, kind, columns)
    if not rows:
        raise RequestError("the request has no rows", accepted="at least one", code="no-rows")
    return rows


def encoded(rows: Sequence[Row], names: Sequence[str], media: str) -> bytes:
    """Rows as a body of a media type in `ENCODERS`."""
    return ENCODERS[media](rows, names)


# ── text ──


def _text(body: bytes, kind: MediaType) -> str:
    charset = kind.parameters.get("charset") or kind.parameters.get("encoding") or "utf-8"
    try:
        if charset.lower() in ("utf-8", "utf8"):
            return body.removeprefix(codecs.BOM_UTF8).decode()
        return body.decode(charset)
    except LookupError as error:
        raise RequestError(f"the charset {charset[:40]!r} is unknown", accepted="utf-8", code="bad-charset") from error
    except UnicodeError as error:
        raise RequestError(f"the body is not {charset}", hint="send it as utf-8, or name its charset", code="bad-charset") from error


def _from_csv(body: bytes, kind: MediaType, columns: Columns) -> list[Row]:
    """Rows of strings, an empty value null. The first line has names if the parameter `header` says so, or if all of it are columns."""
    lines = _cells(body, kind)
    orders = columns
    if lines and _names_columns(lines[0], kind, columns):
        names, *lines = lines
        orders = Columns(tuple(names))
    return [orders.named([value or None for value in line], i) for i, line in enumerate(lines, 1)]


def _cells(body: bytes, kind: MediaType) -> list[list[str]]:
    """The values of each line of CSV that is not empty."""
    try:
        return [line for line in csv.reader(io.StringIO(_text(body, kind), newline=""), strict=True) if line]
    except csv.Error as error:
        raise RequestError(f"the body is not CSV: {error}", code="bad-csv") from error


def has_header(line: bytes, kind: MediaType, columns: Columns) -> bool:
    """Whether the first line of CSV holds names of columns. Errors: `RequestError` for a column that is named twice."""
    lines = _cells(line, kind)
    return bool(lines) and _names_columns(lines[0], kind, columns)


def record_of(line: bytes, kind: MediaType) -> Any:
    """One record of CSV, as a list of strings, or of JSON Lines, as what it holds. Errors: `RequestError`."""
    if kind.name != CSV:
        return _parsed(_text(line, kind))
    lines = _cells(line, kind)
    if len(lines) != 1:
        raise RequestError(f"1 record gives {len(lines)} rows", accepted='one row in each record, with " in pairs', code="record-count")
    return lines[0]


def written(record: Any, media: str, charset: str = "utf-8") -> bytes:
    """A record of `record_of` as a line. Errors: `RequestError` for a number or character that the line cannot hold."""
    try:
        text = _csv([record]) if media == CSV else json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"
        return text.encode(charset)
    except (ValueError, csv.Error) as error:
        raise RequestError("a value cannot be written", accepted=f"finite numbers, and text in {charset}", code="bad-value") from error


def _names_columns(line: Sequence[str], kind: MediaType, columns: Columns) -> bool:
    header = kind.parameters.get("header", "").lower()
    if header == "absent" or (header != "present" and not set(columns.names).issuperset(line)):
        return False
    if len(set(line)) < len(line):
        raise RequestError("the header names a column twice", code="bad-csv")
    return True


def _from_json(body: bytes, kind: MediaType, columns: Columns) -> list[Row]:
    """`{"instances": [ROW, …]}`, `[ROW, …]`, or one row: an object, or an array of values; or the answer of a container before."""
    given = _parsed(_text(body, kind))
    if isinstance(given, dict) and isinstance(given.get("instances"), list):
        given = given["instances"]
    elif isinstance(given, dict) and len(given) == 1 and isinstance(given.get(ANSWERED), list) and ANSWERED not in columns.names:
        given = given[ANSWERED]
    elif not isinstance(given, list) or (given and not any(isinstance(row, dict | list) for row in given)):
        given = [given]
    return [_row(row, columns, i) for i, row in enumerate(given, 1)]


def _from_lines(body: bytes, kind: MediaType, columns: Columns) -> list[Row]:
    """A row a line, each an object or an array of values."""
    lines = (line for line in _text(body, kind).split("\n") if line.strip())
    return [_row(_parsed(line, i), columns, i) for i, line in enumerate(lines, 1)]


def _parsed(text: str, number: int = 0) -> Any:
    try:
        return _READ(text)
    except (ValueError, RecursionError) as error:
        where = f"line {error.lineno}, column {error.colno}" if isinstance(error, json.JSONDecodeError) else "too deep, or with NaN"
        mistake = Mistake(f"the body is not JSON: {where}", hint="null is a missing value", code="bad-json")
        raise (BadRow(number, "", mistake) if number else RequestError(mistake)) from None


def _reject_constant(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


_READ = json.JSONDecoder(parse_constant=_reject_constant).decode  # made once: `json.loads` makes one for each text


def _row(given: Any, columns: Columns, number: int) -> Row:
    """A row: an object by name, an array in the order of the columns, or such as the built-in algorithms of SageMaker take."""
    match given:
        case {"features": list() as values} if len(given) == 1 and columns.names != ("features",):
            return columns.named(values, number)
        case {"data": {"features": list() | dict() as feature}} if len(given) == 1:
            return _feature(feature, columns, number)
        case dict():
            return given
        case list():
            return columns.named(given, number)
    if len(columns.names) == 1:
        return {columns.names[0]: given}
    accepted = '{"column": value, …}, or [value, …]'
    raise BadRow(number, "", Mistake(f"a value of type {type(given).__name__} is not a row", accepted=accepted, code="no-row"))


def _feature(given: list[Any] | dict[str, Any], columns: Columns, number: int) -> Row:
    """The row of a feature of SageMaker's algorithms: a list, or an object of `values`, with `keys` and `shape` if it is sparse."""
    from tilth.formats.instances import element

    match given:
        case list():
            return columns.named(given, number)
        case {"values": list() as values} if given.get("keys") is None and (values or given.get("shape") is None):
            return columns.named(values, number)
    try:
        values, keys, width = element(given)
    except ValueError as error:
        accepted = '{"values": [1], "keys": [7], "shape": [9]}'
        mistake = Mistake(f"the feature cannot be read: {error}", accepted=accepted, code="bad-instance")
        raise BadRow(number, "", mistake) from None
    return columns.sparse(values, keys or [], width, number)


# ── binary ──


def _from_npy(body: bytes, kind: MediaType, columns: Columns) -> list[Row]:
    """Rows of a matrix, in the order of the columns; one row of a vector; by name of an array with fields. Objects are refused."""
    import numpy as np

    array = _array(body)
    if array.dtype.names is None and array.ndim not in (1, 2):
        raise RequestError(f"the array has {array.ndim} dimensions", accepted="rows × columns, or one row", code="bad-npy")
    try:
        rows = (array.reshape(-1) if array.dtype.names else np.atleast_2d(array)).tolist()
    except (ValueError, SystemError) as error:
        raise RequestError("a string of the array is not of characters of Unicode", code="bad-npy") from error
    if array.dtype.names:
        return [dict(zip(array.dtype.names, row, strict=True)) for row in rows]
    return [columns.named(row, i) for i, row in enumerate(rows, 1)]


def _array(body: bytes) -> np.ndarray:
    """The array of an NPY body, which is not copied. Errors: `RequestError`."""
    import numpy as np
    from numpy.lib import format as npy

    file = io.BytesIO(body)
    try:
        version = npy.read_magic(file)
        shape, by_column, dtype = (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(file)
        start, size = file.tell(), math.prod(shape) * dtype.itemsize
    except Exception as error:  # the header is an expression of Python, and numpy lets through what reading one raises
        raise RequestError("the body is not an array of NPY: its header cannot be read", code="bad-npy") from error
    if dtype.hasobject:
        raise RequestError("the array holds objects, which run code", accepted="numbers or strings", code="bad-npy")
    if size != len(body) - start or min(shape, default=1) < 0:
        found = f"the numbers of the array begin at byte {start:,} and have {size:,} bytes by its shape; the body has {len(body) - start:,}"
        raise RequestError(found, hint="is it cut off?", code="bad-npy")
    if not size or _holds_nothing(dtype):
        raise RequestError("the array has no values", accepted="at least one row", code="no-rows")
    return np.ndarray(shape, dtype, body, start, order="F" if by_column else "C")


def _holds_nothing(dtype: np.dtype) -> bool:
    """Whether values, or some field of them, take no bytes: a body of any size could stand for any number of them."""
    inner = [dtype.base] if dtype.subdtype else [field[0] for field in (dtype.fields or {}).values()]
    return dtype.itemsize == 0 or any(map(_holds_nothing, inner))


def _from_parquet(body: bytes, kind: MediaType, columns: Columns) -> list[Row]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(body))
        size = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
        if size > LARGEST_TABLE:
            raise RequestError(f"the table has {size:,} bytes, unpacked", accepted=f"up to {LARGEST_TABLE:,}", code="too-large")
        known = [name for name in file.schema_arrow.names if name in columns.names]
        _reject_large(file.metadata.num_rows, len(known))
        rows: list[Row] = file.read(known).to_pylist()
    except RequestError:
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:  # the last two: strings and times that are none
        raise RequestError("the body is not Parquet, or is damaged", code="bad-parquet") from error
    return rows


def _from_recordio(body: bytes, kind: MediaType, columns: Columns) -> list[Row]:
    """Rows of records, NaN null: the feature `values` in the order of the columns, dense or sparse; or features by the columns' names.

    A record without features is an answer, such as that of a stage before: its labels are taken by name. A body that does not begin as
    RecordIO does is the message of one record, as SageMaker's batch transform sends single ones.
    """
    from tilth.formats.recordio import MAGIC_BYTES, framed
    from tilth.formats.recordio_protobuf import maps

    rows: list[Row] = []
    file, begun = io.BytesIO(body if body.startswith(MAGIC_BYTES) or not body else framed(body)), 0
    try:
        for features, label in maps(file):
            rows.append(_record(features or {k: v for k, v in label.items() if k != "values"}, columns, len(rows) + 1))
            begun = file.tell()
    except SourceError as error:
        accepted = "records with a map `features` of tensors, each with the header of RecordIO"
        message = f"the record at byte {begun:,} is damaged, or is not a message of RecordIO-protobuf"
        mistake = Mistake(message, accepted=accepted, code="bad-recordio")
        raise BadRow(len(rows) + 1, "", mistake) from error
    return rows


def _from_tfexample(body: bytes, kind: MediaType, columns: Columns) -> list[Row]:
    """Rows of `tf.train.Example` by the names of features, one that is absent null: records of TFRecord, or the message of one."""
    from tilth.formats.tfrecord import is_framed, records

    rows: list[Row] = []
    try:
        payloads = records(io.BytesIO(body)) if is_framed(body) else iter([memoryview(body)] if body else [])
        rows.extend(_example(bytes(payload), columns) for payload in payloads)
    except (SourceError, ValueError, IndexError, struct.error) as error:
        accepted = f"messages of tf.train.Example with features of {listed(columns.names)}"
        mistake = Mistake("the record is damaged, or is not such a message", accepted=accepted, code="bad-tfexample")
        raise BadRow(len(rows) + 1, "", mistake) from error
    return rows


def _example(payload: bytes, columns: Columns) -> Row:
    """The row of one message. Errors: `ValueError` for bytes that are not UTF-8 and a message without any of the columns."""
    from tilth.formats.tfrecord import example

    row: dict[str, Any] = dict.fromkeys(columns.names)
    known = {name: values for name, (_, values) in example(payload).items() if name in row}
    if not known:
        raise ValueError("none of the columns")
    for name, values in known.items():
        read = [value.decode() if isinstance(value, bytes) else None if value != value else value for value in values]
        row[name] = read if len(read) > 1 else read[0] if read else None
    return row


def _record(tensors: Mapping[str, Tensor | Bytes], columns: Columns, number: int) -> Row:
    """The row of one record. Errors: `BadRow`; for a wrong width before anything of that size is made."""
    from tilth.formats.recordio_protobuf import Bytes

    found: dict[str, list[Any]] = {}
    for name, of in tensors.items():
        if isinstance(of, Bytes) or (of.keys is not None and name != "values"):
            what = "bytes" if isinstance(of, Bytes) else "sparse"
            mistake = Mistake(f"the feature {name[:80]!r} is {what}", accepted="numbers", code="bad-recordio")
            raise BadRow(number, name if name in columns.names else "", mistake)
        found[name] = [None if value != value else value for value in of.values.tolist()]
        if name == "values" and of.keys is not None:
            return columns.sparse(found[name], of.keys.tolist(), of.width, number)
    if "values" in found:
        return columns.named(found["values"], number)
    if not found:
        raise BadRow(number, "", Mistake("the record has no features", accepted="a feature `values`", code="bad-recordio"))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


# ── answers ──


def _to_npy(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    """A matrix of doubles, null as NaN. Errors: `NotAcceptable` for strings."""
    import numpy as np

    made = io.BytesIO()
    np.save(made, _doubles([[row[name] for name in names] for row in rows], NPY), allow_pickle=False)
    return made.getvalue()


def _to_recordio(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    """A record a row without features, its values as labels by name: 32-bit floats as SageMaker's algorithms answer, null as NaN.

    Errors: `NotAcceptable` for strings.
    """
    import numpy as np

    from tilth.formats.recordio_protobuf import Tensor, record

    with np.errstate(over="ignore"):  # beyond 32 bits is infinite
        numbers = ({name: _doubles(row[name], RECORDIO).reshape(-1).astype("<f4") for name in names} for row in rows)
        return b"".join(record({}, {name: Tensor(values) for name, values in row.items()}) for row in numbers)


def _doubles(values: Any, media: str) -> np.ndarray:
    """Numbers, and lists of them, as an array. Errors: `NotAcceptable` for others, strings of digits among them."""
    import numpy as np

    try:
        found = np.array(values)
        if found.dtype.kind in "SU" or (found.dtype.kind == "O" and any(isinstance(v, str | bytes) for v in found.flat)):
            raise ValueError("some are strings")
        return found.astype(np.float64)  # null is NaN
    except (TypeError, ValueError) as error:
        message = f"the answer is not of numbers alone, as {media} is"
        raise NotAcceptable(message, accepted=f"{JSON}, {CSV}", code="not-acceptable") from error


def _to_parquet(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = pa.BufferOutputStream()
    pq.write_table(pa.table({name: pa.array([row[name] for row in rows]) for name in names}), made)
    found: bytes = made.getvalue().to_pybytes()
    return found


def _to_csv(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    """A line a row, without a header. Rows of numbers alone, as most answers are, need no quotes: they are filled into one form."""
    lines = _LineEnds()
    written, form = csv.writer(lines, lineterminator="\r\n").writerow, ",".join(["%r"] * len(names)) + "\n"
    for row in rows:
        values = tuple([row[name] for name in names])
        if NUMBERS.issuperset(map(type, values)) and math.isfinite(sum(values)):
            lines.append(form % values)
        else:
            written(map(_cell, values))
    return "".join(lines).encode()


class _LineEnds(list[str]):
    """Lines of the CSV writer, which quotes the characters of its line end alone: it is given both, and one of them is taken away."""

    def write(self, line: str) -> None:
        """Add a line."""
        self.append(f"{line[:-2]}\n")


def _csv(rows: Iterable[Sequence[Any]]) -> str:
    lines = _LineEnds()
    csv.writer(lines, lineterminator="\r\n").writerows(rows)
    return "".join(lines)


def _cell(value: Any) -> Any:
    value = plain(value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, float) else value


_WRITE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def _to_json(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    return "".join(('{"predictions":[', ",".join(_objects(rows, names)), "]}")).encode()


def _to_lines(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    return "".join(f"{row}\n" for row in _objects(rows, names)).encode()


def _objects(rows: Sequence[Row], names: Sequence[str]) -> Iterator[str]:
    """Each row as an object of JSON. For rows of numbers alone, as most answers are, names are written before."""
    form = _form(tuple(names))
    for row in rows:
        values = [row[name] for name in names]
        if NUMBERS.issuperset(map(type, values)) and math.isfinite(sum(values)):
            yield form % tuple(values)
        else:
            yield _WRITE({name: plain(value) for name, value in zip(names, values, strict=True)})


@lru_cache(64)
def _form(names: tuple[str, ...]) -> str:
    """The object of JSON whose values are to be filled in: Python writes numbers as JSON does."""
    members = ",".join(f"{_WRITE(name)}:".replace("%", "%%") + "%r" for name in names)
    return f"{{{members}}}"


def plain(value: Any) -> Any:
    """A value as JSON has it: null for NaN and infinities, strings for times and decimals."""
    kind = type(value)
    if kind is float:
        return value if math.isfinite(value) else None
    if kind in AS_THEY_ARE:
        return value
    match value:
        case float():  # of numpy
            return plain(float(value))
        case datetime() | date() | time():
            return value.isoformat()
        case Decimal():
            return str(value)
        case bytes():
            return value.hex()
        case list() | tuple():
            return [plain(v) for v in value]
        case dict():
            return {str(k): plain(v) for k, v in value.items()}
    return value


DECODERS: Mapping[str, Callable[[bytes, MediaType, Columns], list[Row]]] = {
    CSV: _from_csv,
    JSON: _from_json,
    LINES: _from_lines,
    "application/jsonl": _from_lines,
    "application/x-ndjson": _from_lines,
    NPY: _from_npy,
    RECORDIO: _from_recordio,
    TFEXAMPLE: _from_tfexample,
    PARQUET: _from_parquet,
    "application/vnd.apache.parquet": _from_parquet,
}
ENCODERS: Mapping[str, Callable[[Sequence[Row], Sequence[str]], bytes]] = {
    JSON: _to_json,
    CSV: _to_csv,
    LINES: _to_lines,
    "application/jsonl": _to_lines,
    "application/x-ndjson": _to_lines,
    NPY: _to_npy,
    RECORDIO: _to_recordio,
    PARQUET: _to_parquet,
    "application/vnd.apache.parquet": _to_parquet,
}
