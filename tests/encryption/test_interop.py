"""Who reads whose encrypted Parquet, by the libraries that are installed: a cell that changes fails, and is to be acknowledged here.

Why pyarrow reads and writes for DuckDB (decision 0030): DuckDB fails on more than one page, on filters, on nested columns, and on what
pyarrow writes with the keys of a data set. When a cell becomes better, reading natively is worth measuring again.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
import pytest

from tilth.encryption.dataset import SEAL, DataSet
from tilth.encryption.parquet import Keys
from tilth.engine.spark.sessions import unlogged

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

KEY = b"0123456789abcdef0123456789abcdef"
FLAT = pa.table({"no": range(30_000), "s": [f"value {i % 97}" for i in range(30_000)]})
ONE_PAGE = {"max_rows_per_page": 1 << 20, "data_page_size": 1 << 26, "dictionary_pagesize_limit": 1 << 26}
NESTED = pa.table({"no": [0, 1], "l": [[1, 2], [3]], "t": [{"a": 1}, {"a": 2}]})
KEYS = Keys(DataSet.of_process())
IN_KMS = ("by a KMS client", "column keys", "single wrapping")


class Kms(pe.KmsClient):
    """A key service whose wrapped keys hold the name of the key that wrapped them."""

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
        return base64.b64encode(master_key_identifier.encode() + b":" + key_bytes)

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
        name, _, key = base64.b64decode(wrapped_key).partition(b":")
        assert name.decode() == master_key_identifier
        return key


FACTORY = pe.CryptoFactory(lambda config: Kms())


def in_kms(**more: Any) -> dict[str, Any]:
    config = pe.EncryptionConfiguration(footer_key="footer", data_key_length_bits=256, **more)
    return {"encryption_properties": FACTORY.file_encryption_properties(pe.KmsConnectionConfig(), config)}


def direct(**more: Any) -> dict[str, Any]:
    return {"encryption_properties": pe.create_encryption_properties(KEY, **more)}


WRITTEN: Mapping[str, tuple[pa.Table, dict[str, Any]]] = {
    "flat, one page": (FLAT, {**direct(), **ONE_PAGE}),
    "flat, several pages": (FLAT, direct()),
    "nested": (NESTED, direct()),
    "a prefix of the associated data": (FLAT, {**direct(aad_prefix=b"file"), **ONE_PAGE}),
    "AES_GCM_CTR_V1": (FLAT, {**direct(encryption_algorithm="AES_GCM_CTR_V1"), **ONE_PAGE}),
    "data page v2": (FLAT, {**direct(), **ONE_PAGE, "data_page_version": "2.0"}),
    "plaintext footer": (FLAT, {**direct(plaintext_footer=True), **ONE_PAGE}),
    "by a KMS client": (FLAT, {**in_kms(uniform_encryption=True), **ONE_PAGE}),
    "column keys": (FLAT, {**in_kms(column_keys={"column": ["s"]}), **ONE_PAGE}),
    "single wrapping": (FLAT, {**in_kms(uniform_encryption=True, double_wrapping=False), **ONE_PAGE}),
    "keys of a data set": (FLAT, {"encryption_properties": KEYS.writing(), **ONE_PAGE}),
}
"""What pyarrow writes: with a key that is given, or as Tilth does."""


def opening(path: Path) -> Any:
    if path.stem in IN_KMS:
        return FACTORY.file_decryption_properties(pe.KmsConnectionConfig(), pe.DecryptionConfiguration())
    return KEYS.reading() if path.stem == "keys of a data set" else pe.create_decryption_properties(KEY)


def by_duckdb(condition: str, left_out: int) -> Callable[[Path], int]:
    def rows(path: Path) -> int:
        with duckdb.connect() as connection:
            connection.execute(f"PRAGMA add_parquet_key('k', '{KEY.decode()}')")
            scan = f"read_parquet('{path}', encryption_config = {{footer_key: 'k'}})"
            return len(connection.execute(f"SELECT * FROM {scan} {condition}").fetchall()) + left_out

    return rows


def by_data_set(path: Path) -> int:
    options = ds.ParquetFragmentScanOptions(decryption_properties=opening(path))
    return int(ds.dataset(path, format=ds.ParquetFileFormat(default_fragment_scan_options=options)).count_rows(filter=ds.field("no") >= 0))


READERS: Mapping[str, Callable[[Path], int]] = {
    "pyarrow": lambda path: pq.read_table(path, decryption_properties=opening(path), partitioning=None).num_rows,
    "pandas": lambda path: len(pd.read_parquet(path, engine="pyarrow", decryption_properties=opening(path), partitioning=None)),
    "a data set of pyarrow": by_data_set,
    "DuckDB": by_duckdb("", 0),
    "DuckDB, with a filter": by_duckdb("WHERE no > 0", 1),
    "Polars": lambda path: pl.read_parquet(path).height,
}
ARROW = {"pyarrow", "pandas", "a data set of pyarrow"}
CELLS: Mapping[str, set[str]] = {
    "flat, one page": ARROW | {"DuckDB"},
    "flat, several pages": ARROW,
    "nested": ARROW,
    "a prefix of the associated data": ARROW,
    "AES_GCM_CTR_V1": ARROW,
    "data page v2": ARROW,
    "plaintext footer": ARROW,
    "by a KMS client": ARROW,
    "column keys": ARROW,
    "single wrapping": ARROW,
    "keys of a data set": ARROW,
}
"""Who reads all rows."""


@pytest.mark.slow
@pytest.mark.parametrize("what", WRITTEN)
def test_who_reads_what_pyarrow_writes(what: str, tmp_path: Path) -> None:
    table, options = WRITTEN[what]
    path = tmp_path / f"{what}.parquet"
    pq.write_table(table, path, **options)
    found = set[str]()
    for name, read in READERS.items():
        try:
            if read(path) == table.num_rows:
                found.add(name)
        except (OSError, ValueError, duckdb.Error, pl.exceptions.PolarsError, pl.exceptions.PanicException):
            continue
    assert found == CELLS[what]


@pytest.mark.spark
def test_spark_reads_none_of_them_without_a_class_for_the_keys(spark: SparkSession, tmp_path: Path) -> None:
    from py4j.protocol import Py4JJavaError
    from pyspark.errors import PySparkException

    for what, (table, options) in WRITTEN.items():
        pq.write_table(table.slice(0, 9), tmp_path / f"{what}.parquet", **options)
        with pytest.raises((PySparkException, Py4JJavaError), match=r"(?i)encrypt|crypto|not a Parquet file"), unlogged():
            spark.read.parquet(str(tmp_path / f"{what}.parquet")).collect()


def test_duckdb_does_not_write_encrypted_parquet_without_openssl(tmp_path: Path) -> None:
    with duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}) as connection:
        connection.execute(f"PRAGMA add_parquet_key('k', '{KEY.decode()}')")
        with pytest.raises(duckdb.Error, match=r"(?i)crypto"):
            connection.execute(f"COPY (SELECT 1 AS no) TO '{tmp_path / 'a.parquet'}' (ENCRYPTION_CONFIG {{footer_key: 'k'}})")


def test_the_sdk_reads_sealed_files_by_itself() -> None:
    """As its own documentation has it: a raw master key of the name and the bytes that a data set has."""
    import aws_encryption_sdk as sdk
    from aws_encryption_sdk.identifiers import EncryptionKeyType, WrappingAlgorithm
    from aws_encryption_sdk.key_providers.raw import RawMasterKey, WrappingKey

    held, file = DataSet.of_process(), io.BytesIO()
    file.close = lambda: None  # type: ignore[method-assign]  # sealing closes what it writes to
    with held.sealing(file, "a.txt") as new:
        new.write(b"hello" * 50_000)
    wrapping = WrappingKey(WrappingAlgorithm.AES_256_GCM_IV12_TAG16_NO_PADDING, held._key.derived(SEAL), EncryptionKeyType.SYMMETRIC)
    provider = RawMasterKey(provider_id="tilth", key_id=held.name, wrapping_key=wrapping)
    text, header = sdk.EncryptionSDKClient().decrypt(source=file.getvalue(), key_provider=provider)
    assert text == b"hello" * 50_000 and header.encryption_context["tilth:path"] == "a.txt"
