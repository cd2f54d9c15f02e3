"""A stand-in for Redshift: its Data API over HTTP, as boto3 asks it, and UNLOAD, whose query runs on PostgreSQL.

What it copies of UNLOAD: the names of files and of the manifest, its VERBOSE form, the refusal to overwrite, two slices that write a file
each, and timestamps without their zone.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlglot

from tilth.store.s3 import Bucket

UNLOAD = re.compile(
    r"UNLOAD \(\$\$(?P<query>.+?)\$\$\) TO '(?P<to>[^']+)' IAM_ROLE (default|'[^']+') FORMAT AS PARQUET MANIFEST VERBOSE"
    r"( KMS_KEY_ID '[^']+' ENCRYPTED)?( REGION '[^']+')?"
)
NAMES = {"int64": "int8", "int32": "int4", "string": "varchar", "timestamp[us]": "timestamp"}
NOT_EMPTY = "Specified unload destination on S3 is not empty. Consider using the ALLOWOVERWRITE option."
HASH = "create or replace function fnv_hash(text, bigint) returns bigint language sql immutable as 'select hashtextextended($1, $2)'"


class Redshift:
    """The statements that were run, and faults: text in a statement → what happens once, `failed`, `unanswered` or `held`."""

    def __init__(self, postgres: str) -> None:
        self.postgres, self.faults = postgres, dict[str, str]()
        self.statements: dict[str, dict[str, Any]] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._tokens: dict[str, str] = {}

    @property
    def unloads(self) -> list[str]:
        """The statements UNLOAD that were run."""
        return [s["Sql"] for s in self.statements.values() if s["Sql"].startswith("UNLOAD")]

    def answer(self, operation: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """The status and the body of an answer."""
        self.asked.append((operation, given))
        if given.get("SecretArn") == "denied":
            return 400, {"__type": "AccessDeniedException", "message": "User is not authorized"}
        if operation == "ExecuteStatement":
            if found := self._tokens.get(given.get("ClientToken", "")):
                return 200, {"Id": found}
            name = f"q-{len(self.statements)}"
            self._tokens[given.get("ClientToken") or name] = name
            fault = next((self.faults.pop(text) for text in list(self.faults) if text in given["Sql"]), "")
            self.statements[name] = {"Sql": given["Sql"], "Status": "STARTED", "fault": fault, **self._run(given["Sql"], fault)}
            return (500, {}) if fault == "unanswered" else (200, {"Id": name})
        statement = self.statements.get(given["Id"])
        if statement is None:
            return 400, {"__type": "ResourceNotFoundException", "Message": "Query does not exist."}
        if operation == "DescribeStatement":
            seen, statement["Status"] = statement["Status"], "STARTED" if statement["fault"] == "held" else statement["ends"]
            return 200, {"Id": given["Id"], "Status": seen} | ({"Error": statement["Error"]} if seen == "FAILED" else {})
        if operation == "CancelStatement":
            statement["Status"] = statement["ends"] = "ABORTED"
            return 200, {"Status": True}
        columns = [{"name": f.name, "typeName": NAMES[str(f.type)], "precision": 0, "scale": 0} for f in statement["table"].schema]
        return 200, {"Records": [list(map(_field, row.values())) for row in statement["table"].to_pylist()], "ColumnMetadata": columns}

    def _run(self, sql: str, fault: str) -> dict[str, Any]:
        if sql.startswith("EXPLAIN"):
            return {"ends": "FINISHED", "table": pa.table({"QUERY PLAN": ["XN Seq Scan on orders  (cost=0.00..60.00 rows=6000 width=40)"]})}
        unload = UNLOAD.fullmatch(sql)
        table = self._asked_of_postgres(unload["query"] if unload else sql)
        if unload is None:
            return {"ends": "FINISHED", "table": table}
        try:
            self._unload(table, unload["to"], failing=fault == "failed")
        except FileExistsError:
            return {"ends": "FAILED", "Error": f"ERROR: {NOT_EMPTY}"}
        return {"ends": "FAILED", "Error": "ERROR: Disk Full"} if fault == "failed" else {"ends": "FINISHED"}

    def _asked_of_postgres(self, query: str) -> pa.Table:
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(self.postgres) as connection, connection.cursor() as cursor:
            cursor.execute(sqlglot.transpile(query, read="redshift", write="postgres")[0].replace("VARCHAR(MAX)", "TEXT"))
            return cursor.fetch_arrow_table()

    def _unload(self, table: pa.Table, to: str, failing: bool) -> None:
        bucket, entries = Bucket.of(to), []
        if any(o["path"].startswith(bucket.key) for o in bucket.objects(bucket.key.rpartition("/")[0])):
            raise FileExistsError
        half = (table.num_rows + 1) // 2
        for slice_, rows in enumerate((table.slice(0, half), table.slice(half))):
            file = BytesIO()
            pq.write_table(rows, file)
            bucket.store.put(f"{bucket.key}{slice_:04}_part_00.parquet", file.getvalue())
            meta = {"content_length": len(file.getvalue()), "record_count": rows.num_rows}
            entries.append({"url": f"{to}{slice_:04}_part_00.parquet", "meta": meta})
            if failing:
                return
        bucket.store.put(f"{bucket.key}manifest", json.dumps({"entries": entries, "author": {"name": "Amazon Redshift"}}).encode())


def _field(value: Any) -> dict[str, Any]:
    if value is None:
        return {"isNull": True}
    return {"longValue": value} if isinstance(value, int) else {"stringValue": str(value)}


@contextmanager
def serving(redshift: Redshift) -> Iterator[str]:
    """The address of its Data API."""
    guard = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            given = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with guard:
                status, body = redshift.answer(self.headers["x-amz-target"].rpartition(".")[2], given)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/x-amz-json-1.1")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
