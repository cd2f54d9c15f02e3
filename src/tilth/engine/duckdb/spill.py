"""What DuckDB spills, encrypted by this process: the wheels of DuckDB cannot encrypt, because they have no random numbers for it.

DuckDB reads and writes its temporary files through a file system of fsspec's, at any place and from several threads. Such a file consists
of sectors, each encrypted by AES-256-GCM. The key and the nonces are only in the memory of the process, and no nonce is used twice.
Reading gives what was written last at that position; anything else is an error.
"""

from __future__ import annotations

import errno
import itertools
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PROTOCOL = "tilthspill"
SECTOR = 32 << 10  # bytes: DuckDB's blocks are multiples of it
_TAG = 16
_STRIDE = SECTOR + _TAG  # bytes of a sector on the disk


def file_system() -> Any:
    """A file system `tilthspill://`, of encrypted files below a folder of this machine. It has its own key.

    The class is defined here because fsspec is optional. Errors: `ImportError` without the extra `protect`.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from fsspec import AbstractFileSystem

    class Spill(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
        protocol = PROTOCOL
        cachable = False

        def __init__(self) -> None:
            super().__init__()
            self._cipher, self._count = AESGCM(AESGCM.generate_key(256)), itertools.count()
            self._nonces: dict[str, dict[int, bytes]] = {}  # file → sector → nonce

        def open(self, path: str, mode: str = "rb", **_: Any) -> SpillFile:
            if "w" in mode:
                self._nonces[path] = {}
            return SpillFile(_local(path), mode, self._cipher, self._count, self._nonces.setdefault(path, {}))

        def touch(self, path: str, truncate: bool = True, **_: Any) -> None:
            """DuckDB truncates a file by this call without a length. Unneeded content stays until DuckDB removes the file."""

        def exists(self, path: str, **_: Any) -> bool:
            return _local(path).exists()

        def isfile(self, path: str) -> bool:
            return _local(path).is_file()

        def isdir(self, path: str) -> bool:
            return _local(path).is_dir()

        def ls(self, path: str, detail: bool = True, **_: Any) -> list[Any]:
            found = [f"{path.rstrip('/')}/{file.name}" for file in _local(path).iterdir()]
            return [{"name": name, "type": "file", "size": 0} for name in found] if detail else found

        def rm(self, path: str, recursive: bool = False, maxdepth: int | None = None) -> None:
            _local(path).unlink()
            self._nonces.pop(path, None)

    return Spill()


def _local(path: str) -> Path:
    return Path(path.removeprefix(f"{PROTOCOL}://"))


class SpillFile:
    """An open file. Each thread has its own position, because DuckDB's threads seek and then read or write, without a lock."""

    _file = -1  # until it is open

    def __init__(self, path: Path, mode: str, cipher: AESGCM, count: itertools.count[int], nonces: dict[int, bytes]) -> None:
        flags = os.O_RDWR | os.O_CREAT | (os.O_TRUNC if "w" in mode else 0) | getattr(os, "O_CLOEXEC", 0)
        self._file, self._cipher, self._count, self._nonces = os.open(path, flags, 0o600), cipher, count, nonces
        self._place, self._writing = threading.local(), threading.Lock()

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        self._place.at = place
        return place

    def tell(self) -> int:
        return int(getattr(self._place, "at", 0))

    def read(self, size: int) -> bytes:
        start = self.tell()
        first = start // SECTOR
        sectors = b"".join(self._sector(i) for i in range(first, -(-(start + size) // SECTOR)))
        self._place.at = start + size
        return sectors[start - first * SECTOR :][:size]

    def write(self, data: Any) -> int:
        start, size = self.tell(), len(data)
        end = start + size
        first = start // SECTOR
        with self._writing:  # a part of a sector is written with the rest of it
            head = self._sector(first)[: start % SECTOR] if start % SECTOR else b""
            tail = self._sector(end // SECTOR)[end % SECTOR :] if end % SECTOR else b""
            whole = memoryview(b"".join((head, data, tail)))
            for i in range(len(whole) // SECTOR):
                self._write(first + i, whole[i * SECTOR : (i + 1) * SECTOR])
        self._place.at = end
        return size

    def _sector(self, i: int) -> bytes:
        from cryptography.exceptions import InvalidTag

        nonce = self._nonces.get(i)
        if nonce is None:  # nothing was written there
            return bytes(SECTOR)
        try:
            return self._cipher.decrypt(nonce, os.pread(self._file, _STRIDE, i * _STRIDE), None)
        except InvalidTag:
            raise OSError(errno.EIO, "a file with spilled data was changed") from None

    def _write(self, i: int, sector: memoryview) -> None:
        nonce = next(self._count).to_bytes(12, "big")
        if os.pwrite(self._file, self._cipher.encrypt(nonce, sector, None), i * _STRIDE) != _STRIDE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._nonces[i] = nonce

    def flush(self) -> None:
        """Nothing to do: writes go to the file at once."""

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __del__(self) -> None:
        """DuckDB removes its files and lets go of them without closing them: while they are open, they keep their place on the disk."""
        self.close()
