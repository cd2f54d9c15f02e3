"""WebDataset: samples are consecutive members of tar files, which are read as a stream and never extracted.

The name of a member up to the first dot after the last slash is the key of its sample, the rest is its field: `train/0007.seg.png` has the
key `train/0007` and the field `seg.png`.
"""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, NamedTuple

import numpy as np
import pyarrow as pa

from tilth.data import Column, Kind
from tilth.engine.arrow import schema_of
from tilth.errors import ColumnError, Mistake, SourceError
from tilth.formats.buffers import damaged, filled, grouped
from tilth.formats.codec import Codec

BLOCK, RECORD = 512, 10_240
ZEROS, USTAR = bytes(BLOCK), b"ustar\0"
HEADER = struct.Struct("100s 24x 12s 12x 8s c 100x 6s 82x 155s 12x")  # name, size, checksum, kind, magic, folder
SAMPLES = 10_000  # the most samples in a batch
BATCH_BYTES = 64 << 20
KEY = "__key__"
INTEGERS, TEXTS = ("cls", "cls2", "class", "count", "index", "inx", "id"), ("txt", "text", "transcript")
BINARY = (
    "jpg",
    "jpeg",
    "png",
    "ppm",
    "pgm",
    "pbm",
    "pnm",
    "webp",
    "tif",
    "tiff",
    "gif",
    "bmp",
    "mp4",
    "mp3",
    "wav",
    "flac",
    "npy",
    "npz",
    "bin",
)
ACCEPTED = "a name that ends in .jpg, .png, .npy or .bin"
PICKLES = ("pyd", "pickle", "pkl", "pth", "pt")
OWNER = b"bigdata"  # the user and group name of members, as in the library webdataset
REGULAR = (b"0", b"\0", b"7")


class WebDataset(Codec):
    """WebDataset tar files.

    Each sample is a row, and each field a column. The key is the column `__key__`; without the option `keys` it is left out if the keys are
    row numbers, which Tilth writes by default. Fields that end in `cls`, `id`, `index` … are integers, in `txt` strings, in `json` JSON
    strings, all others are bytes. If the field `json` is an object in every sample, its keys become columns.

    When writing, a column with a suffix that fits its type (`jpg`, `seg.png`, `cls`, `txt`) becomes a separate member; all other columns
    are written together to the member `json`. The key is the column `__key__`, or the row number. Pickles are refused.
    """

    name = "webdataset"
    suffixes = (".tar",)
    options = ("keys",)
    has_header = False

    def decode(self, file: IO[bytes], **options: Any) -> Iterator[pa.RecordBatch]:
        schema: pa.Schema | None = None
        for samples in grouped(samples_of(file), _bytes_of, SAMPLES, BATCH_BYTES):
            if schema is None:
                keyed = options.get("keys") or not _are_numbers([key for key, _ in samples])
            batch = _batch(samples, schema, keyed)
            schema = schema or batch.schema
            yield batch

    def encode(self, batches: pa.RecordBatchReader, file: IO[bytes], *, first: int = 0, **options: Any) -> None:
        written = 0
        for batch in batches:
            for sample in samples_to_write(batch, first):
                for name, content in sample:
                    written += file.write(member(name, content))
            first += batch.num_rows
        file.write(bytes(2 * BLOCK + -(written + 2 * BLOCK) % RECORD))


# ── tar ──


class Member(NamedTuple):
    """A regular file in a tar file: offset of its header, name and content."""

    offset: int
    name: str
    content: memoryview


def members(file: IO[bytes]) -> Iterator[Member]:
    """The regular files in a tar file, in order. Folders, links and devices are skipped; nothing is extracted.

    Errors: `SourceError` with the offset of a damaged header, of a name that leads out of the folder, or of a truncated member.
    """
    base, held, at, name, size = 0, memoryview(b""), 0, "", -1  # name and size for the next member come from an extended header
    needed = BLOCK
    while True:
        if needed > len(held) - at:
            held, base, at = filled(file, held[at:], needed - len(held) + at), base + at, 0
        if len(held) - at < BLOCK:
            raise damaged("member", base + at, "the file ends without two blocks of zeros")
        own, digits, stored, kind, magic, folder = HEADER.unpack_from(held, at)
        summed, length = zlib.adler32(held[at : at + BLOCK]) & 0xFFFF, _number(digits, base + at)
        # the checksum is the sum of all bytes, its own field as blanks; the lower half of Adler-32 is 1 + the sum of all bytes, mod 65,521
        if (_number(stored, base + at) - 8 * 32 + sum(stored) + 1) % 65_521 != summed:
            if held[at : at + BLOCK] == ZEROS:
                return
            raise damaged("member", base + at, "the checksum of its header is wrong")
        if size >= 0 and kind in REGULAR:
            length = size
        start, stop = at + BLOCK, at + BLOCK + length
        end = stop + -length % BLOCK
        if end > len(held):
            if needed == end - at:
                raise damaged("member", base + at, f"it is of {length:,} bytes, and the file ends before")
            needed = end - at
            continue
        if kind in REGULAR:
            found = name or _name(own, folder if magic == USTAR else b"", base + at)
            yield Member(base + at, _safe(found, base + at), held[start:stop])
            name, size = "", -1
        elif kind == b"L":
            name = _text(bytes(held[start:stop]).rstrip(b"\0"), base + at)
        elif kind == b"x":
            extended = _extended(bytes(held[start:stop]), base + at)
            name, size = extended.get("path", name), int(extended.get("size", size))
        elif kind not in (b"g", b"K"):
            name, size = "", -1
        at, needed = end, BLOCK


def _number(field: bytes, offset: int) -> int:
    """A number in a header: octal digits, or binary if the first bit is set."""
    if field[0] & 0x80:
        return int.from_bytes(field, "big") & (1 << 63) - 1
    try:
        return int(field.strip(b" \0") or b"0", 8)
    except ValueError:
        raise damaged("member", offset, "there is no tar header") from None


def _text(content: bytes, offset: int) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise damaged("member", offset, "its name is not UTF-8") from None


def _name(name: bytes, folder: bytes, offset: int) -> str:
    own = name.partition(b"\0")[0]
    return _text(folder.partition(b"\0")[0] + b"/" + own if folder[:1] > b"\0" else own, offset)


def _extended(content: bytes, offset: int) -> dict[str, str]:
    """The entries of an extended header: `LENGTH KEY=VALUE` lines."""
    found, at = dict[str, str](), 0
    while at < len(content):
        length, _, _ = content[at : at + 20].partition(b" ")
        if not length.isdigit() or not int(length):
            raise damaged("member", offset, "its extended header is damaged")
        key, _, value = content[at + len(length) + 1 : at + int(length) - 1].partition(b"=")
        found[_text(key, offset)] = _text(value, offset)
        at += int(length)
    if not found.get("size", "0").isdigit():
        raise damaged("member", offset, "its extended header is damaged")
    return found


def _safe(name: str, offset: int) -> str:
    if ".." not in name and name[:1] not in ("/", "\\") and name[1:2] != ":":
        return name
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or name.startswith(("/", "\\")) or (len(parts[0]) == 2 and parts[0][1] == ":"):
        what = f"the member at byte {offset:,} is called {name[:80]!r}, which leads out of its folder"
        raise SourceError(what, hint="do not use this file unless you know who made it", code="traversal")
    return name


def member(name: str, content: bytes) -> bytes:
    """A member of a tar file (ustar) with a fixed owner and time, so that equal content gives equal bytes.

    Errors: `SourceError` for a name of more than 100 bytes, which readers of the plain format would cut.

    >>> member("000000.cls", b"7")[148:155], len(member("000000.cls", b"7"))
    (b'013244\\x00', 1024)
    """
    path = name.encode()
    if len(path) > 100 or len(content) >= 8**11:
        raise SourceError(f"the member {name[:40]!r}… is too large, or has a name of more than 100 bytes", code="name")
    fields = (
        path.ljust(100, b"\0"),
        b"0000444\0",
        b"0000000\0" * 2,
        b"%011o\0" % len(content),
        b"00000000000\0",
        b" " * 8,
        b"0",
        bytes(100),
    )
    header = b"".join(fields) + b"ustar\x0000" + OWNER.ljust(32, b"\0") * 2 + b"0000000\0" * 2
    header = header.ljust(BLOCK, b"\0")
    summed = header[:148] + b"%06o\0 " % sum(header) + header[156:]
    return summed + content + bytes(-len(content) % BLOCK)


# ── reading samples ──


Sample = tuple[str, dict[str, Member]]


def key_and_field(name: str) -> tuple[str, str] | None:
    """The key and the field of a member; None for names that are not part of a sample.

    >>> key_and_field("a/b.c/000.seg.png"), key_and_field("a/.x.txt"), key_and_field("README"), key_and_field(".hidden.txt")
    (('a/b.c/000', 'seg.png'), ('a/', 'x.txt'), None, None)
    """
    folder, slash, last = name.rpartition("/")
    stem, dot, field = last.partition(".")
    if not dot or not (stem or slash) or (name.startswith("__") and name.split("/")[0].endswith("__")):
        return None
    return folder + slash + stem, field


def samples_of(file: IO[bytes]) -> Iterator[Sample]:
    """The samples of a file: key, and field → member.

    Errors: as `members`; `SourceError` for a repeated field, for a key that appears again later, and for a pickle.
    """
    key, fields, seen = "", dict[str, Member](), set[str]()
    for found in members(file):
        parts = key_and_field(found.name)
        if parts is None:
            continue
        if _suffix(parts[1]) in PICKLES:
            what = f"the member {found.name!r} at byte {found.offset:,} is a pickle, which runs code when it is loaded"
            raise SourceError(what, hint="write numbers as .npy, and everything else as .json", code="pickle")
        if parts[0] != key or not fields:
            if fields:
                yield key, fields
            key, fields = parts[0], {}
            if key in seen:
                what = f"the members of the sample {key!r} are apart: the member at byte {found.offset:,} is one of an earlier sample"
                raise SourceError(what, hint="sort the members by name when the file is written", code="split-sample")
            seen.add(key)
        if parts[1] in fields:
            raise SourceError(
                f"the sample {key!r} has two members {found.name!r}", hint=f"the second is at byte {found.offset:,}", code="same-member"
            )
        fields[parts[1]] = found
    if fields:
        yield key, fields


def _bytes_of(sample: Sample) -> int:
    return sum(len(m.content) for m in sample[1].values())


def _are_numbers(keys: Sequence[str]) -> bool:
    """Whether the keys are consecutive row numbers."""
    first = int(keys[0]) if keys[0].isascii() and keys[0].isdigit() else -1
    return first >= 0 and all(key == number_key(first + i) for i, key in enumerate(keys))


def number_key(row: int) -> str:
    """The key of a row without a key column."""
    return f"{row:06d}"


def _batch(samples: Sequence[Sample], schema: pa.Schema | None, keyed: bool) -> pa.RecordBatch:
    """The rows of samples, with the columns of the first batch."""
    found: dict[str, list[Any]] = {KEY: [key for key, _ in samples]} if keyed else {}
    fields_ = dict.fromkeys(f for _, fields in samples for f in fields)
    for field in sorted(fields_, key=lambda f: f == "json"):  # its keys become the last columns
        members_ = [fields.get(field) for _, fields in samples]
        found |= _columns(field, members_, schema)
    names = list(found) if schema is None else schema.names
    if unforeseen := [n for n in found if n not in names]:
        message = f"the sample {samples[0][0]!r} or one after it has {unforeseen[0]!r}, which none before has"
        raise SourceError(message, hint="write the field in the first samples, or read the files one by one", code="headers-differ")
    arrays = [_array(n, found.get(n, [None] * len(samples)), schema and schema.field(n).type) for n in names]
    return pa.RecordBatch.from_arrays(arrays, names=names)


def _columns(field: str, found: Sequence[Member | None], schema: pa.Schema | None) -> dict[str, list[Any]]:
    """Column → values, for one field."""
    suffix = _suffix(field)
    if suffix in INTEGERS:
        return {field: [None if m is None else _integer(m) for m in found]}
    if suffix not in (*TEXTS, "json", "jsn"):
        return {field: [None if m is None else bytes(m.content) for m in found]}
    texts = [None if m is None else _string(m) for m in found]
    if field != "json" or (schema is not None and "json" in schema.names):
        return {field: texts}
    values = [None if m is None else _json(m) for m in found]
    if not all(v is None or isinstance(v, dict) for v in values):
        return {field: texts}
    objects: list[Mapping[str, Any]] = [v or {} for v in values]
    names = dict.fromkeys(name for o in objects for name in o)
    return {name: [_plain(o.get(name)) for o in objects] for name in names}


def _plain(value: Any) -> Any:
    """A JSON value for a column. Objects, and lists with anything except numbers and strings, become JSON text."""
    plain = isinstance(value, list) and all(isinstance(v, int | float | str) and not isinstance(v, bool) for v in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) or (isinstance(value, list) and not plain) else value


def _integer(found: Member) -> int:
    try:
        return int(bytes(found.content))
    except ValueError:
        what = f"the member {found.name!r} at byte {found.offset:,} is not a whole number"
        raise SourceError(what, hint="is it a text? then call it .txt", code="not-a-number") from None


def _string(found: Member) -> str:
    try:
        return str(found.content, "utf-8")
    except UnicodeDecodeError:
        raise SourceError(
            f"the member {found.name!r} at byte {found.offset:,} is not UTF-8", hint="call it .bin", code="not-text"
        ) from None


def _json(found: Member) -> Any:
    try:
        return json.loads(bytes(found.content))
    except ValueError:
        raise SourceError(f"the member {found.name!r} at byte {found.offset:,} is not JSON", code="invalid-json") from None


def _array(name: str, values: Sequence[Any], kind: pa.DataType | None) -> pa.Array:
    try:
        return pa.array(values, kind) if kind is not None and not pa.types.is_null(kind) else pa.array(values)
    except (pa.ArrowException, TypeError) as error:
        hint = "write one type in all samples"
        raise SourceError(f"the values of {name!r} are of different types", hint=hint, code="types-differ") from error


# ── writing samples ──


def samples_to_write(batch: pa.RecordBatch, first: int) -> Iterator[list[tuple[str, bytes]]]:
    """Name and content of the members of each row, sorted by field. A null gives no member.

    `first` is the number of the first row; row numbers are the keys if there is no key column. Errors: `ColumnError` for columns that
    WebDataset cannot store, `SourceError` for invalid keys.
    """
    columns = [c for c in schema_of(batch.schema) if c.name != KEY]
    own = [c.name for c in columns if _is_member(c)]
    rest = [c.name for c in columns if c.name not in own]
    wrong = [c for c in columns if c.name in rest and (c.kind is Kind.BINARY or _suffix(c.name) in PICKLES)]
    ColumnError.reject(
        Mistake(f"column {c.name!r} is {c}: WebDataset has no member for it", accepted=ACCEPTED, code="wrong-kind") for c in wrong
    )
    if rest and "json" in own:
        raise ColumnError(
            f"column 'json' stands where {rest[0]!r} and others are to be written", hint="rename it meta.json", code="same-member"
        )
    values = {name: batch.column(name).to_pylist() for name in own}
    objects = batch.select(rest).to_pylist() if rest else None
    keys = batch.column(KEY).to_pylist() if KEY in batch.schema.names else [number_key(first + i) for i in range(batch.num_rows)]
    for i, key in enumerate(keys):
        if not key or key.startswith(("/", "__")) or "." in key.rpartition("/")[2] or ".." in key.split("/"):
            raise SourceError(f"{key!r} is not a key", accepted="a path without a dot in its last part, such as train/0007", code="bad-key")
        sample = {name: _content(column[i]) for name, column in values.items() if column[i] is not None}
        if objects is not None:
            sample["json"] = json.dumps(objects[i], sort_keys=True, ensure_ascii=False, default=_iso).encode()
        yield [(f"{key}.{field}", sample[field]) for field in sorted(sample)]


def _suffix(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _is_member(column: Column) -> bool:
    """Whether the suffix of a column's name fits its kind."""
    suffix = _suffix(column.name)
    if suffix == "npy" and len(column.shape) == 1 and column.of in (Kind.INTEGER, Kind.FLOAT):
        return True
    kinds = {Kind.INTEGER: INTEGERS, Kind.STRING: (*TEXTS, "json", "jsn"), Kind.BINARY: BINARY}
    return suffix in kinds.get(column.kind, ())


def _content(value: Any) -> bytes:
    if isinstance(value, list):
        file = io.BytesIO()
        np.save(file, np.array(value), allow_pickle=False)
        return file.getvalue()
    return value if isinstance(value, bytes) else str(value).encode()


def _iso(value: Any) -> str:
    """Dates and times as strings for JSON."""
    return str(value.isoformat()) if hasattr(value, "isoformat") else str(value)
