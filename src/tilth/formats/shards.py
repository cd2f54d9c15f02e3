"""Shards: rows divided into files of equal size, and the manifest that describes them.

A delivery of shards is `NAME-000000.SUFFIX`, `NAME-000001.SUFFIX` … in the order of the rows, and `_manifest.json`. The manifest is written
last, so a folder with a manifest is complete.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tilth.errors import Mistake, RequestError, SourceError

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = 1
MANIFEST = "_manifest.json"  # other readers of a folder (pandas, Spark) ignore names that begin with `_`
WORDS = ("path", "bytes", "records", "sha256")
COMPRESSIONS = {"none": "", "gzip": ".gz", "zstd": ".zst"}


@dataclass(frozen=True)
class Shard:
    """A file of a delivery: path in the folder, number of bytes and records, SHA-256, and `facts` from its format."""

    path: str
    bytes: int
    records: int
    sha256: str
    facts: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, file: Path, records: int, facts: Mapping[str, Any] | None = None) -> Shard:
        """Describe a written file."""
        with file.open("rb") as content:
            return cls(file.name, file.stat().st_size, records, hashlib.file_digest(content, "sha256").hexdigest(), facts or {})

    def changed(self, folder: Path) -> Mistake | None:
        """The mistake if the file in a folder is missing or changed; None if it is the written one."""
        file, hint = folder / self.path, "copy it again, or deliver the data again"
        if not file.is_file():
            return Mistake(f"{file} is missing, and the manifest lists it", hint=hint, code="missing-file")
        found = self.of(file, self.records)
        if found.bytes != self.bytes:
            return Mistake(f"{file} has {found.bytes:,} bytes, and {self.bytes:,} by the manifest", hint=hint, code="changed-file")
        if found.sha256 != self.sha256:
            return Mistake(f"{file} is not the file that was delivered: its hash differs", hint=hint, code="changed-file")
        return None


@dataclass(frozen=True)
class WrittenColumn:
    """A column of delivered files: name, kind, roles, and how many numbers it has per row."""

    name: str
    kind: str
    roles: tuple[str, ...] = ()
    size: int = 1


@dataclass(frozen=True)
class Contents:
    """The contents of delivered files: columns in order, options used for writing, media type, and trainer. `n_features` is the width of a
    row without label and weight, if the format has one.
    """

    columns: tuple[WrittenColumn, ...]
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)
    media_type: str | None = None
    trainer: str | None = None
    n_features: int | None = None

    def names(self) -> list[str]:
        """A name for each field of a row: the name of the column, and for an element of a list also its index."""
        return [n for c in self.columns for n in ([c.name] if c.size == 1 else [f"{c.name}[{i}]" for i in range(c.size)])]

    def kinds(self) -> dict[str, str]:
        """The kind of each field of a row, by name."""
        kinds = (kind for c in self.columns for kind in ([c.kind] if c.size == 1 else [c.kind.rpartition(" of ")[2]] * c.size))
        return dict(zip(self.names(), kinds, strict=True))

    def to_json(self) -> dict[str, Any]:
        """The form in a manifest."""
        schema = {"columns": [asdict(c) for c in self.columns], "n_features": self.n_features}
        return {"media_type": self.media_type, "trainer": self.trainer, "options": dict(self.options), "schema": schema}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Contents:
        """From a manifest."""
        schema = content["schema"]
        columns = tuple(WrittenColumn(c["name"], c["kind"], tuple(c["roles"]), int(c["size"])) for c in schema["columns"])
        return cls(columns, dict(content["options"]), content["media_type"], content["trainer"], schema["n_features"])


@dataclass(frozen=True)
class Manifest:
    """The manifest of a delivered folder: the format, the shards in the order of their rows, and their contents.

    `plan_sha256` is the SHA-256 of the fitted flow that prepared the rows, `order` the algorithm, seed and epoch of shuffled rows.
    """

    format: str
    shards: tuple[Shard, ...]
    contents: Contents = Contents(())
    plan_sha256: str | None = None
    order: Mapping[str, Any] | None = field(default=None, hash=False)

    @property
    def digest(self) -> str:
        """A hash of the content of all shards."""
        return hashlib.sha256("".join(s.sha256 for s in self.shards).encode()).hexdigest()

    def write(self, folder: Path) -> None:
        """Write the manifest to the folder of its shards."""
        shards = [{w: getattr(s, w) for w in WORDS} | dict(s.facts) for s in self.shards]
        made_by = {"plan_sha256": self.plan_sha256, "order": self.order}
        content = {"version": VERSION, "format": self.format, **self.contents.to_json(), **made_by, "shards": shards}
        (folder / MANIFEST).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")

    def verify(self, folder: Path) -> None:
        """Compare the files in a folder with the manifest. Errors: `SourceError` with every missing or changed file."""
        SourceError.reject(m for shard in self.shards if (m := shard.changed(folder)))

    @classmethod
    def beside(cls, folder: Path) -> Manifest | None:
        """The manifest in a folder; None if there is none. Errors: `SourceError` if it cannot be read."""
        path = folder / MANIFEST
        if not path.is_file():
            return None
        try:
            content: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
            if content["version"] != VERSION:
                raise ValueError
            shards = (
                Shard(s["path"], s["bytes"], s["records"], s["sha256"], {w: v for w, v in s.items() if w not in WORDS})
                for s in content["shards"]
            )
            contents, order = Contents.from_json(content), content.get("order")
            return cls(str(content["format"]), tuple(shards), contents, content.get("plan_sha256"), order and dict(order))
        except (ValueError, KeyError, TypeError) as error:
            hint = "deliver the data again: tilth run"
            raise SourceError(f"{path} is not a manifest of this version", hint=hint, code="bad-manifest") from error


def contents_beside(paths: Sequence[str], form: str) -> Contents | None:
    """The contents of files, from the manifest of their common folder; None without a manifest for this format."""
    folders = {Path(p).parent for p in paths if "://" not in p}
    manifest = Manifest.beside(folders.pop()) if len(folders) == 1 else None
    return manifest.contents if manifest and manifest.format == form else None


def sizes(rows: int, shards: int) -> list[int]:
    """The number of rows of each shard; they differ by at most one.

    >>> sizes(10, 4)
    [2, 3, 2, 3]
    """
    ends = [i * rows // shards for i in range(shards + 1)]
    return [b - a for a, b in itertools.pairwise(ends)]


def name_of(folder: Path, number: int, suffix: str) -> str:
    """The name of a shard in a folder. Leading `.` and `_` of the folder's name are removed, so that shards are not hidden files."""
    return f"{folder.name.lstrip('._') or 'data'}-{number:06d}{suffix}"


def index_beside(file: Path, suffix: str, text: str) -> dict[str, str]:
    """Write the index of a file next to it. Return its name as a fact for the manifest."""
    index = file.with_suffix(suffix)
    index.write_text(text, "utf-8")
    return {"index": index.name}


class Cut:
    """Cuts a stream of rows into smaller streams, which must be read one after the other."""

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
        """A stream of the next rows, or fewer at the end."""
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
