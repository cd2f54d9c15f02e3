"""Checks the place and the permissions of a key file, on the open file, so that it cannot be replaced in between."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
from pathlib import Path

from tilth.errors import MachineError, RequestError

LARGEST = 64 << 10  # bytes of a key file
LAX = "TILTH_KEY_FILE_LAX"  # orchestrators mount secrets as links to files of root that all may read
DATA = ("_tilth.json", "_tilth", "_manifest.json")  # files and folders that mark a folder of data
GIT_IGNORED = 0  # an exit code of `git check-ignore`


def content_of(path: Path) -> tuple[bytes, os.stat_result]:
    """The bytes and the status of a key file. Errors: `RequestError` if it is not a plain file, with what to do."""
    lax = os.environ.get(LAX) == "1"
    try:
        handle = os.open(path, os.O_RDONLY | (0 if lax else getattr(os, "O_NOFOLLOW", 0)))
    except FileNotFoundError:
        raise RequestError(f"there is no key file {path}", hint=f"make one: tilth protect key new {path}", code="no-key") from None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            hint = f"give the file itself, or set {LAX}=1 where an orchestrator mounts it so"
            raise RequestError(f"the key file {path} is a symbolic link", hint=hint, code="key-link") from None
        raise MachineError(f"the key file {path} cannot be read: {error.strerror}", code="no-key") from error
    with os.fdopen(handle, "rb") as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise RequestError(f"the key file {path} is not a plain file", code="key-file")
        if found.st_size > LARGEST:
            raise RequestError(f"the key file {path} has {found.st_size:,} bytes", accepted=f"at most {LARGEST:,}", code="key-file")
        return file.read(LARGEST + 1), found


def reject_shared(path: Path, found: os.stat_result) -> None:
    """Reject a key file that others may read. Errors: `RequestError`, with what to do."""
    if os.environ.get(LAX) == "1" or not hasattr(os, "geteuid"):
        return
    if found.st_uid not in (os.geteuid(), 0):
        message, hint = f"the key file {path} belongs to another user", f"chown {os.geteuid()} {path}, or make a key of your own"
        raise RequestError(message, hint=hint, code="key-owner")
    if found.st_mode & 0o077:
        message = f"the key file {path} can be used by others: its mode is {stat.S_IMODE(found.st_mode):04o}"
        raise RequestError(message, accepted="0600 or 0400", hint=f"chmod 600 {path}", code="key-permissions")


def reject_exposed(path: Path) -> None:
    """Reject a place for a key file in a folder of data, or in a Git work tree that does not ignore it. Errors: `RequestError`."""
    if why := exposed(path):
        raise RequestError(f"the key file {path} would be {why}", hint="choose another place, such as ~/.config/tilth/", code="key-place")


def exposed(path: Path) -> str:
    """Why a key file may be copied with the folder that it is in; empty if nothing suggests that."""
    for folder in path.absolute().parents:
        if any((folder / name).exists() for name in DATA):
            return f"in the data folder {folder}, and be copied with it"
        if (folder / ".git").exists():
            return "" if _ignored(path, folder) else f"in the Git work tree {folder}, which does not ignore it"
    return ""


def _ignored(path: Path, tree: Path) -> bool:
    git = shutil.which("git")
    if git is None:
        return False
    done = subprocess.run([git, "-C", str(tree), "check-ignore", "-q", str(path.absolute())], check=False, capture_output=True)  # noqa: S603
    return done.returncode == GIT_IGNORED


def make(path: Path, content: bytes) -> None:
    """Write a new key file with mode 0600, flushed to disk; a new folder for it has mode 0700. Errors: `RequestError` if it exists."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    except FileExistsError:
        hint = "a key is never overwritten: give another name, or make a new one in this file: tilth protect key rotate"
        raise RequestError(f"{path} already exists", hint=hint, code="exists") from None
    except OSError as error:
        raise MachineError(f"the key file {path} cannot be written: {error.strerror}") from error
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    _folder_to_disk(path.parent)


def replace(path: Path, content: bytes) -> None:
    """Replace a key file atomically."""
    new = path.with_name(f".{path.name}-{os.urandom(4).hex()}")
    make(new, content)
    new.replace(path)
    _folder_to_disk(path.parent)


def _folder_to_disk(folder: Path) -> None:
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
