"""Tables of a database: `postgresql://user@host/db?table=schema.table`, or a query, `…?query=SELECT …`.

A place must not contain a password, because places appear in flows, artefacts and reports. The password comes from a secret, or libpq reads
it from `PGPASSWORD` or `~/.pgpass`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from tilth.errors import MachineError, RequestError, SourceError, extra
from tilth.secrets import Access, AuthenticationFailed, Credentials, hidden
from tilth.store.libpq import UNUSABLE, connection_string, hint_of, is_broken, is_refused
from tilth.store.places import Store
from tilth.store.query import asked_of, identifier, parts_of, together

OTHERWISE = "; or set PGPASSWORD, or keep it in ~/.pgpass"  # alternatives to a password in a place
OF_DRIVER = re.compile(r"^.*?(?:ERROR|FATAL|PANIC):\s+|^[A-Z_]+: \[libpq\] (?:Failed to connect: )?")
DIGITS = 38  # the most digits of a decimal in the engines


class PostgreSQL(Store):
    """Tables and queries of PostgreSQL, read in one read-only transaction, in Arrow batches.

    A `numeric` with a declared precision of up to 38 digits becomes a decimal, any other a double. Types that Arrow lacks, such as uuid and
    jsonb, become strings.
    """

    has_rows = True
    takes_secret = True

    def rows(self, place: str) -> Callable[[], Iterator[pa.RecordBatch]]:
        server, query = server_and_query(place)
        with connected(server, place, self.access) as cursor:
            text, schema = described(cursor, query)

        def batches() -> Iterator[pa.RecordBatch]:
            yield pa.RecordBatch.from_pylist([], schema=schema)
            with connected(server, place, self.access) as cursor:
                cursor.execute(text)
                for batch in cursor.fetch_record_batch():
                    yield batch.cast(schema)

        return batches


def server_and_query(place: str) -> tuple[str, str]:
    """The URI of the server for libpq, and the query."""
    uri, options, query = asked_of(place, "postgresql://user@host/db", OTHERWISE)
    options["options"] = f"{options.get('options', '')} -c default_transaction_read_only=on -c timezone=UTC".strip()
    return together(uri, options), query


def server_of(place: str) -> str:
    """The URI of a server for libpq. Errors: `RequestError` if the place has a password, a table or a query."""
    uri, options = parts_of(place, OTHERWISE)
    if more := options.keys() & {"table", "query"}:
        message = f"the place of a database must not name a {min(more)}"
        raise RequestError(message, accepted="postgresql://user@host/db", code="bad-place")
    return together(uri, options)


def described(cursor: Any, query: str) -> tuple[str, pa.Schema]:
    """The query with columns converted to Arrow's types, and its schema."""
    cursor.execute(f"SELECT * FROM ({query}) AS rows LIMIT 0")
    columns = [_column(field) for field in cursor.fetch_record_batch().schema]
    return f"SELECT {', '.join(made for made, _ in columns)} FROM ({query}) AS rows", pa.schema([field for _, field in columns])


def _column(field: pa.Field) -> tuple[str, pa.Field]:
    """The SQL that selects a column, and its field. Types that Arrow lacks are cast; otherwise they would arrive as untyped text."""
    name = identifier(field.name)
    if getattr(field.type, "type_name", "") == "numeric":
        digits, scale = divmod(int(field.metadata[b"POSTGRESQL:typmod"]) - 4, 1 << 16)
        if 0 < digits <= DIGITS and scale <= digits:
            return f"nullif({name}, 'NaN')::text AS {name}", pa.field(field.name, pa.decimal128(digits, scale))
        return f"{name}::double precision AS {name}", pa.field(field.name, pa.float64())
    if isinstance(field.type, pa.BaseExtensionType) or pa.types.is_interval(field.type):
        return f"{name}::text AS {name}", pa.field(field.name, pa.string())
    return name, pa.field(field.name, field.type)


@contextmanager
def connected(server: str, place: str, access: Access | None = None) -> Iterator[Any]:
    """A cursor on a connection that `access` opens. The driver's exceptions become Tilth's, without secrets."""
    with extra("postgres", "a place in PostgreSQL"):
        from adbc_driver_postgresql import dbapi

    def opened(credentials: Credentials | None = None) -> Any:
        try:
            return dbapi.connect(connection_string(server, place, credentials))
        except dbapi.Error as error:
            if not is_refused(str(error)):
                raise
            hint = f"check {access.reference}" if access else "name a secret: --secret REFERENCE; or set PGPASSWORD"
            message = f"{place} cannot be opened: {_first_line(error)}"
        raise AuthenticationFailed(message, hint=hint, code="refused")

    with translated(place), access.credentials(opened) if access else opened() as connection, connection.cursor() as cursor:
        yield cursor


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Turn the driver's exceptions into Tilth's, without secrets."""
    from adbc_driver_postgresql import dbapi

    try:
        yield
    except (dbapi.DataError, OSError) as error:  # their messages contain values
        if is_broken(str(error)):
            hint = "start again; was the server stopped, or the session ended?"
            raise MachineError(f"{place}: the connection was lost: {_first_line(error)}", hint=hint, code="database") from None
        if isinstance(error, OSError) and error.errno:  # from the code that uses the rows, such as a file that cannot be written
            raise
        raise SourceError(f"{place} cannot be read: a value does not fit, or a number is divided by zero", code="bad-value") from None
    except (dbapi.ProgrammingError, dbapi.NotSupportedError) as error:
        hint = UNUSABLE.get(error.sqlstate or "", "")
        raise SourceError(f"{place} cannot be used: {_first_line(error)}", hint=hint, code="not-readable") from None
    except dbapi.Error as error:
        raise MachineError(f"{place} cannot be reached: {_first_line(error)}", hint=hint_of(str(error)), code="database") from None


def _first_line(error: Exception) -> str:
    """The message of the server or libpq, without the driver's prefix and without secrets."""
    return hidden(OF_DRIVER.sub("", " ".join(str(error).split("\n")[0].split()), count=1))[:300]
