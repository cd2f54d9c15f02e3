"""Puts markers into data, and searches for them in files: in plain, in other encodings, and in packed content."""

from __future__ import annotations

import base64
import gzip
import io
import mmap
import os
import random
import string
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, cast
from zipfile import BadZipFile, ZipFile

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

CHUNK, MOST_UNPACKED = 1 << 20, 1 << 26
PIECE = 4096  # bytes per read; the last read of a frame may be lost if other bytes follow the frame
GZIP, ZSTD, ZIP, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"PAR1"
UNREADABLE = (OSError, EOFError, ValueError, zlib.error, BadZipFile)  # raised for a file that is incomplete or being changed


@dataclass(frozen=True)
class Hit:
    """A file in which a marker was found, and in which form."""

    path: str
    form: str

    def __str__(self) -> str:
        return f"{self.path}: it holds a marker ({self.form})"


@dataclass(frozen=True)
class Markers:
    """A string and a number that do not occur in other data by chance."""

    text: str
    number: int

    @classmethod
    def new(cls) -> Markers:
        """Random markers: 24 letters and digits, and a number of 15 digits, which a double holds exactly."""
        chance = random.SystemRandom()
        return cls("".join(chance.choices(string.ascii_uppercase + string.digits, k=24)), chance.randrange(10**14, 10**15))

    @cached_property
    def forms(self) -> Mapping[str, bytes]:
        """Name of a form → bytes to search for.

        >>> len(Markers("SECRETMARK0123456789ABCD", 123456789012345).forms)
        11
        """
        plain, number = self.text.encode(), pa.scalar(self.number)
        encoded = {f"base64, {k}": base64.b64encode(bytes(k) + plain)[-(-8 * k // 6) : 4 * ((k + len(plain)) // 3)] for k in range(3)}
        numbers = {str(kind): pa.array([number.as_py()], kind).buffers()[1].to_pybytes()[:8] for kind in (pa.int64(), pa.float64())}
        texts = {name: self.text.encode(name) for name in ("utf-8", "utf-16-le", "utf-16-be")}
        sorted_by = bytes(byte + 1 for byte in plain)  # the form of DuckDB's sort keys
        texts |= {"utf-8, lower case": plain.lower(), "sort key": sorted_by, "digits": str(self.number).encode()}
        return {**texts, **encoded, **numbers}

    def planted(self, table: pa.Table, kept: Iterable[str]) -> tuple[pa.Table, int]:
        """The table with the marker before every third string and in place of every third number, and the number of marked cells.

        The columns `kept`, nulls, and types that cannot hold the number are not changed.
        """
        cells, kept = 0, set(kept)
        for at, field in enumerate(table.schema):
            column, kind = table.column(at), field.type
            if field.name in kept:
                continue
            if pa.types.is_string(kind) or pa.types.is_large_string(kind):
                marked, turn = pc.binary_join_element_wise(pa.scalar(self.text, kind), column, pa.scalar("", kind)), 0
            elif kind in (pa.int64(), pa.uint64(), pa.float64()):
                marked, turn = pa.scalar(self.number).cast(kind), 1
            else:
                continue
            here = pc.and_(pa.array(row % 3 == turn for row in range(table.num_rows)), pc.is_valid(column))
            cells += pc.sum(here).as_py() or 0
            table = table.set_column(at, field, pc.if_else(here, marked, column))
        return table, cells


def hits(folders: Iterable[Path], markers: Markers, since: float = 0.0) -> Iterator[Hit]:
    """The files below some folders that contain a marker and were changed after `since`, in seconds since 1970."""
    walks = (os.walk(folder) for folder in folders)  # `os.walk` skips folders that other processes remove
    for path in sorted({Path(folder, name) for walk in walks for folder, _, names in walk for name in names}):
        with suppress(*UNREADABLE):  # it was removed, or belongs to another user
            if path.is_file() and not path.is_symlink() and path.stat().st_mtime >= since:
                yield from (Hit(str(path), form) for form in sorted(forms_in(path, markers)))


def forms_in(path: Path, markers: Markers) -> set[str]:
    """The forms in which a file contains a marker, also if it is packed by gzip, zstd or zip, or is Parquet."""
    found = set[str]()
    with suppress(*UNREADABLE):
        for stream in _streams(path):
            found |= forms_of(stream, markers)
    return found


def forms_of(stream: IO[bytes], markers: Markers) -> set[str]:
    """The forms in which a stream of bytes contains a marker."""
    found, end = set[str](), b""
    while chunk := stream.read(CHUNK):
        block = end + chunk
        found |= {name for name, form in markers.forms.items() if form in block}
        end = block[-64:]  # longer than the longest form
    return found


def _streams(path: Path) -> Iterator[IO[bytes]]:
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        yield file
    if head.startswith(GZIP):
        with path.open("rb") as file, gzip.GzipFile(fileobj=file) as packed:
            yield cast("IO[bytes]", packed)
    elif head == ZIP:
        with ZipFile(path) as held:
            yield from map(held.open, held.namelist())
    elif head == PARQUET:
        yield from in_memory(pq.read_table(path))
    else:
        yield from _frames(path)


def _frames(path: Path) -> Iterator[IO[bytes]]:
    """The content of zstd frames anywhere in a file: DuckDB packs each block that it spills."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
        at = held.find(ZSTD)
        while at >= 0:
            after = held.find(ZSTD, at + len(ZSTD))
            yield io.BytesIO(_unpacked(held[at : None if after < 0 else after]))
            at = after


def _unpacked(frame: bytes) -> bytes:
    """The content of a zstd frame without a known end; at most 64 MiB."""
    packed, found = pa.CompressedInputStream(pa.BufferReader(frame), "zstd"), bytearray()
    with suppress(OSError):  # raised for bytes after the frame
        while len(found) < MOST_UNPACKED and (piece := packed.read(PIECE)):
            found += piece
    return bytes(found)


def in_memory(table: pa.Table) -> Iterator[IO[bytes]]:
    """The bytes of a table in the format of Arrow."""
    yield from (io.BytesIO(batch.serialize()) for batch in table.to_batches())
