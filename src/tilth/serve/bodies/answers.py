"""Rows as bodies of answers."""

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

from tilth.serve.bodies.rows import CSV, JSON, NPY, RECORDIO, NotAcceptable, Row

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


def to_parquet(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    """A table of Parquet, its kinds those of the values."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    made = pa.BufferOutputStream()
    pq.write_table(pa.table({name: pa.array([row[name] for row in rows]) for name in names}), made)
    found: bytes = made.getvalue().to_pybytes()
    return found


def to_csv(rows: Sequence[Row], names: Sequence[str]) -> bytes:
    """A line a row, without a header. Rows of numbers alone, as most answers are, need no quotes: they are filled into one form."""
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
    return map(itemgetter(*names), rows) if len(names) > 1 else (tuple(row[n] for n in names) for row in rows)


class _LineEnds(list[str]):
    """Lines of the CSV writer, which quotes the characters of its line end alone: it is given both, and one of them is taken away."""

    def write(self, line: str) -> None:
        """Add a line."""
        self.append(f"{line[:-2]}\n")


def csv_line(values: Sequence[Any]) -> str:
    """A line of CSV, quoted where it must be. Errors: `csv.Error`."""
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
    """An object of JSON a row, each on a line."""
    return "".join(f"{row}\n" for row in _objects(rows, names)).encode()


def _objects(rows: Sequence[Row], names: Sequence[str]) -> Iterator[str]:
    """Each row as an object of JSON. For rows of numbers alone, as most answers are, names are written before."""
    form = _form(tuple(names))
    for values in _values(rows, names):
        if NUMBERS.issuperset(map(type, values)) and math.isfinite(sum(values)):
            yield form % values
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
