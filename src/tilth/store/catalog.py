"""A table as its catalog knows it: what it is called, where its rows are, and what is known of them before any is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Ends:
    """The ends of a column: how many values are null, and the smallest and the largest of the others; None where that is not known."""

    nulls: int
    low: Any = None
    high: Any = None


class Contents(Protocol):
    """Facts about rows that have not been read, such as from the footers of their files."""

    where: str  # it is known from, in words

    @property
    def rows(self) -> int:
        """The number of rows."""

    def ends(self, column: str) -> Ends | None:
        """Nulls and ends of a flat column; None where the nulls are not known."""


@dataclass(frozen=True)
class CatalogTable:
    """A snapshot of a table in a catalog.

    `place` is the table's, whatever its snapshot; `database` is the namespace. `paths` are Parquet files with the rows and columns of the
    snapshot, and `contents` is what is known of them; none where the rows have to be put together by `batches`. `key` is equal for equal
    rows.
    """

    place: str
    catalog: str
    database: str
    name: str
    snapshot: str
    key: tuple[Any, ...]
    columns: tuple[str, ...]
    batches: Callable[[], Iterable[pa.RecordBatch]] = field(repr=False, compare=False)
    paths: tuple[str, ...] = ()
    contents: Contents | None = field(default=None, repr=False, compare=False)

    @property
    def facts(self) -> dict[str, str]:
        """The names, for reports."""
        return {"catalog": self.catalog, "database": self.database, "table": self.name, "snapshot": self.snapshot}
