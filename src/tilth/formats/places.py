"""Which files a path means: one file, a folder of them, or a pattern; and clear words where there are none."""

from __future__ import annotations

import difflib
import glob
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from tilth.errors import SourceError, listed

ZIPPED = (".gz", ".zst")


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
    """Every file of data in a folder and the folders inside it, in the order of their names."""
    found = (p for p in sorted(Path(folder).rglob("*")) if p.is_file())
    return tuple(str(p) for p in found if not any(part[0] in "._" for part in p.relative_to(folder).parts))


def _files(place: str, suffixes: tuple[str, ...]) -> tuple[str, ...]:
    if "://" in place:
        return (place,)
    if Path(place).is_dir():
        held = in_folder(place)
        found = tuple(p for p in held if not suffixes or suffix_of(p) in suffixes)
        if not found:
            what = f"no file ending in {' or '.join(suffixes)}" if suffixes else "no file of data"
            raise SourceError(f"the folder {place} holds {what}", accepted=listed(suffixes), hint=_holds(held), code="no-files")
        return tuple(_readable(p) for p in found)
    if not Path(place).exists() and glob.has_magic(place):
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
        raise SourceError(f"there is no file {path}", hint=_near(path), code="no-file") from None
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}", code="no-permission") from error
    if not os.access(path, os.R_OK):
        raise SourceError(
            f"{path} cannot be read: no permission", hint="ask its owner, or copy it to where you may read", code="no-permission"
        )
    if size == 0:
        raise SourceError(f"{path} is empty: it has not even a header", code="empty-file")
    return path


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
