"""Decoders from text bodies to rows: CSV, JSON and JSON Lines; and reading and writing of single records."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from tilth.data import Kind
from tilth.errors import Mistake, RequestError
from tilth.serve.bodies.answers import csv_line
from tilth.serve.bodies.rows import ANSWERED, CSV, BadRow, Columns, Row
from tilth.serve.media import MediaType

if TYPE_CHECKING:
    import pyarrow as pa

OF_WIDTH = (
    "a header has only names of columns, and allows fewer values; `curl -d @FILE` removes line ends, `--data-binary @FILE` keeps them"
)
ARROW_ONLY = (b"NaN", b"Inf", rb"\u0000")  # Arrow reads the first two as numbers; an engine may end a string at the last one
NATIVE = (Kind.INTEGER, Kind.FLOAT, Kind.BOOLEAN)  # kinds of values that JSON has
HEAD = 100  # rows that show which columns have strings
DEEP, LONG = 500, 4_300  # brackets in a line, and digits of a number, that Python might refuse
DIGITS = re.compile(rb"\d{%d}" % LONG)


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


def from_csv(body: bytes, kind: MediaType, columns: Columns) -> list[Row]:
    """Rows of strings, an empty value as null. The first line is a header if the parameter `header` says so, or if all are column names.

    Without a header, the parameter `label_size` is the number of labels at the beginning of each row, which are left out.
    """
    lines = cells(body, kind)
    orders = columns
    if lines and _names_columns(lines[0], kind, columns):
        names, *lines = lines
        orders = Columns(tuple(names))
    elif labels := _labels(kind):
        lines, orders = [line[labels:] for line in lines], Columns(tuple(n for n in columns.names if n != columns.label))
    try:
        return [orders.named([value or None for value in line], i) for i, line in enumerate(lines, 1)]
    except BadRow as error:
        ((row, column, mistake),) = error.rows
        if row > 1 or "header" in kind.parameters:
            raise
        raise BadRow(row, column, replace(mistake, hint=OF_WIDTH)) from None


def table_of_csv(body: bytes, kind: MediaType, columns: Columns) -> pa.Table | None:
    """The rows of `from_csv` as columns of strings, read by Arrow. None for a body that Arrow cannot read or could read differently.

    Rows with quotes are read by Python, too, and compared.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow

    body = body.removeprefix(codecs.BOM_UTF8)
    lines = [line for line in body.split(b"\n") if line.strip(b"\r")]
    if {"charset", "encoding", "label_size"} & kind.parameters.keys() or b"\0" in body or body.count(b"\r") != body.count(b"\r\n"):
        return None
    if not lines or max(map(len, lines)) > csv.field_size_limit():
        return None
    quoted = [i for i, line in enumerate(lines) if b'"' in line]
    try:
        first = cells(lines[0], kind)[0]
        types = {str(i): pa.string() for i in range(len(first))}
        table = arrow.read_csv(
            pa.py_buffer(body),
            arrow.ReadOptions(column_names=list(types), block_size=len(body) + 1, use_threads=False),
            convert_options=arrow.ConvertOptions(column_types=types, strings_can_be_null=True, null_values=[""]),
        )
        read = cells(b"\n".join(lines[i] for i in quoted), kind)
        if len(table) != len(lines) or len(read) != len(quoted):
            return None
        found = table.take(pa.array(quoted, pa.int64()))
        for name, values in zip(types, zip(*read, strict=True), strict=bool(read)):
            if not found[name].combine_chunks().equals(pa.array([value or None for value in values], pa.string())):
                return None
        if _names_columns(first, kind, columns):
            return table.slice(1).rename_columns(first)
        return table.rename_columns(columns.order(len(first), 1))
    except (RequestError, ValueError, pa.ArrowException):
        return None


def table_of_lines(body: bytes, kind: MediaType, kinds: Mapping[str, Kind]) -> pa.Table | None:
    """The columns `kinds` of the rows of `from_lines`, read by Arrow: strings, or numbers and booleans of the column's kind.

    None for a body that Arrow cannot read or could read differently, for rows that are not objects or that lack a column, and for columns
    with values of several types.
    """
    import pyarrow as pa
    from pyarrow import json as arrow

    from tilth.engine.arrow import arrow_type

    body = body.removeprefix(codecs.BOM_UTF8)
    lines = [line for whole in body.split(b"\n") if (line := whole.strip(b" \t\r"))]
    if {"charset", "encoding"} & kind.parameters.keys() or any(word in body for word in ARROW_ONLY):
        return None
    if _python_refuses(body, lines) or not all(line[:1] == b"{" and line[-1:] == b"}" for line in lines):  # so no row has two lines
        return None
    try:
        body.decode()
        head = [_parsed(line.decode()) for line in lines[:HEAD]]
        strings = {name for name in kinds if any(isinstance(row.get(name), str) for row in head)}
        types = {n: arrow_type(k) if k in NATIVE and n not in strings else pa.string() for n, k in kinds.items()}
        table = arrow.read_json(
            pa.py_buffer(body),
            arrow.ReadOptions(block_size=len(body) + 1, use_threads=False),
            arrow.ParseOptions(explicit_schema=pa.schema(types), unexpected_field_behavior="ignore"),
        )
    except (RequestError, ValueError, pa.ArrowException):
        return None
    return table if len(table) == len(lines) and all(_as_python_reads(name, table[name], body) for name in table.column_names) else None


def _python_refuses(body: bytes, lines: Sequence[bytes]) -> bool:
    """Whether a line may have deeper nesting or a longer number than Python's parser accepts, also in a column that is not read."""
    deep = body.count(b"[") + body.count(b"{") > len(lines) + DEEP
    if deep and any(line.count(b"[") + line.count(b"{") > DEEP for line in lines):
        return True
    return any(len(line) > LONG and DIGITS.search(line) for line in lines)


def _as_python_reads(name: str, column: pa.ChunkedArray, body: bytes) -> bool:
    """Whether a column read by Arrow is what Python reads: each row has it, and numbers are finite and none is -0, which is 0 in Python."""
    import numpy as np
    import pyarrow as pa

    if column.null_count:  # null for Arrow, if the key is absent
        key, rows = _key(name), len(column)
        if body.count(key) != rows or b"\\" + key in body or body.count(b"{") != rows:
            return False
    if not pa.types.is_floating(column.type):
        return True
    values = column.fill_null(1.0).to_numpy()
    return bool(np.isfinite(values).all() and not (np.signbit(values) & (values == 0)).any())


def _key(name: str) -> bytes:
    """The name of a member in JSON, with the colon."""
    return f"{json.dumps(name, ensure_ascii=False)}:".encode()


def cells(body: bytes, kind: MediaType) -> list[list[str]]:
    """The values of each CSV line, without empty lines."""
    try:
        return [line for line in csv.reader(io.StringIO(_text(body, kind), newline=""), strict=True) if line]
    except csv.Error as error:
        raise RequestError(f"the body is not CSV: {error}", code="bad-csv") from error


def has_header(line: bytes, kind: MediaType, columns: Columns) -> bool:
    """Whether the first line of CSV is a header. Errors: `RequestError` for a repeated column name."""
    lines = cells(line, kind)
    return bool(lines) and _names_columns(lines[0], kind, columns)


def record_of(line: bytes, kind: MediaType) -> Any:
    """Parse one record: CSV to a list of strings, JSON Lines to the JSON value. Errors: `RequestError`."""
    if kind.name != CSV:
        return _parsed(_text(line, kind))
    lines = cells(line, kind)
    if len(lines) != 1:
        raise RequestError(f"1 record gives {len(lines)} rows", accepted='one row in each record, with " in pairs', code="record-count")
    return lines[0]


def written(record: Any, media: str, charset: str = "utf-8") -> bytes:
    """Write a record of `record_of` as a line. Errors: `RequestError` for a number or character that cannot be written."""
    try:
        text = csv_line(record) if media == CSV else json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False) + "\n"
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


def _labels(kind: MediaType) -> int:
    """The number of labels at the beginning of a row, by SageMaker's parameter."""
    size = kind.parameters.get("label_size", "0")
    if not size.isdecimal() or len(size) > 4:
        raise RequestError(f"label_size is {size[:40]!r}", accepted="a number of columns, such as 0 or 1", code="bad-value")
    return int(size)


def from_json(body: bytes, kind: MediaType, columns: Columns) -> list[Row]:
    """`{"instances": [ROW, …]}`, `[ROW, …]`, one row (an object or an array of values), or the answer of a previous container."""
    given = _parsed(_text(body, kind))
    if isinstance(given, dict) and isinstance(given.get("instances"), list):
        given = given["instances"]
    elif isinstance(given, dict) and len(given) == 1 and isinstance(given.get(ANSWERED), list) and ANSWERED not in columns.names:
        given = given[ANSWERED]
    elif not isinstance(given, list) or (given and not any(isinstance(row, dict | list) for row in given)):
        given = [given]
    return [_row(row, columns, i) for i, row in enumerate(given, 1)]


def from_lines(body: bytes, kind: MediaType, columns: Columns) -> list[Row]:
    """One row per line, each an object or an array of values."""
    lines = (line for line in _text(body, kind).split("\n") if line.strip())
    return [_row(_parsed(line, i), columns, i) for i, line in enumerate(lines, 1)]


def _parsed(text: str, number: int = 0) -> Any:
    try:
        return _READ(text)
    except (ValueError, RecursionError) as error:
        hint = "write null for a missing value" if isinstance(error, _Constant) else ""
        mistake = Mistake(f"the body is not JSON: {_why(error)}", hint=hint, code="bad-json")
        raise (BadRow(number, "", mistake) if number else RequestError(mistake)) from None


class _Constant(ValueError):
    """A constant that Python's parser accepts as a number although it is not JSON, such as `NaN`."""


def _reject_constant(word: str) -> NoReturn:
    raise _Constant(word)


def _why(error: Exception) -> str:
    """What is wrong with a text, without revealing its values."""
    match error:
        case json.JSONDecodeError():
            return f"line {error.lineno}, column {error.colno}"
        case _Constant():
            return f"it has {error}"
        case RecursionError():
            return "it is nested too deeply"
    return "a number has thousands of digits"


_READ = json.JSONDecoder(parse_constant=_reject_constant).decode  # created once: `json.loads` creates a decoder for each text


def _row(given: Any, columns: Columns, number: int) -> Row:
    """A row: an object by name, an array in the order of the columns, or the JSON of SageMaker's built-in algorithms."""
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
    """The row of a feature in the JSON of SageMaker's algorithms: a list, or an object with `values`, and `keys` and `shape` if sparse."""
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
