"""A history in a table of PostgreSQL, for a team."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

from tilth.history.ledger import COLUMNS, Ledger
from tilth.store.table import connected, server_of


class PostgreSQL(Ledger):
    """A ledger in the table `tilth_statistic` of a database, `postgresql://user@host/db`. The table is created if it is missing.

    Errors: as for reading tables of a database.
    """

    TABLE = "tilth_statistic"

    def __init__(self, place: str) -> None:
        self.place, self._server = place, server_of(place)
        with self.open(writing=True):
            """Created before anything is measured."""

    @contextmanager
    def open(self, writing: bool = False) -> Iterator[_Opened]:
        with connected(self._server, self.place) as cursor:
            opened = _Opened(cursor)
            if writing:
                opened.rows("SELECT pg_advisory_xact_lock(7427914)")  # so that no other check takes the same number
                opened.rows(f"CREATE TABLE IF NOT EXISTS {self.TABLE} ({COLUMNS}, PRIMARY KEY (dataset, name, at, check_number))")
            yield opened
            cursor.connection.commit()


class _Opened:
    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self._cursor.execute(_numbered(statement), values or None)
        found: list[tuple[Any, ...]] = self._cursor.fetchall() if self._cursor.description else []
        return found

    def each(self, statement: str, values: Sequence[Sequence[Any]]) -> None:
        self._cursor.executemany(_numbered(statement), values)


def _numbered(statement: str) -> str:
    """Replace each `?` in a statement by `$1`, `$2` …"""
    numbers = count(1)
    return re.sub(r"\?", lambda _: f"${next(numbers)}", statement)
