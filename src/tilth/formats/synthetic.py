"""Synthetic rows: made from a declared schema alone, without any other data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, TYPE_CHECKING, Any, ClassVar, NoReturn

from tilth.errors import RequestError
from tilth.formats.codec import Codec
from tilth.store.local import text_in

if TYPE_CHECKING:
    import pyarrow as pa


class Synthetic(Codec):
    """A schema in YAML, which is read as a table of synthetic rows: each cell is drawn by chance from what its column declares.

    `rows` and `seed` are those of the file, unless they are given. Equal files, rows and seeds have equal cells, on every engine and
    machine. The column `_origin` says `synthetic` of every row, and `_parent` is null: no row was looked at.
    """

    name = "synthetic"
    suffixes: ClassVar[tuple[str, ...]] = (".synthetic",)
    options: ClassVar[tuple[str, ...]] = ("rows", "seed")
    writes: ClassVar[bool] = False

    def decode(self, file: IO[bytes], **options: Any) -> Iterable[pa.RecordBatch]:
        from tilth.formats.synthetic_rows import schema_of, synthetic_rows  # loads what no other format needs

        place = str(getattr(file, "name", "the schema"))
        return synthetic_rows(schema_of(text_in(file, place, "schema"), place, **options))

    def encode(self, batches: pa.RecordBatchReader, file: IO[bytes], **options: Any) -> NoReturn:
        raise RequestError("rows cannot be written as a schema", code="unknown-format")
