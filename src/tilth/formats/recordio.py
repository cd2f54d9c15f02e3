"""RecordIO, the framing of dmlc and MXNet: records of arbitrary bytes in one file, and an index of their offsets.

A file is a sequence of parts, each at a multiple of four bytes: the magic number, a word of flag (3 bits) and length (29 bits), the
payload, and zeros up to the next multiple of four, all little-endian. A payload that contains the magic number at a multiple of four bytes
is split there into several parts, without those four bytes. So a reader can begin anywhere in a file and find the next record.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Literal, TypeAlias

from tilth.errors import Mistake, Place, RequestError, SourceError
from tilth.formats.buffers import READ, damaged, filled, size_of, skipped

MAGIC = 0xCED7230A
MAGIC_BYTES = struct.pack("<I", MAGIC)
MOST_BYTES = (1 << 29) - 1  # of a part
WHOLE, FIRST, MIDDLE, LAST = range(4)
HEADER = struct.Struct("<II")

OnMagic: TypeAlias = Literal["split", "raw", "error"]


# ── reading ──


def records(file: IO[bytes], start: int = 0) -> Iterator[bytes]:
    """The payloads of a file, one by one; split ones are joined again. `start` is the offset of the open file, for messages.

    Errors: `SourceError` with the offset at which the file is damaged or truncated.

    >>> import io
    >>> list(records(io.BytesIO(framed(b"hello") + framed(b""))))
    [b'hello', b'']
    """
    return (payload for _, payload in numbered(file, start))


def numbered(file: IO[bytes], start: int = 0) -> Iterator[tuple[int, bytes]]:
    """The payloads of a file, each with the offset of its record. Errors: as `records`."""
    begun, whole = 0, list[bytes]()
    for offset, flag, payload in _parts(file, start):
        begun = begun if whole else offset
        whole.append(payload)
        if flag in (WHOLE, LAST):
            yield begun, MAGIC_BYTES.join(whole)
            whole = []


def views(file: IO[bytes]) -> Iterator[memoryview]:
    """The payloads as in `records`, as views of the read buffer. This is twice as fast, for callers that do not keep the payloads.

    Errors: as `records`.
    """
    base, held, unpack = 0, memoryview(b""), HEADER.unpack_from
    while len(new := filled(file, held, _missing(held), READ)) > len(held):
        held, at, size = new, 0, len(new)
        while at + 8 <= size:
            magic, word = unpack(held, at)
            after = at + 8 + (word + 3 & -4)  # if the record is not split: its flag is 0
            if magic == MAGIC and after <= size and word <= MOST_BYTES:
                yield held[at + 8 : at + 8 + word]
                at = after
            elif _missing(held, at):
                break
            else:  # split, or damaged
                after = _end(held, at)
                yield memoryview(next(records(io.BytesIO(held[at:after]), base + at)))
                at = after
        held, base = held[at:], base + at
    yield from (memoryview(r) for r in records(io.BytesIO(held), base))  # nothing is left, or the file is truncated


def _end(held: memoryview, at: int) -> int:
    """The end of the record that begins at an offset; the end of the buffer if the record is damaged or incomplete."""
    while at + HEADER.size <= len(held):
        magic, word = HEADER.unpack_from(held, at)
        if magic != MAGIC:
            break
        at += HEADER.size + (word & MOST_BYTES) + -(word & MOST_BYTES) % 4
        if word >> 29 not in (FIRST, MIDDLE):
            return min(at, len(held))
    return len(held)


def _missing(held: memoryview, at: int = 0) -> int:
    """How many bytes at least are missing from the buffer for the record at an offset; 0 if it is complete."""
    while at + HEADER.size <= len(held):
        magic, word = HEADER.unpack_from(held, at)
        at += HEADER.size + (word & MOST_BYTES) + -(word & MOST_BYTES) % 4
        if magic != MAGIC or word >> 29 not in (FIRST, MIDDLE):
            return max(0, at - len(held)) if magic == MAGIC else 0
    return at + HEADER.size - len(held)


def offsets(file: IO[bytes]) -> Iterator[int]:
    """The offsets of the records in a file, read only from the headers.

    Errors: as `records`.

    >>> import io
    >>> list(offsets(io.BytesIO(framed(b"hello") + framed(b"") + framed(b"abcd"))))
    [0, 16, 24]
    """
    return (offset for offset, flag, _ in _parts(file, 0, skip=True) if flag in (WHOLE, FIRST))


def _parts(file: IO[bytes], offset: int, *, skip: bool = False) -> Iterator[tuple[int, int, bytes]]:
    """The parts of a file: offset, flag and payload; if `skip`, without payloads."""
    end = size_of(file) if skip else 0
    begun: int | None = None  # the offset of a split record
    while header := file.read(HEADER.size):
        if len(header) < HEADER.size:
            raise damaged("record", offset, "the file ends inside a header")
        magic, word = HEADER.unpack(header)
        flag, length = word >> 29, word & MOST_BYTES
        if magic != MAGIC:
            raise damaged("record", offset, f"the magic number is missing: found {header[:4].hex(' ')}, expected {MAGIC_BYTES.hex(' ')}")
        if flag > LAST or (flag in (WHOLE, FIRST)) != (begun is None):
            raise damaged(
                "record", offset, f"the flag {flag} cannot follow {'a complete record' if begun is None else 'the first part of one'}"
            )
        begun = offset if begun is None else begun
        padded = length + -length % 4
        payload = b"" if skip else file.read(padded)
        if (offset + HEADER.size + padded > end or not skipped(file, padded)) if skip else len(payload) < padded:
            raise damaged("record", offset, f"the record is of {length:,} bytes, and the file ends before")
        yield offset, flag, payload[:length]
        offset += HEADER.size + padded
        if flag in (WHOLE, LAST):
            begun = None
    if begun is not None:
        raise damaged("record", begun, "the record is split, and its last part is missing")


# ── writing ──


def framed(payload: bytes, on_magic: OnMagic = "split") -> bytes:
    """A record with its framing.

    A payload with the magic number at a multiple of four bytes is `split`, as in dmlc and MXNet; or written `raw`, as in SageMaker's own
    libraries, which do not read split records (a reader that begins in the middle of such a file may mistake the payload for a record); or
    is an `error`.

    Errors: `RequestError` for a part of 2²⁹ bytes or more.

    >>> framed(b"hello").hex(" ")
    '0a 23 d7 ce 05 00 00 00 68 65 6c 6c 6f 00 00 00'
    """
    pieces = _pieces(payload)
    if len(pieces) > 1 and on_magic == "error":
        message = "a record holds the magic number of RecordIO at a multiple of four bytes"
        raise RequestError(message, hint="write it with on_magic='split', or 'raw' for readers that know no split records", code="magic")
    if len(pieces) == 1 or on_magic == "raw":
        return _part(payload, WHOLE)
    flags = [FIRST, *[MIDDLE] * (len(pieces) - 2), LAST]
    return b"".join(map(_part, pieces, flags))


def is_split(payload: bytes) -> bool:
    """Whether a payload contains the magic number at a multiple of four bytes, where dmlc would split it."""
    return len(_pieces(payload)) > 1


def _pieces(payload: bytes) -> list[bytes]:
    found, begin, at = [], 0, payload.find(MAGIC_BYTES)
    while at >= 0:
        if at % 4 == 0:
            found.append(payload[begin:at])
            begin = at + 4
        at = payload.find(MAGIC_BYTES, at + 1)
    return [*found, payload[begin:] if begin else payload]


def _part(payload: bytes, flag: int) -> bytes:
    if len(payload) > MOST_BYTES:
        message = f"a record of {len(payload):,} bytes is too large for RecordIO"
        raise RequestError(message, accepted=f"up to {MOST_BYTES:,} bytes", code="record-too-large")
    return HEADER.pack(MAGIC, flag << 29 | len(payload)) + payload + bytes(-len(payload) % 4)


def write_records(payloads: Iterable[bytes], file: IO[bytes], on_magic: OnMagic = "split", start: int = 0) -> list[int]:
    """Write records to a file that already has `start` bytes. Return their offsets.

    >>> import io
    >>> write_records([b"hello", b"abcd"], io.BytesIO())
    [0, 16]
    """
    begins = []
    for payload in payloads:
        begins.append(start)
        start += file.write(framed(payload, on_magic))
    return begins


# ── the index ──


def index_text(begins: Mapping[int, int]) -> str:
    r"""An index as in MXNet: a line with key and offset for each record.

    >>> index_text({5: 0, 1000: 16})
    '5\t0\n1000\t16\n'
    """
    return "".join(f"{key}\t{offset}\n" for key, offset in begins.items())


def read_index(text: str, name: str = "<index>") -> dict[int, int]:
    r"""Key → offset of an index, in its order.

    Errors: `SourceError` with every line that is not two whole numbers, or has the key of an earlier one.

    >>> read_index("5\t0\n1000 16\n")
    {5: 0, 1000: 16}
    """
    found, wrong = dict[int, int](), list[Mistake]()
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words:
            continue
        if len(words) != 2 or not all(w.isascii() and w.isdigit() for w in words):
            wrong.append(
                Mistake("the line is not a key and an offset", Place(name, number), accepted="two whole numbers", code="bad-index")
            )
        elif int(words[0]) in found:
            wrong.append(Mistake(f"the key {words[0]} is also on an earlier line", Place(name, number), code="bad-index"))
        else:
            found[int(words[0])] = int(words[1])
    SourceError.reject(wrong)
    return found


def check_index(index: Mapping[int, int], file: IO[bytes], name: str = "<index>") -> None:
    """Compare an index with its data file.

    Errors: `SourceError` with the offsets at which no record begins, or with the number of records that are not in the index.
    """
    begins = set(offsets(file))
    wrong = [
        Mistake(f"key {key}: no record begins at byte {offset:,}", Place(name), hint="make the index again", code="bad-index")
        for key, offset in index.items()
        if offset not in begins
    ]
    if not wrong and len(set(index.values())) < len(begins):
        missing = len(begins) - len(set(index.values()))
        wrong = [
            Mistake(f"{missing:,} of {len(begins):,} records are not in it", Place(name), hint="make the index again", code="bad-index")
        ]
    SourceError.reject(wrong)
