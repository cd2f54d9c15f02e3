"""Mode FastFile: read-only files that are fetched only when the program reads them.

Local files are linked. Objects of a store are files of a FUSE file system if this machine allows one; if not, they are downloaded before
the program starts, as in mode File.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import astuple
from pathlib import Path
from typing import Any

from tilth.errors import MachineError
from tilth.store.places import Object
from tilth.store.uri import is_local
from tilth.training.channel import Contents
from tilth.training.files import DOWNLOADED, Files
from tilth.training.fuse import DEVICE, is_mounted, unmount

LINKED, FETCHED = "linked, read-only", "fetched when read"
SECONDS = 30.0  # for the file system to end


class FastFile(Files):
    """The files of a channel in a read-only folder. `how` says in which of the three ways they are provided.

    `error` is set if an object could not be fetched; the program's read then fails with `EIO`.
    """

    def __init__(self, contents: Contents, folder: Path, hosts: int = 1, host: int = 0) -> None:
        super().__init__(contents, folder, hosts, host)
        self._system: _System | None = None

    def _place(self) -> None:
        if all(is_local(o.place) for o in self.objects):
            self.how = LINKED
        elif why_not := self._mount():
            self.how = f"{DOWNLOADED} before the start: {why_not}"
        else:
            self.how = FETCHED
            return
        super()._place()
        _protect(self.folder)

    def _mount(self) -> str:
        """Mount the file system on the folder. Returns why that failed, or an empty string."""
        if not DEVICE.exists():
            return f"there is no {DEVICE}"
        system = _System(self.folder, self.objects)
        if system.error:
            system.end()
            return system.error
        self._system = system
        return ""

    def update(self) -> None:
        if self._system:
            self._system.ask()
            if self._system.error and not self.error:
                self.error = MachineError(f"channel {self.contents.channel.name!r}: {self._system.error}", code="fast-file")

    @property
    def bytes(self) -> int:
        return self._system.bytes if self._system else super().bytes

    def stop(self) -> None:
        """Unmount or remove the folder."""
        if self._system:
            self.update()
            self._system.end()
        super().stop()


class _System:
    """The process of the file system, with its last state: its error, if any, and the number of bytes that it fetched."""

    def __init__(self, folder: Path, objects: Iterable[Object]) -> None:
        self.folder, self.error, self.bytes = folder, "", 0
        ours, theirs = socket.socketpair()
        with theirs:
            words = [sys.executable, "-P", "-m", "tilth.training.fuse"]  # -P: do not import modules from the program's folder
            end = theirs.fileno()
            self._process = subprocess.Popen(words, stdin=end, stdout=end, start_new_session=True)  # noqa: S603 -- its own
        self._socket, self._file = ours, ours.makefile("rwb")
        self.ask(json.dumps({"folder": str(folder), "objects": [astuple(o) for o in objects]}))

    def ask(self, line: str = "") -> None:
        """Send a line to the process, and update the state from its answer."""
        if self._file.closed:
            return
        answer = b""
        with suppress(OSError):
            self._file.write(line.encode() + b"\n")
            self._file.flush()
            answer = self._file.readline()
        state: dict[str, Any] = json.loads(answer) if answer else {"error": "the process of its file system has ended"}
        self.error, self.bytes = str(state["error"]), int(state.get("bytes", self.bytes))

    def end(self) -> None:
        """Let the process unmount the folder; unmount it here if the process cannot."""
        with suppress(OSError):
            self._file.close()
        self._socket.close()
        try:
            self._process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if is_mounted(self.folder):
            unmount(str(self.folder))


def _protect(folder: Path) -> None:
    """Make a folder and the copies in it read-only, but not the targets of links."""
    for top, _, names in os.walk(folder):
        for path in (Path(top, name) for name in names):
            if not path.is_symlink():
                path.chmod(0o444)
        Path(top).chmod(0o555)
