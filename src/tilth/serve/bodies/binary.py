"""Decoders from binary bodies to rows: NPY, Parquet, RecordIO-protobuf and TFRecord."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tilth.errors import Mistake, RequestError, SourceError, listed
from tilth.serve.bodies.rows import BadRow, Columns, Row, reject_large
from tilth.serve.media import MediaType

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from tilth.formats.recordio_protobuf import Bytes, Tensor

LARGEST_TABLE = 256 * 2**20  # bytes of an unpacked Parquet body: a few kilobytes may unpack to any size
BATCH = 4096  # rows of Parquet that are unpacked at once


def from_npy(body: bytes, kind: MediaType, columns: Columns) -> list[Row]:
    """The rows of a matrix in the order of the columns, or by name if the array has fields. A vector is one row. Objects are refused."""
    import numpy as np

    array = _array(body)
    if array.dtype.names is None and array.ndim not in (1, 2):
        raise RequestError(f"the array has {array.ndim} dimensions", accepted="rows × columns, or one row", code="bad-npy")
    try:
        rows = (array.reshape(-1) if array.dtype.names else np.atleast_2d(array)).tolist()
    except (ValueError, SystemError) as error:
        raise RequestError("a string of the array is not valid Unicode", code="bad-npy") from error
    if array.dtype.names:
        return [dict(zip(array.dtype.names, row, strict=True)) for row in rows]
    return [columns.named(row, i) for i, row in enumerate(rows, 1)]


def _array(body: bytes) -> np.ndarray:
    """The array of an NPY body, without a copy. Errors: `RequestError`."""
    import numpy as np
    from numpy.lib import format as npy

    file = io.BytesIO(body)
    try:
        version = npy.read_magic(file)
        shape, by_column, dtype = (npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0)(file)
        start, size = file.tell(), math.prod(shape) * dtype.itemsize
    except Exception as error:  # the header is a Python expression, and numpy passes on all errors of parsing it
        raise RequestError("the body is not an array of NPY: its header cannot be read", code="bad-npy") from error
    if dtype.hasobject:
        raise RequestError("the array holds Python objects, which could run code", accepted="numbers or strings", code="bad-npy")
    if size != len(body) - start or min(shape, default=1) < 0:
        found = f"the numbers of the array begin at byte {start:,} and have {size:,} bytes by its shape; the body has {len(body) - start:,}"
        raise RequestError(found, hint="is it cut off?", code="bad-npy")
    if not size or _holds_nothing(dtype):
        raise RequestError("the array has no values", accepted="at least one row", code="no-rows")
    return np.ndarray(shape, dtype, body, start, order="F" if by_column else "C")


def _holds_nothing(dtype: np.dtype) -> bool:
    """Whether a value, or one of its fields, has no bytes: then a small body could declare any number of rows."""
    inner = [dtype.base] if dtype.subdtype else [field[0] for field in (dtype.fields or {}).values()]
    return dtype.itemsize == 0 or any(map(_holds_nothing, inner))


def from_parquet(body: bytes, kind: MediaType, columns: Columns) -> list[Row]:
    """The rows of a table; only columns of the pipeline are read. Errors: `RequestError`, also for a table that is too large.

    A small file can repeat a long string millions of times. Strings are therefore read as dictionaries, and repeated if they fit.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, size = list[Row](), 0
    try:
        file = pq.ParquetFile(pa.BufferReader(body))
        known = [name for name in file.schema_arrow.names if name in columns.names]
        if _reject_large_file(file, known):
            return list(file.read(known).to_pylist())
        strings = [leaf.path for leaf in map(file.schema.column, range(len(file.schema))) if leaf.physical_type == "BYTE_ARRAY"]
        narrow = pq.ParquetFile(pa.BufferReader(body), read_dictionary=strings)
        for batch in narrow.iter_batches(BATCH, columns=known):
            size += sum(map(_unpacked, batch.columns))
            if size > LARGEST_TABLE:
                raise _too_large(f"more than {LARGEST_TABLE:,}")
            rows += pa.table(list(map(_repeated, batch.columns)), names=batch.schema.names).to_pylist() if known else [{}] * len(batch)
    except RequestError:
        raise
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:  # the last two: invalid strings and times
        raise RequestError("the body is not Parquet, or is damaged", code="bad-parquet") from error
    return rows


def _reject_large_file(file: pq.ParquetFile, known: Sequence[str]) -> bool:
    """Refuse a Parquet file by the sizes that it states. Whether it fits even if each row repeats the whole file.

    The metadata of its column chunks is not read, because Arrow 26 ends the process if it is damaged. `file.schema` is read only where it
    is needed: it and the metadata refer to each other, so the file would stay in memory until the collector of cycles runs.
    """
    rows, size = file.metadata.num_rows, sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
    flat = all(_is_flat(field.type) for field in file.schema_arrow if field.name in known)
    leaves = [] if flat else [c for c in map(file.schema.column, range(len(file.schema))) if c.path.partition(".")[0] in known]
    size += rows * sum(max(leaf.length, 0) for leaf in leaves)  # a string of fixed length is stored once, too
    if size > LARGEST_TABLE:
        raise _too_large(f"{size:,}")
    reject_large(rows, len(known))
    return rows * size <= LARGEST_TABLE and not any(leaf.max_repetition_level for leaf in leaves)


def _is_flat(kind: pa.DataType) -> bool:
    """Whether a value of a type has no parts and no length that the type states."""
    import pyarrow as pa

    return not (pa.types.is_nested(kind) or pa.types.is_fixed_size_binary(kind) or isinstance(kind, pa.BaseExtensionType))


def _too_large(size: str) -> RequestError:
    return RequestError(f"the table has {size} bytes, unpacked", accepted=f"up to {LARGEST_TABLE:,}", code="too-large")


def _unpacked(array: pa.Array) -> int:
    """The bytes of an array after each string of its dictionaries is repeated."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if pa.types.is_dictionary(kind):
        return pc.sum(pc.binary_length(array.dictionary).take(array.indices)).as_py() or 0
    if pa.types.is_map(kind):
        return _unpacked(array.keys) + _unpacked(array.items)
    if pa.types.is_nested(kind):
        inner = array.flatten()
        return sum(map(_unpacked, inner if isinstance(inner, list) else [inner]))
    return int(array.nbytes)


def _repeated(array: pa.Array) -> pa.Array:
    import pyarrow as pa

    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def from_recordio(body: bytes, kind: MediaType, columns: Columns) -> list[Row]:
    """The rows of records, with NaN as null: the feature `values` in the order of the columns, dense or sparse, or features by column name.

    A record without features is an answer, for example of the stage before: its labels are used by name. A body without the header of
    RecordIO is the message of one record, as SageMaker's batch transform sends single records.
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


def from_tfexample(body: bytes, kind: MediaType, columns: Columns) -> list[Row]:
    """The rows of `tf.train.Example` messages by feature name, an absent feature as null: records of TFRecord, or a single message."""
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
    """The row of one message. Errors: `ValueError` for bytes that are not UTF-8, and for a message without any of the columns."""
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
    """The row of one record. Errors: `BadRow`; a wrong width is refused before a row of that size is allocated."""
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
