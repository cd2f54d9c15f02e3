"""Mode File: all files of a channel are in a folder before the program starts. The base class of mode FastFile."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tilth.errors import MachineError, Mistake, SourceError, TilthError
from tilth.store.places import Object
from tilth.store.uri import is_local
from tilth.training.channel import Contents
from tilth.training.reading import AT_ONCE, ahead, bytes_of, parts_of, read

LINKED, DOWNLOADED = "linked", "downloaded"


class Files:
    """The files of a channel in a folder, until `stop`: links to local files, and copies of objects in a store."""

    def __init__(self, contents: Contents, folder: Path, hosts: int = 1, host: int = 0) -> None:
        self.contents, self.folder = contents, folder / contents.channel.name
        also = contents.objects if contents.channel.distribution == "FullyReplicated" else ()
        self.objects: list[Object] = list(dict.fromkeys([*contents.share(0, hosts, host), *also]))  # a manifest may list one twice
        self.how = DOWNLOADED if any(not is_local(o.place) for o in self.objects) else LINKED
        self.error: TilthError | None = None
        self._made = False

    @property
    def bytes(self) -> int:
        """The bytes of the files."""
        return sum(o.bytes for o in self.objects)

    def update(self) -> None:
        """Update `bytes` and `error`. In mode File they do not change after the start."""

    def start(self) -> None:
        """Put the files in place. Errors: `SourceError` for names that no file can have, `MachineError` if the disk is full."""
        SourceError.reject(wrong_names(self.objects))
        try:
            self.folder.mkdir()
            self._made = True
            self._place()
        except FileExistsError as error:
            hint = "is it left from a run that was killed? Remove it, or choose another folder"
            raise MachineError(f"{error.filename} is there already", hint=hint, code="file-exists") from error
        except OSError as error:
            raise MachineError(f"{error.filename or self.folder} cannot be written: {error.strerror}", code="not-writable") from error

    def _place(self) -> None:
        remote = [o for o in self.objects if not is_local(o.place)]
        needed, free = sum(o.bytes for o in remote), shutil.disk_usage(self.folder).free
        if needed > free:
            what = f"channel {self.contents.channel.name!r} has {needed:,} bytes to be downloaded, and {self.folder} has room for {free:,}"
            raise MachineError(what, hint="choose a folder on another disk, or mode Pipe, which needs no room", code="disk-full")
        for made in {(self.folder / o.name).parent for o in self.objects}:
            made.mkdir(parents=True, exist_ok=True)
        for found in self.objects:
            path = self.folder / found.name
            path.symlink_to(os.path.realpath(found.place)) if is_local(found.place) else path.touch(exist_ok=False)
        with ThreadPoolExecutor(AT_ONCE, f"tilth-channel-{self.contents.channel.name}") as pool:
            for _ in ahead(pool, self._copy, parts_of(remote), bytes_of):
                pass

    def _copy(self, part: tuple[int, Object, int, int]) -> None:
        _, found, start, end = part
        with (self.folder / found.name).open("r+b") as file:
            file.seek(start)
            file.write(read(found, start, end))

    def stop(self) -> None:
        """Remove the folder, and links in it, but not their targets."""
        if self._made:
            for folder, _, _ in os.walk(self.folder):
                Path(folder).chmod(0o700)
            shutil.rmtree(self.folder, ignore_errors=True)


def wrong_names(objects: Iterable[Object]) -> list[Mistake]:
    """Mistakes for names that cannot be files of one folder: invalid ones, and a file where another name needs a folder."""
    objects = list(objects)
    files = {o.name for o in objects}
    folders = {name[:i] for name in files for i, letter in enumerate(name) if letter == "/"}
    wrong = [o for o in objects if any(part in ("", ".", "..") for part in o.name.split("/")) or "\0" in o.name]
    return [Mistake(f"{o.place} cannot be a file of the channel", hint="mode Pipe needs no names", code="bad-name") for o in wrong] + [
        Mistake(f"{o.place} would be a file and a folder", hint="rename it; mode Pipe needs no names", code="bad-name")
        for o in objects
        if o.name in folders
    ]
