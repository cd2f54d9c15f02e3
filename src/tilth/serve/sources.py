"""The files of a batch transform, and the names of their answers: paths relative to the named folder, as SageMaker keeps keys."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tilth.errors import RequestError, SourceError
from tilth.formats.manifest import PREFIX, listed_in
from tilth.store.local import files, suffix_of, text_of
from tilth.store.places import Copies, copies
from tilth.store.uri import joined

MAGIC = re.compile(r"[*?\[]")


@dataclass(frozen=True)
class Source:
    """An input: `files` (a file, folder or pattern), a SageMaker `manifest`, or all objects with a `prefix` of the key."""

    place: str
    kind: Literal["files", "manifest", "prefix"] = "files"

    @classmethod
    def of(cls, place: str) -> Source:
        """The source of a command-line argument."""
        return cls(place, "manifest" if suffix_of(place) == ".manifest" else "files")


@dataclass(frozen=True)
class Input:
    """A file on this machine, the name of its answers without the suffix, and where it comes from."""

    file: str
    name: str
    place: str
    held: Copies = field(repr=False)  # the local copies exist as long as this object


def inputs(sources: Sequence[Source], suffixes: Sequence[str]) -> list[Input]:
    """The files of all sources, sorted by name. If suffixes are given, only these files of folders.

    Errors: `RequestError` if the answers of two files would have the same name, `SourceError` for a missing file.
    """
    found = dict[str, Input]()
    for source in sources:
        for one in {"files": _files, "manifest": _listed, "prefix": _under}[source.kind](source.place, tuple(suffixes)):
            before = found.setdefault(one.name, one)
            if before.file != one.file:
                message = f"{before.place} and {one.place} would both be written as {one.name}.out"
                raise RequestError(message, hint="transform them into two folders, or name the folder that holds both", code="same-name")
    return sorted(found.values(), key=lambda one: one.name.encode())


def _files(place: str, suffixes: tuple[str, ...]) -> Iterator[Input]:
    held = copies(place)
    base = _base(held.path)
    for file in files(held.path, suffixes):
        yield Input(file, Path(file).relative_to(base).as_posix(), place, held)


def _base(path: str) -> str:
    """The folder itself, the folder of a file, or the folder above the first wildcard of a pattern."""
    magic = None if os.path.lexists(path) else MAGIC.search(path)
    return path if Path(path).is_dir() else os.path.dirname(path[: magic.start()] if magic else path)  # noqa: PTH120 -- empty for a name


def _listed(place: str, suffixes: tuple[str, ...]) -> Iterator[Input]:
    """The objects of a `ManifestFile`, each named by its path below the folder of the prefix."""
    held = copies(place)
    text = text_of(held.path, "manifest", SourceError)
    places = listed_in(text, place)
    above = json.loads(text)[0][PREFIX].rfind("/") + 1
    for listed in dict.fromkeys(places):
        there = joined(os.path.dirname(place), listed)  # noqa: PTH120 -- of a URI, too
        one = copies(there)
        (file,) = files(one.path)
        yield Input(file, listed[above:].lstrip("/"), there, one)


def _under(place: str, suffixes: tuple[str, ...]) -> Iterator[Input]:
    """The objects with a prefix of the key, a string rather than a folder. Each is named by its key below the folder of the prefix."""
    place += "" if place.count("/") > 2 else "/"  # a whole bucket
    held = copies(re.sub(r"([*?\[])", r"[\1]", place) + "*")
    scratch, _ = held.renamed
    for file in sorted(path for path in Path(scratch, place.split("/")[2]).rglob("*") if path.is_file()):  # the bucket's copies
        there = f"s3://{file.relative_to(scratch).as_posix()}"
        yield Input(str(file), there[place.rfind("/") + 1 :], there, held)
