"""Files in memory that have a path, for decrypted data and other data that must not be on a disk. They disappear with this process."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from tilth.encryption.magic import PARQUET, SEALED
from tilth.errors import Gap
from tilth.store.protection import in_force
from tilth.store.scratch import Scratch


def workspace(where: str | Path | None = None) -> Scratch:
    """A scratch folder for unencrypted files. While a key is in force, the files are in memory."""
    return MemoryFolder(where) if in_force() else Scratch(where)


class MemoryFolder(Scratch):
    """A scratch folder of links to files in memory, which disappear when this object is closed or collected, or its process ends.

    Errors: `Gap` on a machine that does not support such files.
    """

    def __init__(self, where: str | Path | None = None) -> None:
        if not hasattr(os, "memfd_create"):
            raise Gap("decrypted files are held in memory, which needs Linux", hint="deliver Parquet, which is decrypted as it is read")
        super().__init__(where)
        self._files = list[IO[bytes]]()

    def create(self, name: str, head: bytes = b"") -> IO[bytes]:
        """A new file to write to, at a path in the folder. It is in memory, unless `head` is the beginning of an encrypted file."""
        if head.startswith((PARQUET, *SEALED)):
            return super().create(name)
        link = Path(self.name, name)
        link.parent.mkdir(parents=True, exist_ok=True)
        held = os.fdopen(os.memfd_create(link.name[:200], os.MFD_CLOEXEC), "w+b")
        self._files.append(held)
        link.symlink_to(f"/proc/{os.getpid()}/fd/{held.fileno()}")
        return os.fdopen(os.dup(held.fileno()), "wb")

    def link(self, name: str, to: Path) -> None:
        """Add a link to a file elsewhere."""
        link = Path(self.name, name)
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(to.absolute())

    def close(self) -> None:
        """Release all files."""
        for file in self._files:
            file.close()
        super().close()
