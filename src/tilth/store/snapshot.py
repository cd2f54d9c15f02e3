"""Reading PostgreSQL from several connections at the same snapshot.

The first connection exports its snapshot, and the others import it. All see the same rows, whatever is written in the meantime. The
snapshot lasts as long as the first connection.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from tilth.errors import MachineError
from tilth.secrets import Access
from tilth.store.table import connected, described, server_and_query, translated

LOST, SNAPSHOT_GONE = "database", "snapshot-gone"  # codes of errors after which a retry may work
BATCH_BYTES = 4 << 20
ABSENT = "22023"  # SQLSTATE for a snapshot that does not exist


@dataclass(frozen=True)
class Estimate:
    """The server's estimate for a query: rows, bytes, and the tables that it reads."""

    rows: int
    bytes: int
    tables: tuple[tuple[str, str], ...]


class Snapshot:
    """A connection in a read-only transaction."""

    def __init__(self, cursor: Any, place: str) -> None:
        self._cursor, self._place = cursor, place

    def export(self) -> str:
        """Export the snapshot. Return the name with which other connections import it."""
        return str(self.rows("SELECT pg_export_snapshot()")[0][0])

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query with few rows, or of an EXPLAIN."""
        self._copying(False)
        self._cursor.execute(query)
        return list(self._cursor.fetchall())

    def described(self, query: str) -> tuple[str, pa.Schema]:
        """The query with columns converted to Arrow's types, and its schema. The query is not run."""
        return described(self._cursor, query)

    def estimate(self, query: str) -> Estimate:
        """The server's estimate for a query."""
        (plan,) = json.loads(self.rows(f"EXPLAIN (FORMAT JSON, VERBOSE) {query}")[0][0])
        top = plan["Plan"]
        tables = {(p["Schema"], p["Relation Name"]) for p in _nodes(top) if "Relation Name" in p and "Schema" in p}
        return Estimate(top["Plan Rows"], top["Plan Rows"] * top["Plan Width"], tuple(sorted(tables)))

    def batches(self, query: str) -> tuple[pa.Schema, Iterator[pa.RecordBatch]]:
        """The rows of a query in batches of a few MiB. Only one batch is in memory at a time."""
        text, schema = described(self._cursor, query)
        self._copying(True)
        self._cursor.adbc_statement.set_options(**{"adbc.postgresql.batch_size_hint_bytes": str(BATCH_BYTES)})
        self._cursor.execute(text)
        return schema, self._fetched(self._cursor.fetch_record_batch(), schema)

    def _fetched(self, reader: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The batches. Errors of the driver are translated here, so that the writer of the file does not take them for its own."""
        with translated(self._place):
            for batch in reader:
                yield batch.cast(schema)

    def cancel(self) -> None:
        """Cancel the running query, from another thread."""
        with suppress(Exception):
            self._cursor.adbc_cancel()

    def _copying(self, copying: bool) -> None:
        """Set whether rows come through COPY, which only works for SELECT."""
        self._cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": str(copying).lower()})


@contextmanager
def reading(place: str, access: Access | None = None, name: str | None = None) -> Iterator[Snapshot]:
    """A connection at the snapshot with this name, or at a new one if no name is given.

    Errors: those of `connected`, with the code `LOST` if another connection may work; `MachineError` with the code `SNAPSHOT_GONE`.
    """
    with connected(server_and_query(place)[0], place, access) as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        if name:
            from adbc_driver_postgresql import dbapi

            try:
                cursor.execute(f"SET TRANSACTION SNAPSHOT '{name}'")
            except dbapi.Error as error:
                if error.sqlstate != ABSENT:
                    raise
                raise MachineError("the snapshot is gone, with the connection that held it", code=SNAPSHOT_GONE) from None
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield Snapshot(cursor, place)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
