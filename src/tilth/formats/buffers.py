"""Reads files in pieces; each piece begins with the unused rest of the previous one. A second copy would take as long as reading."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import IO, Any, TypeVar, cast

import numpy as np

from tilth.errors import SourceError

T = TypeVar("T")
READ = 1 << 20  # bytes that are read at once: larger pieces do not fit in the processor's caches


def damaged(what: str, offset: int, why: str) -> SourceError:
    """The error for a damaged record, or member of an archive, at an offset."""
    hint = "copy the file again; is it another format, or compressed?"
    return SourceError(f"the {what} at byte {offset:,} cannot be read: {why}", hint=hint, code="bad-record")


def filled(file: IO[bytes], rest: memoryview, needed: int = 1, at_once: int = READ) -> memoryview:
    """The rest of the previous piece and at least `needed` more bytes, or fewer at the end of the file.

    The size of a piece is a multiple of `at_once` bytes, so that memory is reused: new memory would take as long as reading into it.

    >>> import io
    >>> file = io.BytesIO(b"hello")
    >>> first = filled(file, memoryview(b""), at_once=4)
    >>> bytes(first), bytes(filled(file, first[3:], at_once=4)), bytes(filled(file, first[:0], at_once=4))
    (b'hell', b'lo', b'')
    """
    size = -(-(len(rest) + max(needed, 1)) // at_once) * at_once
    room = memoryview(cast("Any", np.empty(size, np.uint8)))  # not zeroed
    room[: len(rest)] = rest
    read: int = cast("Any", file).readinto(room[len(rest) :])
    return room[: len(rest) + read]


def grouped(items: Iterable[T], size_of: Callable[[T], int], most: int, most_bytes: int) -> Iterator[list[T]]:
    """Group items: a group ends when it has `most` items, or at least `most_bytes` bytes.

    >>> list(grouped(["aa", "b", "c", "d"], len, 2, 2))
    [['aa'], ['b', 'c'], ['d']]
    """
    held, size = list[T](), 0
    for item in items:
        held.append(item)
        size += size_of(item)
        if len(held) == most or size >= most_bytes:
            yield held
            held, size = [], 0
    if held:
        yield held


def size_of(file: IO[bytes]) -> int:
    """The size of a file in bytes; a huge number if it is unknown before reading, as for zstd."""
    if not file.seekable():
        return sys.maxsize
    here = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(here)
    return size


def skipped(file: IO[bytes], size: int) -> bool:
    """Skip a number of bytes; whether the file had that many. For a seekable file the caller checks the size."""
    if file.seekable():
        file.seek(size, os.SEEK_CUR)
        return True
    while size and (piece := file.read(min(size, READ))):
        size -= len(piece)
    return size == 0
