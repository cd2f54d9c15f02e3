"""Tables of an SQLite file: `sqlite:///shop.db?table=orders`, or a query, `…?query=SELECT …`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from urllib.parse import quote

import pyarrow as pa

from tilth.errors import MachineError, Mistake, SourceError
from tilth.store.places import Store
from tilth.store.query import file_of, identifier

ROWS = 10_000  # in a batch
BUSY = 5.0  # seconds to wait for a writer
ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE, sqlite3.SQLITE_TRANSACTION}
NOT_READ = ("load_extension", "readfile", "writefile", "edit", "fts3_tokenizer")  # functions that do more than compute
MACHINE = ("locked", "busy", "disk I/O", "out of memory")


class SQLite(Store):
    """Tables, views and queries of an SQLite file, in one read transaction of a connection that may only read.

    Columns have no types in SQLite; the values decide. A column has integers, floats (also if some values are integers), blobs or strings;
    if some values are strings, numbers become strings as SQLite writes them. Booleans and dates have their stored form.
    """

    has_rows = True

    def rows(self, place: str) -> Callable[[], Iterator[pa.RecordBatch]]:
        path, query = file_of(place)

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                with closing(_opened(path)) as connection:
                    yield from _read(connection, query, place)
            except sqlite3.Error as error:
                words = str(error).partition(" with text")[0]  # a value follows
                if any(word in words for word in MACHINE):
                    raise MachineError(
                        f"{place} cannot be read: {words}", hint="does another program write to it?", code="database"
                    ) from None
                raise SourceError(f"{place} cannot be read: {words[:300]}", hint="is it an SQLite file?", code="not-readable") from None

        return batches


def _opened(path: str) -> sqlite3.Connection:
    """A connection that can only read, because the schema of a foreign file may contain code."""
    connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, isolation_level=None, timeout=BUSY, check_same_thread=False)
    for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON"):
        connection.execute(f"PRAGMA {pragma}")

    def allow(action: int, first: str | None, second: str | None, database: str | None, trigger: str | None) -> int:
        denied = action not in ALLOWED or (action == sqlite3.SQLITE_FUNCTION and second in NOT_READ)
        return sqlite3.SQLITE_DENY if denied else sqlite3.SQLITE_OK

    connection.set_authorizer(allow)
    return connection


def _read(connection: sqlite3.Connection, query: str, place: str) -> Iterator[pa.RecordBatch]:
    connection.execute("BEGIN")
    names = [column[0] for column in connection.execute(f"SELECT * FROM ({query}) LIMIT 0").description]
    kinds = ", ".join(f"group_concat(DISTINCT typeof({identifier(n)}))" for n in names)
    found = [set((kinds or "null").split(",")) - {"null"} for kinds in connection.execute(f"SELECT {kinds} FROM ({query})").fetchone()]
    schema = pa.schema([pa.field(name, _type_of(kinds)) for name, kinds in zip(names, found, strict=True)])
    hint = "choose columns in a query: …?query=SELECT hex(…) …"
    mixed = [name for name, kinds in zip(names, found, strict=True) if "blob" in kinds and len(kinds) > 1]
    SourceError.reject(Mistake(f"{place}: column {n!r} has blobs and other values", hint=hint, code="mixed-types") for n in mixed)
    text = [pa.types.is_string(field.type) and found[i] - {"text"} != set() for i, field in enumerate(schema)]
    chosen = [f"CAST({identifier(n)} AS TEXT)" if cast else identifier(n) for n, cast in zip(names, text, strict=True)]
    yield pa.RecordBatch.from_pylist([], schema=schema)
    with closing(connection.execute(f"SELECT {', '.join(chosen)} FROM ({query})")) as cursor:  # an open cursor would keep the file locked
        while rows := cursor.fetchmany(ROWS):
            arrays = [pa.array(values, field.type) for values, field in zip(zip(*rows, strict=True), schema, strict=True)]
            yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _type_of(kinds: set[str]) -> pa.DataType:
    if kinds == {"integer"}:
        return pa.int64()
    if kinds and kinds <= {"integer", "real"}:
        return pa.float64()
    return pa.binary() if kinds == {"blob"} else pa.string()
