"""Temporary folders that are removed with their process: for spilled data, copies and incomplete results.

A killed process cannot clean up, so the next process removes its folders. Each folder has a lock that ends with its process, which
distinguishes leftovers from folders of running processes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from tilth.errors import MachineError, RequestError

PREFIX = "tilth-"
LOCK = ".tilth-lock"  # in every folder made here; folders without it are never removed


class Scratch:
    """A new folder in `where` (hidden there) or in the machine's temporary folder. It is removed when this object is closed or collected.

    Leftovers of killed processes of the same user are removed first.

    Errors: `RequestError` if there is no such folder, `MachineError` if it cannot be written to.

    >>> scratch = Scratch()
    >>> folder = Path(scratch.name)
    >>> folder.is_dir(), scratch.close(), folder.is_dir()
    (True, None, False)
    """

    def __init__(self, where: str | Path | None = None) -> None:
        prefix = f".{PREFIX}" if where else PREFIX
        try:
            folder, self._remove = locked_folder(Path(where or tempfile.gettempdir()), prefix)
            self.name = str(folder)
        except OSError as error:
            place = f"the spill folder {str(where)!r}" if where else "the folder for temporary files"
            wrong = RequestError if isinstance(error, FileNotFoundError | NotADirectoryError) else MachineError
            hint = "choose another by --spill, or spill=…"
            raise wrong(f"{place} cannot be used: {error.strerror}", hint=hint, code="spill") from error
        weakref.finalize(self, self._remove)

    def create(self, name: str, head: bytes = b"") -> IO[bytes]:
        """A new file to write to, at a path in the folder. `head` are its first bytes, if known."""
        path = Path(self.name, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("xb")

    def close(self) -> None:
        """Remove the folder with its contents."""
        self._remove()


class _PrivateTemporary:
    """While a block runs, temporary files of this process go to a folder that only its user may read. It is removed when the process ends.

    This includes files of libraries, and of programs that it starts, because `TMPDIR` names the folder. Blocks may be nested, and used in
    threads.
    """

    def __init__(self) -> None:
        self._lock, self._inside = threading.Lock(), 0
        self._before: tuple[str | None, str | None] = (None, None)
        self._made: tuple[str, Scratch] | None = None

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside > 1:
                return
            where = tempfile.gettempdir()
            if self._made is None or self._made[0] != where or not Path(self._made[1].name).is_dir():
                self._made = (where, Scratch())
            self._before = (tempfile.tempdir, os.environ.get("TMPDIR"))
            tempfile.tempdir = os.environ["TMPDIR"] = self._made[1].name

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside:
                return
            tempfile.tempdir, variable = self._before
            os.environ.pop("TMPDIR", None) if variable is None else os.environ.update(TMPDIR=variable)


private_temporary = _PrivateTemporary()


def locked_folder(where: Path, prefix: str, rescue: Callable[[Path], object] = str) -> tuple[Path, Callable[[], None]]:
    """A new folder with a lock in it, and the function that removes it. Leftovers next to it are removed, each after a call of `rescue`.

    Errors: `OSError`.
    """
    _clear_leftovers(where, prefix, rescue)
    with _alone(where):
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=where))
        handle = os.open(folder / LOCK, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        locked(handle)
    process, held = os.getpid(), [handle]

    def remove() -> None:
        if held and os.getpid() == process:  # a fork does not own it
            shutil.rmtree(folder, ignore_errors=True)
            os.close(held.pop())

    return folder, remove


def _clear_leftovers(where: Path, prefix: str, rescue: Callable[[Path], object]) -> None:
    """Remove this user's folders of ended processes. Folders that cannot be examined or removed stay."""
    if not hasattr(os, "geteuid"):  # Windows, which also lacks these locks
        return
    for entry in where.glob(f"{prefix}*"):
        with suppress(OSError):
            if entry.lstat().st_uid == os.geteuid():
                _remove_if_left(entry, rescue)


def _remove_if_left(folder: Path, rescue: Callable[[Path], object]) -> None:
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        with _alone(folder.parent):
            left = locked(handle)
        if left:
            rescue(folder)
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)


@contextmanager
def _alone(where: Path) -> Iterator[None]:
    """While the block runs, no other thread or process locks folders in `where`: a new folder without its lock would look like a leftover.

    If the system cannot lock folders, this has no effect.
    """
    held = None
    try:
        with suppress(ImportError, OSError):
            import fcntl

            held = os.open(where, os.O_RDONLY)
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
    finally:
        if held is not None:
            os.close(held)


def locked(handle: int) -> bool:
    """Lock an open file until it is closed or the process ends; false if another process has the lock, or the system has no locks."""
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True
