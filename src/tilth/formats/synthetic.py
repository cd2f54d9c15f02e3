"""Synthetic rows, made only from a declared schema, without other data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any, ClassVar, NoReturn

import pyarrow as pa

from tilth.errors import RequestError
from tilth.formats.codec import Codec
from tilth.store.local import text_in


class Synthetic(Codec):
    """A schema in YAML that is read as a table of synthetic rows: each cell is drawn at random as its column declares.

    `rows` and `seed` are those in the file, unless they are given. Equal files, rows and seeds give equal cells, on every engine and
    machine. The column `_origin` is `synthetic` in every row, and `_parent` is null, because no other row was used.
    """

    name = "synthetic"
    suffixes: ClassVar[tuple[str, ...]] = (".synthetic",)
    options: ClassVar[tuple[str, ...]] = ("rows", "seed")
    writes: ClassVar[bool] = False

    def decode(self, file: IO[bytes], **options: Any) -> Iterable[pa.RecordBatch]:
        from tilth.formats.synthetic_rows import schema_of, synthetic_rows  # loads modules that no other format needs

        place = str(getattr(file, "name", "the schema"))
        return synthetic_rows(schema_of(text_in(file, place, "schema"), place, **options))

    def encode(self, batches: pa.RecordBatchReader, file: IO[bytes], **options: Any) -> NoReturn:
        raise RequestError("rows cannot be written as a schema", code="unknown-format")
