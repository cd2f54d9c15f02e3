"""The key of a data set: random, wrapped by the root key, and stored next to the data. It wraps the key of each file, stored in the file.

A data set is a folder, with `_tilth/keys.json` and `_tilth/manifest.json.sealed`; or one file, which holds the wrapped key itself.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

from tilth.encryption.keybytes import SIZE, KeyBytes, base64_of, bytes_of
from tilth.encryption.keys import Key, wrapping_key
from tilth.encryption.magic import WRAPPED
from tilth.encryption.sealed import SUFFIX, Find, Sealing, Unsealing
from tilth.errors import SourceError

FOLDER = "_tilth"
KEYS = "keys.json"
SEAL = "tilth/v1/sealed"
ANY_NAME = "*"  # the path in the context of a single file that may be renamed


class DataSet:
    """The key of a data set, which encrypts its files. `id` is opaque; `wrapped` is the key wrapped by the root key.

    `sign`: whether sealed files are signed, too.
    """

    def __init__(self, id: str, key: KeyBytes, wrapped: bytes, *, alone: bool = False, sign: bool = False) -> None:
        self.id, self.wrapped, self.alone, self._sign, self._key = id, wrapped, alone, sign, key

    @classmethod
    def new(cls, root: Key, *, alone: bool = False, sign: bool = False) -> DataSet:
        """Make a new key. `alone`: for a single file, which holds the wrapped key itself."""
        name = os.urandom(8).hex()
        key, wrapped = root.new_key(bound_to(name))
        return cls(name, KeyBytes(key), wrapped, alone=alone, sign=sign)

    @classmethod
    def of_process(cls) -> DataSet:
        """Make a key for temporary files; it exists only in this process."""
        return cls(os.urandom(8).hex(), KeyBytes(os.urandom(SIZE)), b"")

    @classmethod
    def unwrapped(cls, root: Key, id: str, wrapped: bytes, shown: str, *, alone: bool = False) -> DataSet:
        """Unwrap the key of a data set. Errors: `SourceError` for another root key or another data set; it names `shown`."""
        try:
            key = KeyBytes(root.unwrap(wrapped, bound_to(id)))
        except SourceError as error:
            raise SourceError(*(replace(m, message=f"{shown}: {m.message}") for m in error.mistakes)) from error
        return cls(id, key, wrapped, alone=alone)

    def sealing(self, file: IO[bytes], path: str) -> IO[bytes]:
        """A file to write to. Its content is sealed into `file`, bound to this path in the data set."""
        context = bound_to(self.id, "sealed") | {"tilth:path": path} | ({WRAPPED: base64_of(self.wrapped)} if self.alone else {})
        return io.BufferedWriter(Sealing(file, self.name, self._key.derived(SEAL), context, self._sign), 1 << 16)

    def unsealing(self, file: IO[bytes], path: str, shown: str) -> IO[bytes]:
        """The content of a sealed file. Errors: `SourceError` if it belongs to another data set or another path."""

        def find(found: Mapping[str, str]) -> tuple[str, bytes]:
            self.reject_foreign(found, path, shown)
            return self.name, self._key.derived(SEAL)

        return _unsealing(file, shown, find)

    def reject_foreign(self, found: Mapping[str, str], path: str, shown: str) -> None:
        """Reject a file whose context names another data set or path. Errors: `SourceError`."""
        if found.get("tilth:dataset") != self.id:
            raise other_data_set(shown)
        if found.get("tilth:path") != path:
            raise swapped(shown, found.get("tilth:path", ""))
        if any(found.get(k) != v for k, v in bound_to(self.id, "sealed").items()):
            raise SourceError(f"{shown} is not a sealed file of this version", code="damaged-file")

    @property
    def name(self) -> str:
        """The name of the key in files."""
        return f"d-{self.id}"

    def wrap(self, key: bytes) -> str:
        """Wrap the key of a Parquet file."""
        return base64_of(self._key.wrap(key, bound_to(self.id, "parquet")))

    def unwrap(self, wrapped: str) -> bytes | None:
        """Unwrap the key of a Parquet file; None if the bytes were changed."""
        return self._key.unwrap(bytes_of(wrapped), bound_to(self.id, "parquet"))

    def write(self, folder: Path) -> None:
        """Store the wrapped key in a folder of data."""
        (folder / FOLDER).mkdir(exist_ok=True)
        self.write_keys(folder / FOLDER / KEYS)

    def write_keys(self, path: Path) -> None:
        """Write the file with the wrapped key."""
        entry = {"id": self.name, "wrapped": base64_of(self.wrapped), "under": wrapping_key(self.wrapped)}
        content = {"tilth_keys": 1, "dataset": self.id, "keys": [entry]}
        path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def opened(root: Key, folder: Path) -> DataSet:
    """The data set in a folder. Errors: `SourceError` if its keys are missing or damaged, and for another root key."""
    name, wrapped = keys_in(folder)
    return DataSet.unwrapped(root, name, wrapped, str(folder))


def keys_in(folder: Path) -> tuple[str, bytes]:
    """The id of the data set in a folder, and its wrapped key. Errors: `SourceError`."""
    path = folder / FOLDER / KEYS
    try:
        content: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
        wrapped = bytes_of(content["keys"][0]["wrapped"])
        if content["tilth_keys"] != 1 or not wrapped:
            raise ValueError
        return str(content["dataset"]), wrapped
    except FileNotFoundError:
        hint = "it was removed, perhaps by `tilth protect shred`: without it the data cannot be decrypted"
        raise SourceError(f"{path} is missing", hint=hint, code="no-data-key") from None
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        raise SourceError(f"{path} is not a file of keys of this version", hint="restore it from a backup", code="damaged-keys") from None


def unsealed_alone(root: Key, file: IO[bytes], path: str, shown: str) -> IO[bytes]:
    """The content of a single sealed file, by the wrapped key in it. Errors: as for `DataSet.unsealing`."""

    def find(found: Mapping[str, str]) -> tuple[str, bytes]:
        if WRAPPED not in found:
            raise part_alone(shown)
        held = DataSet.unwrapped(root, found.get("tilth:dataset", ""), bytes_of(found[WRAPPED]), shown, alone=True)
        held.reject_foreign(found, ANY_NAME if found.get("tilth:path") == ANY_NAME else path, shown)
        return held.name, held._key.derived(SEAL)

    return _unsealing(file, shown, find)


def _unsealing(file: IO[bytes], shown: str, find: Find) -> IO[bytes]:
    return io.BufferedReader(Unsealing(file, shown, find), 1 << 16)


def is_data_set(folder: Path) -> bool:
    """Whether a folder has the keys of a data set; false if it cannot be examined, which is reported when it is read."""
    return os.path.isfile(folder / FOLDER / KEYS)  # noqa: PTH113 -- Path.is_file raises in a closed folder


def in_data_set(path: Path) -> Path | None:
    """The folder of the data set that contains a file; None for a single file."""
    return next((p for p in path.absolute().parents if is_data_set(p)), None)


def plain_name(name: str) -> str:
    """The name of a file without the suffix for sealed files.

    >>> plain_name("train.csv.sealed"), plain_name("train.parquet")
    ('train.csv', 'train.parquet')
    """
    return name.removesuffix(SUFFIX)


def other_data_set(shown: str) -> SourceError:
    """The error for a file encrypted under the key of another data set."""
    return SourceError(f"{shown} belongs to another data set", hint="restore the folder from a backup", code="other-data-set")


def swapped(shown: str, path: str) -> SourceError:
    """The error for a file that is not in its place."""
    hint = f"its name was {path!r} when it was written: give it that name again" if path else "restore the folder from a backup"
    return SourceError(f"{shown} is not the file that was written here", hint=hint, code="swapped-file")


def part_alone(shown: str) -> SourceError:
    """The error for a file of a data set whose keys are elsewhere."""
    hint = f"read it in its original folder, with {FOLDER}/{KEYS}"
    return SourceError(f"{shown} is part of a data set, but its keys are not in the same folder", hint=hint, code="no-data-key")


def bound_to(name: str, kind: str = "secret") -> dict[str, str]:
    """The context for encryption in a data set; by default that of its own key."""
    return {"tilth:dataset": name, "tilth:kind": kind, "tilth:format": "1"}
