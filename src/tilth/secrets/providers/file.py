"""`file:PATH`: a file that only its owner may read."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from tilth.errors import RequestError
from tilth.secrets.references import Provider

LARGEST = 64 << 10  # bytes
LAX = "TILTH_KEY_FILE_LAX"  # set to 1 if an orchestrator mounts secrets as links to files that all may read


class File(Provider):
    """The content of a file, without the line feed at its end."""

    def text(self, name: str, label: str) -> str:
        try:
            return private_bytes(name).decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise RequestError(f"the secret file {name} is not UTF-8", hint="save it as UTF-8", code="not-readable") from None


def private_bytes(path: str) -> bytes:
    """The content of a small file that only its owner may read.

    The checks are made on the open file, so that it cannot be replaced in between. `TILTH_KEY_FILE_LAX=1` allows links, other owners and
    other readers.

    Errors: `RequestError` with the command that corrects it.
    """
    place, lax = Path(path).expanduser(), os.environ.get(LAX) == "1"
    try:
        handle = os.open(place, os.O_RDONLY | (0 if lax else getattr(os, "O_NOFOLLOW", 0)) | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        link = error.errno == errno.ELOOP
        why = "it is a symbolic link" if link else error.strerror
        hint = f"name the file itself; or set {LAX}=1, where an orchestrator mounts secrets so" if link else ""
        raise RequestError(f"the secret file {place} cannot be opened: {why}", hint=hint, code="no-secret") from None
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode):
        os.close(handle)
        raise RequestError(f"the secret file {place} is not a file", code="no-secret")
    with open(handle, "rb") as file:  # noqa: PTH123 -- of an open file
        if not lax and hasattr(os, "geteuid"):
            if found.st_uid not in (os.geteuid(), 0):
                hint = f"chown $USER {place}"
                raise RequestError(
                    f"the secret file {place} belongs to another user, who can read and replace it", hint=hint, code="open-file"
                )
            if found.st_mode & 0o077:
                message = (
                    f"the secret file {place} can be used by users other than its owner: its mode is {stat.S_IMODE(found.st_mode):04o}"
                )
                raise RequestError(message, hint=f"chmod 600 {place}", code="open-file")
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise RequestError(f"the secret file {place} has more than {LARGEST >> 10} KiB", hint="is it the right one?", code="too-large")
    return content
