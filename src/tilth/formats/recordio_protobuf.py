"""RecordIO-protobuf, the binary format of SageMaker's algorithms: a protobuf message for each row, in RecordIO.

Messages are written without a protobuf library, many rows at once. Rows of one layout (equal counts of values and of bytes of keys) differ
only in the bytes of their numbers, so a template is repeated and these bytes are filled in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import IO, Any, ClassVar, Literal, get_args

import numpy as np
import pyarrow as pa

from tilth.engine.textfiles import unzipped
from tilth.errors import Place, RequestError, SourceError, listed, located, unknown, warn
from tilth.formats.buffers import grouped
from tilth.formats.codec import Codec
from tilth.formats.layout import KEYS, MOST_COLUMNS, VALUES, Layout, TrainingFormat, array, matrix, rounded, sparse_rows
from tilth.formats.recordio import HEADER, MAGIC, framed, is_split, numbered, offsets
from tilth.formats.varints import fields, packed, unpacked, varint

BLOCK_ROWS = 16_384  # rows that are written at once, so that their numbers stay in the processor's cache
BATCH_RECORDS, BATCH_BYTES = 50_000, 1 << 25
FEATURES, LABEL, UID, METADATA, CONFIGURATION = 1, 2, 3, 4, 5  # fields of a record
TEXTS = {UID: "uid", METADATA: "metadata", CONFIGURATION: "configuration"}
TENSORS: dict[int, np.dtype[Any]] = {2: np.dtype("<f4"), 3: np.dtype("<f8"), 7: np.dtype("<i4")}  # fields of a value, and `BYTES`
FIELDS = {dtype: number for number, dtype in TENSORS.items()}
BYTES = 9
MOST_DIMENSIONS = 32  # of a shape: the product of millions of numbers would take hours
WHOLE = np.dtype(np.int64)
SHIFTS = (b"\x22\x00", b"\x22\x01\x20", b"\x22\x03\x20\x20\x20")  # an empty or blank `metadata` in front shifts the rest
OnMagic = Literal["avoid", "split", "raw", "error"]


class RecordIOProtobuf(TrainingFormat, Codec):
    """RecordIO-protobuf. Features are 32-bit floats, which all algorithms read; a missing value is NaN.

    A file does not contain the names of columns: they are `label`, `f0`, `f1` …, or those in the manifest next to it. `lists`: read sparse
    rows as the two list columns `keys` and `values`; by default each feature is a column.
    """

    name = "recordio_protobuf"
    suffixes: ClassVar[tuple[str, ...]] = (".pbr", ".recordio", ".protobuf")
    options: ClassVar[tuple[str, ...]] = ("lists",)
    write_options: ClassVar[tuple[str, ...]] = ("dtype", "sparse", "n_features", "on_magic")
    has_header: ClassVar[bool] = False
    weighted: ClassVar[bool] = False

    def count(self, path: str, **_: Any) -> int:
        with located(Place(path)), unzipped(path) as file:
            return sum(1 for _ in offsets(file))

    def media_type(self, layout: Layout) -> str:
        return "application/x-recordio-protobuf"

    def encode(  # type: ignore[override]
        self,
        batches: pa.RecordBatchReader,
        file: IO[bytes],
        *,
        layout: Layout,
        dtype: Literal["float32", "float64"] = "float32",
        sparse: bool = False,
        n_features: int | None = None,
        on_magic: OnMagic = "avoid",
        **_: Any,
    ) -> dict[str, Any]:
        """Write rows. `sparse` leaves zeros out; `n_features` is the width if the rows of the table are sparse."""
        RequestError.reject(unknown([dtype], ("float32", "float64"), "dtype: {} is not known", "bad-value"))
        RequestError.reject(unknown([on_magic], get_args(OnMagic), "on_magic: {} is not known", "bad-value"))
        dense = None
        kind, facts, too_large = np.dtype(dtype).newbyteorder("<"), {"shifted": 0, "split": 0}, dict[str, None]()
        for batch in (b.slice(i, BLOCK_ROWS) for b in batches for i in range(0, b.num_rows, BLOCK_ROWS)):
            too_large |= dict.fromkeys(rounded(batch, [c for c in layout.columns if c not in (KEYS, VALUES)], kind))
            label = None if layout.label is None else array(batch.column(layout.label), layout.label, kind).reshape(-1, 1)
            if layout.sparse:
                made = sparse_records(*sparse_rows(batch, kind, n_features), label)
            elif sparse:
                made = sparse_records(*_nonzero(matrix(batch, layout, kind)), label)
            else:
                dense = dense or DenseRecords(min(BLOCK_ROWS, batch.num_rows), layout.width, kind, labels=label is not None)
                made = dense.filled(batch, layout, label)
            file.write(_escaped(*made, on_magic, facts))
        if too_large:
            hint = "which holds all integers up to 2²⁴ only; `dtype: float64` holds them up to 2⁵³"
            warn(f"integers of {listed(map(repr, too_large))} are rounded to {dtype}, {hint}")
        return facts

    def decode(self, file: IO[bytes], *, lists: bool = False, **_: Any) -> Iterator[pa.RecordBatch]:
        reading: _Reading | None = None
        for records in grouped(numbered(file), lambda r: len(r[1]), BATCH_RECORDS, BATCH_BYTES):
            first = reading is None
            reading = reading or _Reading(records[0], lists)
            yield reading.batch(records, first)
        if reading is None:
            hint = "a file without records does not say which columns it would have"
            raise SourceError("there are no records in the file", hint=hint, code="no-columns")


# ── writing ──


@dataclass(frozen=True)
class Tensor:
    """Numbers of a record (32- or 64-bit floats, 32-bit integers). With `keys`, the positions of nonzero numbers in a `shape`."""

    values: np.ndarray
    keys: np.ndarray | None = None
    shape: tuple[int, ...] = ()

    @property
    def width(self) -> int:
        """How many numbers it represents."""
        return self.values.size if self.keys is None else prod(self.shape)


@dataclass(frozen=True)
class Bytes:
    """Bytes of a record, such as an image."""

    value: bytes
    content_type: str = ""


def message(features: Mapping[str, Tensor | Bytes], label: Mapping[str, Tensor | Bytes] | None = None, **texts: str | None) -> bytes:
    """One record as a protobuf message: maps are sorted by key, fields by number.

    `texts` are `uid`, `metadata` and `configuration`.

    >>> message({"values": Tensor(np.array([1.5], "<f4"))}).hex()
    '0a120a0676616c756573120812060a040000c03f'
    """
    maps = ((FEATURES, features), (LABEL, label or {}))
    made = [_field(n, _field(1, k.encode()) + _field(2, _value(v))) for n, of in maps for k, v in sorted(of.items(), key=_by_bytes)]
    made += [_field(n, str(texts[name]).encode()) for n, name in TEXTS.items() if texts.get(name) is not None]
    return b"".join(made)


def record(features: Mapping[str, Tensor | Bytes], label: Mapping[str, Tensor | Bytes] | None = None, **texts: str | None) -> bytes:
    """One framed record. It is shifted if it would have to be split, because SageMaker's own libraries do not read split records."""
    payload = message(features, label, **texts)
    return _without_magic(payload, "avoid", {"shifted": 0, "split": 0}) if is_split(payload) else framed(payload)


def _by_bytes(entry: tuple[str, Any]) -> bytes:
    return entry[0].encode()


def _field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def _value(of: Tensor | Bytes) -> bytes:
    if isinstance(of, Bytes):
        kind = _field(2, of.content_type.encode()) if of.content_type else b""
        return _field(BYTES, _field(1, of.value) + kind)
    values = of.values
    content = _varints(values) if values.dtype.kind == "i" else values.tobytes()
    made = _field(1, content) if content else b""
    made += _field(2, _varints(of.keys)) if of.keys is not None and of.keys.size else b""
    made += _field(3, _varints(np.array(of.shape))) if of.shape else b""
    return _field(FIELDS[values.dtype.newbyteorder("<")], made)


def _varints(numbers: np.ndarray) -> bytes:
    return packed(numbers, np.array([numbers.size]))[0]


class DenseRecords:
    """Framed records of dense rows: a reused buffer with one template per row, into which the numbers are filled."""

    def __init__(self, rows: int, width: int, dtype: np.dtype[Any], labels: bool) -> None:
        features, label = np.zeros(width, dtype), {VALUES: Tensor(np.zeros(1, dtype))} if labels else None
        whole = framed(message({VALUES: Tensor(features)}, label))
        self.size, self.end = len(whole), HEADER.size + len(message({VALUES: Tensor(features)}))
        self.last = HEADER.size + HEADER.unpack_from(whole)[1]  # the end of the label
        self.width, self.dtype = width, dtype
        self.buffer = np.tile(np.frombuffer(whole, np.uint8), rows)

    def filled(self, batch: pa.RecordBatch, layout: Layout, label: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """The records of rows as bytes, and their offsets. The buffer grows if necessary."""
        rows = batch.num_rows
        if rows * self.size > len(self.buffer):
            self.buffer = np.resize(self.buffer, rows * self.size)
        matrix(batch, layout, self.dtype, self._numbers(rows, self.end, self.width))
        if label is not None:
            self._numbers(rows, self.last, 1)[:] = label
        return self.buffer[: rows * self.size], np.arange(rows) * self.size

    def _numbers(self, rows: int, end: int, count: int) -> np.ndarray:
        """A view of the buffer: the numbers of each record that end at an offset, (rows, count)."""
        item = self.dtype.itemsize
        return np.ndarray((rows, count), self.dtype, self.buffer, end - count * item, (self.size, item))


def sparse_records(
    keys: np.ndarray, values: np.ndarray, counts: np.ndarray, width: int, label: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The records of sparse rows as bytes, and their offsets. `counts` is the number of keys and values of each row."""
    written, key_bytes = packed(keys, counts)
    data, starts, key_starts = np.frombuffer(written, np.uint8), np.cumsum(counts) - counts, np.cumsum(key_bytes) - key_bytes
    layouts, group = np.unique(np.stack([counts, key_bytes], 1), axis=0, return_inverse=True)
    order = np.argsort(group.reshape(-1), kind="stable")
    edges = np.searchsorted(group.reshape(-1)[order], np.arange(len(layouts) + 1))
    parts, sizes = [], np.empty(len(counts), np.int64)
    for i, (count, size) in enumerate(layouts.tolist()):
        rows = order[edges[i] : edges[i + 1]]
        of_rows = values[starts[rows][:, None] + np.arange(count)]
        key_part = data[key_starts[rows][:, None] + np.arange(size)] if size else None
        part = _repeated(of_rows, key_part, None if label is None else label[rows], (width,))
        parts.append((rows, part))
        sizes[rows] = part.shape[1]
    begins = np.cumsum(sizes) - sizes
    made = np.empty(int(sizes.sum()), np.uint8)
    for rows, part in parts:
        made[begins[rows][:, None] + np.arange(part.shape[1])] = part
    return made, begins


def _repeated(values: np.ndarray, keys: np.ndarray | None, label: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray:
    """Framed records of sparse rows of one layout, (rows, bytes), from values (rows, n) and the bytes of their keys (rows, bytes)."""
    kind, size, key_size = values.dtype, values.shape[1] * values.dtype.itemsize, 0 if keys is None else keys.shape[1]
    parts = [(1, bytes(size)), (2, bytes(key_size)), (3, _varints(np.array(shape)))]
    tensor = _field(FIELDS[kind.newbyteorder("<")], b"".join(_field(n, content) for n, content in parts if content))
    features = _field(FEATURES, _field(1, VALUES.encode()) + _field(2, tensor))
    labels = b"" if label is None else message({}, {VALUES: Tensor(np.zeros(label.shape[1], kind))})
    made = np.tile(np.frombuffer(framed(features + labels), np.uint8), (len(values), 1))
    end = HEADER.size + len(features) - len(_field(*parts[2]))
    if keys is not None:
        made[:, end - key_size : end] = keys
        end -= len(_field(*parts[1]))
    if size:
        made[:, end - size : end] = np.ascontiguousarray(values).view(np.uint8)
    if label is not None:
        end = HEADER.size + len(features) + len(labels)
        made[:, end - label.shape[1] * kind.itemsize : end] = np.ascontiguousarray(label).view(np.uint8)
    return made


def _nonzero(features: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Keys, values and counts per row of all nonzero features, and the width. NaN is not zero."""
    rows, keys = np.nonzero(features)
    return keys, features[rows, keys], np.bincount(rows, minlength=len(features)), features.shape[1]


def _escaped(made: np.ndarray, begins: np.ndarray, on_magic: OnMagic, facts: dict[str, int]) -> bytes | memoryview:
    """The bytes of records. Records with the magic number at a multiple of four bytes follow `on_magic` and are counted in `facts`."""
    here = made.view("<u4") == MAGIC
    if on_magic == "raw" or np.count_nonzero(here) == len(begins):
        return made.data
    found, whole = np.flatnonzero(here) * 4, made.tobytes()
    ends = np.append(begins[1:], len(made))
    inside = np.setdiff1d(found, begins, assume_unique=True)
    parts, done = [], 0
    for row in np.unique(np.searchsorted(begins, inside, side="right") - 1).tolist():
        length = HEADER.unpack_from(whole, begins[row])[1]
        payload = whole[begins[row] + HEADER.size :][:length]
        parts += [whole[done : begins[row]], _without_magic(payload, on_magic, facts)]
        done = int(ends[row])
    return b"".join([*parts, whole[done:]])


def _without_magic(payload: bytes, on_magic: OnMagic, facts: dict[str, int]) -> bytes:
    if on_magic == "avoid":
        for shift in SHIFTS:
            if not is_split(shift + payload):
                facts["shifted"] += 1
                return framed(shift + payload)
    made = framed(payload, "error" if on_magic == "error" else "split")
    facts["split"] += 1
    return made


# ── reading ──


@dataclass(frozen=True)
class _Numbers:
    """A tensor as read. `spans`: the positions of values and keys, if each is packed and contiguous."""

    values: np.ndarray
    keys: np.ndarray
    shape: tuple[int, ...]
    spans: tuple[tuple[int, int], ...] | None

    @property
    def sparse(self) -> bool:
        return self.keys.size > 0 or (bool(self.shape) and not self.values.size)

    @property
    def width(self) -> int:
        return prod(self.shape) if self.sparse else self.values.size


def maps(file: IO[bytes]) -> Iterator[tuple[dict[str, Tensor | Bytes], dict[str, Tensor | Bytes]]]:
    """The maps `features` and `label` of each record, with tensors as stored: nothing of the size of a shape is allocated.

    Errors: `SourceError` for a record that is damaged or not a message of this format.

    >>> import io
    >>> [features["values"].values.tolist() for features, _ in maps(io.BytesIO(record({"values": Tensor(np.array([1.5], "<f4"))})))]
    [[1.5]]
    """
    for offset, payload in numbered(file):
        found, _ = _parsed(offset, payload)
        of = {n: {key: _public(value) for (field, key), value in found.items() if field == n} for n in (FEATURES, LABEL)}
        yield of[FEATURES], of[LABEL]


def _public(of: _Numbers | bytes) -> Tensor | Bytes:
    return Bytes(of) if isinstance(of, bytes) else Tensor(of.values, of.keys if of.sparse else None, of.shape)


_Found = dict[tuple[int, str], _Numbers | bytes]  # (field of the record, key) → value


def _parsed(offset: int, payload: bytes) -> tuple[_Found, dict[int, tuple[int, int]]]:
    """The values of a message, and the positions of its strings. Errors: `SourceError` with the offset of its record."""
    try:
        found, texts = _Found(), dict[int, tuple[int, int]]()
        for number, wire, start, end in fields(payload, 0, len(payload)):
            if number in (FEATURES, LABEL) and wire == 2:
                key, value = _entry(payload, start, end)
                if value is not None:
                    found[number, key] = value
            elif number in TEXTS and wire == 2:
                payload[start:end].decode()
                texts[number] = start, end
        return found, texts
    except (ValueError, IndexError) as error:
        raise _wrong(offset, f"is not a message of this format: {error}") from error


def _wrong(offset: int, what: str) -> SourceError:
    hint = "is it another kind of record, or damaged?"
    return SourceError(f"the record at byte {offset:,} {what}", hint=hint, code="bad-message")


def _entry(payload: bytes, start: int, end: int) -> tuple[str, _Numbers | bytes | None]:
    """The key and the value of an entry of a map."""
    key, value = "", None  # type: tuple[str, _Numbers | bytes | None]
    for number, wire, a, b in fields(payload, start, end):
        if (number, wire) == (1, 2):
            key = payload[a:b].decode()
        elif (number, wire) == (2, 2):
            for kind, inner, x, y in fields(payload, a, b):
                if kind in TENSORS and inner == 2:
                    value = _tensor(payload, x, y, TENSORS[kind])
                elif kind == BYTES and inner == 2:
                    value = b"".join(payload[i:j] for n, w, i, j in fields(payload, x, y) if (n, w) == (1, 2))
    return key, value


def _tensor(payload: bytes, start: int, end: int, dtype: np.dtype[Any]) -> _Numbers:
    places: dict[int, list[tuple[int, int, int]]] = {1: [], 2: [], 3: []}
    for number, wire, a, b in fields(payload, start, end):
        if number in places:
            places[number].append((wire, a, b))
    values, keys, shape = (
        np.concatenate([_numbers(payload, *at, dtype if n == 1 else WHOLE) for at in of]) if of else np.empty(0, dtype if n == 1 else WHOLE)
        for n, of in places.items()
    )
    if shape.size > MOST_DIMENSIONS:
        raise ValueError(f"a shape has {shape.size:,} dimensions, and up to {MOST_DIMENSIONS} are read")
    if keys.size and not shape.size:
        raise ValueError("there are keys and no shape")
    if keys.size != values.size and keys.size:
        raise ValueError(f"there are {keys.size:,} keys and {values.size:,} values")
    at_once = all(len(places[n]) <= 1 and all(wire == 2 for wire, _, _ in places[n]) for n in (1, 2))
    spans = tuple((a, b) for n in (1, 2) for _, a, b in places[n]) if at_once else None
    made = _Numbers(values, keys, tuple(shape.tolist()), spans)
    if any(size < 0 for size in made.shape) or not _inside(keys, made.width):
        raise ValueError("a key is outside the shape")
    return made


def _inside(keys: np.ndarray, width: int) -> bool:
    return not keys.size or bool(0 <= keys.min() <= keys.max() < width)


def _numbers(payload: bytes, wire: int, start: int, end: int, dtype: np.dtype[Any]) -> np.ndarray:
    """Packed values (wire type 2), or a single value."""
    if dtype.kind == "f":
        if (end - start) % dtype.itemsize or wire not in (2, 5 if dtype.itemsize == 4 else 1):
            raise ValueError("the bytes of its numbers are cut off")
        return np.frombuffer(payload, dtype, (end - start) // dtype.itemsize, start)
    if wire not in (0, 2):
        raise ValueError("its integers are not varints")
    found: np.ndarray = unpacked(np.frombuffer(payload, np.uint8, end - start, start), np.array([end - start]))[0]
    return found.astype(dtype)


class _Reading:
    """The columns of a file, according to its first record. `texts` are the string fields in its first batch."""

    def __init__(self, first: tuple[int, bytes], lists: bool) -> None:
        found, _ = _parsed(*first)
        self.lists, self.texts = lists, set[int]()
        self.columns = {name: (1, None) if isinstance(of, bytes) else (of.width, of.values.dtype) for name, of in found.items()}
        tensor = found.get((FEATURES, VALUES))
        if lists and not (isinstance(tensor, _Numbers) and tensor.sparse and [n for f, n in found if f == FEATURES] == [VALUES]):
            raise SourceError("the rows are not sparse, so they cannot be read as lists", hint="leave `lists` out", code="bad-value")
        width = sum(width for (number, _), (width, _) in self.columns.items() if number == FEATURES)
        if not lists and width > MOST_COLUMNS:
            what = f"the rows have {width:,} features, and a table up to {MOST_COLUMNS:,} columns"
            raise SourceError(what, hint="read them as two columns of lists: lists=True", code="too-wide")

    def batch(self, records: Sequence[tuple[int, bytes]], first: bool) -> pa.RecordBatch:
        """The rows of records. Records of one layout, which differ only in the bytes of numbers and strings, are read at once."""
        made = _Rows(self, len(records))
        lengths = np.array([len(payload) for _, payload in records])
        for length in np.unique(lengths).tolist():
            rows = np.flatnonzero(lengths == length)
            content = np.frombuffer(b"".join(records[r][1] for r in rows.tolist()), np.uint8).reshape(len(rows), length)
            while len(rows):
                offset, payload = records[rows[0]]
                found, texts = _parsed(offset, payload)
                alike = _alike(content, found, texts)
                made.put(rows[alike], content[alike], found, offset)
                made.put_texts(rows[alike], content[alike], texts)
                rows, content = rows[~alike], content[~alike]
        if first:
            self.texts = set(made.texts)
        elif new := set(made.texts) - self.texts:
            names = listed(TEXTS[number] for number in sorted(new))
            raise SourceError(
                f"records have {names}, and none of the first ones has", hint="read the files one by one", code="headers-differ"
            )
        return made.finished()


def _alike(content: np.ndarray, found: _Found, texts: Mapping[int, tuple[int, int]]) -> np.ndarray:
    """Which messages, all of one length, equal the first one except in the bytes of numbers and strings."""
    tensors = list(found.values())
    fixed = np.ones(content.shape[1], bool)
    for start, end in [*texts.values(), *(s for t in tensors if isinstance(t, _Numbers) for s in t.spans or ())]:
        fixed[start:end] = False
    alike: np.ndarray = (content[:, fixed] == content[0, fixed]).all(1)
    if any(not isinstance(t, _Numbers) or t.spans is None for t in tensors):
        alike[1:] = False  # bytes, and numbers that are not contiguous, are read one by one
    return alike


class _Rows:
    """Collects the rows of a batch."""

    def __init__(self, reading: _Reading, rows: int) -> None:
        self.reading, self.rows = reading, rows
        self.present = {name: np.zeros(rows, bool) for name in reading.columns}
        self.numbers = {
            name: np.zeros((rows, width), dtype)
            for name, (width, dtype) in reading.columns.items()
            if dtype is not None and not self._in_lists(name)
        }
        self.bytes: dict[tuple[int, str], list[bytes | None]] = {
            n: [None] * rows for n, (_, dtype) in reading.columns.items() if dtype is None
        }
        self.texts: dict[int, list[str | None]] = {}
        self.sparse: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []  # rows, and keys and values of each

    def _in_lists(self, name: tuple[int, str]) -> bool:
        return self.reading.lists and name[0] == FEATURES

    def put(self, rows: np.ndarray, content: np.ndarray, found: _Found, offset: int) -> None:
        """Add the numbers and bytes of records of one layout; `found` are the values of the first record."""
        for name, of in found.items():
            shape = (1, None) if isinstance(of, bytes) else (of.width, of.values.dtype)
            if self.reading.columns.get(name) != shape:
                what = f"{'label' if name[0] == LABEL else 'feature'} {name[1]!r} has {_shown(*shape)}"
                known = self.reading.columns.get(name)
                raise _wrong(offset, f"is not like the first: {what}, there {_shown(*known) if known else 'it is missing'}")
            self.present[name][rows] = True
            if isinstance(of, bytes):
                self.bytes[name][rows[0]] = of
                continue
            values, keys = _values(content, of, offset)
            if self._in_lists(name):
                self.sparse.append((rows, keys, values))
            elif of.sparse:
                self.numbers[name][rows[:, None], keys] = values
            else:
                self.numbers[name][rows] = values

    def put_texts(self, rows: np.ndarray, content: np.ndarray, texts: Mapping[int, tuple[int, int]]) -> None:
        """Add the strings of records of one layout. Blank strings are null, because they only shift the magic number."""
        for number, (start, end) in texts.items():
            for row, text in zip(rows.tolist(), content[:, start:end], strict=True):
                if (string := text.tobytes().decode(errors="replace")).strip():
                    self.texts.setdefault(number, [None] * self.rows)[row] = string

    def finished(self) -> pa.RecordBatch:
        """The batch with the columns in order: labels, features, strings."""
        made: dict[str, pa.Array] = {}
        for name, (width, _) in sorted(self.reading.columns.items(), key=lambda c: c[0][0] != LABEL):
            missing = ~self.present[name]
            if self._in_lists(name):
                made |= self._lists()
            elif name in self.bytes:
                made[name[1]] = pa.array(self.bytes[name], pa.binary())
            else:
                columns = np.ascontiguousarray(self.numbers[name].T)
                made |= {n: pa.array(c, mask=missing) for n, c in zip(_names(name, width), columns, strict=True)}
        for number in sorted(self.reading.texts):
            made[TEXTS[number]] = pa.array(self.texts.get(number, [None] * self.rows), pa.string())
        return pa.RecordBatch.from_pydict(made)

    def _lists(self) -> dict[str, pa.Array]:
        counts = np.zeros(self.rows, np.int64)
        for rows, keys, _ in self.sparse:
            counts[rows] = keys.shape[1]
        ends = np.cumsum(counts)
        flat_keys = np.empty(int(ends[-1]), np.int64)
        flat_values = np.empty(len(flat_keys), self.reading.columns[FEATURES, VALUES][1])
        for rows, keys, values in self.sparse:
            at = (ends - counts)[rows][:, None] + np.arange(keys.shape[1])
            flat_keys[at], flat_values[at] = keys, values
        begins = pa.array(np.concatenate([[0], ends]).astype(np.int32))
        return {KEYS: pa.ListArray.from_arrays(begins, flat_keys), VALUES: pa.ListArray.from_arrays(begins, flat_values)}


def _shown(width: int, dtype: np.dtype[Any] | None) -> str:
    return "bytes" if dtype is None else f"{width:,} numbers ({dtype})"


def _names(name: tuple[int, str], width: int) -> list[str]:
    """The names of the columns of a tensor."""
    number, key = name
    if number == FEATURES and key == VALUES:
        return [f"f{i}" for i in range(width)]
    stem = key if number == FEATURES else "label" if key == VALUES else f"label_{key}"
    return [stem] if width == 1 else [f"{stem}_{i}" for i in range(width)]


def _values(content: np.ndarray, of: _Numbers, offset: int) -> tuple[np.ndarray, np.ndarray]:
    """Values and keys of messages of one layout, (rows, numbers)."""
    if of.spans is None:
        return of.values[None], of.keys[None]
    spans = iter(of.spans)
    values = np.empty((len(content), 0), of.values.dtype)
    if of.values.size:
        values = _span(content, next(spans), of.values.dtype, of.values.size, offset)
    keys = np.empty((len(content), 0), np.int64)
    if of.keys.size:
        keys = _span(content, next(spans), WHOLE, of.keys.size, offset)
    if not _inside(keys, of.width):
        raise _wrong(offset, "or one of the same layout after it has a key outside its shape")
    return values, keys


def _span(content: np.ndarray, span: tuple[int, int], dtype: np.dtype[Any], count: int, offset: int) -> np.ndarray:
    """The packed numbers in a span of each message."""
    part = np.ascontiguousarray(content[:, span[0] : span[1]])
    if dtype.kind == "f":
        return part.view(dtype)
    try:
        found, counts = unpacked(part.reshape(-1), np.full(len(part), part.shape[1]))
    except IndexError as error:
        raise _wrong(offset, f"or one of the same layout after it is damaged: {error}") from error
    if (counts != count).any():
        raise _wrong(offset, "or one of the same layout after it has more keys than values, or fewer")
    return found.reshape(len(part), count).astype(dtype)
