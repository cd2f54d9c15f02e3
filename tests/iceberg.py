"""A small Iceberg catalog, in an SQLite file and behind HTTP, for tests."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pyarrow as pa

TOKEN = "let-me-in"
ORDERS = pa.table(
    {
        "id": pa.array([1, 2, 3], pa.int64()),
        "number": pa.array([7, None, 9], pa.int32()),
        "price": pa.array([1.5, float("nan"), None]),
        "day": [date(2026, 1, 31), date(2026, 2, 1), None],
        "at": pa.array([datetime(2026, 1, 31, 12), None, datetime(2026, 2, 1, 0, 0, 0, 5)], pa.timestamp("us")),
        "zoned": pa.array([datetime(2026, 1, 31, 12, tzinfo=UTC), None, None], pa.timestamp("us", "UTC")),
        "state": ["new", "", None],
        "paid": [True, False, None],
        "total": pa.array([Decimal("1.50"), None, Decimal("-2.00")], pa.decimal128(12, 2)),
        "tags": pa.array([["a", "b"], [], None], pa.list_(pa.string())),
    }
)
MORE = ORDERS.set_column(0, "id", pa.array([4, 5, 6], pa.int64()))

RULES = """Rules = [ RowCount = 6, IsComplete "id", Completeness "number" > 0.6, ColumnValues "id" between 0 and 7, IsUnique "id",
    ColumnValues "day" > "2026-01-30" with threshold > 0.6, Sum "price" = 3 ]"""


def catalog_in(folder: Path, name: str = "shop") -> Any:
    """A new catalog in the file `catalog.db` of a folder, with the namespace `sales`."""
    from pyiceberg.catalog.sql import SqlCatalog

    made = SqlCatalog(name, uri=f"sqlite:///{folder}/catalog.db", warehouse=f"file://{folder}")
    made.create_namespace_if_not_exists("sales")
    return made


def orders_in(catalog: Any, name: str = "sales.orders") -> Any:
    """A table of six orders, in two snapshots, of which the first has the tag `first`."""
    table = catalog.create_table(name, schema=ORDERS.schema)
    table.append(ORDERS)
    table.manage_snapshots().create_tag(table.current_snapshot().snapshot_id, "first").commit()
    table.append(MORE)
    return table


@contextmanager
def served(catalog: Any) -> Iterator[str]:
    """The address of a server that answers for a catalog as the REST protocol of Iceberg says: its configuration, lists and tables."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            from pyiceberg.exceptions import NoSuchTableError

            status, body = 200, dict[str, Any]()
            match [unquote(part) for part in self.path.partition("?")[0].split("/")[2:]]:
                case _ if self.headers["Authorization"] != f"Bearer {TOKEN}":
                    status, body = 401, _error("NotAuthorizedException", 401)
                case ["config"]:
                    body = {"defaults": {}, "overrides": {}}
                case ["namespaces", namespace, "tables"]:
                    body = {"identifiers": [{"namespace": [namespace], "name": name} for _, name in catalog.list_tables(namespace)]}
                case ["namespaces", namespace, "tables", name]:
                    try:
                        table = catalog.load_table((namespace, name))
                        body = {"metadata-location": table.metadata_location, "metadata": json.loads(table.metadata.model_dump_json())}
                    except NoSuchTableError:
                        status, body = 404, _error("NoSuchTableException", 404)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _error(kind: str, code: int) -> dict[str, Any]:
    return {"error": {"message": "no", "type": kind, "code": code}}
