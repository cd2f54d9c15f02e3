"""What in a folder is encrypted and what is not, by the first bytes of each file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tilth.encryption.dataset import FOLDER, KEYS, keys_in
from tilth.encryption.magic import is_encrypted
from tilth.errors import SourceError
from tilth.store.atomic import LISTING


@dataclass(frozen=True)
class Plain:
    """A file that is not encrypted, and why it is noted."""

    path: str
    why: str


@dataclass(frozen=True)
class Audit:
    """How many files were looked at and are encrypted, those that are not, and the ids of the data sets."""

    checked_files: int
    encrypted: int
    plaintext: tuple[Plain, ...]
    keys: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """For auditors."""
        return {**asdict(self), "plaintext": [asdict(p) for p in self.plaintext], "keys": list(self.keys)}


def audit(folder: Path) -> Audit:
    """Look at every file in a folder and its subfolders. Lists of names and files of wrapped keys need not be encrypted.

    Errors: `SourceError` without such a folder.
    """
    files = files_in(folder)
    encrypted, plain, keys = 0, list[Plain](), list[str]()
    for path in files:
        name = path.relative_to(folder).as_posix()
        try:
            if is_encrypted(path):
                encrypted += 1
            elif path.parts[-2:] == (FOLDER, KEYS):
                keys.append(keys_in(path.parents[1])[0])
            elif path.name != LISTING or not _is_listing(path):
                plain.append(Plain(name, "it is not encrypted"))
        except OSError as error:
            plain.append(Plain(name, f"it cannot be read: {error.strerror}"))
        except SourceError as error:
            plain.append(Plain(name, error.mistakes[0].message))
    return Audit(len(files), encrypted, tuple(plain), tuple(keys))


def files_in(folder: Path) -> list[Path]:
    """The files in a folder and its subfolders, without links. Errors: `SourceError` without such a folder."""
    if not folder.is_dir():
        raise SourceError(f"there is no folder {folder}", code="no-file")
    return sorted(p for p in folder.rglob("*") if p.is_file() and not p.is_symlink())


def _is_listing(path: Path) -> bool:
    try:
        return set(json.loads(path.read_text("utf-8"))) <= {"files", "run"}
    except (ValueError, TypeError):
        return False
