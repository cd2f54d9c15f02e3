"""The bytes that a channel sends: its objects in pieces, read ahead if remote, decompressed, framed as records, with line ends."""

from __future__ import annotations

import os
import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, Future
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from tilth.errors import Place, SourceError
from tilth.formats.augmented_manifest import values
from tilth.formats.recordio import framed
from tilth.store.local import changed
from tilth.store.places import Object, store_of
from tilth.store.uri import is_local
from tilth.training.channel import Channel, Line

A = TypeVar("A")
B = TypeVar("B")
Piece: TypeAlias = bytes | memoryview  # valid until the next piece is requested: a view's memory is reused

PIECE = 256 << 10  # bytes of a local file that are read at once
FIRST_PART, PART = 512 << 10, 8 << 20  # bytes per request to a store: small at first, so that the first piece arrives soon
AT_ONCE, ROOM = 16, 64 << 20  # requests in flight while earlier pieces are sent, and the bytes that they may hold


def sent(channel: Channel, items: Iterable[Any], pool: Executor) -> Generator[Piece, None, None]:
    """The bytes of an epoch, in pieces. `pool` runs requests to stores. Errors: `TilthError` with the place of the object."""
    if channel.data == "AugmentedManifestFile":
        yield from ahead(pool, lambda line: _line(channel, line), items)
    else:
        yield from _ended(whole(items, pool), channel)


def _ended(objects: Iterable[tuple[Object, Iterator[Piece]]], channel: Channel) -> Iterator[Piece]:
    """The pieces of all objects as they are sent: decompressed, framed, and with a line end between objects."""
    newline, last = ord("\n"), ord("\n")
    for found, pieces in objects:
        inflated_ = inflated(pieces, found.place) if channel.compression == "Gzip" else pieces
        made = [framed(b"".join(bytes(p) for p in inflated_), "raw")] if channel.wrapper == "RecordIO" else inflated_
        begun = False
        for piece in made:
            if len(piece) == 0:
                continue
            if not begun and channel.ends_lines and last != newline:
                yield b"\n"
            begun, last = True, piece[-1]
            yield piece


def whole(objects: Iterable[Object], pool: Executor) -> Iterator[tuple[Object, Iterator[Piece]]]:
    """Each object with its pieces, which the caller must consume before it takes the next object."""
    objects = list(objects)
    if all(is_local(o.place) for o in objects):
        return ((o, _pieces(o)) for o in objects)
    parts = ahead(pool, _read, parts_of(objects), bytes_of)
    return ((o, (data for _, _, data in of_one)) for (_, o), of_one in groupby(parts, key=lambda part: part[:2]))


def bytes_of(part: tuple[int, Object, int, int]) -> int:
    """How many bytes a part has."""
    return part[3] - part[2]


def _read(part: tuple[int, Object, int, int]) -> tuple[int, Object, bytes]:
    number, found, start, end = part
    return number, found, read(found, start, end)


def _pieces(what: Object) -> Iterator[Piece]:
    """The pieces of a local file. All of them use the same memory."""
    room, left = memoryview(bytearray(min(PIECE, what.bytes))), what.bytes
    try:
        with Path(what.place).open("rb", buffering=0) as file:
            while left > 0:
                count = file.readinto(room[: min(left, PIECE)])
                if not count:
                    raise changed(what)
                left -= count
                yield room[:count]
    except OSError as error:
        raise SourceError(f"{what.place} cannot be read: {error.strerror}", code="not-readable") from error


def parts_of(objects: Iterable[Object]) -> Iterator[tuple[int, Object, int, int]]:
    """The requests for objects: the index of the object, the object, and the range of bytes."""
    size = FIRST_PART
    for number, found in enumerate(objects):
        start = 0
        while start < found.bytes or start == 0:
            end = min(found.bytes, start + size)
            yield number, found, start, end
            start, size = max(end, 1), min(2 * size, PART)


def read(what: Object, start: int, end: int) -> bytes:
    """A range of the bytes of an object. Errors: `SourceError` if the object changed since it was listed."""
    return store_of(what.place).part(what, start, end) if end > start else b""


def ahead(pool: Executor, function: Callable[[A], B], items: Iterable[A], size: Callable[[A], int] = bool) -> Generator[B, None, None]:
    """`map` in order, with calls that run ahead: at most `AT_ONCE`, and at most `ROOM` bytes of results by `size`.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(2) as pool:
    ...     list(ahead(pool, str, range(4)))
    ['0', '1', '2', '3']
    """
    running, held = deque[tuple[Future[B], int]](), 0
    try:
        for item in items:
            running.append((pool.submit(function, item), size(item)))
            held += running[-1][1]
            while len(running) > AT_ONCE or held > ROOM:
                call, given = running.popleft()
                held -= given
                yield call.result()
        while running:
            yield running.popleft()[0].result()
    finally:
        for call, _ in running:
            call.cancel()


def inflated(pieces: Iterable[Piece], name: str) -> Iterator[bytes]:
    """Decompress gzip data, which may have several members or none. Errors: `SourceError` if it is not gzip, or truncated.

    >>> import gzip
    >>> b"".join(inflated([gzip.compress(b"a\\n") + gzip.compress(b"b\\n")], "x.gz"))
    b'a\\nb\\n'
    """
    member: Any = None
    try:
        for piece in pieces:
            rest: Piece = piece
            while len(rest):
                member = member or zlib.decompressobj(31)
                yield from _members(member, rest)
                rest, member = member.unused_data, None if member.eof else member
    except zlib.error as error:
        raise SourceError(f"{name} is not gzip: {error}", accepted="gzip, or compression None", code="bad-gzip") from error
    if member is not None:
        raise SourceError(f"{name} ends inside a member of gzip", hint="copy the file again", code="bad-gzip")


def _members(member: Any, packed: Piece) -> Iterator[bytes]:
    """The content of a gzip member in pieces of bounded size, whatever its compression ratio."""
    while len(packed):
        yield member.decompress(packed, PART)
        packed = member.unconsumed_tail


def _line(channel: Channel, line: Line) -> bytes:
    """The bytes that are sent for a line of an augmented manifest."""

    def fetch(place: str) -> bytes:
        where = channel.beside(place)
        return store_of(where).part(Object(where, place, 0))

    found = values(line.text, Place(os.fspath(channel.source), line.number), channel.attributes, fetch)
    return b"".join(framed(value, "raw") if channel.wrapper == "RecordIO" else value for value in found)
