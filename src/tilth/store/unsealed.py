"""Reads encrypted places: sealed files are decrypted to copies in memory, after their data set is verified with its manifest.

Parquet files are not copied; they are decrypted while they are read.
"""

from __future__ import annotations

import glob
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from tilth.encryption.dataset import FOLDER, DataSet, in_data_set, is_data_set, opened, other_data_set, plain_name, swapped, unsealed_alone
from tilth.encryption.keys import Key
from tilth.encryption.magic import PARQUET, context_of, damaged, footer_digest, head_of, key_name
from tilth.encryption.sealed import SUFFIX
from tilth.errors import Mistake, SourceError
from tilth.store.atomic import LISTING
from tilth.store.memory import MemoryFolder
from tilth.store.protection import key_for
from tilth.store.sealed import MANIFEST, SealedPath, described, is_written_sealed, part_of

if TYPE_CHECKING:
    from tilth.encryption.parquet import Keys

HIDDEN = "._"


def is_sealed_place(path: str) -> bool:
    """Whether a local place is a sealed file, or a folder with sealed files or of an encrypted data set."""
    if os.path.lexists(path):
        return path.endswith(SUFFIX) if not os.path.isdir(path) else _is_sealed_folder(Path(path))  # noqa: PTH112 -- see `local`
    return os.path.isfile(path + SUFFIX) or (glob.has_magic(path) and any(glob.iglob(path + SUFFIX, recursive=True)))  # noqa: PTH113, PTH207


def _is_sealed_folder(folder: Path) -> bool:
    if is_written_sealed(folder) or is_data_set(folder) or in_data_set(folder / "x"):
        return True
    first = next(((top, name) for top, _, names in os.walk(folder) for name in sorted(names) if name[0] not in HIDDEN), None)
    return bool(first and first[1].endswith(SUFFIX))


def unsealed(path: str) -> tuple[str, MemoryFolder]:
    """The path to read for a place, and the folder in memory that keeps it.

    Errors: `SourceError` without a key, for a wrong key, and for changed data; the codes distinguish them.
    """
    held, key, place = MemoryFolder(), key_for(path), Path(path)
    if place.is_dir():
        files, top = sorted(p for p in place.rglob("*") if p.is_file() and p.name != LISTING and FOLDER not in p.parts), place
    else:
        found = glob.glob(path, recursive=True) if glob.has_magic(path) and not os.path.lexists(path) else [path]  # noqa: PTH207
        found = found if any(map(os.path.lexists, found)) else glob.glob(path + SUFFIX, recursive=True)  # noqa: PTH207
        files = [Path(p) for p in sorted(found)]
        top = files[0].parent if len(files) == 1 else Path(os.path.commonpath([p.parent for p in files]))
    sets = _Sets(key)
    for file in files:
        sets.check(file)
        name = file.relative_to(top).as_posix()
        if not name.endswith(SUFFIX):
            held.link(name, file)
            continue
        with sets.unsealing(file) as given, held.create(plain_name(name)) as made:
            shutil.copyfileobj(given, made, 1 << 20)
    if place.is_dir():
        return held.name, held
    many = glob.has_magic(path) and not os.path.lexists(path)
    return f"{held.name}/{'**/*' if many else plain_name(files[0].name)}", held


class _Sets:
    """The data sets of files. Each is opened once, and its files are compared with its manifest."""

    def __init__(self, key: Key) -> None:
        self._key = key
        self._opened: dict[Path, DataSet] = {}

    def check(self, file: Path) -> None:
        self._of(file)

    def unsealing(self, file: Path) -> Any:
        if is_written_sealed(file):
            return SealedPath(str(file).removesuffix(SUFFIX)).open("rb")
        found, shown = self._of(file), str(file)
        if found is None:
            return unsealed_alone(self._key, file.open("rb"), plain_name(file.name), shown)
        data_set, root = found
        return data_set.unsealing(file.open("rb"), plain_name(file.absolute().relative_to(root).as_posix()), shown)

    def _of(self, file: Path) -> tuple[DataSet, Path] | None:
        root = in_data_set(file)
        if root is None or is_written_sealed(file):
            return None
        if root not in self._opened:
            self._opened[root] = verified(self._key, root)
        return self._opened[root], root


def parquet_keys(paths: tuple[str, ...]) -> Keys:
    """The keys for reading encrypted Parquet files, which must be of one data set, or of none.

    Errors: `SourceError` without a key, for a wrong key, and for files of several data sets.
    """
    from tilth.encryption.parquet import Keys  # loads pyarrow

    key = key_for(paths[0])
    real = [Path(os.path.realpath(p)) for p in paths]
    if is_written_sealed(real[0]):
        return part_of(real[0])[0].parquet
    roots = {in_data_set(p) for p in real}
    if len(roots) > 1:
        hint = "read them one by one"
        raise SourceError(f"{paths[0]} and other files are of several encrypted data sets", hint=hint, code="several-data-sets")
    root = roots.pop()
    return Keys(verified(key, root) if root else None, key, paths[0] if len(paths) == 1 else f"{paths[0]} or a file beside it")


def verified(key: Key, root: Path, whole: bool = False) -> DataSet:
    """The data set in a folder, after its files are compared with its manifest; if `whole`, every byte of them.

    Errors: `SourceError` for all files at once, with the code `wrong-key`, `changed-manifest`, `missing-file`, `extra-file`,
    `truncated-file`, `other-data-set`, `swapped-file`, `swapped-folder` or `damaged-file`.
    """
    data_set = opened(key, root)
    wanted = {str(e["path"]): e for e in _manifest(data_set, root)["files"]}
    if mistakes := list(_differences(data_set, root, wanted, whole)):
        SourceError.reject(_swapped_folders(root, wanted))
        raise SourceError(*mistakes)
    return data_set


def _manifest(data_set: DataSet, root: Path) -> Any:
    name = f"{FOLDER}/{MANIFEST}"
    path = root / f"{name}{SUFFIX}"
    if not path.exists():
        hint = "restore it from a backup: it lists the files of the data set"
        raise SourceError(f"{path} is missing", hint=hint, code="no-manifest")
    try:
        with data_set.unsealing(path.open("rb"), name, str(path)) as file:
            return json.load(file)
    except (OSError, ValueError):  # errors about changed data are ValueErrors
        hint = "restore the folder from a backup: what it lists cannot be trusted"
        raise SourceError(f"{path} was changed, or is that of another data set", hint=hint, code="changed-manifest") from None


def _differences(data_set: DataSet, root: Path, wanted: dict[str, Any], whole: bool) -> Iterator[Mistake]:
    found = {
        p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file() and p.name != LISTING and p.parts[len(root.parts)] != FOLDER
    }
    for name in sorted(wanted.keys() - found):
        yield Mistake(f"{root / name} is missing, and the manifest lists it", hint="restore it from a backup", code="missing-file")
    for name in sorted(found - wanted.keys()):
        yield Mistake(f"{root / name} is not of this data set: it was added", hint="move it away", code="extra-file")
    for name in sorted(found & wanted.keys()):
        try:
            _compare(data_set, root / name, wanted[name])
            if whole and described(root / name, root)["sha256"] != wanted[name]["sha256"]:
                raise damaged(str(root / name))
        except SourceError as error:
            yield from error.mistakes


def _swapped_folders(root: Path, wanted: dict[str, Any]) -> Iterator[Mistake]:
    """A mistake for each folder whose files all come from one other folder, under the same names, that no longer has them."""
    footers = {e["footer"]: name for name, e in wanted.items() if "footer" in e}
    origins = defaultdict[str, set[str]](set)
    for path in (p for p in root.rglob("*") if p.is_file() and p.name != LISTING):
        folder, name = _split(path.relative_to(root).as_posix())
        before, written = _split(_written_as(path, footers))
        origins[folder].add(before if written == name else "")
    moved = {folder: next(iter(found)) for folder, found in origins.items() if len(found) == 1 and found.isdisjoint({"", ".", folder})}
    for folder, origin in sorted(moved.items()):
        if origin in moved or origin not in origins:
            message = f"{root / folder} has the files that were written to {root / origin}"
            yield Mistake(message, hint=f"rename it to {Path(origin).name}", code="swapped-folder")


def _written_as(path: Path, footers: Mapping[str, str]) -> str:
    """The path in the data set that an encrypted file was written to; empty if it is not known."""
    with suppress(SourceError):  # truncated
        return footers.get(footer_digest(path), "") if head_of(path) == PARQUET else context_of(path).get("tilth:path", "") + SUFFIX
    return ""


def _split(name: str) -> tuple[str, str]:
    path = PurePosixPath(name)
    return str(path.parent), path.name


def _compare(data_set: DataSet, path: Path, entry: dict[str, Any]) -> None:
    """Reject a file that differs from its manifest entry. The content of a sealed file is verified when it is opened."""
    size = path.stat().st_size
    is_parquet = head_of(path) == PARQUET
    if is_parquet != ("footer" in entry):
        raise swapped(str(path), "")
    if not is_parquet:
        if path.name.endswith(SUFFIX):
            if context := context_of(path):
                data_set.reject_foreign(context, plain_name(str(entry["path"])), str(path))
        elif described(path, path.parent)["sha256"] != entry["sha256"]:  # unencrypted on request
            raise swapped(str(path), "")
        return
    if footer_digest(path) == entry["footer"] and size == entry["bytes"]:
        return
    raise swapped(str(path), "") if key_name(path) == data_set.name else other_data_set(str(path))
