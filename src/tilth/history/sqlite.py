"""A history in an SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tilth.errors import Gap, MachineError, RequestError
from tilth.history.ledger import COLUMNS, Ledger
from tilth.store.documents import bytes_of
from tilth.store.local import exists
from tilth.store.places import atomic
from tilth.store.protection import in_force, key_for

LARGEST = 1 << 30  # bytes of a sealed history, because it is held in memory
WAIT = 30.0  # seconds to wait for another process that writes
APPLICATION = 0x71174A  # marks the file as a ledger, in its header
VERSION = 2
SCHEMA = (
    f"CREATE TABLE {Ledger.TABLE} ({COLUMNS})",
    f"CREATE UNIQUE INDEX by_name ON {Ledger.TABLE} (dataset, name, at, check_number)",
    f"PRAGMA application_id = {APPLICATION}",
    f"PRAGMA user_version = {VERSION}",
)


class SQLite(Ledger):
    """A ledger in a file, which is created if it is missing.

    >>> import tempfile
    >>> ledger = SQLite(Path(tempfile.mkdtemp()) / "history.db")
    >>> ledger.append("orders", {"Dataset.*.RowCount": 90.0})
    >>> ledger.append("orders", {"Dataset.*.RowCount": 100.0})
    >>> ledger.values("orders", "Dataset.*.RowCount")
    (100.0, 90.0)

    Errors: `RequestError` for a missing folder and a file of another kind; `MachineError` if it cannot be used.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.parent.is_dir():
            raise RequestError(f"there is no folder {self.path.parent} for the history", hint="make it first", code="no-folder")
        with self.open():
            """Created, or rejected, before anything is measured."""

    @contextmanager
    def open(self, writing: bool = False) -> Iterator[_Opened]:
        try:
            with self._connected() as connection:
                self._prepare(connection)
                if writing:
                    connection.execute("BEGIN IMMEDIATE")  # so that no other process takes the same number
                yield _Opened(connection)
                if writing:
                    connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            hint = "check that the folder exists and is writable, and that no other process locks the file"
            raise MachineError(f"the history {self.path} cannot be used: {error}", hint=hint) from error
        except sqlite3.DatabaseError as error:
            raise self._foreign(str(error)) from error

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        """A connection to the file. While a key is in force, the database is in memory, and sealed into the file if it was changed."""
        if in_force() is None:
            if not self.path.exists() and exists(self.path):
                key_for(str(self.path))
            with closing(sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)) as connection:
                yield connection
            return
        if self.path.exists():
            hint = "name another file, or move it away"
            raise RequestError(f"the history {self.path} is not encrypted, but a key is active", hint=hint, code="plaintext")
        with (
            _locked(self.path.with_name(f".{self.path.name}.lock")),
            closing(sqlite3.connect(":memory:", isolation_level=None)) as connection,
        ):
            before = b""
            if exists(self.path):
                before = bytes_of(self.path, "history", LARGEST)
                connection.deserialize(before)
            yield connection
            if (after := connection.serialize()) != before:
                with atomic(self.path) as new:
                    new.write_bytes(after)

    def _prepare(self, connection: sqlite3.Connection) -> None:
        if self._version(connection) == (APPLICATION, VERSION):
            return
        connection.execute("BEGIN IMMEDIATE")
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        known = self._version(connection)
        if known != (APPLICATION, VERSION) and (known[0] or tables):
            raise self._of_another_version(known[1]) if known[0] == APPLICATION else self._foreign("it is another program's database")
        if known != (APPLICATION, VERSION):  # another process may have created it in between
            for statement in SCHEMA:
                connection.execute(statement)
        connection.execute("COMMIT")

    @staticmethod
    def _version(connection: sqlite3.Connection) -> tuple[int, ...]:
        return tuple(int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("application_id", "user_version"))

    def _of_another_version(self, version: int) -> RequestError:
        what = f"the history {self.path} was made by another version of Tilth: its layout is {version}, and this one reads {VERSION}"
        return RequestError(what, hint="use that version, or name a new file", code="not-a-history")

    def _foreign(self, reason: str) -> RequestError:
        hint = "name a new file, or one that an earlier check with a history has made"
        return RequestError(f"{self.path} is not a history of Tilth: {reason}", hint=hint, code="not-a-history")


class _Opened:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement, values).fetchall()

    def each(self, statement: str, values: Sequence[Sequence[Any]]) -> None:
        self._connection.executemany(statement, values)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """While the block runs, other processes wait before their block. Errors: `Gap` on a machine without such locks."""
    try:
        import fcntl
    except ImportError:
        hint = "leave the history out, or run without a key"
        raise Gap("an encrypted history needs locks that Windows does not have", hint=hint) from None
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
