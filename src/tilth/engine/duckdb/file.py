"""Tables of a DuckDB file: `duckdb:///shop.db?table=schema.table`, or a query, `…?query=SELECT …`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from tilth.errors import MEMORY, MachineError, SourceError, first_line
from tilth.store.places import Store
from tilth.store.query import file_of, identifier

ROWS = 10_000  # of a batch
SHUT: dict[str, Any] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "lock_configuration": "true",
    "temp_directory": "",
}
"""A view in a file may be any SELECT, such as one of the user's other files: nothing but the file itself can be read."""
STRINGS = ("UUID", "INTERVAL", "BIT", "UNION(", "TIME WITH TIME ZONE", "VARIANT", "BIGNUM", "GEOMETRY")  # types that Arrow lacks


class DuckDBFile(Store):
    """The store of tables, views and queries of a DuckDB file, which is opened read-only and shut in: no other file, network or extension.

    Types that Arrow does not have, such as UUID and INTERVAL, are strings; integers of 128 bits are decimals of up to 38 digits.
    """

    has_rows = True

    def rows(self, place: str) -> Callable[[], Iterator[pa.RecordBatch]]:
        path, query = file_of(place)

        def batches() -> Iterator[pa.RecordBatch]:
            import duckdb

            try:
                with duckdb.connect(path, read_only=True, config=SHUT) as connection:
                    yield from _read(connection, query)
            except (duckdb.DataError, pa.ArrowException):  # their messages contain values
                raise SourceError(f"{place} cannot be read: a value does not fit", code="bad-value") from None
            except (duckdb.IOException, duckdb.ConnectionException) as error:
                hint = "is it a DuckDB file, and not open for writing elsewhere?"
                raise SourceError(f"{place} cannot be opened: {first_line(error)}", hint=hint, code="not-readable") from None
            except duckdb.OutOfMemoryException:
                hint = "name the table, and sort or join in a flow: Tilth spills then"
                raise MachineError(f"{place}: the query ran out of memory", hint=hint, code=MEMORY) from None
            except duckdb.Error as error:
                raise SourceError(f"{place} cannot be used: {first_line(error)}", code="not-readable") from None

        return batches


def _read(connection: Any, query: str) -> Iterator[pa.RecordBatch]:
    found = connection.sql(f"SELECT * FROM ({query}) AS rows LIMIT 0")
    kinds: Mapping[str, str] = dict(zip(found.columns, map(str, found.types), strict=True))
    names = {name: identifier(name) for name in kinds}
    chosen = [f"{names[n]}::VARCHAR AS {names[n]}" if kind.startswith(STRINGS) else names[n] for n, kind in kinds.items()]
    reader = connection.sql(f"SELECT {', '.join(chosen)} FROM ({query}) AS rows").to_arrow_reader(ROWS)
    yield pa.RecordBatch.from_pylist([], schema=reader.schema)
    yield from reader
