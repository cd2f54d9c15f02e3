"""The files of this machine: which ones a path means, with a clear error if there are none."""

from __future__ import annotations

import difflib
import glob
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from tilth.errors import Mistake, RequestError, SourceError, listed
from tilth.errors import Place as Spot
from tilth.store import atomic
from tilth.store.places import Copies, Store
from tilth.store.uri import Place, is_local, local_path

COMPRESSED = (".gz", ".zst")
HIDDEN = "._"  # names that begin with one of these are not data
MOST_FILES = 100_000  # in a folder of data: more are the folder of something else
LARGEST_TEXT = 64 << 20  # bytes of a flow, a ruleset or a configuration
STREAM_HINT = "data are read more than once: write them to a file first"


class Local(Store):
    """The files of this machine."""

    def copies(self, place: str) -> Copies:
        return Copies(local_path(place))

    def refuse_foreign(self, place: str, folder: bool) -> None:
        atomic.refuse_foreign(Path(local_path(place)), folder)

    def atomic(self, place: str, folder: bool) -> AbstractContextManager[Path]:
        return atomic.replacing(Path(local_path(place)), folder)


def files(given: Place | Sequence[Place], suffixes: Iterable[str] = ()) -> tuple[str, ...]:
    """The files that a path, a folder, a pattern with `*` or a list of them means, each in the order of its names.

    In a folder, and in the folders inside it, these are the files with one of the suffixes; names that begin with `.` or `_` are left
    out. A place beyond this machine (`hdfs://…`) is passed on as it is.

    Errors: `SourceError` where a file is missing, empty or may not be read, or where a folder or pattern has none.
    """
    places = [given] if isinstance(given, str | os.PathLike) else list(given)
    if not places:
        raise SourceError("an empty list of files was given", code="no-files")
    return tuple(path for place in places for path in _files(os.fspath(place), tuple(suffixes)))


def text_of(path: Place, what: str, error: type[RequestError] = RequestError) -> str:
    """The text of a small file, without a byte order mark; `what` it is, for the messages.

    Errors: `error` if there is no such file, if it cannot be read or is too large, and if it is not UTF-8, with the line and the byte.

    >>> text_of("/nowhere/rules.dqdl", "ruleset")
    Traceback (most recent call last):
        ...
    tilth.errors.RequestError: there is no ruleset '/nowhere/rules.dqdl' [no-file]
        there is no folder /nowhere; the path leads as far as /
    """
    place = os.fspath(path)
    refuse_stream(place, what, error)
    with readable(place, what, error):
        with Path(place).open("rb") as file:
            found = file.read(LARGEST_TEXT + 1)
        if len(found) > LARGEST_TEXT:
            raise error(f"the {what} {place!r} has more than {LARGEST_TEXT >> 20} MiB", code="too-large")
        return found.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


@contextmanager
def readable(place: str, what: str, error: type[RequestError]) -> Iterator[None]:
    """What the system says of a small file that is read, as `error`."""
    try:
        yield
    except FileNotFoundError as why:
        raise error(f"there is no {what} {place!r}", hint=_missing(place), code="no-file") from why
    except OSError as why:
        raise error(f"the {what} {place!r} cannot be read: {why.strerror}", code="not-readable") from why
    except UnicodeDecodeError as why:
        found, line = why.object[why.start], why.object[: why.start].count(b"\n") + 1
        words = f"the {what} is not UTF-8: byte 0x{found:02x} on this line"
        raise error(Mistake(words, Spot(place, line), hint="save it as UTF-8", code="not-readable")) from why


def refuse_stream(place: str, what: str, error: type[RequestError]) -> None:
    """Refuse a pipe, a device or a socket instead of a small file: nobody may ever write to it. `<(…)` of a shell is read.

    Errors: `error`.
    """
    if _is_stream(place) and not place.startswith(("/dev/fd/", "/dev/stdin", "/proc/")):
        raise error(f"the {what} {place!r} is a pipe or a device, not a file", hint="write it to a file first", code="stream")


def refuse_own_input(place: Place, given: Iterable[Place]) -> None:
    """Refuse to write where data are read from: over a file that is read, or into a folder all of whose files are.

    `given` are paths of files, folders and patterns. Errors: `RequestError`.
    """
    target, written = _real(place), os.fspath(place)
    for path in (os.fspath(g) for g in given):
        if not (is_local(path) and is_local(place)):
            if path.rstrip("/").startswith(written.rstrip("/")) and not is_local(path):
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
    """When each file on this machine was last written, in nanoseconds, and its size in bytes."""
    states = [Path(p).stat() for p in paths if is_local(p)]
    return tuple((s.st_mtime_ns, s.st_size) for s in states)


def suffix_of(path: str) -> str:
    """A file's suffix in lower case, without that of its compression.

    >>> suffix_of("loans/March.CSV.gz")
    '.csv'
    """
    name = path.lower()
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    return Path(name).suffix


def in_folder(folder: str) -> tuple[str, ...]:
    """Every file of data in a folder and the folders inside it, in the order of their names.

    Errors: `SourceError` for a folder of too many files, such as the root of a disk, and for one inside that cannot be read: its files
    would be missing without a word.
    """
    found: list[Path] = []
    seen = 0
    for top, folders, names in os.walk(folder, onerror=_unwalked):
        folders[:] = [name for name in folders if name[0] not in HIDDEN]
        seen += len(names) + len(folders)
        if seen > MOST_FILES:
            message = f"the folder {folder} holds more than {MOST_FILES:,} files"
            raise SourceError(message, accepted="the folder of the data, or a pattern", code="too-many-files")
        found += [Path(top, name) for name in names if name[0] not in HIDDEN]
    return tuple(str(path) for path in sorted(found) if path.is_file())


def _unwalked(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # it was removed meanwhile
        raise _closed(f"the folder {error.filename}") from error


def refuse_unopenable(path: str) -> None:
    """Refuse what no engine opens: an empty name or one that is not UTF-8, standard input, a pipe, a device, a closed folder."""
    if not path:
        raise SourceError("an empty name was given for the data", accepted="a file, a folder or a pattern", code="no-file")
    if not path.isprintable() and path.encode("utf-8", "ignore").decode() != path:  # undecodable bytes are surrogates here
        raise SourceError(f"the name {path!a} is not UTF-8", hint="rename it, or set a locale of UTF-8", code="file-name")
    if path == "-" and not os.path.lexists(path):
        raise SourceError("data are not read from standard input", hint=STREAM_HINT, code="stream")
    if is_folder(path) and not _allowed(path, os.R_OK | os.X_OK):
        raise _closed(f"the folder {path}")
    if _is_stream(path):
        raise SourceError(f"{path} is a pipe or a device, not a file", hint=STREAM_HINT, code="stream")


def _is_stream(path: str) -> bool:
    """Whether a place is neither a file nor a folder. What else is wrong with a file is said where it is opened."""
    try:
        mode = Path(path).stat().st_mode
    except (OSError, ValueError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _closed(what: str) -> SourceError:
    return SourceError(f"{what} cannot be read: no permission", hint="ask its owner, or copy it", code="no-permission")


def refuse_far(paths: Iterable[str], form: str) -> None:
    """Refuse places beyond this machine, for a format whose files are examined before an engine reads them."""
    far = [p for p in paths if not is_local(p)]
    if far:
        raise SourceError(
            f"{listed(far, most=3)}: {form} is read on this machine and from s3:// only",
            hint="copy the files here, or make them Parquet and read them with Spark",
            code="far-text",
        )


def _files(place: str, suffixes: tuple[str, ...]) -> tuple[str, ...]:
    if not is_local(place):
        return (place,)
    refuse_unopenable(place)
    if is_folder(place):
        held = in_folder(place)
        found = tuple(p for p in held if not suffixes or suffix_of(p) in suffixes)
        if not found:
            what = f"no file ending in {' or '.join(suffixes)}" if suffixes else "no file of data"
            raise SourceError(f"the folder {place} holds {what}", accepted=listed(suffixes), hint=_holds(held), code="no-files")
        return tuple(_readable(p) for p in found)
    if glob.has_magic(place) and not os.path.lexists(place):
        matches = sorted(glob.glob(place, recursive=True))  # noqa: PTH207 -- Path.glob takes no absolute patterns
        found = tuple(p for p in matches if Path(p).is_file())
        if not found:
            raise SourceError(f"no file matches {place}", hint=_near(place), code="no-files")
        return tuple(_readable(p) for p in found)
    return (_readable(place),)


def _readable(path: str) -> str:
    try:
        size = Path(path).stat().st_size
    except FileNotFoundError:
        raise SourceError(f"there is no file {path}", hint=_missing(path), code="no-file") from None
    except PermissionError as error:
        raise _closed(path) from error
    except OSError as error:
        raise SourceError(f"{path[:300]} cannot be read: {error.strerror}", code="not-readable") from error
    if not _allowed(path, os.R_OK):
        raise _closed(path)
    if path.lower().endswith(".zst"):
        raise SourceError(f"{path} is compressed by zstd, which is not read", accepted="gzip (.gz), or no compression", code="zstd")
    if size == 0:
        raise SourceError(f"{path} is empty: it has not even a header", code="empty-file")
    return path


def _allowed(path: str, what: int) -> bool:
    return os.access(path, what, effective_ids=os.access in os.supports_effective_ids)


def _real(path: Place) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises for a link to itself


def exists(place: Place) -> bool:
    """Whether there is anything at a place; false if it cannot be examined, which is reported when it is written to."""
    return os.path.exists(place)  # noqa: PTH110 -- Path.exists raises for a place in a closed folder


def is_folder(path: str) -> bool:
    """Whether there is such a folder; false for a name that no file can have."""
    return os.path.isdir(path)  # noqa: PTH112 -- Path.is_dir raises for a name that is too long


def _missing(path: str) -> str:
    """What to do about a file that is not there."""
    if Path(path).is_symlink():
        return f"{path} is a link to {os.readlink(path)}, which is not there"  # noqa: PTH115 -- the target as it is written
    return _near(path)


def _near(path: str) -> str:
    """The nearest names beside a missing file, or how far the path leads."""
    wanted = Path(path)
    folder = wanted.parent
    if not folder.is_dir():
        there = next((p for p in folder.parents if p.is_dir()), None)
        return f"there is no folder {folder}" + (f"; the path leads as far as {there}" if there else "")
    try:
        names = [p.name for p in folder.iterdir() if not p.name.startswith(".")]
    except OSError:
        return ""
    near = difflib.get_close_matches(wanted.name, names, n=3, cutoff=0.5)
    return f"did you mean {' or '.join(repr(n) for n in near)}?" if near else _holds(sorted(names))


def _holds(names: Sequence[str]) -> str:
    return f"the folder holds {listed([Path(n).name for n in names], most=6)}" if names else "the folder is empty"
