"""Results appear whole or not at all: killed at any moment, a run leaves the old output or the new one.

What is written goes into a hidden folder beside its place, and takes that place in one step when it is complete and on the disk. The
hidden folder of a run that was killed is cleared away by the next run that writes to the same place.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import glob
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tilth.errors import DISK_FULL, MachineError, RequestError, listed

TRIES = 10  # of making a folder that no other process takes for one that a killed run left
MARK = ".tilth"  # the hidden file in a folder that was written here: such a folder may be replaced
OLD = "old"
PAUSES = (0.0, 0.05, 0.2, 0.5)  # seconds before each try to remove a folder
LONG = 180  # bytes of a name, beyond which what is hidden beside it cannot be called by all of it


@contextmanager
def whole_file(place: str | os.PathLike[str]) -> Iterator[Path]:
    """A path to write a file to; it takes its place when the block ends well, and leaves no trace otherwise.

    A file that stands there already leaves its permissions to the new one.

    Errors: `MachineError` where the disk is full or may not be written, `RequestError` where a folder stands in that place.

    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp()) / "numbers.txt"
    >>> with whole_file(place) as path:
    ...     _ = path.write_text("1 2 3")
    >>> place.read_text(), [p.name for p in place.parent.iterdir()]
    ('1 2 3', ['numbers.txt'])
    """
    target = Path(place)
    with _told_of(target):
        if target.is_dir():
            raise RequestError(f"{target} is a folder: a file cannot take its place", code="is-folder")
    with _beside(target) as hidden:
        new = hidden / target.name
        yield new
        with contextlib.suppress(OSError):  # there is no old file, or its disk has no permissions
            new.chmod(target.stat().st_mode & 0o777)
        _to_disk(new)
        new.replace(target)


@contextmanager
def whole_folder(place: str | os.PathLike[str]) -> Iterator[Path]:
    """A folder to write into; it takes its place when the block ends well, and leaves no trace otherwise.

    A folder that stands there already is replaced if it is empty, or holds only what was written in this way; others are refused.
    Errors: as for `whole_file`.
    """
    target = Path(place)
    refuse_foreign(target)
    with _beside(target) as hidden:
        new = hidden / target.name
        new.mkdir()
        yield new
        (new / MARK).write_text("".join(f"{name}\n" for name in sorted(p.name for p in new.iterdir())), encoding="utf-8")
        for path in new.rglob("*"):
            _to_disk(path)
        _take_place(new, target, hidden / OLD)


def refuse_foreign(place: str | os.PathLike[str]) -> None:
    """Refuse to replace a file, or a folder that holds what was not written here; and a place that cannot be looked at.

    Errors: as for `whole_file`.
    """
    target = Path(place)
    with _told_of(target):
        if not target.exists():
            return
        if not target.is_dir():
            raise RequestError(f"{target} is a file: a folder cannot take its place", hint="choose another place", code="is-file")
        held = {p.name for p in target.iterdir()}
        mark = target / MARK
        ours = mark.read_text(encoding="utf-8").splitlines() if mark.is_file() else []
    foreign = held - {MARK, *ours}
    if foreign:
        raise RequestError(
            f"the folder {target} holds what was not written by Tilth: {listed(sorted(foreign), most=4)}",
            hint="choose another place, or empty it first",
            code="foreign-folder",
        )


def clear_leftovers(target: Path) -> None:
    """Clear away what killed runs left beside a place; put back the old folder if one was killed while it changed them over."""
    for left in target.parent.glob(f"{glob.escape(_prefix(target))}*"):
        with contextlib.suppress(OSError), _lock(left) as alone:
            if alone and (left / OLD).exists() and not target.exists():
                (left / OLD).rename(target)
            if alone:
                shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A hidden folder on the same disk as the target, locked while this process lives, gone when the block ends."""
    hidden: Path | None = None
    made: list[Path] = []
    try:
        made = _make_folder(target.parent)
        clear_leftovers(target)
        with contextlib.ExitStack() as held:
            hidden = _hidden(target, held)
            hidden.chmod(0o777 & ~_umask())
            yield hidden
        made = []  # they hold the result
    except OSError as error:
        raise _machine(error, target) from error
    except MachineError as error:
        if any(m.code == DISK_FULL for m in error.mistakes):  # it names a hidden place; the user knows this one
            raise _machine(OSError(errno.ENOSPC, ""), target) from error
        raise
    finally:
        if hidden is not None:
            _remove(hidden)
        for folder in made:
            with contextlib.suppress(OSError):
                folder.rmdir()


def _hidden(target: Path, held: contextlib.ExitStack) -> Path:
    """A new folder beside a place, locked: one that another process cleared away in the moment before it was locked is made anew."""
    for _ in range(TRIES):
        folder = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
        with contextlib.suppress(FileNotFoundError):
            if held.enter_context(_lock(folder)) is not False and folder.exists():
                return folder
        held.close()
    raise OSError(errno.EBUSY, "others clear it away again and again")


def _make_folder(folder: Path) -> list[Path]:
    """Make a folder and those above it; those that were not there, the innermost first. RequestError where a file stands in the way."""
    try:
        new = [p for p in (folder, *folder.parents) if not p.exists()]
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        file = next((p for p in (folder, *folder.parents) if p.exists()), folder)
        raise RequestError(f"{file} is a file: nothing can be put into it", hint="choose another place", code="is-file") from error
    return new


def _remove(folder: Path) -> None:
    """Remove a folder, whatever comes between: an interrupt waits until it is gone, and so do we for a thread that still writes into it."""
    interrupted = None
    for pause in PAUSES:
        try:
            time.sleep(pause)
            shutil.rmtree(folder, ignore_errors=True)
        except KeyboardInterrupt as error:
            interrupted = error
        if not folder.exists():
            break
    if interrupted is not None:
        raise interrupted


def _prefix(target: Path) -> str:
    name = target.name
    if len(os.fsencode(name)) > LONG:
        name = f"{name[: LONG // 4]}-{hashlib.sha256(os.fsencode(name)).hexdigest()[:16]}"
    return f".{name}.tilth-"


@contextmanager
def _lock(folder: Path) -> Iterator[bool | None]:
    handle = os.open(folder, os.O_RDONLY) if os.name != "nt" else None  # Windows opens no folders: what killed runs left stays there
    try:
        yield None if handle is None else locked(handle)
    finally:
        if handle is not None:
            os.close(handle)


def locked(handle: int) -> bool | None:
    """Lock an open file or folder; whether that could be done: false if another process has the lock, None where there are no locks.

    The lock ends when the handle is closed, which is at the end of the process however that comes.
    """
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # such as a disk of a network that knows no locks
        return None
    return True


def _take_place(new: Path, target: Path, old: Path) -> None:
    if not target.exists():
        new.rename(target)
    elif not _exchanged(new, target):
        target.rename(old)
        new.rename(target)
    _to_disk(target.parent)


def _exchanged(a: Path, b: Path) -> bool:
    """Change two folders over in one step, where the system can (Linux can)."""
    try:
        change = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    here, exchange = -100, 2  # AT_FDCWD and RENAME_EXCHANGE, from <fcntl.h> and <linux/fs.h>
    return bool(change(here, os.fsencode(a), here, os.fsencode(b), exchange) == 0)


def _to_disk(path: Path) -> None:
    """Have the system bring a file or folder to the disk itself, so that it outlives a power cut."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def _told_of(target: Path) -> Iterator[None]:
    """Tell what is wrong with a place in the words of a request to write there."""
    try:
        yield
    except OSError as error:
        raise _machine(error, target) from error


def _machine(error: OSError, target: Path) -> MachineError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return MachineError(
            f"{target} could not be written: the disk is full",
            hint="make room, or choose another place; nothing was left behind",
            code=DISK_FULL,
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return MachineError(f"{target} could not be written: no permission", hint="choose a place that you may write to")
    return MachineError(f"{target} could not be written: {error.strerror or error}")
