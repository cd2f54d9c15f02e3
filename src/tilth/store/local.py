"""Local files: finds the files for a path, with a clear error if there are none."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from operator import attrgetter
from pathlib import Path
from typing import IO

from tilth.encryption.sealed import SUFFIX
from tilth.errors import Mistake, RequestError, SourceError, did_you_mean, listed
from tilth.errors import Place as FilePlace
from tilth.store import atomic
from tilth.store.places import Copies, Object, Store, copies
from tilth.store.unsealed import is_sealed_place
from tilth.store.uri import Place, is_local, local_path

COMPRESSED = (".gz", ".zst")
HIDDEN = "._"  # names that begin with one of these are not data
LARGEST_TEXT = 64 << 20  # bytes of a flow, a ruleset or a configuration


class Local(Store):
    """Local files."""

    def copies(self, place: str) -> Copies:
        return Copies(local_path(place))

    def everything(self, place: str, whole: bool = True) -> Copies:
        return self.copies(place)

    def objects(self, place: str) -> list[Object]:
        path = local_path(place)
        if not is_folder(path):
            raise SourceError(f"there is no folder {path}", hint=missing(path), code="no-file")
        return sorted(_objects(path, ""), key=attrgetter("name"))  # the order of code points equals the order of UTF-8 bytes

    def find(self, place: str) -> Object | None:
        path = Path(local_path(place))
        reject_unopenable(str(path))
        return _object(str(path), path.name, path.stat()) if path.is_file() else None

    def matching(self, pattern: str) -> list[Object]:
        found = map(self.find, sorted(glob.glob(local_path(pattern), recursive=True)))  # noqa: PTH207 -- Path.glob: no absolute patterns
        return [file for file in found if file]

    def part(self, what: Object, start: int = 0, end: int | None = None) -> bytes:
        path = local_path(what.place)
        try:
            with Path(path).open("rb") as file:
                file.seek(start)
                found = file.read(-1 if end is None else end - start)
        except FileNotFoundError:
            raise SourceError(f"there is no file {path}", hint=missing(path), code="no-file") from None
        except OSError as error:
            raise _unreadable(path, error) from error
        if end is not None and len(found) < end - start:
            raise changed(what)
        return found

    def reject_foreign(self, place: str, folder: bool) -> None:
        atomic.reject_foreign(Path(local_path(place)), folder)

    def atomic(self, place: str, folder: bool) -> AbstractContextManager[Path]:
        return atomic.replacing(Path(local_path(place)), folder)


def _objects(folder: str, name: str) -> Iterator[Object]:
    """The files in a folder and its subfolders. `scandir` is several times as fast as `Path`. `name` is the prefix of their names."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir():
                    yield from _objects(entry.path, f"{name}{entry.name}/")
                elif entry.is_file():
                    yield _object(entry.path, name + entry.name, entry.stat())
    except OSError as error:
        raise _unreadable(f"the folder {error.filename or folder}", error) from error


def _object(path: str, name: str, found: os.stat_result) -> Object:
    return Object(path, name, found.st_size, modified=found.st_mtime)


def changed(what: Object) -> SourceError:
    """The error for a file that has changed since it was found."""
    hint = "it was replaced, truncated or removed in the meantime; start again"
    return SourceError(f"{what.place} is not the file of {what.bytes:,} bytes that was found there before", hint=hint, code="changed-file")


def files(given: Place | Sequence[Place], suffixes: Iterable[str] = ()) -> tuple[str, ...]:
    """The files for a path, a folder, a pattern with `*`, or a list of these, each sorted by name.

    For a folder these are the files with one of the suffixes in it and its subfolders, except names that begin with `.` or `_`. A remote
    place (`hdfs://…`) is returned unchanged.

    Errors: `SourceError` if a file is missing, empty or not readable, or a folder or pattern has no files.
    """
    places = [given] if isinstance(given, str | os.PathLike) else list(given)
    if not places:
        raise SourceError("the list of files is empty", code="no-files")
    return tuple(path for place in places for path in _files(os.fspath(place), tuple(suffixes)))


def text_of(path: Place, what: str, error: type[RequestError] = RequestError) -> str:
    """The text of a small file anywhere, without a byte order mark, decrypted if it is sealed. `what` names it in messages.

    Errors: those of remote and encrypted places; `error` if it is missing, not readable, too large, or not UTF-8 (with the line and the
    byte).

    >>> text_of("/nowhere/rules.dqdl", "ruleset")
    Traceback (most recent call last):
        ...
    tilth.errors.RequestError: there is no ruleset '/nowhere/rules.dqdl' [no-file]
        there is no folder /nowhere
    """
    place = os.fspath(path)
    reject_stream(place, f"the {what} ", error)
    copied = not is_local(place) or (is_sealed_place(place) and not Path(place).is_dir())
    held = copies(place) if copied else Copies(place)  # keeps the copies
    try:
        with Path(held.path).open("rb") as file:
            return text_in(file, place, what, error)
    except FileNotFoundError as why:
        raise error(f"there is no {what} {place!r}", hint=missing(place), code="no-file") from why
    except OSError as why:
        raise error(f"the {what} {place!r} cannot be read: {why.strerror}", code="not-readable") from why


def text_in(file: IO[bytes], place: str, what: str, error: type[RequestError] = RequestError) -> str:
    """The text of an open file, as `text_of` reads it. Errors: `error` if it is too large or not UTF-8."""
    found = file.read(LARGEST_TEXT + 1)
    if len(found) > LARGEST_TEXT:
        raise error(f"the {what} {place!r} has more than {LARGEST_TEXT >> 20} MiB", code="too-large")
    try:
        return found.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as why:
        wrong, line = why.object[why.start], why.object[: why.start].count(b"\n") + 1
        words = f"the {what} is not UTF-8: byte 0x{wrong:02x} on this line"
        raise error(Mistake(words, FilePlace(place, line), hint="save it as UTF-8", code="not-readable")) from why


def reject_stream(place: str, what: str, error: type[RequestError]) -> None:
    """Reject a place that is neither file nor folder, such as a pipe, which can be read only once and may never end. Errors: `error`."""
    try:
        mode = Path(place).stat().st_mode
    except (OSError, ValueError):  # reported when it is opened
        return
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise error(f"{what}{place} is a pipe or a device, not a file", hint="write it to a file first", code="stream")


def reject_existing(place: str | Path, force: bool) -> None:
    """Reject an existing output, unless it may be replaced. Errors: `RequestError`."""
    if not force and exists(place):
        raise RequestError(f"{str(place)!r} already exists", hint="choose another place with -o, or replace it with --force", code="exists")


def reject_own_input(place: Place, given: Iterable[Place]) -> None:
    """Reject writing over an input file, or into an input folder.

    `given` are paths of files, folders and patterns. Errors: `RequestError`.
    """
    target, written = _real(place), os.fspath(place)
    for path in (os.fspath(g) for g in given):
        if not (is_local(path) and is_local(place)):
            if f"{path.rstrip('/')}/".startswith(f"{written.rstrip('/')}/") and not is_local(path):
                raise _own_input(f"writing to {written} would replace {path}, which is read")
            continue
        read = [path] if os.path.lexists(path) else glob.glob(path, recursive=True)  # noqa: PTH207 -- Path.glob takes no absolute patterns
        for real in map(_real, read):
            if target == real or target in real.parents:
                raise _own_input(f"writing to {written} would replace {path}, which is read")
            if real in target.parents and real.is_dir():
                raise _own_input(f"{written} is in the folder {path}, which is read: the next run would read it too")


def _own_input(words: str) -> RequestError:
    return RequestError(words, hint="choose another place", code="own-input")


def state_of(paths: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """The modification time in nanoseconds and the size in bytes of each local file."""
    states = [Path(p).stat() for p in paths if is_local(p)]
    return tuple((s.st_mtime_ns, s.st_size) for s in states)


def suffix_of(path: str) -> str:
    """A file's suffix in lower case, ignoring the suffix of a compression.

    >>> suffix_of("loans/March.CSV.gz")
    '.csv'
    """
    name = path.lower()
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    return Path(name).suffix


def in_folder(folder: str) -> tuple[str, ...]:
    """Every data file in a folder and its subfolders, sorted.

    Errors: `SourceError` for an unreadable subfolder, whose files would silently be missing.
    """
    found: list[Path] = []
    for top, folders, names in os.walk(folder, onerror=_unwalked):
        folders[:] = [name for name in folders if name[0] not in HIDDEN]
        found += [Path(top, name) for name in names if name[0] not in HIDDEN]
    return tuple(str(path) for path in sorted(found) if path.is_file())


def _unwalked(error: OSError) -> None:
    raise _unreadable(f"the folder {error.filename}", error) from error


def reject_unopenable(path: str) -> None:
    """Reject places that no engine opens: a name that is empty or not UTF-8, standard input, a pipe, a device."""
    if not path:
        raise SourceError("the name of the data is empty", accepted="a file, a folder or a pattern", code="no-file")
    if path.encode("utf-8", "ignore").decode() != path:  # undecodable bytes are surrogates here
        raise SourceError(f"the name {path!a} is not UTF-8", hint="rename it, or set a locale of UTF-8", code="file-name")
    if path == "-" and not os.path.lexists(path):
        raise SourceError("data cannot be read from standard input", hint="write it to a file first", code="stream")
    reject_stream(path, "", SourceError)


def _unreadable(what: str, error: OSError) -> SourceError:
    why = "no permission" if isinstance(error, PermissionError) else error.strerror
    return SourceError(f"{what[:300]} cannot be read: {why}", code="not-readable")


def reject_remote(paths: Iterable[str], form: str) -> None:
    """Reject remote places, for a format whose files are examined before an engine reads them."""
    remote = [p for p in paths if not is_local(p)]
    if remote:
        raise SourceError(
            f"{listed(remote, most=3)}: {form} is read on this machine and from s3:// only",
            hint="copy the files to this machine, or convert them to Parquet and read them with Spark",
            code="remote-text",
        )


def reject_zstd(paths: Iterable[str]) -> None:
    """Reject files compressed with zstd, for formats that engines read themselves, because not all engines can decompress it."""
    for path in paths:
        if path.lower().endswith(".zst"):
            what = f"{path} is compressed with zstd, which is not supported for text"
            raise SourceError(what, accepted="gzip (.gz), or no compression", code="zstd")


def _files(place: str, suffixes: tuple[str, ...]) -> tuple[str, ...]:
    if not is_local(place):
        return (place,)
    reject_unopenable(place)
    if is_folder(place):
        held = in_folder(place)
        found = [p for p in held if not suffixes or suffix_of(p) in suffixes]
        if not found:
            what = f"no file ending in {' or '.join(suffixes)}" if suffixes else "no data file"
            raise SourceError(f"the folder {place} has {what}", accepted=listed(suffixes), hint=_holds(held), code="no-files")
    elif glob.has_magic(place) and not os.path.lexists(place):
        found = [p for p in sorted(glob.glob(place, recursive=True)) if Path(p).is_file()]  # noqa: PTH207 -- Path.glob: no absolute patterns
        if not found:
            raise SourceError(f"no file matches {place}", hint=_near(place), code="no-files")
    else:
        found = [place]
    return tuple(map(_readable, found))


def _readable(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            empty = not file.read(1)
    except FileNotFoundError:
        raise SourceError(f"there is no file {path}", hint=missing(path), code="no-file") from None
    except OSError as error:
        raise _unreadable(path, error) from error
    if empty:
        raise SourceError(f"{path} is empty: it has no header", code="empty-file")
    return path


def _real(path: Place) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises for a link to itself


def exists(place: Place) -> bool:
    """Whether a place exists, sealed or not; false if it cannot be examined, because writing to it will report that."""
    return os.path.exists(place) or os.path.exists(os.fspath(place) + SUFFIX)  # noqa: PTH110 -- Path.exists raises in a closed folder


def reject_absent(path: str) -> None:
    """Reject a path that does not exist; patterns are not checked."""
    if not os.path.lexists(path) and not glob.has_magic(path):
        raise SourceError(f"there is no file {path}", hint=missing(path), code="no-file")


def is_folder(path: str) -> bool:
    """Whether a path is a folder; false for an impossible name."""
    return os.path.isdir(path)  # noqa: PTH112 -- Path.is_dir raises for a name that is too long


def missing(path: str) -> str:
    """A hint for a missing file."""
    if Path(path).is_symlink():
        return f"{path} is a link to {os.readlink(path)}, which does not exist"  # noqa: PTH115 -- the unchanged target
    return _near(path)


def _near(path: str) -> str:
    """The nearest name in the folder of a missing file, or the contents of the folder."""
    wanted = Path(path)
    try:
        names = sorted(p.name for p in wanted.parent.iterdir() if not p.name.startswith("."))
    except OSError:
        return f"there is no folder {wanted.parent}"
    return did_you_mean(wanted.name, names) or _holds(names)


def _holds(names: Sequence[str]) -> str:
    return f"the folder holds {listed([Path(n).name for n in names], most=6)}" if names else "the folder is empty"
