"""What encryption does not cover on this machine: swap, core dumps, where the key file is, and who may use the folders."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tilth.encryption.keyplace import exposed

SWAPS, CORE_PATTERN, BLOCK = Path("/proc/swaps"), Path("/proc/sys/kernel/core_pattern"), Path("/sys/class/block")
IN_MEMORY = "zram"  # begins the name of a swap device in memory


@dataclass(frozen=True)
class Note:
    """A risk that encryption does not cover, and its remedy."""

    what: str
    remedy: str


def environment(folder: Path | None, reference: str = "") -> tuple[Note, ...]:
    """The risks for a folder on this machine and for the key file of a reference, as far as they can be examined."""
    key = Path(reference.removeprefix("file:")).expanduser() if reference.startswith("file:") else None
    return (*_swap(), *_core_dumps(), *(_folder(folder) if folder else ()), *(_key_file(key) if key else ()))


def _swap() -> Iterator[Note]:
    try:
        used = [Path(line.split()[0]) for line in SWAPS.read_text().splitlines()[1:]]
    except OSError:  # not Linux
        return
    for place in used:
        if not place.name.startswith(IN_MEMORY) and not _encrypted(place.resolve().name):
            yield Note(f"memory may be swapped to {place}, which is not encrypted", "swapoff -a, or encrypt it by dm-crypt")


def _encrypted(device: str) -> bool:
    """Whether a block device is encrypted by dm-crypt."""
    try:
        return (BLOCK / device / "dm" / "uuid").read_text().startswith("CRYPT-")
    except OSError:
        return False


def _core_dumps() -> Iterator[Note]:
    try:
        pattern = CORE_PATTERN.read_text().strip()
    except OSError:
        return
    if pattern.startswith("|"):
        what = f"core dumps are given to {pattern[1:].split()[0]}, which need not heed the limit of 0 of a process with a key"
        yield Note(what, "sysctl kernel.core_pattern=core")


def _folder(folder: Path) -> Iterator[Note]:
    found = folder.stat()
    if hasattr(os, "geteuid") and found.st_uid not in (os.geteuid(), 0):
        yield Note(f"{folder} belongs to another user, who can remove and replace what is in it", f"chown {os.geteuid()} {folder}")
    if found.st_mode & stat.S_IROTH:
        yield Note(f"all users may list {folder}: the names and sizes of files are not encrypted", f"chmod o-rwx {folder}")
    yield from _replaceable(folder, "the data")


def _key_file(path: Path) -> Iterator[Note]:
    if why := exposed(path):
        yield Note(f"the key file {path} is {why}", "move it, such as to ~/.config/tilth/")
    yield from _replaceable(path, "the key file")


def _replaceable(path: Path, what: str) -> Iterator[Note]:
    """Notes for folders above a path in which other users can rename files."""
    for parent in path.absolute().parents:
        mode = parent.stat().st_mode
        if mode & (stat.S_IWGRP | stat.S_IWOTH) and not mode & stat.S_ISVTX:
            yield Note(f"others than its owner may write to {parent}, and so replace {what} below it", f"chmod go-w {parent}")
