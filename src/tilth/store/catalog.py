"""A table in a catalog: its names, the location of its rows, and facts about the rows before any is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Ends:
    """The number of nulls in a column, and its smallest and largest value (None if unknown)."""

    nulls: int
    low: Any = None
    high: Any = None


class Contents(Protocol):
    """Facts about rows that have not been read, such as from the footers of their files."""

    where: str  # the source of the facts, for people

    @property
    def rows(self) -> int:
        """The number of rows."""

    def ends(self, column: str) -> Ends | None:
        """Nulls and ends of a flat column; None if the number of nulls is unknown."""


@dataclass(frozen=True)
class CatalogTable:
    """A snapshot of a table in a catalog.

    `place` is the table's place without the snapshot; `database` is the namespace. `paths` are Parquet files with exactly the rows and
    columns of the snapshot, and `contents` are facts about them; both are empty if only `batches` can give the rows. `key` is equal for
    equal rows.
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
