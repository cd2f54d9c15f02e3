"""Keeps a model's answers in an SQLite file, by a hash of the request, so that an interrupted run can continue."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from tilth.errors import MachineError, RequestError
from tilth.store.uri import Place, is_local

SQLITE = b"SQLite format 3\0"  # the first bytes of an SQLite file


class Kept:
    """The answers in a file, which is created if missing, readable by its owner only; several threads may use it.

    Errors: `RequestError` for a file of another kind, `MachineError` if it cannot be written.
    """

    def __init__(self, path: str) -> None:
        self._lock = Lock()
        try:
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).touch(mode=0o600)
            self._file = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._file.execute("CREATE TABLE IF NOT EXISTS answers (asked BLOB PRIMARY KEY, answer BLOB)")
        except sqlite3.DatabaseError as error:
            raise RequestError(f"{path!r} does not hold answers of a model: {error}", code="bad-answers") from error
        except OSError as error:
            raise MachineError(f"{path!r} cannot be written: {error.strerror}", code="bad-answers") from error

    def find(self, asked: bytes) -> bytes | None:
        """The answer to the request with this hash."""
        with self._lock:
            found = self._file.execute("SELECT answer FROM answers WHERE asked = ?", [asked]).fetchone()
        return None if found is None else bytes(found[0])

    def keep(self, asked: bytes, answer: bytes) -> None:
        """Keep an answer. Errors: `MachineError`."""
        try:
            with self._lock:
                self._file.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", [asked, answer])
        except sqlite3.Error as error:
            raise MachineError(f"answers of the model cannot be kept: {error}", code="bad-answers") from error


@contextmanager
def kept_beside(out: Place | None) -> Iterator[str]:
    """The path of a file of answers next to a local folder of results, else empty; the file is removed if the context succeeds."""
    kept = f"{str(out).rstrip('/')}.answers" if out is not None and is_local(out) else ""
    yield kept
    if kept and Path(kept).is_file() and Path(kept).read_bytes()[: len(SQLITE)] == SQLITE:  # never remove a file of the user
        Path(kept).unlink()
