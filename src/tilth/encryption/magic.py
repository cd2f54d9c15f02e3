"""How encrypted files begin and end, and what their parts that are not encrypted say."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

from tilth.encryption.keybytes import bytes_of
from tilth.errors import SourceError

SEALED = (b"\x02\x04\x78", b"\x02\x05\x78")  # format 2, AES-256-GCM with HKDF-SHA-512 and key commitment; the second is signed
PARQUET = b"PARE"  # begins and ends a Parquet file with an encrypted footer
TAIL = 8  # bytes: the length of the footer, and the magic
BEFORE_CONTEXT = 35  # bytes of a sealed file: version, suite, message id
WRAPPED = "tilth:key"  # in the context of a file by itself: its wrapped key
AGAIN = "copy it again, or restore it from a backup"
ALONE = "tilth:"  # begins the name of the key of a Parquet file by itself, which has the wrapped key in it


def is_encrypted(path: Path) -> bool:
    """Whether a file is sealed, or Parquet with an encrypted footer, by its first bytes."""
    return head_of(path).startswith((*SEALED, PARQUET))


def head_of(path: Path) -> bytes:
    """The first four bytes of a file."""
    with path.open("rb") as file:
        return file.read(4)


def footer_digest(path: Path) -> str:
    """The SHA-256 of a file's encrypted footer, which no other file has: pages of another one are refused by it.

    Errors: `SourceError` for a file without one.
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


def key_name(path: Path) -> str:
    """The name of the key under which a file is encrypted, as its footer says in plain; empty where it does not."""
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
    """The wrapped key that an encrypted file by itself holds, in plain; nothing for one that is part of a data set."""
    if head_of(path) == PARQUET:
        name = key_name(path)
        text = name.split(":", 2)[2] if name.startswith(ALONE) else ""
    else:
        text = context_of(path).get(WRAPPED, "")
    return bytes_of(text)


def context_of(path: Path) -> dict[str, str]:
    """What a sealed file says of itself in plain: its context, which is not authenticated yet; nothing where it is damaged.

    Source: message format 2.0 of the AWS Encryption SDK: after version, suite and message id the length of the context, the number of
    its entries, and each name and value behind its length.
    """
    with path.open("rb") as file:
        file.seek(BEFORE_CONTEXT)
        rest = io.BytesIO(file.read(int.from_bytes(file.read(2), "big")))

    def number() -> int:
        return int.from_bytes(rest.read(2), "big")

    def text() -> str:
        return rest.read(number()).decode("utf-8", "replace")

    return {text(): text() for _ in range(number())}
