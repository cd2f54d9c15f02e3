"""Splits a file into records: lines (a CSV record continues while a quote is open), or frames of RecordIO and TFRecord."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import IO, Literal, cast

from tilth.engine.textfiles import unzipped
from tilth.errors import SourceError
from tilth.formats import recordio, tfrecord

Record = tuple[int, bytes]  # the line on which it begins, or its number, and its bytes
Frames = Literal["recordio", "tfrecord"]
DAMAGED = (EOFError, zlib.error, gzip.BadGzipFile)


class Damaged(SourceError):
    """A file that cannot be read beyond some record; `at` is the line or number of that record."""

    def __init__(self, at: int, message: str, hint: str = "") -> None:
        super().__init__(message, hint=hint, code="not-readable")
        self.at = at


def opened(file: str, compression: str = "") -> IO[bytes]:
    """Open a file: unpacked if `compression` is `gzip`, unchanged if it is `none`, otherwise depending on its name."""
    if compression == "gzip":
        return cast("IO[bytes]", gzip.open(file))
    return Path(file).open("rb") if compression == "none" else unzipped(file)


def lines(source: IO[bytes], quoted: bool, room: int) -> Iterator[Record]:
    """Each record that is not empty, with a line end. If `quoted`, a record continues while a quote is open. Reading ends after a record
    of more than `room` bytes; 0 means no limit.
    """
    parts, size, is_open, begun = list[bytes](), 0, 0, 1
    for number, line in enumerate(iter(partial(source.readline, room + 1 if room else -1), b""), 1):
        begun = begun if parts else number
        parts.append(line)
        size += len(line)
        if room and size > room:
            break
        if quoted:
            is_open ^= line.count(b'"') & 1
            if is_open:
                continue
        record = line if len(parts) == 1 else b"".join(parts)
        parts, size = [], 0
        if record.strip(b"\r\n" if quoted else None):
            yield begun, record if record.endswith(b"\n") else record + b"\n"
    if parts:
        yield begun, b"".join(parts)


def frames(source: IO[bytes], kind: Frames, bare: bool) -> Iterator[Record]:
    """Each record: only its payload if `bare`, else with its frame. Errors: `SourceError` with the offset of a damaged record."""
    payloads = recordio.records(source) if kind == "recordio" else map(bytes, tfrecord.records(source))
    frame = recordio.framed if kind == "recordio" else tfrecord.framed
    return ((number, payload if bare else frame(payload)) for number, payload in enumerate(payloads, 1))


def undamaged(records: Iterator[Record], name: str) -> Iterator[Record]:
    """Pass records on. Errors: `Damaged` with the position after the last readable record; `SourceError` if the operating system fails."""
    at = 0
    try:
        for at, record in records:
            yield at, record
    except SourceError as error:
        raise Damaged(at + 1, error.mistakes[0].message, error.mistakes[0].hint) from error
    except DAMAGED as error:
        raise Damaged(at + 1, f"the file cannot be unpacked any further: {error}") from error
    except OSError as error:
        raise SourceError(f"{name} cannot be read: {error.strerror or error}", code="not-readable") from error
