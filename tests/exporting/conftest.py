"""A database with a table to export, and what to do to an export while it runs."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pyarrow.parquet as pq
import pytest

GATE = 4_450  # the row at which the query GATED waits until the gate is open
GATED = "select id, gate(id) as g, customer, at, country from orders"
MADE = f"""
drop table if exists orders cascade;
create table orders as select i as id, i % 97 as customer, timestamp '2026-01-01' + i * interval '17 minutes' as at,
    case when i % 5 > 0 then 'c' || i % 7 end as country, case when i % 11 > 0 then i % 50 end as key from generate_series(1, 6000) as i;
create or replace function gate(n int) returns int language plpgsql stable as
    'begin if n = {GATE} then perform pg_advisory_lock_shared(77); perform pg_advisory_unlock_shared(77); end if; return n; end';
analyze orders
"""


@pytest.fixture
def execute(postgres: str) -> Callable[..., list[tuple[Any, ...]]]:
    """Run statements, each in a connection of its own."""

    def execute(*statements: str) -> list[tuple[Any, ...]]:
        from adbc_driver_postgresql import dbapi

        with dbapi.connect(postgres, autocommit=True) as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    return execute


@pytest.fixture
def database(postgres: str, execute: Callable[..., Any]) -> str:
    """The database, with the table as it is at first."""
    execute(*(s for s in MADE.split(";\n") if s.strip()))
    return postgres


@pytest.fixture
def gated(database: str, execute: Callable[..., Any]) -> Iterator[Callable[[], Any]]:
    """The gate is closed until what this gives is called: then the server goes on with what waits there."""
    from adbc_driver_postgresql import dbapi

    connection = dbapi.connect(database, autocommit=True)
    cursor = connection.cursor()
    cursor.execute("select pg_advisory_lock(77)")
    cursor.fetchall()

    def opened() -> None:
        cursor.close()
        connection.close()

    try:
        yield opened
    finally:
        opened()


@pytest.fixture
def at_the_gate(execute: Callable[..., Any]) -> Callable[[], int]:
    """Waits until an export waits at the gate; the number of its server process."""

    def waiting() -> int:
        for _ in range(1200):
            found = execute("select pid from pg_locks where locktype = 'advisory' and not granted")
            if found:
                return int(found[0][0])
            time.sleep(0.05)
        raise TimeoutError

    return waiting


@contextmanager
def running(work: Callable[[], Any]) -> Iterator[list[Any]]:
    """Do work in a thread while the block runs, and wait for it: the list then has its result, or its error."""
    done: list[Any] = []

    def run() -> None:
        try:
            done.append(work())
        except Exception as error:  # noqa: BLE001 -- what a test looks at
            done.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield done
    finally:
        thread.join(60)


def rows_in(folder: Path) -> list[dict[str, Any]]:
    """The rows of an export by their `id`, each file read by itself as its manifest lists it."""
    manifest = json.loads((folder / "_copy_manifest.json").read_text())
    return sorted((row for e in manifest["entries"] for row in pq.read_table(e["url"]).to_pylist()), key=lambda row: row["id"])


class Wire:
    """A socket before that of the database, which can be cut."""

    port = 5432

    def __init__(self, database: str, folder: Path) -> None:
        asked = dict(parse_qsl(urlsplit(database).query))
        self._path, self._to = folder / f".s.PGSQL.{self.port}", f"{asked['host']}/.s.PGSQL.{asked['port']}"
        self._ends: list[socket.socket] = []

    def __enter__(self) -> Wire:
        self.mend()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    def mend(self) -> None:
        """Listen."""
        self._path.unlink(missing_ok=True)
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self._path))
        self._server.listen()
        threading.Thread(target=self._serve, args=[self._server], daemon=True).start()

    def cut(self) -> None:
        """Let all connections break off, and refuse others."""
        for end in (self._server, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _serve(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, far = server.accept()[0], socket.socket(socket.AF_UNIX)
                far.connect(self._to)
                self._ends += [near, far]
                for a, b in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=[a, b], daemon=True).start()

    def _carry(self, a: socket.socket, b: socket.socket) -> None:
        with suppress(OSError):
            while data := a.recv(1 << 16):
                b.sendall(data)
        for end in (a, b):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
