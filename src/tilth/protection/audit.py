"""Lists encrypted and unencrypted files of a folder, by the first bytes of each file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from math import log2
from pathlib import Path
from typing import Any

from tilth.encryption.dataset import FOLDER, KEYS, in_data_set, keys_in, plain_name, unsealed_alone
from tilth.encryption.keys import Key, wrapping_key
from tilth.encryption.magic import PARQUET, decrypting, head_of, is_encrypted
from tilth.errors import Mistake, SourceError
from tilth.report.blocks import counted
from tilth.store.atomic import LISTING
from tilth.store.unsealed import parquet_keys, verified

LOOKED_AT = 64 << 10  # bytes at the beginning of a file
PACKED = 7.5  # bits of entropy per byte; bytes above it are neither text nor numbers


@dataclass(frozen=True)
class Plain:
    """A file that is not encrypted, and why it is reported."""

    path: str
    why: str


@dataclass(frozen=True)
class Held:
    """A data set: its folder and id, the id of the root key that wraps its key, and the number and bytes of its encrypted files."""

    folder: str
    data_set: str
    key: str
    files: int
    bytes: int
    algorithm: str = "AES-256-GCM"

    def __str__(self) -> str:
        return f"{self.folder}: data set {self.data_set} under the key {self.key}: {counted(self.files, 'file')}, {self.bytes:,} bytes"


@dataclass(frozen=True)
class Audit:
    """The numbers of examined and of encrypted files, the unencrypted files, and the data sets."""

    checked_files: int
    encrypted: int
    plaintext: tuple[Plain, ...]
    keys: tuple[Held, ...]

    def words(self) -> Iterator[str]:
        """The numbers in lines of text."""
        lists = self.checked_files - self.encrypted - len(self.plaintext)
        more = f"; {lists:,} need not be: lists of files, and wrapped keys" if lists else ""
        yield f"encrypted: {self.encrypted:,} of {counted(self.checked_files, 'file')}{more}"
        yield f"unencrypted data: {counted(len(self.plaintext), 'file') if self.plaintext else 'none'}"

    def to_json(self) -> dict[str, Any]:
        """The audit as JSON."""
        return {**asdict(self), "plaintext": [asdict(p) for p in self.plaintext], "keys": [asdict(k) for k in self.keys]}


def audit(folder: Path) -> Audit:
    """Examine every file in a folder and its subfolders. File lists and files of wrapped keys need not be encrypted.

    Errors: `SourceError` if there is no such folder.
    """
    files = files_in(folder)
    encrypted, plain, keys = list[Path](), list[Plain](), dict[Path, tuple[str, str]]()
    for path in files:
        name = path.relative_to(folder).as_posix()
        try:
            if is_encrypted(path):
                encrypted.append(path)
            elif path.parts[-2:] == (FOLDER, KEYS):
                found, wrapped = keys_in(path.parents[1])
                keys[path.parents[1]] = (found, wrapping_key(wrapped))
            elif path.name != LISTING or not _is_listing(path):
                plain.append(Plain(name, f"it is not encrypted{_hint(path)}"))
        except OSError as error:
            plain.append(Plain(name, f"it cannot be read: {error.strerror}"))
        except SourceError as error:
            plain.append(Plain(name, error.mistakes[0].message))
    held = []
    for root, (name, key) in keys.items():
        sizes = [path.stat().st_size for path in encrypted if path.is_relative_to(root)]
        held.append(Held(root.relative_to(folder).as_posix(), name, key, len(sizes), sum(sizes)))
    return Audit(len(files), len(encrypted), tuple(plain), tuple(held))


def reject_changed(folder: Path, key: Key) -> None:
    """Compare each data set in a folder with its manifest, and decrypt the files that were written on their own.

    Errors: `SourceError` with all files that were changed, as for `verified`.
    """
    mistakes = list[Mistake]()
    for keys in sorted(folder.rglob(f"{FOLDER}/{KEYS}")):
        mistakes += _mistakes(partial(verified, key, keys.parents[1], whole=True))
    for path in files_in(folder):
        if is_encrypted(path) and in_data_set(path) is None:
            mistakes += _mistakes(partial(_decrypt, path, key))
    SourceError.reject(mistakes)


def _mistakes(act: Callable[[], object]) -> tuple[Mistake, ...]:
    try:
        act()
    except SourceError as error:
        return error.mistakes
    return ()


def _decrypt(path: Path, key: Key) -> None:
    """Decrypt a file that was written on its own, and keep nothing."""
    if head_of(path) != PARQUET:
        with unsealed_alone(key, path.open("rb"), plain_name(path.name), str(path)) as file:
            while file.read(1 << 20):
                pass
        return
    import pyarrow.parquet as pq

    with decrypting(path), pq.ParquetFile(path, decryption_properties=parquet_keys((str(path),)).reading()) as file:
        for _ in file.iter_batches():
            pass


def _hint(path: Path) -> str:
    """A remark for an unencrypted file with high entropy: it may be packed, or encrypted by another program."""
    with path.open("rb") as file:
        head = file.read(LOOKED_AT)
    entropy = -sum(n / len(head) * log2(n / len(head)) for n in Counter(head).values())
    return f", but looks packed, or encrypted by another program: {entropy:.2f} bits of entropy a byte" if entropy > PACKED else ""


def files_in(folder: Path) -> list[Path]:
    """The files in a folder and its subfolders, without links. Errors: `SourceError` if there is no such folder."""
    if not folder.is_dir():
        raise SourceError(f"there is no folder {folder}", code="no-file")
    return sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())


def _is_listing(path: Path) -> bool:
    try:
        return set(json.loads(path.read_text("utf-8"))) <= {"files", "run"}
    except (ValueError, TypeError):
        return False
