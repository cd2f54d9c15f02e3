"""TFRecord files of `tf.train.Example`, without TensorFlow.

A record is a length of 8 bytes, its checksum, the payload and its checksum, all little-endian; the checksum is CRC-32C, rotated by 15 bits
plus a constant. The payload is a protobuf message: name of a feature → a list of byte strings, of 32-bit floats or of 64-bit integers.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from tilth.data import Dataset, Kind, Roles
from tilth.engine.arrow import as_numpy, from_numpy, schema_of
from tilth.engine.session import Session
from tilth.engine.textfiles import unzipped
from tilth.errors import ColumnError, Mistake, Place, SourceError, extra, located
from tilth.formats.buffers import READ, damaged, filled, size_of, skipped
from tilth.formats.codec import Codec
from tilth.formats.shards import Contents, index_beside
from tilth.formats.varints import fields, joined, packed, read_varints, unpacked, varint, varint_at

CHUNK = 16 << 20  # bytes that are decoded at once
HEAD, CRC = struct.Struct("<QI"), struct.Struct("<I")
BYTES, FLOAT, INTEGER = 1, 2, 3  # the fields of a feature
TYPES = {BYTES: pa.binary(), FLOAT: pa.float32(), INTEGER: pa.int64()}
KINDS = {Kind.INTEGER: INTEGER, Kind.BOOLEAN: INTEGER, Kind.FLOAT: FLOAT, Kind.DECIMAL: FLOAT, Kind.STRING: BYTES, Kind.BINARY: BYTES}
NAMES = {BYTES: "bytes", FLOAT: "floats", INTEGER: "integers"}
INDEX = ".tfindex"
LENGTH, ENDS = "the checksum of its length is wrong", "the file ends inside it"
ACCEPTED = "numbers, booleans, strings, bytes, and lists of these"


class TFRecord(Codec):
    """TFRecord files of `tf.train.Example`.

    A column is a feature. Integers and booleans are written as `int64_list`, floats as `float_list` (32 bits), strings and bytes as
    `bytes_list`, lists of these also as such lists; for null the record lacks the feature. Features are sorted by name.

    When reading, a column is a list if a record has several values or it is named in `lists`; bytes that are all UTF-8 become strings
    unless named in `binary`. `check`: whether checksums are verified. Each file in a folder gets an index, `.tfindex`.
    """

    name = "tfrecord"
    suffixes = (".tfrecord", ".tfrecords")
    options = ("check", "lists", "binary")
    has_header = False

    def decode(self, file: IO[bytes], **options: Any) -> Iterator[pa.RecordBatch]:
        check, lists, binary = options.get("check", True), frozenset(options.get("lists", ())), frozenset(options.get("binary", ()))
        schema: pa.Schema | None = None
        for base, buffer, starts, lengths in chunks(file, check):
            features = examples(buffer, starts, lengths, base)
            if schema is None:
                schema = pa.schema([(n, f.type(n in lists, n in binary)) for n, f in features.items()])
            if unforeseen := [n for n in features if n not in schema.names]:
                what = f"the records from byte {base:,} on have the feature {unforeseen[0]!r}, which none before has"
                raise SourceError(what, hint="write the feature in the first records, or read the files one by one", code="headers-differ")
            columns = [features[f.name].column(f, len(starts)) if f.name in features else pa.nulls(len(starts), f.type) for f in schema]
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    def count(self, path: str, *, check: bool = True, **_: Any) -> int:
        with located(Place(path)), unzipped(path) as file:
            return sum(1 for _ in extents(file, check))

    def prepared(self, data: Dataset, engine: Session, folder: bool, options: Mapping[str, Any]) -> tuple[Dataset, Mapping[str, Any]]:
        return data, {**options, "index": folder}

    def contents(self, data: Dataset, engine: Session, options: Mapping[str, Any]) -> Contents:
        return super().contents(data, engine, {})

    def put(
        self, rows: pa.RecordBatchReader, to: Path, roles: Roles, first: int, *, index: bool = False, **options: Any
    ) -> Mapping[str, Any] | None:
        super().put(rows, to, roles, first, **options)
        if not index or to.suffix != self.suffixes[0]:
            return None
        with to.open("rb") as file:
            return index_beside(to, INDEX, index_text(extents(file)))

    def encode(self, batches: pa.RecordBatchReader, file: IO[bytes], **options: Any) -> None:
        for batch in batches:
            for payload in payloads_of(batch):
                file.write(framed(payload))


# ── the framing ──


@cache
def checksum() -> Callable[[Any], int]:
    """The function CRC-32C. Errors: `MissingExtra`, because one in Python would take a hundred times as long as reading."""
    with extra("tfrecord", "the checksum of TFRecord (CRC-32C)"):
        from fastcrc.crc32 import iscsi
    found: Callable[[Any], int] = iscsi
    return found


def masked(crc: int) -> int:
    """The checksum in its stored form.

    >>> hex(masked(0x9A71BB4C))
    '0x191c1fbb'
    """
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def framed(payload: bytes) -> bytes:
    """A record with its framing. Errors: `MissingExtra`.

    >>> framed(b"hello").hex(" ")
    '05 00 00 00 00 00 00 00 ea b2 04 3e 68 65 6c 6c 6f bb 1f 1c 19'
    """
    crc, head = checksum(), struct.pack("<Q", len(payload))
    return b"".join((head, CRC.pack(masked(crc(head))), payload, CRC.pack(masked(crc(payload)))))


def is_framed(content: bytes) -> bool:
    """Whether bytes begin with a length and its correct checksum. A payload without framing does not. Errors: `MissingExtra`."""
    return len(content) >= HEAD.size and masked(checksum()(content[:8])) == HEAD.unpack_from(content)[1]


def records(file: IO[bytes], check: bool = True) -> Iterator[memoryview]:
    """The payloads of a file, one by one. Errors: as `chunks`."""
    for _, buffer, starts, lengths in chunks(file, check, READ):
        for start, length in zip(starts, lengths, strict=True):
            yield buffer[start : start + length]


def chunks(file: IO[bytes], check: bool = True, size: int | None = None) -> Iterator[tuple[int, memoryview, list[int], list[int]]]:
    """A file in pieces of whole records: offset in the file, bytes, and starts and lengths of the payloads in these bytes.

    Errors: `SourceError` with the offset of a damaged or truncated record; `MissingExtra` if the library for checksums is missing.
    """
    crc, head, tail = checksum() if check else None, HEAD.unpack_from, CRC.unpack_from
    base, held, needed = 0, memoryview(b""), 1
    while len(new := filled(file, held, needed, size or CHUNK)) > len(held):
        held, at, needed, there = new, 0, 1, len(new)
        starts, lengths = list[int](), list[int]()
        while at + HEAD.size <= there:
            length, stored = head(held, at)
            if crc and masked(crc(held[at : at + 8])) != stored:
                raise damaged("record", base + at, LENGTH)
            start, end = at + HEAD.size, at + HEAD.size + length
            if end + CRC.size > there:
                needed = min(end + CRC.size - there, 1 << 31)
                break
            if crc and masked(crc(held[start:end])) != tail(held, end)[0]:
                raise damaged("record", base + at, "the checksum of its data is wrong")
            starts.append(start)
            lengths.append(length)
            at = end + CRC.size
        if starts:
            yield base, held, starts, lengths
        held, base = held[at:], base + at
    if held:
        raise damaged("record", base, ENDS)


def extents(file: IO[bytes], check: bool = True) -> Iterator[tuple[int, int]]:
    """The offsets of the records of a file, and their sizes including 16 bytes of framing, read only from the lengths.

    Errors: as `chunks`, except that checksums of the data are not verified.
    """
    crc, at, size = checksum() if check else None, 0, size_of(file)
    while head := file.read(HEAD.size):
        if len(head) < HEAD.size:
            raise damaged("record", at, ENDS)
        length, stored = HEAD.unpack(head)
        if crc and masked(crc(head[:8])) != stored:
            raise damaged("record", at, LENGTH)
        if at + 16 + length > size or not skipped(file, length + CRC.size):
            raise damaged("record", at, ENDS)
        yield at, 16 + length
        at += 16 + length


def index_text(found: Iterable[tuple[int, int]]) -> str:
    r"""A `.tfindex` for the package tfrecord and NVIDIA DALI: a line for each record with its offset and size.

    >>> index_text([(0, 21), (21, 53)])
    '0 21\n21 53\n'
    """
    return "".join(f"{begin} {size}\n" for begin, size in found)


# ── reading examples ──


@dataclass
class Feature:
    """A feature: its kind, the records that have it, the number of values in each of them, and all values in this order."""

    kind: int
    rows: np.ndarray
    counts: np.ndarray
    values: Any

    def type(self, listed: bool, binary: bool) -> pa.DataType:
        """The type of its column."""
        inner = TYPES[self.kind]
        if self.kind == BYTES and not binary and _is_utf8(self.values):
            inner = pa.string()
        return pa.list_(inner) if listed or (self.counts > 1).any() else inner

    def column(self, field: pa.Field, rows: int) -> pa.Array:
        """Its column for all records, null in those that lack it. Errors: `SourceError` for values that do not have the field's type."""
        many = pa.types.is_list(field.type)
        inner = field.type.value_type if many else field.type
        if not many and (self.counts > 1).any():
            what = f"the feature {field.name!r} has several values in some records, but one at most in the first ones"
            raise SourceError(what, hint=f"read it as lists: lists=[{field.name!r}]", code="types-differ")
        values = pa.array(self.values, pa.binary()) if self.kind == BYTES else from_numpy(np.ascontiguousarray(self.values))
        if values.type != inner:
            try:
                if pa.types.is_string(inner) != (self.kind == BYTES):
                    raise pa.ArrowInvalid
                values = values.cast(inner)
            except pa.ArrowException as error:
                hint = f"read it as bytes: binary=[{field.name!r}]"
                message = f"the feature {field.name!r} is {inner} in the first records, and {NAMES[self.kind]} of another kind in others"
                raise SourceError(message, hint=hint, code="types-differ") from error
        counts = np.full(rows, -1, np.int64)
        counts[self.rows] = self.counts
        ends = np.cumsum(np.maximum(counts, 0))
        if not many:
            return values.take(pa.array(np.where(counts > 0, ends - 1, 0), mask=counts <= 0)) if len(values) < rows else values
        offsets = np.concatenate([[0], ends]).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets, mask=np.append(counts < 0, False)), values)


def _is_utf8(values: Sequence[bytes]) -> bool:
    try:
        pa.array(values, pa.binary()).cast(pa.string())
    except pa.ArrowInvalid:
        return False
    return True


def examples(buffer: memoryview, starts: Sequence[int], lengths: Sequence[int], base: int = 0) -> dict[str, Feature]:
    """The features of records by name. Records of the same layout are decoded together, others one by one.

    Errors: `SourceError` with the offset of a record that is not an Example, and for a feature with two kinds.
    """
    begins, ends = np.array(starts, np.int64), np.array(starts, np.int64) + np.array(lengths, np.int64)
    try:
        pieces = _side_by_side(np.frombuffer(buffer, np.uint8), buffer, begins, ends)
    except (_Irregular, IndexError):
        pieces = _one_by_one(buffer, starts, lengths, base)
    return {name: _merged(name, found) for name, found in pieces.items()}


class _Irregular(Exception):
    """Records have different layouts and must be read one by one."""


Pieces = dict[str, list[Feature]]


def _merged(name: str, pieces: Sequence[Feature]) -> Feature:
    """Merge the pieces of a feature from different records, in the order of the records. Pieces without values fit any kind."""
    kinds = {p.kind for p in pieces if p.counts.any()} or {p.kind for p in pieces}
    if len(kinds) > 1:
        what = f"the feature {name!r} is {' in some records, '.join(NAMES[k] for k in sorted(kinds))} in others"
        raise SourceError(what, hint="write it in one kind", code="types-differ")
    if len(pieces) == 1:
        return pieces[0]
    (kind,) = kinds
    full = [p for p in pieces if p.kind == kind]
    rows, counts = np.concatenate([p.rows for p in pieces]), np.concatenate([p.counts for p in pieces])
    order = np.argsort(rows, kind="stable")
    owners = np.concatenate([np.repeat(p.rows, p.counts) for p in full])
    placed = np.argsort(owners, kind="stable")
    if kind == BYTES:
        every = list(itertools.chain.from_iterable(p.values for p in full))
        return Feature(kind, rows[order], counts[order], [every[i] for i in placed])
    return Feature(kind, rows[order], counts[order], np.concatenate([p.values for p in full])[placed])


def _side_by_side(data: np.ndarray, buffer: memoryview, at: np.ndarray, ends: np.ndarray) -> Pieces:
    """Decode features of many records at once: in each step, the next feature of all records in which it is the same."""
    pieces: Pieces = {}
    rows = np.flatnonzero(at < ends)
    at, ends = at[rows], ends[rows]
    at = _into(data, at, 0x0A, ends)
    steps = 0
    while rows.size:
        steps += 1
        if steps > 4 * (len(pieces) + 16):
            raise _Irregular
        size, after = read_varints(data, _tag(data, at, 0x0A))
        stop = after + size
        length, key = read_varints(data, _tag(data, after, 0x0A))
        first = data[key[0] : key[0] + length[0]]
        same = np.flatnonzero(length == length[0])
        same = same[(data[key[same, None] + np.arange(first.size)] == first).all(axis=1)]
        value = _into(data, key[same] + first.size, 0x12, stop[same])
        pieces.setdefault(first.tobytes().decode("utf-8"), []).append(_values(data, buffer, rows[same], value, stop[same]))
        at[same] = stop[same]
        left = at < ends
        if (at > ends).any():
            raise _Irregular
        rows, at, ends = rows[left], at[left], ends[left]
    return pieces


def _tag(data: np.ndarray, at: np.ndarray, tag: int) -> np.ndarray:
    """The positions after a tag, which every record must have here."""
    if (data[at] != tag).any():
        raise _Irregular
    return at + 1


def _into(data: np.ndarray, at: np.ndarray, tag: int, ends: np.ndarray) -> np.ndarray:
    """The positions of the content of a field, which must end at `ends`."""
    size, at = read_varints(data, _tag(data, at, tag))
    if (at + size != ends).any():
        raise _Irregular
    return at


def _values(data: np.ndarray, buffer: memoryview, rows: np.ndarray, at: np.ndarray, ends: np.ndarray) -> Feature:
    """One feature of records."""
    if (at == ends).all():
        return Feature(BYTES, rows, np.zeros(rows.size, np.int64), [])
    if (at == ends).any():
        raise _Irregular
    tag = int(data[at[0]])
    if tag not in (0x0A, 0x12, 0x1A):
        raise _Irregular
    at = _into(data, at, tag, ends)
    kind = tag >> 3
    if kind == BYTES:
        return _byte_strings(data, buffer, rows, at, ends)
    full = at < ends
    if full.any():
        at = at.copy()
        at[full] = _into(data, at[full], 0x0A, ends[full])
    found = joined(data, at, ends - at)
    if kind == FLOAT:
        if ((ends - at) % 4).any():
            raise _Irregular
        return Feature(kind, rows, (ends - at) // 4, found.view("<f4"))
    values, counts = unpacked(found, ends - at)
    return Feature(kind, rows, counts, values)


def _byte_strings(data: np.ndarray, buffer: memoryview, rows: np.ndarray, at: np.ndarray, ends: np.ndarray) -> Feature:
    counts, owners, begins, sizes = np.zeros(rows.size, np.int64), list[np.ndarray](), list[np.ndarray](), list[np.ndarray]()
    left = np.flatnonzero(at < ends)
    while left.size:
        size, start = read_varints(data, _tag(data, at[left], 0x0A))
        owners.append(left)
        begins.append(start)
        sizes.append(size)
        counts[left] += 1
        at[left] = start + size
        if (at > ends).any():
            raise _Irregular
        left = left[at[left] < ends[left]]
    if not owners:
        return Feature(BYTES, rows, counts, [])
    order = np.argsort(np.concatenate(owners), kind="stable")
    begin, size = np.concatenate(begins)[order], np.concatenate(sizes)[order]
    return Feature(BYTES, rows, counts, [bytes(buffer[b : b + n]) for b, n in zip(begin.tolist(), size.tolist(), strict=True)])


def _one_by_one(buffer: memoryview, starts: Sequence[int], lengths: Sequence[int], base: int) -> Pieces:
    found: dict[tuple[str, int], tuple[list[int], list[list[Any]]]] = {}
    for row, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        try:
            features = example(bytes(buffer[start : start + length]))
        except (ValueError, IndexError, struct.error) as error:
            raise damaged("record", base + start - 12, "it is not a tf.train.Example") from error
        for name, (kind, values) in features.items():
            rows, every = found.setdefault((name, kind), ([], []))
            rows.append(row)
            every.append(values)
    pieces: Pieces = {}
    for (name, kind), (rows, every) in found.items():
        values = list(itertools.chain.from_iterable(every))
        typed = values if kind == BYTES else np.array(values, np.float32 if kind == FLOAT else np.int64)
        pieces.setdefault(name, []).append(Feature(kind, np.array(rows), np.array([len(v) for v in every], np.int64), typed))
    return pieces


def example(payload: bytes) -> dict[str, tuple[int, list[Any]]]:
    """Name → kind and values of a serialized Example. Fields may be in any order, packed or not; of equal keys the last one wins.

    Errors: ValueError, IndexError or `struct.error` for invalid bytes.

    >>> example(bytes.fromhex("0a100a0e0a056c6162656c12051a030a0101"))
    {'label': (3, [1])}
    """
    found: dict[str, tuple[int, list[Any]]] = {}
    for number, features in _read_fields(payload):
        for inner, entry in _read_fields(features) if number == 1 else ():
            if inner == 1:
                parts = dict(_read_fields(entry))
                found[bytes(parts.get(1, b"")).decode("utf-8")] = _feature(parts.get(2, b""))
    return found


def _read_fields(message: Any) -> Iterator[tuple[int, Any]]:
    """The fields of a protobuf message: field number, and content as bytes or integer."""
    for number, wire, start, end in fields(message, 0, len(message)):
        yield number, message[start:end] if wire else varint_at(message, start)[0]


def _feature(message: bytes) -> tuple[int, list[Any]]:
    kind, values = BYTES, list[Any]()
    for kind, content in _read_fields(message):
        values = []
        for number, value in _read_fields(content):
            if number != 1:
                continue
            if kind == BYTES:
                values.append(bytes(value))
            elif kind == FLOAT:
                values += struct.unpack(f"<{len(value) // 4}f", value)
            elif kind == INTEGER:
                values += [_signed(value)] if isinstance(value, int) else map(_signed, _varints(value))
    if kind not in TYPES:
        raise ValueError
    return kind, values


def _varints(content: bytes) -> Iterator[int]:
    at = 0
    while at < len(content):
        value, at = varint_at(content, at)
        yield value


def _signed(value: int) -> int:
    return value - (1 << 64) if value >= 1 << 63 else value


# ── writing examples ──


def payloads_of(batch: pa.RecordBatch) -> Iterator[bytes]:
    """The serialized Example of each row. Errors: `ColumnError` for columns that an Example cannot hold, all at once."""
    columns = sorted(schema_of(batch.schema), key=lambda c: c.name.encode())
    kinds = {c.name: KINDS[c.of or c.kind] for c in columns if (c.of or c.kind) in KINDS and len(c.shape) < 2}
    ColumnError.reject(
        Mistake(f"column {c.name!r} is {c}, which TFRecord cannot hold", accepted=ACCEPTED, hint="convert or drop it", code="wrong-kind")
        for c in columns
        if c.name not in kinds
    )
    made = [_entries(name, kind, batch.column(name)) for name, kind in kinds.items()]
    for parts in zip(*made, strict=True) if made else ():
        features = b"".join(parts)
        yield b"\x0a" + varint(len(features)) + features


def _entries(name: str, kind: int, column: pa.Array) -> Iterable[bytes]:
    """The map entry of a feature for each row; empty for null."""
    nested = pa.types.is_nested(column.type)
    if pa.types.is_fixed_size_list(column.type):
        column = column.cast(pa.list_(column.type.value_type))
    values = column.flatten() if nested else column.drop_null()
    counts = as_numpy(column.value_lengths().fill_null(0)).astype(np.int64) if nested else np.ones(len(values), np.int64)
    if nested and values.null_count:
        raise ColumnError(
            f"column {name!r} has lists with null in them, which TFRecord cannot hold", hint="impute them", code="null-in-list"
        )
    present = as_numpy(column.is_valid())
    contents = iter(_contents(name, kind, values, counts[present] if nested else counts))
    head = cache(lambda length: _head(name, kind, length))
    return [head(len(c := next(contents))) + c if p else b"" for p in present.tolist()]


def _contents(name: str, kind: int, values: pa.Array, counts: np.ndarray) -> Iterable[bytes]:
    """The serialized list of a feature for each row that has it."""
    if kind == BYTES:
        strings = [b"\x0a" + varint(len(v)) + v for v in values.cast(pa.large_binary()).to_pylist()]
        ends = np.cumsum(counts).tolist()
        return strings if (counts == 1).all() else [b"".join(strings[a:b]) for a, b in zip([0, *ends], ends, strict=False)]
    if kind == FLOAT:
        doubles = as_numpy(values.cast(pa.float64(), safe=False)) if len(values) else np.zeros(0)
        with np.errstate(over="ignore"):
            narrow = doubles.astype("<f4")
        if (np.isinf(narrow) & np.isfinite(doubles)).any():
            raise ColumnError(
                f"column {name!r} has values beyond 3.4e38, which a 32-bit float cannot hold", hint="scale it", code="overflow"
            )
        content, sizes = narrow.tobytes(), 4 * counts
    else:
        whole = as_numpy(values.cast(pa.int64())) if len(values) else np.zeros(0, np.int64)
        content, sizes = packed(whole, counts)
    ends = np.cumsum(sizes).tolist()
    head = cache(lambda size: b"\x0a" + varint(size) if size else b"")
    return [head(b - a) + content[a:b] for a, b in zip([0, *ends], ends, strict=False)]


def _head(name: str, kind: int, length: int) -> bytes:
    """The bytes before the list of a feature in its map entry."""
    key = name.encode()
    listed = bytes([kind << 3 | 2]) + varint(length)
    value = b"\x12" + varint(len(listed) + length) + listed
    entry = b"\x0a" + varint(len(key)) + key + value
    return b"\x0a" + varint(len(entry) + length) + entry
