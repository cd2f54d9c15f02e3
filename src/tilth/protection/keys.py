"""Wraps the keys of data sets again after a rotation, renews or destroys them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from tilth.data import Roles
from tilth.encryption.dataset import FOLDER, KEYS, DataSet, bound_to, keys_in
from tilth.encryption.keyfile import KeyFile
from tilth.encryption.keys import Key, wrapping_key
from tilth.encryption.magic import PARQUET, decrypting, head_of, is_encrypted, wrapped_alone
from tilth.errors import MachineError, RequestError, SourceError, listed
from tilth.protection.audit import files_in
from tilth.protection.log import LOG, note
from tilth.report.blocks import counted
from tilth.store.places import atomic
from tilth.store.scratch import LOCK
from tilth.store.unsealed import parquet_keys, unsealed


def rewrap(folder: Path, root: Key, to: Key | None = None) -> tuple[str, str]:
    """Wrap the key of a data set again, without touching data; return the ids of the old and of the new wrapping key.

    `to` is the new wrapping key; the default is `root`, which uses its active key after a rotation.

    Errors: `SourceError` if the folder is not a data set, and for another root key.
    """
    (name, before), new = keys_in(folder), to or root
    made = new.wrap(root.unwrap(before, bound_to(name)), bound_to(name))
    _replace(folder, DataSet.unwrapped(new, name, made, str(folder)))  # fails before the file is replaced if the key cannot be unwrapped
    return wrapping_key(before), wrapping_key(made)


def renew(folder: Path) -> tuple[str, str]:
    """Encrypt every file of a data set again with a new key of the data set, wrapped by the key in force.

    Returns the ids of the old and the new root key. The files are replaced atomically, when all are written. Use it if somebody may have
    the key of the data set, which `rewrap` does not change. Errors: those of reading and writing encrypted data; then nothing is changed.
    """
    import pyarrow.parquet as pq

    from tilth.formats.parquet import Parquet

    before = wrapping_key(keys_in(folder)[1])
    top, held = unsealed(str(folder))
    files = {path.relative_to(top).as_posix(): path for path in sorted(Path(top).rglob("*")) if path.is_file() and path.name != LOCK}
    parquet = {name: path for name, path in files.items() if head_of(path) == PARQUET}
    keys = parquet_keys(tuple(map(str, parquet.values()))) if parquet else None
    with atomic(folder, folder=True) as new:
        for name, path in files.items():
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            if keys is None or name not in parquet:
                (new / name).write_bytes(path.read_bytes())
                continue
            with decrypting(str(path)), pq.ParquetFile(path, decryption_properties=keys.reading()) as file:
                size = file.metadata.row_group(0).num_rows if file.num_row_groups else None
                rows = pa.RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches())
                Parquet().put(rows, new / name, Roles(), 0, row_group_rows=size)
    held.close()
    return before, wrapping_key(keys_in(folder)[1])


def shred(folder: Path, log: Path = LOG) -> str:
    """Overwrite and remove the wrapped key of a data set, so that it cannot be decrypted, and write a line to `log`.

    Returns the id of the data set. Copies of the file of keys, such as in backups, are not destroyed. Errors: `SourceError` if the folder
    is not a data set.
    """
    name, wrapped = keys_in(folder)
    note(log, "shred", data=str(folder), data_set=name, keys=[wrapping_key(wrapped)])
    path = folder / FOLDER / KEYS
    with path.open("r+b") as file:
        file.write(os.urandom(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    try:
        keys_in(folder)
    except SourceError:
        return name
    raise MachineError(f"{path} is still there", hint="remove it yourself", code="not-shredded")


def destroy(file: KeyFile, name: str, folders: Sequence[Path], log: Path = LOG) -> int:
    """Destroy a retired key of a key file, if no file in `folders` is encrypted under it; return the number of examined files.

    Errors: `RequestError` if a file is encrypted under it, and for a key that is not retired; `SourceError` if a folder is missing.
    """
    looked, under = 0, list[str]()
    for folder in folders:
        for path in files_in(folder):
            looked += 1
            if _wrapping(path) == name:
                under.append(str(path))
    if under:
        message = f"{counted(len(under), 'file')} would be lost without the key {name}: {listed(under, most=5)}"
        hint = "tilth protect rewrap FOLDER for a data set; write other files again, or remove them"
        raise RequestError(message, hint=hint, code="key-in-use")
    file.reject_unretired(name)
    note(log, "destroy", file=str(file.path), keys=[name], folders=[str(folder) for folder in folders])
    file.destroyed(name)
    return looked


def _wrapping(path: Path) -> str:
    """The id of the root key that a file needs; empty if it needs none, or is part of a data set."""
    if path.parts[-2:] == (FOLDER, KEYS):
        return wrapping_key(keys_in(path.parents[1])[1])
    return wrapping_key(wrapped_alone(path)) if is_encrypted(path) else ""


def _replace(folder: Path, held: DataSet) -> None:
    """Replace the file of keys atomically."""
    path = folder / FOLDER / KEYS
    new = path.with_name(f".{KEYS}-{os.urandom(4).hex()}")
    held.write_keys(new)
    with new.open("rb") as file:
        os.fsync(file.fileno())
    new.replace(path)
