"""Redshift through its Data API: statements are sent over HTTPS, without a driver and without a connection to the cluster."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pyarrow as pa

from tilth.errors import RequestError, SourceError
from tilth.secrets import Access, Reference, hidden
from tilth.secrets.providers.aws import client_of
from tilth.secrets.providers.iam import SERVERLESS
from tilth.store.query import asked_of

HOSTS = re.compile(r"([^.]+)\.[^.]+\.([^.]+)\.(redshift|redshift-serverless)\.amazonaws\.com(\.cn)?")
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0  # seconds between two status requests
ALLOW = "allow redshift-data:ExecuteStatement, DescribeStatement, GetStatementResult and CancelStatement, and what the secret needs"
SAID = {
    "AccessDeniedException": ("may not be asked", ALLOW),
    "ValidationException": ("refuses the request", "check cluster, database and secret; a secret needs the tag RedshiftDataFullAccess"),
}


class DataApi:
    """The Data API for the cluster or workgroup of a place, `redshift://HOST/DATABASE`.

    The secret is `iam:CLUSTER`, `iam:serverless/WORKGROUP`, or `aws:NAME`, which the Data API reads itself.
    """

    def __init__(self, place: str, access: Access | None) -> None:
        uri = asked_of(place, "redshift://host/db")[0]
        host, database = HOSTS.fullmatch(uri.hostname or ""), uri.path.strip("/")
        reference = Reference.of(access.reference) if access else None
        self._region = host[2] if host else None
        self._asked: dict[str, str] = {"Database": database}
        if reference and reference.scheme == "iam":
            name, serverless = reference.name.removeprefix(SERVERLESS), reference.name.startswith(SERVERLESS)
        elif reference and reference.scheme in ("aws", "aws-secret") and host:
            name, serverless = host[1], host[3] == "redshift-serverless"
            self._asked["SecretArn"] = reference.name
        else:
            accepted = "iam:CLUSTER, iam:serverless/WORKGROUP, or aws:NAME with the host that AWS shows for the cluster"
            raise RequestError(f"{place} is exported through the Data API, and that needs a secret", accepted=accepted, code="no-reference")
        if not database:
            raise RequestError(f"{place} does not name the database", accepted="redshift://host/db?table=schema.table", code="bad-place")
        self._asked["WorkgroupName" if serverless else "ClusterIdentifier"] = name
        if uri.username and reference.scheme == "iam" and not serverless:
            self._asked["DbUser"] = uri.username
        self._shown = f"Redshift ({name})"

    def start(self, sql: str, token: str | None = None) -> str:
        """Start a statement, and return its id. With the same token it is run only once."""
        with self._client() as client:
            more = {"ClientToken": token} if token else {}
            return str(client.execute_statement(Sql=sql, StatementName="tilth-export", **self._asked, **more)["Id"])

    def status(self, statement: str) -> Mapping[str, Any]:
        """The status of a statement."""
        with self._client() as client:
            try:
                found: Mapping[str, Any] = client.describe_statement(Id=statement)
            except client.exceptions.ResourceNotFoundException:  # the Data API forgets statements after a day
                return {"Status": "ABORTED", "Error": "the Data API does not know it any more"}
            return found

    def is_done(self, statement: str) -> bool:
        """Whether a statement has ended. Errors: `SourceError` with the server's message if it failed or was cancelled."""
        found = self.status(statement)
        if found["Status"] in ("FAILED", "ABORTED"):
            words = hidden(" ".join(str(found.get("Error") or "it was ended").split()))[:300]
            raise SourceError(f"{self._shown} could not run a statement: {words}", code="statement-failed")
        return bool(found["Status"] == "FINISHED")

    def cancel(self, statement: str) -> None:
        """Cancel a statement."""
        with self._client() as client:
            client.cancel_statement(Id=statement)

    def answer(self, sql: str) -> tuple[pa.Schema, list[tuple[Any, ...]]]:
        """Run a query with a small result: its columns and rows."""
        statement = self.start(sql)
        for seconds in waits():
            if self.is_done(statement):
                break
            time.sleep(seconds)
        rows: list[tuple[Any, ...]] = []
        with self._client() as client:
            for page in client.get_paginator("get_statement_result").paginate(Id=statement):
                rows += [tuple(None if field.get("isNull") else next(iter(field.values())) for field in row) for row in page["Records"]]
        return pa.schema([(column["name"], _type_of(column)) for column in page["ColumnMetadata"]]), rows

    @contextmanager
    def _client(self) -> Iterator[Any]:
        with client_of("redshift-data", self._shown, self._region, SAID, code="refused") as client:
            yield client


def waits() -> Iterator[float]:
    """Seconds to wait between status requests: 1, 2, 4 … 30."""
    seconds = FIRST_WAIT
    while True:
        yield seconds
        seconds = min(LONGEST_WAIT, 2 * seconds)


def _type_of(column: Mapping[str, Any]) -> pa.DataType:
    if column["typeName"] == "numeric":
        return pa.decimal128(column["precision"], column["scale"])
    known = {"bool": pa.bool_(), "int2": pa.int16(), "int4": pa.int32(), "int8": pa.int64(), "float4": pa.float32(), "float8": pa.float64()}
    times = {"date": pa.date32(), "timestamp": pa.timestamp("us"), "timestamptz": pa.timestamp("us", "UTC")}
    return (known | times).get(column["typeName"], pa.string())
