"""Shards: rows cut into files of one size, and the manifest that says what is in each of them.

A delivery of shards is `NAME-000000.SUFFIX`, `NAME-000001.SUFFIX` … in the order of the rows, and `tilth-manifest.json`, which is written
last: a folder with one is complete.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.errors import RequestError, SourceError

if TYPE_CHECKING:
    import pyarrow as pa

MANIFEST = "tilth-manifest.json"
VERSION = 1
COMPRESSIONS = {"none": "", "gzip": ".gz", "zstd": ".zst"}


@dataclass(frozen=True)
class Shard:
    """A file of a delivery: its path in the folder, its bytes, records and SHA-256."""

    path: str
    bytes: int
    records: int
    sha256: str

    @classmethod
    def of(cls, file: Path, records: int) -> Shard:
        """The shard that was written to a file."""
        with file.open("rb") as content:
            return cls(file.name, file.stat().st_size, records, hashlib.file_digest(content, "sha256").hexdigest())


@dataclass(frozen=True)
class Manifest:
    """What a delivered folder holds: the format, and its shards in the order of their rows."""

    format: str
    shards: tuple[Shard, ...]

    @property
    def digest(self) -> str:
        """One name for the content of all shards."""
        return hashlib.sha256("".join(s.sha256 for s in self.shards).encode()).hexdigest()

    def write(self, folder: Path) -> None:
        """Write it into the folder of its shards."""
        content = {"version": VERSION, "format": self.format, "shards": [asdict(s) for s in self.shards]}
        (folder / MANIFEST).write_text(json.dumps(content, indent=1) + "\n", "utf-8")

    @classmethod
    def beside(cls, folder: Path) -> Manifest | None:
        """The manifest in a folder; None without one. Errors: `SourceError` for one that cannot be read."""
        path = folder / MANIFEST
        if not path.is_file():
            return None
        try:
            content: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
            if content["version"] != VERSION:
                raise ValueError
            words = Shard.__dataclass_fields__
            return cls(str(content["format"]), tuple(Shard(**{w: s[w] for w in words}) for s in content["shards"]))
        except (ValueError, KeyError, TypeError) as error:
            hint = "deliver the data again: tilth run"
            raise SourceError(f"{path} is not a manifest of this version", hint=hint, code="bad-manifest") from error


def sizes(rows: int, shards: int) -> list[int]:
    """The rows of each of some shards, which differ by one at most.

    >>> sizes(10, 4)
    [2, 3, 2, 3]
    """
    ends = [i * rows // shards for i in range(shards + 1)]
    return [b - a for a, b in itertools.pairwise(ends)]


def name_of(folder: Path, number: int, suffix: str) -> str:
    """The name of a shard in a folder; a hidden folder does not hide its shards."""
    return f"{folder.name.lstrip('._') or 'data'}-{number:06d}{suffix}"


class Cut:
    """A stream of rows that is cut into streams of some rows each, which have to be read one after the other."""

    def __init__(self, rows: pa.RecordBatchReader) -> None:
        self.schema = rows.schema
        self._given: Iterator[pa.RecordBatch] = iter(rows)
        self._rest: list[pa.RecordBatch] = []

    def more(self) -> bool:
        """Whether there are rows left."""
        while not self._rest:
            batch = next(self._given, None)
            if batch is None:
                return False
            self._rest = [batch] if batch.num_rows else []
        return True

    def take(self, rows: int) -> pa.RecordBatchReader:
        """A stream of the next rows, of fewer where there are not as many."""
        import pyarrow as pa

        return pa.RecordBatchReader.from_batches(self.schema, self._next(rows))

    def _next(self, rows: int) -> Iterator[pa.RecordBatch]:
        while rows > 0 and self.more():
            batch = self._rest.pop()
            if batch.num_rows > rows:
                self._rest = [batch.slice(rows)]
                batch = batch.slice(0, rows)
            rows -= batch.num_rows
            yield batch


class Counted:
    """A stream of rows that counts them as they are read."""

    def __init__(self, rows: pa.RecordBatchReader) -> None:
        import pyarrow as pa

        self.rows = 0
        self.reader = pa.RecordBatchReader.from_batches(rows.schema, self._counted(rows))

    def _counted(self, rows: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in rows:
            self.rows += batch.num_rows
            yield batch


def reject_wrong(place: Any, folder: bool, shards: int | None, rows_per_shard: int | None, compression: str | None) -> None:
    """Reject options of shards that contradict each other or the place. Errors: `RequestError`."""
    wrong = [f"{word}: {n!r} is not a positive whole number" for word, n in (("shards", shards), ("rows_per_shard", rows_per_shard))
             if n is not None and (not isinstance(n, int) or isinstance(n, bool) or n < 1)]  # fmt: skip
    RequestError.reject(wrong)
    if shards is not None and rows_per_shard is not None:
        raise RequestError("`shards` and `rows_per_shard` are both given", accepted="one of them", code="bad-value")
    if not folder and (shards, rows_per_shard) != (None, None):
        hint = "give a place without a suffix, and the format"
        raise RequestError(f"{os.fspath(place)} is a file, and shards are files in a folder", hint=hint, code="is-file")
    if not folder and compression is not None:
        suffixes = ", ".join(s for s in COMPRESSIONS.values() if s)
        hint = f"give the file's name a suffix instead: {suffixes}"
        raise RequestError("`compression` is for the files in a folder", hint=hint, code="bad-value")
