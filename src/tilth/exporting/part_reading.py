"""Reads one part of an export into one file, through a given connection or through one that an executor of Spark opens."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tilth.data import Roles
from tilth.errors import MachineError, SourceError, TilthError
from tilth.exporting.state import File
from tilth.formats.parquet import Parquet
from tilth.secrets import Access
from tilth.store.places import atomic
from tilth.store.protection import in_force, protected
from tilth.store.snapshot import Snapshot, reading

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


@dataclass(frozen=True)
class Asked:
    """A part to read: the query for its rows, its number, the folder for its file, the rows per row group, and the redaction steps."""

    query: str
    number: int
    folder: str
    group_rows: int
    redact: tuple[Mapping[str, Any], ...] = ()


def read_part(asked: Asked, connection: Snapshot, check: Callable[[int], object] = bool) -> tuple[list[File], int]:
    """Read a part, and return its files and the bytes of its rows. `check` is called with the bytes read so far.

    A part without rows has no file, unless it is the first part.
    """
    schema, batches = connection.batches(asked.query)
    metered = _Metered(batches, check)
    first = next(metered, None)
    if first is None and asked.number:
        return [], 0
    name, given = f"part-{asked.number:05d}.parquet", [first] if first is not None else []
    hidden: Iterator[pa.RecordBatch] = chain(given, metered)
    if asked.redact:
        from tilth.exporting.redacting import Redaction  # imported late: loads everything that a flow needs

        redaction = Redaction(asked.redact, schema)
        schema, hidden = redaction.schema, redaction(hidden)
    rows = pa.RecordBatchReader.from_batches(schema, hidden)
    with atomic(f"{asked.folder}/{name}") as path:
        Parquet().put(rows, path, Roles(), 0, row_group_rows=asked.group_rows)
        size = Path(path).stat().st_size
    return [File(name, size, metered.rows)], metered.bytes


class _Metered:
    """An iterator of batches that counts rows and bytes. Before each batch, `check` is called with the bytes so far."""

    def __init__(self, batches: Iterator[pa.RecordBatch], check: Callable[[int], object]) -> None:
        self._batches, self._check, self.rows, self.bytes = batches, check, 0, 0

    def __iter__(self) -> _Metered:
        return self

    def __next__(self) -> pa.RecordBatch:
        self._check(self.bytes)
        batch = next(self._batches)
        self.rows, self.bytes = self.rows + batch.num_rows, self.bytes + batch.nbytes
        return batch if batch.num_rows else next(self)


def read_part_on_spark(asked: Asked, spark: SparkSession, source: str, access: Access | None, snapshot: str) -> tuple[list[File], int]:
    """Read a part by a Spark job with one task. The executor resolves the references of the database's secret and of the key itself.

    Errors: those of `read_part`.
    """
    from tilth.engine.spark.engine import without_pandas_warning

    protection = in_force()
    key = protection.key.reference if protection else ""

    def read(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for _ in (row for batch in batches for row in range(batch.num_rows)):
            yield pa.RecordBatch.from_pydict({"answer": [json.dumps(_answer(asked, source, access, snapshot, key))]})

    with without_pandas_warning():
        (row,) = spark.range(1).repartition(1).mapInArrow(read, "answer string").collect()
    answer: dict[str, Any] = json.loads(row["answer"])
    if "error" in answer:
        kind = {"MachineError": MachineError}.get(answer["error"], SourceError)
        raise kind(answer["message"], hint=answer["hint"], code=answer["code"])
    return [File(**file) for file in answer["files"]], answer["bytes"]


def _answer(asked: Asked, source: str, access: Access | None, snapshot: str, key: str) -> dict[str, Any]:
    """The answer of an executor: files and bytes, or an error."""
    try:
        with protected(key) if key else nullcontext(), reading(source, access, snapshot) as connection:
            files, size = read_part(asked, connection)
    except TilthError as error:
        first = error.mistakes[0]
        return {"error": type(error).__name__, "message": first.message, "hint": first.hint, "code": first.code}
    return {"files": [asdict(file) for file in files], "bytes": size}
