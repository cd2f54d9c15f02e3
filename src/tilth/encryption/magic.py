"""Recognises encrypted files by their first and last bytes, and reads their unencrypted parts."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tilth.encryption.keybytes import bytes_of
from tilth.errors import SourceError, TilthError

SEALED = (b"\x02\x04\x78", b"\x02\x05\x78")  # format 2, AES-256-GCM with HKDF-SHA-512 and key commitment; the second is signed
PARQUET = b"PARE"  # begins and ends a Parquet file with an encrypted footer
TAIL = 8  # bytes: the length of the footer, and the magic
BEFORE_CONTEXT = 35  # bytes of a sealed file: version, suite, message id
WRAPPED = "tilth:key"  # in the context of a single file: its wrapped key
AGAIN = "copy it again, or restore it from a backup"
ALONE = "tilth:"  # begins the key name of a single Parquet file; the name contains the wrapped key


def is_encrypted(path: Path) -> bool:
    """Whether a file is sealed, or Parquet with an encrypted footer, by its first bytes."""
    return head_of(path).startswith((*SEALED, PARQUET))


def head_of(path: Path) -> bytes:
    """The first four bytes of a file."""
    with path.open("rb") as file:
        return file.read(4)


def footer_digest(path: Path) -> str:
    """The SHA-256 of the encrypted footer of a file. It identifies the file, because a footer does not fit the pages of other files.

    Errors: `SourceError` for a file without an encrypted footer.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL))
        tail = file.read(TAIL)
        length = int.from_bytes(tail[:4], "little")
        if tail[4:] != PARQUET or length + 12 > size:
            raise truncated(str(path))
        file.seek(size - TAIL - length)
        return hashlib.sha256(file.read(length)).hexdigest()


def truncated(shown: str) -> SourceError:
    """The error for a file without its end."""
    return SourceError(f"{shown} is truncated: its end is missing", hint=AGAIN, code="truncated-file")


def damaged(shown: str) -> SourceError:
    """The error for a file whose bytes were changed."""
    return SourceError(f"{shown} was changed after it was encrypted", hint=AGAIN, code="damaged-file")


@contextmanager
def decrypting(path: str | Path) -> Iterator[None]:
    """Pyarrow's exceptions about an encrypted Parquet file as Tilth's.

    Errors: `SourceError`, with the code `truncated-file` if the end of the file is missing, otherwise `damaged-file`.
    """
    try:
        yield
    except TilthError:
        raise
    except (OSError, ValueError, LookupError, TypeError, NotImplementedError) as error:  # pyarrow's errors are subclasses of these
        if getattr(error, "errno", None):  # of the system
            raise
        footer_digest(Path(path))  # rejects a file without its end
        raise damaged(str(path)) from error


def key_name(path: Path) -> str:
    """The name of the key of a file, which its footer has in plain; empty if it has none."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - TAIL))
        file.seek(max(0, size - TAIL - int.from_bytes(file.read(4), "little")))
        found = file.read()
    start = found.find(b'{"', 0)
    try:
        material, _ = json.JSONDecoder().raw_decode(found[start:].decode("latin-1"))
        return str(material["masterKeyID"])
    except (ValueError, KeyError, TypeError):
        return ""


def wrapped_alone(path: Path) -> bytes:
    """The wrapped key in a single encrypted file; empty for a file that is part of a data set."""
    if head_of(path) == PARQUET:
        name = key_name(path)
        text = name.split(":", 2)[2] if name.startswith(ALONE) else ""
    else:
        text = context_of(path).get(WRAPPED, "")
    return bytes_of(text)


def context_of(path: Path) -> dict[str, str]:
    """The context of a sealed file, which it has in plain. It is not authenticated yet. Empty if the file is damaged.

    Source: message format 2.0 of the AWS Encryption SDK: after version, suite and message id follow the length of the context,
    the number of its entries, and each name and value, with its length before it.
    """
    with path.open("rb") as file:
        file.seek(BEFORE_CONTEXT)
        rest = io.BytesIO(file.read(int.from_bytes(file.read(2), "big")))

    def number() -> int:
        return int.from_bytes(rest.read(2), "big")

    def text() -> str:
        return rest.read(number()).decode("utf-8", "replace")

    return {text(): text() for _ in range(number())}
