"""Arrow types of column kinds, which needs and Python operations receive on every engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tilth.data import Column, Kind, Schema
from tilth.errors import RequestError

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa


def arrow_type(kind: Kind) -> pa.DataType | None:
    """The Arrow type of a kind; None for kinds that have more than one."""
    import pyarrow as pa

    types = {
        Kind.BOOLEAN: pa.bool_(),
        Kind.INTEGER: pa.int64(),
        Kind.FLOAT: pa.float64(),
        Kind.STRING: pa.string(),
        Kind.DATE: pa.date32(),
        Kind.TIMESTAMP: pa.timestamp("us"),
        Kind.TIMESTAMP_TZ: pa.timestamp("us", "UTC"),
    }
    return types.get(kind)


def kind_of(type_: pa.DataType) -> Kind:
    """The kind of an Arrow type.

    >>> import pyarrow as pa
    >>> kind_of(pa.uint8()), kind_of(pa.timestamp("ns", "UTC")), kind_of(pa.list_(pa.string()))
    (<Kind.INTEGER: 'integer'>, <Kind.TIMESTAMP_TZ: 'timestamp with time zone'>, <Kind.LIST: 'list'>)
    """
    import pyarrow as pa

    is_ = pa.types
    if is_.is_timestamp(type_):
        return Kind.TIMESTAMP_TZ if type_.tz else Kind.TIMESTAMP
    known = {
        Kind.BOOLEAN: (is_.is_boolean,),
        Kind.INTEGER: (is_.is_integer,),
        Kind.FLOAT: (is_.is_floating,),
        Kind.DECIMAL: (is_.is_decimal,),
        Kind.STRING: (is_.is_string, is_.is_large_string, is_.is_string_view),
        Kind.BINARY: (is_.is_binary, is_.is_large_binary, is_.is_binary_view, is_.is_fixed_size_binary),
        Kind.DATE: (is_.is_date,),
        Kind.TIME: (is_.is_time,),
        Kind.LIST: (is_.is_list, is_.is_large_list, is_.is_fixed_size_list, is_.is_list_view),
        Kind.STRUCT: (is_.is_struct,),
        Kind.MAP: (is_.is_map,),
        Kind.NULL: (is_.is_null,),
    }
    return next((kind for kind, tests in known.items() if any(test(type_) for test in tests)), Kind.OTHER)


def schema_of(found: pa.Schema) -> Schema:
    """The columns of an Arrow table.

    >>> import pyarrow as pa
    >>> [str(c) for c in schema_of(pa.schema({"n": pa.int8(), "v": pa.list_(pa.list_(pa.float32(), 3))}))]
    ['integer', 'list[][3] of float']
    """
    return Schema(tuple(_column(f.name, f.type) for f in found))


def _column(name: str, type_: pa.DataType) -> Column:
    sizes, inner = list[int | None](), type_
    while kind_of(inner) is Kind.LIST:
        sizes.append(getattr(inner, "list_size", None))  # only fixed-size lists have it
        inner = inner.value_type
    return Column(name, Kind.LIST, str(type_), kind_of(inner), tuple(sizes)) if sizes else Column(name, kind_of(type_), str(type_))


def uniform(found: pa.Schema, kinds: Schema) -> pa.Schema:
    """The Arrow schema of an engine's answer, with the type of each column's kind.

    Columns that are not in `kinds`, and kinds with several types, keep their type.
    """
    import pyarrow as pa

    types = {c.name: arrow_type(c.kind) for c in kinds}
    return pa.schema([f.with_type(types.get(f.name) or f.type) for f in found])


def empty(kinds: Schema, columns: Sequence[str]) -> pa.Table:
    """A table of these columns without rows."""
    import pyarrow as pa

    return pa.schema([(c, arrow_type(kinds[c].kind) or pa.null()) for c in columns]).empty_table()


def cast(batch: pa.RecordBatch, to: pa.Schema) -> pa.RecordBatch:
    """A batch in other types; nanoseconds are cut off.

    Errors: `RequestError` for a value that does not fit, such as an integer beyond 64 bits.
    """
    import pyarrow as pa

    def column(array: pa.Array, field: pa.Field) -> pa.Array:
        fine = pa.types.is_timestamp(array.type) and array.type.unit == "ns"
        return array.cast(field.type, safe=not fine)

    try:
        return batch if batch.schema.equals(to) else pa.RecordBatch.from_arrays(list(map(column, batch.columns, to)), schema=to)
    except pa.ArrowInvalid as error:
        raise RequestError(f"a value does not fit: {error}") from error


def codes_of(column: pa.ChunkedArray) -> np.ndarray:
    """An integer code for each value of a column: 0, 1, … for distinct values in order of appearance. Null has a code, too."""
    import numpy as np
    import pyarrow.compute as pc

    found: np.ndarray = as_numpy(pc.dictionary_encode(column.combine_chunks(), null_encoding="encode").indices).astype(np.int64)
    return found


def as_numpy(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Numbers or booleans as a numpy array. If there are nulls, numbers become doubles with NaN, and null booleans become False.

    Arrow's own conversion is not used because it imports pandas, which takes as long as profiling a small table.
    """
    import numpy as np
    import pyarrow as pa

    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_boolean(array.type):
        return as_numpy(array.cast(pa.uint8())) > 0  # NaN, of null, is not greater
    if not array.null_count:
        return np.from_dlpack(array)
    doubles = array.cast(pa.float64(), safe=False)
    values = np.frombuffer(doubles.buffers()[1], np.float64, len(doubles), 8 * doubles.offset)
    found: np.ndarray = np.where(as_numpy(doubles.is_null()), np.nan, values)
    return found


def from_numpy(values: np.ndarray) -> pa.Array:
    """A numpy array of numbers as an Arrow array without nulls; without a copy and without pandas."""
    import pyarrow as pa

    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def doubles(values: np.ndarray, there: np.ndarray) -> pa.Array:
    """A numpy array of doubles as an Arrow array; null where `there` is false."""
    import numpy as np
    import pyarrow as pa

    known = None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))
    return pa.Array.from_buffers(pa.float64(), len(values), [known, pa.py_buffer(values)])


def integers(column: pa.Array) -> np.ndarray:
    """Integers of up to 128 bits as numpy objects of Python integers; 0 for null."""
    import numpy as np
    import pyarrow as pa

    wide = column.cast(pa.decimal128(38, 0))
    halves = np.frombuffer(wide.buffers()[1], np.uint64, 2 * len(wide), 16 * wide.offset).reshape(-1, 2)
    if wide.null_count:
        halves = np.where(as_numpy(wide.is_valid())[:, None], halves, np.uint64(0))
    low, high = halves.T
    short, above = low.view(np.int64), high.view(np.int64)
    long = not np.array_equal(short >> 63, above)  # some exceed 64 bits
    found: np.ndarray = (above.astype(object) << 64) + low.astype(object) if long else short.astype(object)
    return found


def mask_of(kept: np.ndarray) -> pa.Array:
    """A numpy array of booleans as an Arrow array, without pandas."""
    import numpy as np
    import pyarrow as pa

    return pa.Array.from_buffers(pa.bool_(), len(kept), [None, pa.py_buffer(np.packbits(kept, bitorder="little"))])
