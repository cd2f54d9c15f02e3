"""Folders for what does not fit into memory, and for copies of files in another encoding: gone with their engine, or with the next start.

A process that is killed cannot clear anything away. Its folders are told from those of living processes by a lock that ends with it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from contextlib import suppress
from pathlib import Path

from tilth.errors import MachineError, RequestError
from tilth.store.atomic import TRIES, locked

PREFIX = "tilth-"
LOCK = ".tilth-lock"  # in every folder of ours; one without it is nobody's that we know


class Scratch:
    """A new folder in `where` (hidden there), or among the temporary files of the machine; it lives as long as this object.

    What killed processes of the same user left beside it is cleared away first.

    Errors: `RequestError` where there is no such folder, `MachineError` where it may not be written to.

    >>> scratch = Scratch()
    >>> folder = Path(scratch.name)
    >>> folder.is_dir(), scratch.close(), folder.is_dir()
    (True, None, False)
    """

    def __init__(self, where: str | Path | None = None) -> None:
        prefix = f".{PREFIX}" if where else PREFIX
        try:
            _clear_leftovers(Path(where or tempfile.gettempdir()), prefix)
            self.name, handle = _made(where, prefix)
        except OSError as error:
            place = f"the spill folder {str(where)!r}" if where else "the folder for temporary files"
            wrong = RequestError if isinstance(error, FileNotFoundError | NotADirectoryError) else MachineError
            hint = "choose another by --spill, or spill=…"
            raise wrong(f"{place} cannot be used: {error.strerror}", hint=hint, code="spill") from error
        self._end = weakref.finalize(self, _remove, self.name, handle, os.getpid())

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        self._end()


def _made(where: str | Path | None, prefix: str) -> tuple[str, int]:
    """A new folder and its open lock: one that another process cleared away in the moment before it was locked is made anew."""
    for _ in range(TRIES):
        folder = tempfile.mkdtemp(prefix=prefix, dir=where)
        lock = Path(folder, LOCK)
        try:
            handle = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if locked(handle) is not False and lock.exists():
            return folder, handle
        os.close(handle)
    raise OSError(0, "others clear it away again and again")


def _clear_leftovers(where: Path, prefix: str) -> None:
    """Remove the folders of this user's whose process is gone; what cannot be looked at or removed stays."""
    if not hasattr(os, "geteuid"):  # there are no such locks on Windows either
        return
    with suppress(OSError), os.scandir(where) as found:
        for entry in found:
            with suppress(OSError):
                if entry.name.startswith(prefix) and entry.stat(follow_symlinks=False).st_uid == os.geteuid():
                    _remove_if_left(entry.path)


def _remove_if_left(folder: str) -> None:
    handle = os.open(Path(folder, LOCK), os.O_RDWR | os.O_NOFOLLOW)
    try:
        if locked(handle):
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)


def _remove(folder: str, handle: int, process: int) -> None:
    if os.getpid() != process:  # a fork has no scratch of its own
        return
    shutil.rmtree(folder, ignore_errors=True)
    os.close(handle)
