"""The ledger: the metrics of earlier checks in an SQLite file, by which rules such as `RowCount > avg(last(5))` are judged.

One row per metric of a finished check: the dataset's key, the metric's name, the time in UTC, the check's number and the value. No rows
of the data, no values of private columns, no query text (metrics of a query or a filter have a digest of it in their name).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tilth.errors import MachineError, RequestError

WAIT = 30.0  # seconds for another process that writes
APPLICATION = 0x71174A  # marks the file as a ledger, in its header
SCHEMA = f"""
CREATE TABLE statistic (dataset TEXT NOT NULL, name TEXT NOT NULL, check_number INTEGER NOT NULL, at TEXT NOT NULL, value REAL NOT NULL);
CREATE UNIQUE INDEX by_name ON statistic (dataset, name, check_number);
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = 1;
"""


class Ledger:
    """A file of metrics over time. Several processes may read and write it at once; recording a check is atomic.

    >>> import tempfile
    >>> ledger = Ledger(Path(tempfile.mkdtemp()) / "history.db")
    >>> ledger.append("orders", {"Dataset.*.RowCount": 90.0})
    >>> ledger.append("orders", {"Dataset.*.RowCount": 100.0})
    >>> ledger.values("orders", "Dataset.*.RowCount")
    (100.0, 90.0)
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.parent.is_dir():
            raise RequestError(f"there is no folder {self.path.parent} for the history", hint="make it first", code="no-folder")
        with self._open():
            """Created, or rejected, before anything is measured."""

    def values(self, dataset: str, name: str, most: int = 10_000) -> tuple[float, ...]:
        """The recorded values of a metric, the latest first, at most `most`. Empty where there is none."""
        with self.reading(dataset) as values:
            return values(name, most)

    @contextmanager
    def reading(self, dataset: str) -> Iterator[Callable[[str, int], tuple[float, ...]]]:
        """Open the file once for the values of many metrics: a function like `values`."""
        query = "SELECT value FROM statistic WHERE dataset = ? AND name = ? ORDER BY check_number DESC LIMIT ?"
        with self._open() as connection:
            yield lambda name, most: tuple(value for (value,) in connection.execute(query, (dataset, name, most)))

    def append(self, dataset: str, values: Mapping[str, float], at: datetime | None = None) -> None:
        """Record the metrics of a finished check. NaN is left out. Errors: `MachineError`."""
        when = (at or datetime.now(UTC)).isoformat(timespec="seconds")
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")  # no other process may take the number that is read next
            (number,) = connection.execute("SELECT coalesce(max(check_number), 0) + 1 FROM statistic").fetchone()
            rows = [(dataset, name, number, when, value) for name, value in values.items() if value == value]
            connection.executemany("INSERT INTO statistic VALUES (?, ?, ?, ?, ?)", rows)
            connection.execute("COMMIT")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)) as connection:
                self._prepare(connection)
                yield connection
        except sqlite3.OperationalError as error:
            hint = "check that the folder exists and is writable, and that no other process locks the file"
            raise MachineError(f"the history {self.path} cannot be used: {error}", hint=hint) from error
        except sqlite3.DatabaseError as error:
            raise self._foreign(str(error)) from error

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if self._application(connection) == APPLICATION:
            return
        connection.execute("BEGIN IMMEDIATE")
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        application = self._application(connection)
        if application != APPLICATION and (application or tables):
            raise self._foreign("it is another program's database")
        if application != APPLICATION:  # not made by another process meanwhile
            for statement in SCHEMA.strip().split("\n"):
                connection.execute(statement)
        connection.execute("COMMIT")

    @staticmethod
    def _application(connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA application_id").fetchone()[0])

    def _foreign(self, reason: str) -> RequestError:
        hint = "name a new file, or one that an earlier check with a history has made"
        return RequestError(f"{self.path} is not a history of Tilth: {reason}", hint=hint, code="not-a-history")
