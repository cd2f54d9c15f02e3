"""Mode FastFile: files that the program may read and not change.

SageMaker fetches their contents when they are read, by a file system in user space. Here local files are linked, which costs nothing
either; objects of a store are downloaded before the program starts, as in mode File, because ordinary files cannot be filled when they
are read.
"""

from __future__ import annotations

from pathlib import Path

from tilth.training.channel import Contents
from tilth.training.files import DOWNLOADED, Files


class FastFile(Files):
    """The files of a channel, in a folder that is read-only. `how` says which of the two it is."""

    read_only = True

    def __init__(self, contents: Contents, folder: Path, hosts: int = 1, host: int = 0) -> None:
        super().__init__(contents, folder, hosts, host)
        self.how = "downloaded before the start" if self.how == DOWNLOADED else "linked, read-only"
