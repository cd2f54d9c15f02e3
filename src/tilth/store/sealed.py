"""The encrypting wrapper of atomic writes: the files written to a place form a data set under the key in force.

Files that Python opens are sealed while they are written, with the suffix `.sealed`; Parquet is encrypted by its writer. Before the place
is replaced, all files are checked, and if one is not encrypted nothing is delivered.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any

from tilth.encryption.dataset import FOLDER, DataSet
from tilth.encryption.magic import PARQUET, footer_digest, head_of, is_encrypted
from tilth.encryption.sealed import SUFFIX
from tilth.errors import Gap, MachineError, listed
from tilth.store.atomic import LISTING
from tilth.store.protection import Protection, in_force
from tilth.store.scratch import Scratch
from tilth.store.uri import is_local, local_path

if TYPE_CHECKING:
    from tilth.encryption.parquet import Keys

MANIFEST = "manifest.json"
PARQUET_SUFFIXES = (".parquet", ".parq", ".pq")


class Writing:
    """A data set that is being written: its keys, and the paths that may stay unencrypted."""

    def __init__(self, data_set: DataSet) -> None:
        self.data_set, self.plain = data_set, set[str]()

    @cached_property
    def parquet(self) -> Keys:
        """The keys of its Parquet files."""
        from tilth.encryption.parquet import Keys  # loads pyarrow

        return Keys(self.data_set)


_roots: dict[str, tuple[Writing, str]] = {}  # a new file or folder → its data set, and its path in the data set


class SealedPath(type(Path())):  # type: ignore[misc]  # the Path class of this system
    """A path in a data set that is being written. Files are sealed when written, and decrypted when read."""

    def open(self, mode: str = "r", buffering: int = -1, encoding: Any = None, errors: Any = None, newline: Any = None) -> IO[Any]:
        """As `Path.open`. Errors: `Gap` for modes that change an existing file."""
        writing, name = part_of(self)
        if name in writing.plain:
            return Path(self).open(mode, buffering, encoding, errors, newline)
        if "a" in mode or "+" in mode:
            raise Gap(f"{name} cannot be changed in place: sealed files are written from the beginning to the end")
        here = Path(f"{self}{SUFFIX}")
        if "r" in mode:
            if not here.exists():
                return Path(self).open(mode, buffering, encoding, errors, newline)
            file = writing.data_set.unsealing(here.open("rb"), name, name)
        else:
            file = writing.data_set.sealing(here.open("xb" if "x" in mode else "wb"), name)
        return file if "b" in mode else io.TextIOWrapper(file, encoding, errors, newline)

    def read_bytes(self) -> bytes:
        with self.open("rb") as file:
            return bytes(file.read())

    def read_text(self, encoding: str | None = None, errors: str | None = None, newline: str | None = None) -> str:
        with self.open("r", encoding=encoding, errors=errors, newline=newline) as file:
            return str(file.read())

    def write_bytes(self, data: Any) -> int:
        with self.open("wb") as file:
            return file.write(data)

    def write_text(self, data: str, encoding: str | None = None, errors: str | None = None, newline: str | None = None) -> int:
        with self.open("w", encoding=encoding, errors=errors, newline=newline) as file:
            return file.write(data)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        here = Path(f"{self}{SUFFIX}")
        return (here if here.exists() else Path(self)).stat(follow_symlinks=follow_symlinks)

    def exists(self, **_: Any) -> bool:
        return Path(f"{self}{SUFFIX}").exists() or Path(self).exists()

    def is_file(self, **_: Any) -> bool:
        return Path(f"{self}{SUFFIX}").is_file() or Path(self).is_file()


def part_of(path: Path) -> tuple[Writing, str]:
    """The data set of a new file, and its path in the data set."""
    for folder in (path, *path.parents):
        if found := _roots.get(str(folder)):
            writing, name = found
            below = path.relative_to(folder).as_posix()
            return writing, str(PurePosixPath(name) / below) if below != "." else name
    raise KeyError(str(path))


def is_written_sealed(path: Path) -> bool:
    """Whether a path is in a data set that is being written."""
    return any(str(folder) in _roots for folder in (path, *path.parents))


def written_name(place: str, kind: str = "") -> str:
    """The name of a file that is written to a place now. A sealed file gets the suffix `.sealed`."""
    protection = in_force()
    plain = protection is None or kind in protection.plaintext or place.lower().endswith(PARQUET_SUFFIXES)
    return place if plain else place + SUFFIX


@contextmanager
def sealed(protection: Protection, make: Any, place: str, folder: bool, kind: str) -> Iterator[Path]:
    """An encrypted atomic write, made by `make(place, folder)`. Inside another one it belongs to the same data set.

    Errors: `MachineError` if a file was not encrypted; then nothing is written.
    """
    allowed = kind in protection.plaintext
    inside = is_local(place) and is_written_sealed(Path(local_path(place)))
    if allowed and not inside:
        with make(place, folder) as new:
            yield new
        return
    named = place if folder else written_name(place, kind)
    if inside:
        writing, name = part_of(Path(local_path(place)))
        writing.plain |= {name} if allowed else set()
    else:
        writing, name = (
            Writing(DataSet.new(protection.key, alone=not folder, sign=protection.sign)),
            "" if folder else PurePosixPath(place).name,
        )
    with make(named, folder) as new:
        path = SealedPath(str(new).removesuffix(SUFFIX) if named != place else str(new))
        _roots[str(path)] = (writing, name)
        try:
            yield path
            if not inside:
                _finish(new, writing, folder)
        finally:
            del _roots[str(path)]


def _finish(new: Path, writing: Writing, folder: bool) -> None:
    """Check that everything is encrypted, and write the keys and the manifest of a folder."""
    files = sorted(p for p in new.rglob("*") if p.is_file() and p.name != LISTING) if folder else [new]
    if plain := [p.name for p in files if not is_encrypted(p) and p.relative_to(new).as_posix() not in writing.plain]:
        message = f"{listed(plain, most=4)} would not have been encrypted; nothing was written"
        raise MachineError(message, hint="deliver another format, such as Parquet", code="plaintext")
    if not folder:
        return
    writing.data_set.write(new)
    content = {"tilth_manifest": 1, "dataset": writing.data_set.id, "files": [described(p, new) for p in files]}
    name = f"{FOLDER}/{MANIFEST}"
    with writing.data_set.sealing((new / f"{name}{SUFFIX}").open("xb"), name) as file:
        file.write(json.dumps(content, indent=1).encode())


def described(path: Path, root: Path) -> Mapping[str, Any]:
    """The manifest entry of a file."""
    with path.open("rb") as file:
        found = {"path": path.relative_to(root).as_posix(), "bytes": path.stat().st_size}
        found["sha256"] = hashlib.file_digest(file, "sha256").hexdigest()
    return found | ({"footer": footer_digest(path)} if head_of(path) == PARQUET else {})


@contextmanager
def piped(path: Path) -> Iterator[Path]:
    """A path to which an engine can write a file itself. For a sealed file it is a pipe, and its content is sealed in this process."""
    if not isinstance(path, SealedPath):
        yield path
        return
    if not Path("/proc/self/fd").exists():
        raise Gap("an engine's own files are encrypted through a pipe with a path, which needs Linux", hint="deliver Parquet")
    read, write = os.pipe()
    failed: list[BaseException] = []

    def seal() -> None:
        try:
            with (
                os.fdopen(read, "rb") as given,
                path.open("wb") as file,
                gzip.GzipFile("", "wb", fileobj=file, mtime=0) if path.suffix == ".gz" else nullcontext(file) as to,
            ):
                shutil.copyfileobj(given, to, 1 << 20)
        except BaseException as error:  # noqa: BLE001 -- raised below, in the waiting thread
            failed.append(error)

    scratch = Scratch()
    link = Path(scratch.name, path.name.removesuffix(".gz"))  # this process compresses, not the engine
    link.symlink_to(f"/proc/self/fd/{write}")
    thread = threading.Thread(target=seal, name="seal")
    thread.start()
    try:
        yield link
    finally:
        os.close(write)
        thread.join()
        scratch.close()
    if failed:
        raise failed[0]
