"""Encoders from rows to answer bodies."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import lru_cache
from operator import itemgetter
from types import NoneType
from typing import TYPE_CHECKING, Any

from tilth.serve.bodies.rows import CSV, JSON, NPY, RECORDIO, NotAcceptable, Row, RowsInColumns

if TYPE_CHECKING:
    import numpy as np

NUMBERS = frozenset({int, float})
AS_THEY_ARE = frozenset({int, str, bool, NoneType})


def to_npy(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    """A matrix of doubles, null as NaN. Errors: `NotAcceptable` for strings."""
    import numpy as np

    made = io.BytesIO()
    np.save(made, _doubles([[row[name] for name in names] for row in rows], NPY), allow_pickle=False)
    return made.getvalue()


def to_recordio(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    """One record per row, with the values as named labels and no features: 32-bit floats as in SageMaker's algorithms, null as NaN.

    Errors: `NotAcceptable` for strings.
    """
    import numpy as np

    from tilth.formats.recordio_protobuf import Tensor, record

    with np.errstate(over="ignore"):  # a value beyond 32 bits becomes infinite
        numbers = ({name: _doubles(row[name], RECORDIO).reshape(-1).astype("<f4") for name in names} for row in rows)
        return b"".join(record({}, {name: Tensor(values) for name, values in row.items()}) for row in numbers)


def _doubles(values: Any, media: str) -> np.ndarray:
    """Numbers, or lists of numbers, as an array. Errors: `NotAcceptable` for other values, including strings of digits."""
    import numpy as np

    try:
        found = np.array(values)
        if found.dtype.kind in "SU" or (found.dtype.kind == "O" and any(isinstance(v, str | bytes) for v in found.flat)):
            raise ValueError("some are strings")
        return found.astype(np.float64)  # null is NaN
    except (TypeError, ValueError) as error:
        message = f"the answer is not of numbers alone, as {media} is"
        raise NotAcceptable(message, accepted=f"{JSON}, {CSV}", code="not-acceptable") from error


def to_parquet(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    """A Parquet table; the types are inferred from the values."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = pa.BufferOutputStream()
    pq.write_table(pa.table({name: pa.array([row[name] for row in rows]) for name in names}), made)
    found: bytes = made.getvalue().to_pybytes()
    return found


def to_csv(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    """One line per row, without a header. Rows of numbers, the common case, need no quotes and are formatted with a template."""
    lines = _LineEnds()
    written, form = csv.writer(lines, lineterminator="\r\n").writerow, ",".join(["%r"] * len(names)) + "\n"
    for values in _values(rows, names):
        if NUMBERS.issuperset(map(type, values)) and math.isfinite(sum(values)):
            lines.append(form % values)
        else:
            written(map(_cell, values))
    return "".join(lines).encode()


def _values(rows: Sequence[Row], names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The values of each row in the order of the names."""
    if isinstance(rows, RowsInColumns):
        return rows.values_of(names)
    return map(itemgetter(*names), rows) if len(names) > 1 else (tuple(row[n] for n in names) for row in rows)


class _LineEnds(list[str]):
    r"""Lines from a CSV writer. It quotes only characters of its own line end, so it is given `\r\n`, and the `\r` is removed here."""

    def write(self, line: str) -> None:
        """Add a line."""
        self.append(f"{line[:-2]}\n")


def csv_line(values: Sequence[Any]) -> str:
    """A line of CSV, quoted where necessary. Errors: `csv.Error`."""
    lines = _LineEnds()
    csv.writer(lines, lineterminator="\r\n").writerow(values)
    return "".join(lines)


def _cell(value: Any) -> Any:
    value = plain(value)
    return "" if value is None else str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, float) else value


_WRITE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def to_json(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    """`{"predictions": [ROW, …]}`, each row an object."""
    return "".join(('{"predictions":[', ",".join(_objects(rows, names)), "]}")).encode()


def to_lines(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    """One JSON object per line."""
    return "".join(f"{row}\n" for row in _objects(rows, names)).encode()


def _objects(rows: Sequence[Row], names: Sequence[str]) -> Iterator[str]:
    """Each row as a JSON object. Rows of numbers, the common case, are formatted with a template that contains the names."""
    form = _form(tuple(names))
    for values in _values(rows, names):
        if NUMBERS.issuperset(map(type, values)) and math.isfinite(sum(values)):
            yield form % values
        else:
            yield _WRITE({name: plain(value) for name, value in zip(names, values, strict=True)})


@lru_cache(64)
def _form(names: tuple[str, ...]) -> str:
    """A template of a JSON object, to be filled with numbers, which Python writes like JSON."""
    members = ",".join(f"{_WRITE(name)}:".replace("%", "%%") + "%r" for name in names)
    return f"{{{members}}}"


def plain(value: Any) -> Any:
    """A value that JSON can represent: null for NaN and infinities, strings for times and decimals."""
    kind = type(value)
    if kind is float:
        return value if math.isfinite(value) else None
    if kind in AS_THEY_ARE:
        return value
    match value:
        case float():  # numpy's subclass
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
