"""Which files a path means: one file, a folder of them, or a pattern; and clear words where there are none."""

from __future__ import annotations

import difflib
import glob
import os
import re
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from tilth.errors import Mistake, RequestError, SourceError, listed
from tilth.errors import Place as Spot

ZIPPED = (".gz", ".zst")
STREAMS = {stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFSOCK: "a socket"}
OPEN_ALREADY = re.compile(r"/dev/(?:fd/[0-9]+|stdin)$|/proc/self/fd/[0-9]+$")
HIDDEN = "._"  # names that begin so are nobody's data
MOST_FILES = 100_000  # in a folder, beyond which it is none of data
STREAM_HINT = "data are read more than once: write them into a file first"


def files(given: str | os.PathLike[str] | Sequence[str | os.PathLike[str]], suffixes: Iterable[str] = ()) -> tuple[str, ...]:
    """The files that a path, a folder, a pattern with `*` or a list of them means, each in the order of its names.

    In a folder, and in the folders inside it, these are the files with one of the suffixes; names that begin with `.` or `_` are
    nobody's data. A place beyond this machine (`s3://…`) is passed on as it is.

    Errors: `SourceError` where a file is missing, empty or may not be read, or where a folder or pattern has none.
    """
    places = [given] if isinstance(given, str | os.PathLike) else list(given)
    if not places:
        raise SourceError("an empty list of files was given", code="no-files")
    return tuple(path for place in places for path in _files(os.fspath(place), tuple(suffixes)))


def text_of(path: str | os.PathLike[str], what: str, error: type[RequestError] = RequestError) -> str:
    """The text of a small file that is read as a whole, without a mark of UTF-8 at its beginning; `what` it is, for the messages.

    Errors: `error` where there is no such file, where it may not be read or is none, and where it is no text in UTF-8, with the line and
    the byte.

    >>> text_of("/nowhere/rules.dqdl", "ruleset")
    Traceback (most recent call last):
        ...
    tilth.errors.RequestError: there is no ruleset '/nowhere/rules.dqdl' [no-file]
        there is no folder /nowhere; the path leads as far as /
    """
    place = os.fspath(path)
    refuse_stream(place, what, error)
    try:
        return Path(place).read_text("utf-8-sig")
    except FileNotFoundError as why:
        raise error(f"there is no {what} {place!r}", hint=_missing(place), code="no-file") from why
    except OSError as why:
        raise error(f"the {what} {place!r} cannot be read: {why.strerror}", code="not-readable") from why
    except UnicodeDecodeError as why:
        found, line = why.object[why.start], why.object[: why.start].count(b"\n") + 1
        words = f"the {what} is no text in UTF-8: byte 0x{found:02x} stands on this line"
        raise error(Mistake(words, Spot(place, line), hint="save it as UTF-8", code="not-readable")) from why


def refuse_stream(place: str, what: str, error: type[RequestError]) -> None:
    """Refuse a pipe, a device or a socket in the place of a small file: one that nobody writes to would be waited for for ever.

    What the shell has opened for this process, as `<(…)` does, is read: whoever writes there is at work, and ends.

    Errors: `error`.
    """
    kind = _stream(place)
    if kind and not OPEN_ALREADY.match(place):
        raise error(f"the {what} {place!r} is {kind}, no file", hint="write it into a file first", code="stream")


def refuse_own_input(place: str | os.PathLike[str], given: Iterable[str | os.PathLike[str]]) -> None:
    """Refuse to write where data are read from: over a file that is read, or into a folder all of whose files are.

    `given` are paths of files, folders and patterns. Places beyond this machine are nobody's here.

    Errors: `RequestError`.
    """
    target = _real(place)
    for path in (os.fspath(g) for g in given):
        if "://" in path:
            continue
        read = [path] if os.path.lexists(path) else glob.glob(path, recursive=True)  # noqa: PTH207 -- Path.glob takes no absolute patterns
        for real in map(_real, read):
            if target == real or target in real.parents:
                words = f"writing to {os.fspath(place)} would replace {path}, which is read"
            elif real in target.parents and real.is_dir():
                words = f"{os.fspath(place)} lies in the folder {path}, which is read: the next run would read it too"
            else:
                continue
            raise RequestError(words, hint="choose another place", code="own-input")


def state_of(paths: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """When each file on this machine was last written, in nanoseconds, and its size in bytes."""
    states = [Path(p).stat() for p in paths if "://" not in p]
    return tuple((s.st_mtime_ns, s.st_size) for s in states)


def suffix_of(path: str) -> str:
    """A file's suffix in lower case, without one that says how it is compressed.

    >>> suffix_of("loans/March.CSV.gz")
    '.csv'
    """
    name = path.lower()
    for zipped in ZIPPED:
        name = name.removesuffix(zipped)
    return Path(name).suffix


def in_folder(folder: str) -> tuple[str, ...]:
    """Every file of data in a folder and the folders inside it, in the order of their names.

    Errors: `SourceError` for the root of a disk and for a folder of so many files that no table is meant by it, and for one inside that may
    not be read: its files would be missing without a word.
    """
    if _real(folder).parent == _real(folder):
        raise SourceError(f"{folder} is the root of the disk", accepted="the folder that the data lie in, or a pattern", code="whole-disk")
    found: list[Path] = []
    seen = 0
    for top, folders, names in os.walk(folder, onerror=_unwalked):
        folders[:] = [name for name in folders if name[0] not in HIDDEN]
        seen += len(names) + len(folders)
        if seen > MOST_FILES:
            message = f"the folder {folder} holds more than {MOST_FILES:,} files"
            raise SourceError(message, accepted="the folder that the data lie in, or a pattern", code="too-many-files")
        found += [Path(top, name) for name in names if name[0] not in HIDDEN]
    return tuple(str(path) for path in sorted(found) if path.is_file())


def _unwalked(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):  # it went while we looked
        raise _closed(str(error.filename)) from error


def refuse_unopenable(path: str) -> None:
    """Refuse what no engine opens: no name at all or one that is no text, standard input, a pipe, a device, a closed folder."""
    if not path:
        raise SourceError("an empty name was given for the data", accepted="a file, a folder or a pattern", code="no-file")
    if path == "-" and not os.path.lexists(path):
        raise SourceError("data are not read from standard input", hint=STREAM_HINT, code="stream")
    if path != path.encode("utf-8", "ignore").decode():  # bytes that are no UTF-8 are half surrogates here
        hint = "rename it, or set the locale to one of UTF-8, such as LANG=C.UTF-8"
        raise SourceError(f"the name {path!a} is no text in UTF-8", hint=hint, code="file-name")
    if is_folder(path) and not _allowed(path, os.R_OK | os.X_OK):
        raise _closed(path)
    if kind := _stream(path):
        raise SourceError(f"{path} is {kind}, no file", hint=STREAM_HINT, code="stream")


def _stream(path: str) -> str:
    """Which kind of stream stands in a place, if one does. What else is wrong with a file is said where it is opened."""
    try:
        return STREAMS.get(stat.S_IFMT(Path(path).stat().st_mode), "")
    except (OSError, ValueError):
        return ""


def _closed(folder: str) -> SourceError:
    return SourceError(f"the folder {folder} cannot be read: no permission", hint="ask its owner", code="no-permission")


def refuse_far(paths: Iterable[str], form: str) -> None:
    """Refuse places beyond this machine, for a format of texts: its files are looked at before an engine reads them."""
    far = [p for p in paths if "://" in p]
    if far:
        raise SourceError(
            f"{listed(far, most=3)}: files of {form} are read on this machine only",
            hint="copy them here, or make them Parquet and read them with Spark",
            code="far-text",
        )


def _files(place: str, suffixes: tuple[str, ...]) -> tuple[str, ...]:
    if "://" in place:
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
        raise _unreadable(path) from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}", code="not-readable") from error
    if not _allowed(path, os.R_OK):
        raise _unreadable(path)
    if path.lower().endswith(".zst"):
        raise SourceError(f"{path} is compressed by zstd, which is not read", accepted="gzip (.gz), or no compression", code="zstd")
    if size == 0:
        raise SourceError(f"{path} is empty: it has not even a header", code="empty-file")
    return path


def _allowed(path: str, what: int) -> bool:
    return os.access(path, what, effective_ids=os.access in os.supports_effective_ids)


def _unreadable(path: str) -> SourceError:
    hint = "ask its owner, or copy it to where you may read"
    return SourceError(f"{path} cannot be read: no permission", hint=hint, code="no-permission")


def _real(path: str | os.PathLike[str]) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve raises for a link to itself


def stands(place: str | os.PathLike[str]) -> bool:
    """Whether anything stands in a place; not in one that cannot be looked at, which is told when it is written to."""
    return os.path.exists(place)  # noqa: PTH110 -- Path.exists raises for a place in a closed folder


def is_folder(path: str) -> bool:
    """Whether there is such a folder; a name that no file can have is none."""
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
