"""Sealed files: any file, encrypted in the message format 2.0 of the AWS Encryption SDK, in frames, while it is written and read.

The suite commits to its key, the context is authenticated, and no byte of a frame is returned before the tag of the frame is checked.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Callable, Mapping
from functools import cache
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, Any

from tilth.encryption.magic import damaged, truncated
from tilth.errors import TilthError, extra

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

SUFFIX = ".sealed"
FRAME = 65_536  # bytes; the library's default of 4,096 takes several times longer
NAMESPACE = "tilth"

Find = Callable[[Mapping[str, str]], tuple[str, bytes]]
"""Gives the name and the bytes of the key for a context. Errors: `SourceError` for an unexpected context."""


class Sealing(io.RawIOBase):
    """A file to write to. The content is encrypted into another file, which is closed with it and only then complete.

    `sign`: a signature by ECDSA on P-384, under a new key whose public half is in the context.
    """

    def __init__(self, file: IO[bytes], name: str, key: bytes, context: Mapping[str, str], sign: bool = False) -> None:
        super().__init__()
        self._file, self._source = file, _Source()
        sdk = _sdk()
        materials = sdk.default_manager(master_key_provider=_master_key(name, key))
        self._stream = sdk.client.stream(
            mode="e",
            source=self._source,
            materials_manager=materials,
            algorithm=sdk.signed if sign else sdk.suite,
            encryption_context=dict(context),
            frame_length=FRAME,
        )

    def writable(self) -> bool:
        return True

    def write(self, given: ReadableBuffer, /) -> int:
        content = bytes(given)
        self._source.add(content)
        while self._source.size >= FRAME:
            self._file.write(self._stream.read(FRAME))
        return len(content)

    def close(self) -> None:
        if not self.closed:
            super().close()
            with self._file:
                self._file.write(self._stream.read())


class Unsealing(io.RawIOBase):
    """A file to read from: the decrypted content of another file.

    Errors: `SourceError`, with the code `truncated-file` if its end is missing, `damaged-file` if bytes were changed; and those of `find`
    for an unexpected context, before any content is returned.
    """

    def __init__(self, file: IO[bytes], name: str, find: Find) -> None:
        super().__init__()
        self._file, self._name, self._rest = _Noting(file), name, b""
        sdk = _sdk()
        self._stream = sdk.client.stream(mode="d", source=self._file, materials_manager=_manager(find))
        self._guarded(lambda: self._stream.header)
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        if not self._rest and not self._ended:
            self._rest = self._guarded(lambda: self._stream.read(FRAME))
            if not self._rest:
                self._ended = True
                if self._file.read(1):
                    raise damaged(self._name)
        taken, self._rest = self._rest[: len(view)], self._rest[len(view) :]
        view[: len(taken)] = taken
        return len(taken)

    def close(self) -> None:
        super().close()
        self._file.close()

    def _guarded(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except TilthError:
            raise
        except Exception as error:  # for changed bytes the library raises its own errors, cryptography's, and Python's
            if self._file.was_short:
                raise truncated(self._name) from None
            raise damaged(self._name) from error


class _Source(io.RawIOBase):
    """A queue of bytes to encrypt."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: deque[bytes] = deque()
        self.size = 0

    def add(self, content: bytes) -> None:
        self._parts.append(content)
        self.size += len(content)

    def read(self, size: int = -1, /) -> bytes:
        wanted = self.size if size < 0 else min(size, self.size)
        taken = bytearray()
        while len(taken) < wanted:
            part, need = self._parts.popleft(), wanted - len(taken)
            taken += part[:need]
            if len(part) > need:
                self._parts.appendleft(part[need:])
        self.size -= wanted
        return bytes(taken)


class _Noting(io.RawIOBase):
    """A file that notes whether a read returned less than requested."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file, self.was_short = file, False

    def read(self, size: int = -1, /) -> bytes:
        found = self._file.read(size)
        self.was_short = self.was_short or len(found) < size
        return found

    def close(self) -> None:
        super().close()
        self._file.close()


@cache
def _sdk() -> Any:
    """The used parts of the library, which takes most of a second to load."""
    with extra("protect", "encryption"):
        from aws_encryption_sdk import CommitmentPolicy, EncryptionSDKClient
        from aws_encryption_sdk.identifiers import Algorithm, EncryptionKeyType, WrappingAlgorithm
        from aws_encryption_sdk.key_providers.raw import RawMasterKey, WrappingKey
        from aws_encryption_sdk.materials_managers.base import CryptoMaterialsManager
        from aws_encryption_sdk.materials_managers.default import DefaultCryptoMaterialsManager
    return SimpleNamespace(
        client=EncryptionSDKClient(commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT),
        suite=Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY,
        signed=Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY_ECDSA_P384,
        wrapping=WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING,
        symmetric=EncryptionKeyType.SYMMETRIC,
        wrapping_key=WrappingKey,
        master_key=RawMasterKey,
        manager=CryptoMaterialsManager,
        default_manager=DefaultCryptoMaterialsManager,
    )


def _master_key(name: str, key: bytes) -> Any:
    sdk = _sdk()
    wrapping = sdk.wrapping_key(wrapping_algorithm=sdk.wrapping, wrapping_key=key, wrapping_key_type=sdk.symmetric)
    return sdk.master_key(provider_id=NAMESPACE, key_id=name, wrapping_key=wrapping)


def _manager(find: Find) -> Any:
    """A materials manager that calls `find` with the context of a message to get its key."""
    sdk = _sdk()

    class Manager(sdk.manager):  # type: ignore[misc,name-defined]  # a class of a library without types
        def get_encryption_materials(self, request: Any) -> Any:
            raise NotImplementedError

        def decrypt_materials(self, request: Any) -> Any:
            name, key = find(request.encryption_context)
            return sdk.default_manager(master_key_provider=_master_key(name, key)).decrypt_materials(request)

    return Manager()
