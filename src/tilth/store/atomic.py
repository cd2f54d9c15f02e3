"""Atomic writes on this machine: a run that is killed at any moment leaves the old output or the new one.

Output is written into a hidden folder next to its place, and renamed when it is complete and flushed to disk. The next run that writes to
the same place removes the hidden folder of a killed run.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tilth.errors import DISK_FULL, MachineError, RequestError, listed
from tilth.store.scratch import locked_folder

LISTING = "_tilth.json"  # lists the files written to a folder; names that begin with `_` are not data
HIDDEN = ".tilth-"  # prefix of the hidden folders
OLD = "old"


@contextmanager
def replacing(target: Path, folder: bool) -> Iterator[Path]:
    """A path for a file, or a folder to write into. It replaces the target if the block succeeds, and is removed otherwise.

    A file keeps the permissions of the file that it replaces. Errors: as for `reject_foreign`.
    """
    reject_foreign(target, folder)
    with _beside(target) as hidden:
        new = hidden / target.name
        if folder:
            new.mkdir()
        yield new
        if folder:
            (new / LISTING).write_text(json.dumps({"files": sorted(p.name for p in new.iterdir())}), encoding="utf-8")
        else:
            with contextlib.suppress(OSError):  # no old file, or a file system without permissions
                new.chmod(target.stat().st_mode & 0o777)
        for path in (new, *new.rglob("*")):
            to_disk(path)
        if folder and target.exists():
            target.rename(hidden / OLD)
        new.replace(target)
        to_disk(target.parent)


def reject_foreign(target: Path, folder: bool) -> None:
    """Reject replacing a folder by a file, a file by a folder, or a folder with files that were not written here.

    Errors: `RequestError`, and `MachineError` if the place cannot be examined.
    """
    with errors_of(target):
        if not folder and target.is_dir():
            raise RequestError(f"{target} is a folder: it cannot be replaced by a file", code="is-folder")
        if not folder or not target.exists():
            return
        if not target.is_dir():
            raise RequestError(f"{target} is a file: it cannot be replaced by a folder", hint="choose another place", code="is-file")
        reject_unlisted(str(target), {p.name for p in target.iterdir()} - {LISTING}, _listed(target))


def reject_unlisted(place: str, held: set[str], written: set[str]) -> None:
    """Reject a folder that has names not in `written`. Errors: `RequestError`."""
    if foreign := held - written:
        raise RequestError(
            f"the folder {place} has files not written by Tilth: {listed(sorted(foreign), most=4)}",
            hint="choose another place, or empty it first",
            code="foreign-folder",
        )


def _listed(folder: Path) -> set[str]:
    """The names in the listing of a folder; empty without a valid listing."""
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError, KeyError):
        return set(json.loads((folder / LISTING).read_text("utf-8"))["files"])
    return set()


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A hidden folder next to the target. It is removed when the block ends; if the block fails, so are new parent folders."""
    prefix = f"{HIDDEN}{hashlib.sha256(os.fsencode(target.name)).hexdigest()[:12]}-"
    with errors_of(target):
        made = _make_folder(target.parent)
        try:
            hidden, remove = locked_folder(target.parent, prefix, lambda left: _restore(left, target))
            try:
                yield hidden
            finally:
                _restore(hidden, target)
                remove()
        except BaseException:  # cleans up; also on Ctrl-C
            with contextlib.suppress(OSError):
                for folder in made:
                    folder.rmdir()
            raise


def _restore(left: Path, target: Path) -> None:
    """Restore the old folder of a run that ended between the two renames."""
    if (left / OLD).exists() and not target.exists():
        (left / OLD).rename(target)


def _make_folder(folder: Path) -> list[Path]:
    """Make a folder and its parents. Return the new ones, innermost first. Errors: `RequestError` if a file is in the way."""
    new = [p for p in (folder, *folder.parents) if not p.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        file = next(p for p in (folder, *folder.parents) if p.exists())
        raise RequestError(f"{file} is a file: it cannot contain files", hint="choose another place", code="is-file") from error
    return new


def to_disk(path: Path) -> None:
    """Flush a file or folder to disk, so that it survives a power failure."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def errors_of(target: Path) -> Iterator[None]:
    """Turn system errors into errors about the target, which do not mention the hidden folder."""
    try:
        yield
    except OSError as error:
        raise _error(error, target) from error
    except MachineError as error:
        number = next((found for m in error.mistakes if (found := {DISK_FULL: errno.ENOSPC, "ulimit": errno.EFBIG}.get(m.code))), None)
        if number:
            raise _error(OSError(number, os.strerror(number)), target) from error
        raise


def _error(error: OSError, target: Path) -> MachineError | RequestError:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            hint = "make room, or choose another place; nothing was left behind"
            return MachineError(f"{target} could not be written: the disk is full", hint=hint, code=DISK_FULL)
        case errno.EFBIG | errno.EMFILE | errno.ENFILE:
            hint = "raise the size of a file or the number of open files (ulimit -f, ulimit -n); nothing was left behind"
            return MachineError(f"{target} could not be written: this process reached a limit", hint=hint, code="ulimit")
        case errno.ENAMETOOLONG:
            return RequestError(f"{target.name[:60]}… could not be written: the name is too long", hint="choose a shorter one", code="name")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return MachineError(f"{target} could not be written: no permission", hint="choose a place that you may write to")
    return MachineError(f"{target} could not be written: {error.strerror or error}")
