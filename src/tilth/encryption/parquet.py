"""Encrypted Parquet: modular encryption by pyarrow, with keys that the key of a data set wraps.

Uniform encryption by AES-GCM with 256 bits, an encrypted footer, and double wrapping: one key-encryption key for all files of a write.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pyarrow.parquet.encryption as pe

from tilth.encryption.dataset import DataSet, other_data_set, part_alone
from tilth.encryption.keybytes import base64_of, bytes_of
from tilth.encryption.keys import Key
from tilth.encryption.magic import ALONE
from tilth.errors import SourceError

if TYPE_CHECKING:
    import pyarrow.dataset as ds


class _Client(pe.KmsClient):  # type: ignore[misc]  # pyarrow has no types
    """Wraps the keys of Parquet files by the key of a data set."""

    def __init__(self, owner: Keys) -> None:
        super().__init__()
        self._owner = owner

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> str:
        return self._owner.of(master_key_identifier).wrap(key_bytes)

    def unwrap_key(self, wrapped_key: str, master_key_identifier: str) -> bytes:
        found = self._owner.of(master_key_identifier).unwrap(wrapped_key)
        if found is None:
            raise SourceError("the key in a Parquet file was changed", hint="restore it from a backup", code="damaged-file")
        return found


class Keys:
    """The keys to write and read Parquet files: the key of one data set and, with a root key, the keys of single files.

    `shown` names the files in messages.
    """

    def __init__(self, data_set: DataSet | None = None, root: Key | None = None, shown: str = "a Parquet file") -> None:
        self._data_set, self._root, self._shown = data_set, root, shown
        self._factory = pe.CryptoFactory(lambda config: _Client(self))
        self._connection = pe.KmsConnectionConfig()
        self.reference = root.reference if root else ""

    def of(self, name: str) -> DataSet:
        """The data set that a key name belongs to. Errors: `SourceError` if it is another data set."""
        held = self._data_set
        if held is not None and name in (held.name, alone_name(held)):
            return held
        if name.startswith(ALONE) and self._root is not None:
            _, data_set, wrapped = name.split(":", 2)
            return DataSet.unwrapped(self._root, data_set, bytes_of(wrapped), self._shown, alone=True)
        if held is None:
            raise part_alone(self._shown)
        raise other_data_set(self._shown)

    def writing(self) -> Any:
        """The encryption properties of a new file, for pyarrow's writer."""
        held = self._data_set
        if held is None:
            raise ValueError("nothing can be written without a data set")
        return self._factory.file_encryption_properties(
            self._connection,
            pe.EncryptionConfiguration(
                footer_key=alone_name(held) if held.alone else held.name,
                uniform_encryption=True,
                encryption_algorithm="AES_GCM_V1",
                double_wrapping=True,
                data_key_length_bits=256,
            ),
        )

    def reading(self) -> Any:
        """The decryption properties for `ParquetFile`."""
        return self._factory.file_decryption_properties(self._connection, pe.DecryptionConfiguration())

    def format(self, dictionaries: Iterable[str] = ()) -> ds.ParquetFileFormat:
        """The format to read files as a data set of pyarrow; the columns `dictionaries` are read as dictionaries."""
        import pyarrow.dataset as ds  # imported late: it loads pandas if that is installed

        config = ds.ParquetDecryptionConfig(self._factory, self._connection, pe.DecryptionConfiguration())
        return ds.ParquetFileFormat(
            read_options=ds.ParquetReadOptions(dictionary_columns=set(dictionaries)),
            default_fragment_scan_options=ds.ParquetFragmentScanOptions(decryption_config=config),
        )


def alone_name(held: DataSet) -> str:
    """The key name in a single file; it contains the wrapped key."""
    return f"{ALONE}{held.id}:{base64_of(held.wrapped)}"
