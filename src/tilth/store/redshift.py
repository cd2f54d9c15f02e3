"""Tables of Amazon Redshift: `redshift://host:5439/db?table=schema.table`, or a query, `…?query=SELECT …`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal
from itertools import chain
from typing import Any
from urllib.parse import SplitResult

import pyarrow as pa

from tilth.errors import MachineError, RequestError, SourceError, extra, warn
from tilth.secrets import AuthenticationFailed, Credentials, hidden
from tilth.store.places import Store
from tilth.store.query import asked_of

ROWS = 10_000  # in a batch
PORT = 5439
MODES = ("verify-full", "verify-ca")  # the modes of the driver; weaker modes would not verify the server
DIGITS = 38  # the most digits of a numeric
NUMERIC = 1700
TYPES = dict(
    [
        *((16, pa.bool_()), (6551, pa.binary()), (21, pa.int16()), (23, pa.int32()), (20, pa.int64()), (26, pa.int64())),
        *((700, pa.float32()), (701, pa.float64()), (1082, pa.date32()), (1114, pa.timestamp("us")), (1184, pa.timestamp("us", "UTC"))),
    ]
)
"""Type in the server's catalogue → Arrow type; other types become strings."""
REFUSED = ("28000", "28P01")  # SQLSTATE: the user, the password


class Redshift(Store):
    """Tables and queries of Redshift, in one read-only transaction. The driver holds the whole result in memory: UNLOAD large tables to S3.

    A numeric becomes a decimal with the scale of its values, or a double if the first 10,000 are null. Types that Arrow lacks, such as
    SUPER and TIMETZ, become strings. The driver reads VARBYTE as UTF-8: other bytes are refused, and `to_hex` converts them to a string.
    Host, port and database come from the place, otherwise from the secret.
    """

    has_rows = True
    takes_secret = True

    def rows(self, place: str) -> Callable[[], Iterator[pa.RecordBatch]]:
        uri, options, query = asked_of(place, "redshift://host/db")
        mode = options.pop("sslmode", MODES[0])
        if options or mode not in MODES:
            wrong = f"option {min(options)!r}" if options else f"sslmode {mode!r}"
            accepted = "table, query, sslmode=verify-full or verify-ca"
            raise RequestError(f"{place}: there is no {wrong}", accepted=accepted, code="unknown-option")
        if self.access is None:
            hint = "--secret aws:NAME, or `secret: aws:NAME` under `data`"
            raise RequestError(f"{place} needs a secret, and none was given", hint=hint, code="no-reference")
        access = self.access

        def batches() -> Iterator[pa.RecordBatch]:
            if mode != MODES[0]:
                warn(f"{place}: sslmode={mode} does not verify the name of the server")
            with _errors_of(place), closing(access.credentials(lambda given: _opened(place, uri, mode, given))) as connection:
                connection.autocommit = True  # otherwise the driver begins a transaction that may write
                with closing(connection.cursor()) as cursor:
                    cursor.execute("BEGIN READ ONLY")
                    cursor.execute(f"SELECT * FROM ({query}) AS rows")
                    yield from _batches(cursor)

        return batches


def _driver() -> Any:
    """The driver, which follows Python's database interface."""
    with extra("redshift", "a place in Redshift"):
        import redshift_connector
    return redshift_connector


def _opened(place: str, uri: SplitResult, mode: str, given: Credentials) -> Any:
    if given.engine not in ("", "redshift"):
        message = f"the secret {given.password.reference} is one of {given.engine}, but {place} is in Redshift"
        raise RequestError(message, hint="name the secret of that database", code="other-database")
    host, database = uri.hostname or given.host, uri.path.strip("/") or given.dbname
    user = given.user or uri.username or ""
    if missing := [name for name, part in (("host", host), ("database", database), ("user", user)) if not part]:
        message = f"neither {place} nor the secret has the {missing[0]}"
        raise RequestError(message, accepted="redshift://user@host/db?table=schema.table", code="bad-place")
    port = uri.port or int(given.port or PORT)
    driver, password = _driver(), given.password.reveal()
    try:
        return driver.connect(host=host, port=port, database=database, user=user, password=password, ssl=True, sslmode=mode)
    except driver.Error as error:
        if _state(error) not in REFUSED:
            raise
        message = f"{place} cannot be opened: {_said(error)}"
    raise AuthenticationFailed(message, hint=f"check {given.password.reference}", code="refused")


def _batches(cursor: Any) -> Iterator[pa.RecordBatch]:
    described = [(str(column[0]), int(column[1])) for column in cursor.description]
    first: Sequence[Sequence[Any]] = cursor.fetchmany(ROWS)
    schema = pa.schema([(name, _type_of(oid, [row[i] for row in first])) for i, (name, oid) in enumerate(described)])
    yield pa.RecordBatch.from_pylist([], schema=schema)
    for rows in chain([first], iter(lambda: cursor.fetchmany(ROWS), ())):
        columns = zip(*rows, strict=True) if rows else [()] * len(described)
        yield pa.RecordBatch.from_arrays([_array(list(c), f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)


def _type_of(oid: int, values: Sequence[Any]) -> pa.DataType:
    if oid != NUMERIC:
        return TYPES.get(oid, pa.string())
    scale = next((-int(v.as_tuple().exponent) for v in values if isinstance(v, Decimal) and v.is_finite()), None)
    return pa.float64() if scale is None else pa.decimal128(DIGITS, max(0, scale))


def _array(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        values = [v if v is None or isinstance(v, str) else str(v) for v in values]
    elif pa.types.is_floating(kind):
        values = [None if v is None else float(v) for v in values]
    return pa.array(values, kind)


@contextmanager
def _errors_of(place: str) -> Iterator[None]:
    """Turn the driver's errors into Tilth's, without secrets and without values."""
    try:
        yield
    except (UnicodeDecodeError, pa.ArrowException):
        raise SourceError(f"{place} cannot be read: a value is not of its column's type, or not UTF-8", code="bad-value") from None
    except OSError as error:
        hint = "is the network open, and the cluster available?"
        raise MachineError(f"{place} cannot be reached: {hidden(str(error))[:300]}", hint=hint, code="database") from None
    except _driver().Error as error:
        if (state := _state(error)) and state[:2] in ("42", "0A", "25"):  # a name, a privilege, syntax; not supported; read-only
            raise SourceError(f"{place} cannot be used: {_said(error)}", code="not-readable") from None
        if state[:2] == "22":
            raise SourceError(f"{place} cannot be read: a value does not fit, or a number is divided by zero", code="bad-value") from None
        hint = "is the network open, and the cluster available?"
        raise MachineError(f"{place} cannot be reached: {_said(error)}", hint=hint, code="database") from None


def _fields(error: Exception) -> dict[str, Any]:
    """The fields of a server error by their letters in the protocol: C is the SQLSTATE, M the message."""
    return error.args[0] if error.args and isinstance(error.args[0], dict) else {}


def _state(error: Exception) -> str:
    return str(_fields(error).get("C", ""))


def _said(error: Exception) -> str:
    said = _fields(error).get("M") or (error.args[-1] if error.args else error)  # ("communication error", cause)
    return hidden(" ".join(str(said).split()))[:300]
