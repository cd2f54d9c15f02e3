"""A training program under a key: its folders are in memory, and its encrypted data is decrypted there."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq

from tilth.encryption.magic import PARQUET, decrypting, head_of
from tilth.errors import Gap
from tilth.store.protection import Protection, in_force
from tilth.store.unsealed import is_sealed_place, parquet_keys, unsealed
from tilth.store.uri import is_local, local_path
from tilth.training.channel import Channel

MOUNTS, SHARED = Path("/proc/mounts"), "/dev/shm"  # noqa: S108 -- memory
IN_MEMORY = ("tmpfs", "ramfs")


def job_folder(protection: Protection | None, asked: str | None, checkpoints: Path | None) -> str | None:
    """Where to make the folders of a job: under a key in memory, else where the user asked.

    Errors: `Gap` if the program would write unencrypted files to a disk.
    """
    if protection is None or "spill" in protection.plaintext:
        return asked
    hint = "allow it to write unencrypted files while it runs: --allow-plaintext spill"
    if checkpoints is not None:
        raise Gap(f"the program writes {checkpoints} by itself, unencrypted", hint=hint)
    where = asked or SHARED
    if not _is_in_memory(where):
        raise Gap(f"the job's folders would be on a disk, unencrypted: {where} is not in memory", hint=f"give --spill a tmpfs; or {hint}")
    return where


def _is_in_memory(folder: str) -> bool:
    """Whether a folder is on a file system in memory; false if unknown."""
    try:
        mounts = [line.split()[1:3] for line in MOUNTS.read_text().splitlines()]
    except OSError:
        return False
    real = Path(os.path.realpath(folder))
    above = [(len(where), kind) for where, kind in mounts if real.is_relative_to(where)]
    return bool(above) and max(above)[1] in IN_MEMORY


def decrypted(channel: Channel, folder: Path) -> Channel:
    """Decrypt the files of a channel into a folder, and return a channel that reads them there. Without encrypted files: the same channel.

    Errors: those of reading encrypted files.
    """
    path = local_path(channel.source) if is_local(channel.source) else ""
    if in_force() is None or not path:
        return channel
    alone = Path(path).is_file() and head_of(Path(path)) == PARQUET
    if not alone and not is_sealed_place(path):
        return channel
    held = None if alone else unsealed(path)
    top = Path(held[0]) if held else Path(path)
    files = [p for p in sorted(top.rglob("*")) if p.is_file()] if top.is_dir() else [top]
    for file in files:
        to = folder / (file.relative_to(top) if top.is_dir() else file.name)
        to.parent.mkdir(parents=True, exist_ok=True)
        _decrypt(file, to)
    return replace(channel, source=str(folder if top.is_dir() else folder / top.name))


def _decrypt(file: Path, to: Path) -> None:
    """Decrypt a Parquet file; copy any other file, which `unsealed` has decrypted already."""
    if head_of(file) != PARQUET:
        shutil.copyfile(file, to)
        return
    with (
        decrypting(str(file)),
        pq.ParquetFile(file, decryption_properties=parquet_keys((str(file),)).reading()) as given,
        pq.ParquetWriter(to, given.schema_arrow) as made,
    ):
        for group in range(given.num_row_groups):
            made.write_table(given.read_row_group(group))
