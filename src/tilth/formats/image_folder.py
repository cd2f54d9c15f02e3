"""Folders of images as a table of files: path, class (the name of the folder), and values from the file names. No image is decoded."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq

from tilth.data import Files, Source
from tilth.engine.session import Session
from tilth.errors import Mistake, RequestError, SourceError, listed, warn
from tilth.formats.codec import as_parquet
from tilth.formats.csv import HEAD_ROWS
from tilth.formats.format import Format
from tilth.formats.guess import Guess, guess
from tilth.formats.manifest import entries
from tilth.store.documents import bytes_of
from tilth.store.local import HIDDEN, Local, is_folder
from tilth.store.places import Object
from tilth.store.uri import joined

PATH, CLASS, BYTES = "path", "class", "bytes"
BATCH_ROWS = 50_000
LARGEST = 64 << 20  # bytes of a manifest
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


class ImageFolder(Format):
    """A folder of images and its subfolders, one row per image: `path` in the folder, `class`, the name of the image's folder, and `bytes`.

    `pattern` describes the names: each `{name}` becomes a column, `{}` is any text. A pattern with `/` applies to the whole path, otherwise
    to the file name; the suffix is not part of it. Numbers and dates in names become numbers and dates. If the pattern does not fit a path,
    its columns are null. A warning counts such paths, and another one empty files. Whether a file is a valid image is not checked.
    """

    name = "image_folder"
    suffixes: ClassVar[tuple[str, ...]] = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff")
    options: ClassVar[tuple[str, ...]] = ("pattern",)
    writes = False
    beside_others = False

    def open(self, given: Any, names: Sequence[str] | None, engine: Session, pattern: str | None = None, **_: Any) -> Files:
        places = [given] if isinstance(given, str | os.PathLike) else list(given)
        folder = os.fspath(places[0]) if len(places) == 1 else ""
        if not is_folder(folder):
            raise SourceError(
                f"{listed(map(str, places))} is not a folder",
                accepted="one folder of images, on this machine or in s3://",
                code="no-folder",
            )
        if names:
            raise RequestError("the columns of a folder of images have names", hint="rename them afterwards", code="names")
        form = Pattern(pattern) if pattern else None
        found = [o for o in Local().objects(folder) if _is_image(o.name)]
        if not found:
            raise SourceError(f"the folder {folder} has no images", accepted=listed(self.suffixes), code="no-files")
        _warn_of_empty(folder, found)
        key = (self.name, folder, pattern, _digest(found))
        return replace(as_parquet(folder, key, lambda: _rows(found, form)), typed=False)

    def guesses(self, source: Source, nulls: Sequence[str]) -> Mapping[str, Guess]:
        assert isinstance(source, Files)  # noqa: S101 -- what `open` gives
        head = next(pq.ParquetFile(source.paths[0]).iter_batches(HEAD_ROWS)).to_pydict()
        return {name: guess([v for v in values if v is not None], nulls) for name, values in head.items() if name != PATH} | {
            PATH: Guess((), seen=True)
        }


def listed_images(manifest: str) -> Files:
    """The images in a manifest, `[{"prefix": "images/"}, "cat/1.png", …]`, as rows of `path` and `class`. No image is opened.

    Names without a prefix, and a prefix that is a path, are relative to the folder of the manifest. Errors: `SourceError`.
    """
    text = bytes_of(manifest, "manifest of images", LARGEST, SourceError).decode("utf-8-sig", "replace")
    prefix, names = entries(text, manifest, bare=True)
    if not names:
        raise SourceError(f"{manifest} lists no images", accepted='[{"prefix": "images/"}, "cat/1.png", …]', code="no-files")
    folder, slash, begun = prefix.rpartition("/")  # a prefix is a string, and may end inside a name
    own = [begun + name for name in names]
    table = pa.table({PATH: own, CLASS: [PurePosixPath(name).parent.name or None for name in own]})
    place = joined(os.path.dirname(manifest), folder + slash)  # noqa: PTH120 -- it may be remote
    return as_parquet(place, ("listed_images", place, tuple(own)), table.to_batches)


def _is_image(name: str) -> bool:
    path = PurePosixPath(name)
    return path.suffix.lower() in ImageFolder.suffixes and not any(part[0] in HIDDEN for part in path.parts)


class Pattern:
    """A pattern of file names: text, and placeholders `{name}` and `{}` for one or more characters except `/`.

    Errors: `RequestError` for a pattern without a named placeholder, and for repeated or reserved names.

    >>> Pattern("{age}_{sex}_{}.jpg").of("faces/25_0_2017.jpg"), Pattern("{age}_{sex}_{}").of("faces/me.jpg")
    (('25', '0'), None)
    >>> Pattern("{split}/{class}/{}").of("train/cat/7.png")
    ('train', 'cat')
    """

    def __init__(self, text: str) -> None:
        suffix = PurePosixPath(text).suffix
        plain = text.removesuffix(suffix) if suffix.lower() in ImageFolder.suffixes else text
        found = PLACEHOLDER.findall(plain)
        self.text, self.names = text, tuple(filter(None, found))
        self.whole = "/" in plain
        RequestError.reject(
            Mistake(f"the pattern {text!r} {wrong}", accepted="such as {split}/{class}/{}, or {age}_{sex}_{}", code="bad-pattern")
            for wrong in (
                *(() if self.names else ("names no column",)),
                *(f"has {n!r} {times} times" for n, times in Counter(self.names).items() if times > 1),
                *(f"names {n!r}, which is a column already" for n in self.names if n in (PATH, BYTES)),
            )
        )
        literals = map(re.escape, PLACEHOLDER.split(plain)[::2])
        groups = ("([^/]+?)" if name else "[^/]+?" for name in found)
        self._form = re.compile("".join(itertools.chain.from_iterable(itertools.zip_longest(literals, groups, fillvalue=""))))

    def of(self, path: str) -> tuple[str, ...] | None:
        """The values in a path; None if the pattern does not fit."""
        name = path.removesuffix(PurePosixPath(path).suffix)
        found = self._form.fullmatch(name if self.whole else name.rpartition("/")[2])
        return None if found is None else found.groups()


def _rows(found: Sequence[Object], form: Pattern | None) -> Iterator[pa.RecordBatch]:
    """The rows of images, in batches. At the end, warn about paths that the pattern does not fit."""
    names, unfit = form.names if form else (), list[str]()
    columns = tuple(dict.fromkeys((PATH, CLASS, BYTES, *names)))
    for start in range(0, len(found), BATCH_ROWS):
        rows = []
        for image in found[start : start + BATCH_ROWS]:
            values = form.of(image.name) if form else ()
            unfit += [image.name] if values is None else []
            own = {PATH: image.name, CLASS: PurePosixPath(image.name).parent.name or None, BYTES: str(image.bytes)}
            rows.append(own | dict(zip(names, values or (None,) * len(names), strict=True)))
        yield pa.RecordBatch.from_pylist(rows, pa.schema([(name, pa.string()) for name in columns]))
    if form and len(unfit) == len(found):
        raise SourceError(
            f"the pattern {form.text!r} matches none of {len(found):,} paths", accepted=f"such as {found[0].name}", code="no-match"
        )
    if form and unfit:
        what = f"the pattern {form.text!r} does not fit {len(unfit):,} of {len(found):,} paths ({listed(unfit, most=3)})"
        warn(f"{what}; their {listed(names)} is null")


def _warn_of_empty(folder: str, found: Sequence[Object]) -> None:
    empty = [o.name for o in found if not o.bytes]
    if empty:
        warn(f"{folder}: {len(empty):,} of {len(found):,} files are empty ({listed(empty, most=3)}); they are rows nevertheless")


def _digest(found: Sequence[Object]) -> str:
    """A hash of the names and sizes in a folder, which changes if they change."""
    whole = hashlib.sha256()
    for image in found:
        whole.update(f"{image.name}\0{image.bytes}\0".encode())
    return whole.hexdigest()
