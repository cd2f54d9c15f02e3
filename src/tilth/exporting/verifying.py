"""Compares files with the database: the number of rows and the sum of their hashes, which PostgreSQL and this process compute alike.

The hash of a row is the first 60 bits of the MD5 of its values as text. Floats, dates and times are written as the bytes that PostgreSQL
sends, in hexadecimal digits. The sum does not depend on the order of the rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from tilth.engine.operations.times import DAY
from tilth.errors import Gap, MachineError, listed
from tilth.formats.parquet import Parquet
from tilth.store.places import copies
from tilth.store.query import identifier
from tilth.store.snapshot import Snapshot
from tilth.store.uri import Place

NULL, BETWEEN = 30, 31  # control characters for a null and between values
DIGITS = 15  # hexadecimal digits of the hash of a row
EPOCH_DAYS = 10_957  # from 1970 to 2000; PostgreSQL counts from 2000
EPOCH = EPOCH_DAYS * DAY  # microseconds


class Written(NamedTuple):
    """How values are written as text: SQL for a column, and a function for an Arrow array. The texts of nulls are ignored."""

    sql: str
    texts: Callable[[pa.Array], Any]


class Total(NamedTuple):
    """The number of rows, and the sum of their hashes."""

    rows: int
    hashes: int


def compared(snapshot: Snapshot, query: str, files: Iterable[Place], shown: str) -> str:
    """Compare the rows of a query with those of its files; return the sum of their hashes. Errors: `MachineError` if they differ."""
    expected, found = of_source(snapshot, query), of_batches(_rows_of(files))
    if found != expected:
        message = f"the files of {shown} differ from the database: {found.rows:,} rows, and {expected.rows:,} in the database"
        raise MachineError(message, hint="please report it; start again with --force", code="rows-differ")
    return str(found.hashes)


def _rows_of(files: Iterable[Place]) -> Iterator[pa.RecordBatch]:
    for file in files:
        held = copies(file)  # the copy exists as long as this object
        yield from Parquet().batches(held.path)


def of_source(snapshot: Snapshot, query: str) -> Total:
    """The total of a query, computed by the database."""
    text, schema = snapshot.described(query)
    written = [(f.name, how) for f in schema if (how := _written(f.type))]
    values = [f"coalesce({how.sql.format(identifier(name))}, chr({NULL}))" for name, how in written]
    row = f"substr(md5(convert_to({f' || chr({BETWEEN}) || '.join(values)}, 'UTF8')), 1, {DIGITS})"
    sql = f"SELECT count(*), coalesce(sum(('x' || {row})::bit({4 * DIGITS})::int8), 0)::text FROM ({text}) AS rows"
    ((rows, hashes),) = snapshot.rows(sql)
    return Total(rows, int(hashes))


def of_batches(batches: Iterable[pa.RecordBatch]) -> Total:
    """The total of the rows in batches."""
    rows = hashes = 0
    for batch in batches:
        texts = [_texts(how, column) for column in batch.columns if (how := _written(column.type))]
        joined = pc.binary_join_element_wise(*texts, chr(BETWEEN), null_handling="replace", null_replacement=chr(NULL))
        hashes += sum(int(hashlib.md5(row.encode(), usedforsecurity=False).hexdigest()[:DIGITS], 16) for row in joined.to_pylist())
        rows += batch.num_rows
    return Total(rows, hashes)


def _texts(how: Written, column: pa.Array) -> pa.Array:
    texts = pa.array(how.texts(column), pa.string())
    return pc.if_else(pc.is_null(column), pa.scalar(None, pa.string()), texts)


def reject_incomparable(schema: pa.Schema) -> None:
    """Reject columns with types that are not written alike on both sides. Errors: `Gap`."""
    wrong = [f"{f.name} ({f.type})" for f in schema if _written(f.type) is None]
    if wrong:
        hint = "leave them out, cast them to text in the query, or leave `--verify` out"
        raise Gap(f"values of {listed(wrong)} cannot be compared with the database", hint=hint)


def _written(kind: pa.DataType) -> Written | None:
    """How values of a type are written; None for other types."""
    if pa.types.is_timestamp(kind):
        function, in_us = "timestamptz_send" if kind.tz else "timestamp_send", pa.timestamp("us", kind.tz)
        return _sent(function, ">i8", lambda x: _whole(x.cast(in_us)) - EPOCH)
    if pa.types.is_decimal(kind):
        return Written(AS_IS, lambda x: [format(v or 0, "f") for v in x.to_pylist()])
    return WRITTEN.get(kind)


def _sent(function: str, kind: str, numbers: Callable[[pa.Array], Any]) -> Written:
    """Write numbers as the bytes that a function of PostgreSQL sends, and as the same bytes by a type of NumPy."""

    def texts(values: pa.Array) -> list[str]:
        raw = numbers(values).astype(kind)
        digits, width = raw.tobytes().hex(), 2 * raw.itemsize
        return [digits[i : i + width] for i in range(0, len(digits), width)]

    return Written(f"encode({function}({{}}), 'hex')", texts)


def _whole(values: pa.Array) -> Any:
    return pc.fill_null(values.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)


def _floats(values: pa.Array) -> Any:
    return pc.fill_null(values, 0).to_numpy(zero_copy_only=False)


AS_IS, AS_TEXT = "CASE WHEN {0} IS NOT NULL THEN format('%s', {0}) END", "{}::text"  # a cast would cut the blanks of char(n)
WRITTEN = {
    pa.string(): Written(AS_IS, pa.Array.to_pylist),
    pa.binary(): Written("encode({}, 'hex')", lambda x: [(v or b"").hex() for v in x.to_pylist()]),
    pa.bool_(): Written(AS_TEXT, lambda x: x.cast(pa.string())),
    **{kind: Written(AS_TEXT, lambda x: x.cast(pa.string())) for kind in (pa.int16(), pa.int32(), pa.int64())},
    pa.float32(): _sent("float4send", ">f4", _floats),
    pa.float64(): _sent("float8send", ">f8", _floats),
    pa.date32(): _sent("date_send", ">i4", lambda x: _whole(x.cast(pa.int32())) - EPOCH_DAYS),
    pa.time64("us"): _sent("time_send", ">i8", _whole),
}
"""The Arrow types that are written alike on both sides."""
