"""MXNet's image records in RecordIO (a header with label and id, and the bytes of an image file), and MXNet's lists of images.

The header has 24 bytes: flag and label (32 bits each), id and its high part (64 bits each), little-endian. With a flag of 0 the label is
the float in the header; with a flag of n, n floats follow the header.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tilth.data import Dataset, Kind, Roles, Schema
from tilth.engine.arrow import as_numpy, schema_of
from tilth.engine.session import Session
from tilth.engine.textfiles import compressed
from tilth.errors import ColumnError, Mistake, SourceError, listed
from tilth.errors import Place as FilePlace
from tilth.formats.buffers import damaged, grouped
from tilth.formats.codec import Codec
from tilth.formats.recordio import framed, index_text, numbered
from tilth.formats.shards import Contents, index_beside

HEADER = struct.Struct("<IfQQ")
INDEX = ".idx"
NO_ROLES = Roles()
ID, LABEL, IMAGE, PATH = "id", "label", "image", "path"
BATCH_BYTES, BATCH_ROWS = 64 << 20, 10_000
IMAGES = 1_000  # rows of a batch that reads image files


class ImageRecords(Codec):
    """MXNet's image records, SageMaker's `application/x-recordio`: columns `id`, `label` and `image`, the bytes of a JPEG or PNG file.

    The label is a number, or a list of numbers if a record has several, such as boxes of objects. When writing, label and id are the
    columns with these roles or names; without an id column, the id is the row number. The image is the only column of bytes. Each file in a
    folder gets an index, `.idx`, with the ids as keys.
    """

    name = "image_records"
    suffixes = (".rec",)
    has_header = False

    def decode(self, file: IO[bytes], **options: Any) -> Iterator[pa.RecordBatch]:
        schema: pa.Schema | None = None
        for group in grouped(numbered(file), lambda record: len(record[1]), BATCH_ROWS, BATCH_BYTES):
            batch = _batch([_row_at(*record) for record in group], schema)
            schema = batch.schema
            yield batch

    def encode(self, batches: pa.RecordBatchReader, file: IO[bytes], *, roles: Roles = NO_ROLES, first: int = 0, **options: Any) -> None:
        written(batches, file, roles, first)

    def prepared(self, data: Dataset, engine: Session, folder: bool, options: Mapping[str, Any]) -> tuple[Dataset, Mapping[str, Any]]:
        return data, {**options, "index": folder}

    def contents(self, data: Dataset, engine: Session, options: Mapping[str, Any]) -> Contents:
        return replace(super().contents(data, engine, {}), media_type="application/x-recordio")

    def put(
        self, rows: pa.RecordBatchReader, to: Path, roles: Roles, first: int, *, index: bool = False, **options: Any
    ) -> Mapping[str, Any] | None:
        with compressed(to) as file:
            begins = written(rows, file, roles, first)
        return index_beside(to, INDEX, index_text(begins)) if index and to.suffix == self.suffixes[0] else None


def written(rows: pa.RecordBatchReader, file: IO[bytes], roles: Roles, first: int) -> dict[int, int]:
    """Write records. Return id → offset of the record. Errors: `ColumnError` for missing or wrong columns, and for nulls."""
    label, key, image = _columns_of(rows.schema, roles)
    begins, at = dict[int, int](), 0
    for batch in rows:
        _reject_large(label, batch.column(label))
        ids = batch.column(key).to_pylist() if key else range(first, first + batch.num_rows)
        for id_, labels, content in zip(ids, batch.column(label).to_pylist(), batch.column(image).to_pylist(), strict=True):
            if id_ is None or labels is None or content is None or (isinstance(labels, list) and (not labels or None in labels)):
                raise ColumnError(f"row {first + len(begins)} has no id, label or image", hint="drop such rows", code="null")
            if id_ in begins or not 0 <= id_ < 1 << 64:
                raise ColumnError(f"column {key!r}: {id_} is there twice, or negative", hint="give another column the role id", code="id")
            begins[id_] = at
            at += file.write(framed(image_payload(labels, content, id_)))
        first += 0 if key else batch.num_rows
    return begins


def _reject_large(name: str, labels: pa.Array) -> None:
    """Reject labels that 32-bit floats cannot hold. Errors: `ColumnError`."""
    values = as_numpy(pc.list_flatten(labels) if pa.types.is_nested(labels.type) else labels).astype(float)
    if (np.isfinite(values) & (np.abs(values) > np.finfo(np.float32).max)).any():
        raise ColumnError(f"column {name!r} has values beyond 3.4e38, which a 32-bit float cannot hold", hint="scale it", code="overflow")


def image_payload(label: float | Sequence[float], image: bytes, id_: int = 0) -> bytes:
    """The payload of a record.

    >>> image_payload(1, b"", 7).hex(" ", 8)
    '000000000000803f 0700000000000000 0000000000000000'
    """
    if isinstance(label, int | float):
        return HEADER.pack(0, label, id_, 0) + image
    return HEADER.pack(len(label), 0.0, id_, 0) + np.asarray(label, "<f4").tobytes() + image


def image_record(payload: bytes, offset: int = 0) -> tuple[int, list[float], bytes]:
    """The id, the labels and the image of a payload. `offset` is the position of its record, for messages.

    Errors: `SourceError` if it is shorter than its header says.
    """
    if len(payload) >= HEADER.size:
        flag, label, id_, _ = HEADER.unpack_from(payload)
        end = HEADER.size + 4 * flag
        if end <= len(payload):
            return id_, [label] if flag == 0 else np.frombuffer(payload, "<f4", flag, HEADER.size).tolist(), payload[end:]
    raise damaged("record", offset, f"it has {len(payload):,} bytes, fewer than its header says")


def _row_at(offset: int, payload: bytes) -> tuple[int, list[float], bytes]:
    """As `image_record`. Errors: also `SourceError` for an id of 2⁶³ or more, which no integer column holds."""
    found = image_record(payload, offset)
    if found[0] >= 1 << 63:
        raise damaged("record", offset, f"its id is {found[0]}, and only ids below 2⁶³ are read")
    return found


def _batch(rows: Sequence[tuple[int, list[float], bytes]], schema: pa.Schema | None) -> pa.RecordBatch:
    many = any(len(labels) > 1 for _, labels, _ in rows) if schema is None else pa.types.is_list(schema.field(LABEL).type)
    if not many and any(len(labels) > 1 for _, labels, _ in rows):
        raise SourceError("a record has several labels, but the first ones have one", hint="read the files one by one", code="types-differ")
    ids = pa.array([id_ for id_, _, _ in rows], pa.uint64()).cast(pa.int64())
    labels = pa.array([x for _, x, _ in rows], pa.list_(pa.float32())) if many else pa.array([x[0] for _, x, _ in rows], pa.float32())
    return pa.record_batch({ID: ids, LABEL: labels, IMAGE: pa.array([image for _, _, image in rows], pa.binary())})


def _columns_of(schema: pa.Schema, roles: Roles) -> tuple[str, str | None, str]:
    """The names of the columns with label, id and image."""
    columns = schema_of(schema)
    images = [c.name for c in columns if c.kind is Kind.BINARY]
    label, key, wrong = roles.label or LABEL, _key_of(columns, roles), list[Mistake]()
    if len(images) != 1:
        hint = "read a folder of images, or files whose records hold them: parquet, tfrecord, webdataset"
        wrong.append(Mistake(f"one column of image bytes is needed, found {listed(images) or 'none'}", hint=hint, code="no-image"))
    if label not in schema.names:
        wrong.append(Mistake(f"there is no label {label!r}", hint="give a column of numbers the role label", code="no-label"))
    elif not {columns[label].kind, columns[label].of} & {Kind.INTEGER, Kind.FLOAT, Kind.BOOLEAN} or len(columns[label].shape) > 1:
        what = f"the label {label!r} is {columns[label]}"
        wrong.append(Mistake(what, accepted="numbers, or lists of numbers", hint="encode it", code="wrong-kind"))
    ColumnError.reject(wrong)
    return label, key, images[0]


def _key_of(columns: Schema, roles: Roles) -> str | None:
    """The column of ids: the first integer column with the role id or the name `id`; None if there is none."""
    return next((c for c in (*roles.id, ID) if c in columns and columns[c].kind is Kind.INTEGER), None)


# ── lists ──


class ImageList(Codec):
    """MXNet's lists of images, `.lst`: lines with id, label or labels, and the path of an image, separated by tabs.

    Columns are `id`, `label` (a number, or a list if a line has several) and `path`; with `root`, the folder of the paths, also `image`,
    the bytes of the file. It is written from columns with these names, or with the roles id and label.
    """

    name = "image_list"
    suffixes: ClassVar[tuple[str, ...]] = (".lst",)
    options: ClassVar[tuple[str, ...]] = ("root",)
    has_header = False

    def decode(self, file: IO[bytes], **options: Any) -> Iterator[pa.RecordBatch]:
        name = getattr(file, "name", "<list>")
        root = Path(options["root"]) if options.get("root") else None
        many: bool | None = None
        for lines in grouped(enumerate(file, 1), lambda _: 1, IMAGES if root else BATCH_ROWS, BATCH_ROWS):
            rows = [row for number, line in lines if (row := _row(line, FilePlace(str(name), number))) is not None]
            many = any(len(r[1]) > 1 for r in rows) if many is None else many
            labels = pa.array([r[1] if many else r[1][0] for r in rows], pa.list_(pa.float64()) if many else pa.float64())
            columns = {ID: pa.array([r[0] for r in rows], pa.int64()), LABEL: labels, PATH: pa.array([r[2] for r in rows], pa.string())}
            if root is not None:
                columns[IMAGE] = pa.array([_image(root, r[2]) for r in rows], pa.binary())
            yield pa.record_batch(columns)

    def encode(self, batches: pa.RecordBatchReader, file: IO[bytes], *, roles: Roles = NO_ROLES, first: int = 0, **options: Any) -> None:
        label = roles.label or LABEL
        key = _key_of(schema_of(batches.schema), roles)
        missing = [n for n in (label, PATH) if n not in batches.schema.names]
        ColumnError.reject(Mistake(f"there is no column {n!r}, which a list of images needs", code="unknown-column") for n in missing)
        for batch in batches:
            ids = batch.column(key).to_pylist() if key else range(first, first + batch.num_rows)
            for id_, labels, path in zip(ids, batch.column(label).to_pylist(), batch.column(PATH).to_pylist(), strict=True):
                if id_ is None or labels is None or path is None or "\t" in path or "\n" in path:
                    hint = "drop such rows, and rename files with tabs or line breaks"
                    raise ColumnError(f"the row of {path!r} cannot be a line of a list of images", hint=hint, code="null")
                words = [str(id_), *(f"{x:f}" for x in (labels if isinstance(labels, list) else [labels])), path]
                file.write(("\t".join(words) + "\n").encode())
            first += batch.num_rows


def _row(line: bytes, place: FilePlace) -> tuple[int, list[float], str] | None:
    """Id, labels and path of a line; None for an empty line."""
    try:
        words = line.decode("utf-8").rstrip("\r\n").split("\t")
        if words == [""]:
            return None
        if len(words) < 3:
            raise ValueError
        id_ = int(words[0]) if words[0].isdecimal() else int(float(words[0]))
        if not -(1 << 63) <= id_ < 1 << 63:
            raise ValueError
        return id_, [float(w) for w in words[1:-1]], words[-1]
    except (ValueError, OverflowError):
        accepted = "id, label or labels, path, with tabs between"
        raise SourceError(Mistake("the line is not one of a list of images", place, accepted=accepted, code="bad-line")) from None


def _image(root: Path, path: str) -> bytes:
    """The bytes of an image. Errors: `SourceError` for a path that leads out of the folder, and for a missing file."""
    if Path(path).is_absolute() or ".." in Path(path).parts:
        raise SourceError(f"the path {path!r} leads out of the folder {root}", hint="give `root` another folder", code="traversal")
    try:
        return Path(root, path).read_bytes()
    except OSError as error:
        raise SourceError(f"the image {Path(root, path)} cannot be read: {error.strerror}", code="not-readable") from error


def objects(label: Sequence[float]) -> np.ndarray:
    """The objects in a detection label, one row each: class, left, top, right and bottom as fractions of the image, and further numbers.

    The label begins with the lengths of its header and of an object. Errors: `SourceError` if the numbers do not fit this form.

    >>> objects([2, 5, 0, 0.25, 0.25, 0.5, 0.75]).tolist()
    [[0.0, 0.25, 0.25, 0.5, 0.75]]
    """
    numbers = np.asarray(label, float)
    header, width = (int(numbers[0]), int(numbers[1])) if numbers.size > 1 else (0, 0)
    if header < 2 or width < 5 or numbers.size < header or (numbers.size - header) % width:
        accepted = "length of the header (2 or more), length of an object (5 or more), the rest of the header, objects"
        raise SourceError(f"a label of {numbers.size} numbers is not one of detection", accepted=accepted, code="bad-label")
    return numbers[header:].reshape(-1, width)
