"""Divides a RecordIO file among readers by byte ranges, without an index.

Each reader gets an equal range of bytes. Both ends are moved forward to the beginning of the next record: the magic number at a multiple of
four bytes, with a flag of 0 or 1. This is correct if the writer splits payloads at the magic number, as MXNet and Tilth do.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import IO

import numpy as np

from tilth.errors import RequestError
from tilth.formats.recordio import MAGIC, records

CHUNK = 1 << 20


def byte_range(file: IO[bytes], reader: int, of: int) -> tuple[int, int]:
    """The begin and end of the records for reader `reader` of `of`, counted from 0. Together the ranges cover the file.

    Errors: `RequestError` for a reader that does not exist.

    >>> from tilth.formats.recordio import framed
    >>> file = io.BytesIO(framed(b"hello") + framed(b"abcd") + framed(b"ef"))
    >>> [byte_range(file, i, 2) for i in range(2)]
    [(0, 28), (28, 40)]
    """
    if not 0 <= reader < of:
        raise RequestError(f"there is no reader {reader} of {of}", accepted=f"0 to {of - 1}", code="bad-value")
    size = file.seek(0, os.SEEK_END)
    part = -(-size // of) + 3 & ~3
    return _next_record(file, min(reader * part, size), size), _next_record(file, min((reader + 1) * part, size), size)


def _next_record(file: IO[bytes], at: int, size: int) -> int:
    """The first offset from `at` on, a multiple of four, at which a record begins; 0 for 0; the size if there is none."""
    while 0 < at < size:
        file.seek(at)
        words = np.frombuffer(file.read(CHUNK + 4)[: (CHUNK + 4) // 4 * 4 if at + CHUNK + 4 <= size else (size - at) // 4 * 4], "<u4")
        begins = np.flatnonzero((words[:-1] == MAGIC) & (words[1:] >> 29 < 2))
        if begins.size:
            return at + 4 * int(begins[0])
        at += max(4, 4 * (words.size - 1))
        if words.size < 2:
            return size
    return min(at, size)


def records_of(file: IO[bytes], reader: int, of: int) -> Iterator[bytes]:
    """The payloads of the records of one reader. Errors: as `records` and `byte_range`."""
    begin, end = byte_range(file, reader, of)
    file.seek(begin)
    yield from records(io.BytesIO(file.read(end - begin)), begin)
