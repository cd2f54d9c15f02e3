"""Encrypted Parquet as a source."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

import tilth
from tests.encrypted import TABLE, key, plaintext, rows
from tilth.engine.duckdb import DuckDB
from tilth.engine.spark import Spark
from tilth.engine.spark.sessions import AUTHENTICATED, ENCRYPTED
from tilth.errors import RequestError, SourceError
from tilth.formats.writing import to_arrow
from tilth.store.places import atomic
from tilth.store.protection import protected

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["key", "plaintext"]


def test_duckdb_reads_only_the_rows_and_columns_that_it_needs(key: str, tmp_path: Path) -> None:
    with protected(key):
        tilth.write(tilth.read(TABLE), tmp_path / "a.parquet")
        source = tilth.read(tmp_path / "a.parquet").source
    run = DuckDB().session()
    ((_, plan),) = run.run(f'EXPLAIN SELECT x FROM {source.scans["duckdb"](source, run)} WHERE "no" = 7')
    scan = plan[plan.index("PYTHON_ARROW_SCAN") :]
    assert '"no" = 7' in scan and "Projections: x" in scan


def test_strings_that_repeat_are_those_that_were_written(key: str, tmp_path: Path) -> None:
    """They are read as dictionaries, of which each row group has its own."""
    n = 3_000
    table = pa.table({"c": [None if i % 7 == 0 else "abc"[i % 3] * (i % 5) for i in range(n)], "one": [f"row {i}" for i in range(n)]})
    with protected(key), atomic(tmp_path / "out", folder=True) as folder:
        for part in range(3):
            tilth.write(tilth.read(table.slice(part * n // 3, n // 3)), folder / f"{part}.parquet")
    with protected(key):
        source = tilth.read(tmp_path / "out").source
        assert rows(tilth.read(tmp_path / "out")).equals(table)
        run = DuckDB().session()
        for condition in ("c = 'aa'", "c < 'b'", "c IN ('', 'bbb')", "c IS NULL", "c LIKE 'c%' OR one = 'row 1'"):
            counted = f"SELECT count(*) FROM {{}} WHERE {condition}"
            expected = run.run(counted.format(run.arrow_name(table)))
            assert run.run(counted.format(source.scans["duckdb"](source, run))) == expected


def test_files_without_some_columns_and_with_columns_in_folders(key: str, tmp_path: Path) -> None:
    tables = {"year=07/n=1": pa.table({"a": [1]}), "year=2024/n=2": pa.table({"a": [2.5], "b": pa.array(["x"]).dictionary_encode()})}
    with protected(key), atomic(tmp_path / "out", folder=True) as folder:
        for place, table in tables.items():
            (folder / place).mkdir(parents=True)
            tilth.write(tilth.read(table), folder / place / "part.parquet")
    with protected(key):
        got = rows(tilth.read(tmp_path / "out")).to_pylist()
    assert got == [{"a": 1.0, "b": None, "year": "07", "n": 1}, {"a": 2.5, "b": "x", "year": "2024", "n": 2}]


@pytest.mark.spark
def test_a_cluster_has_to_encrypt_what_its_machines_send(spark: SparkSession, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with protected(key), Spark(spark).session() as run:
        kind, given = type(run.own.conf), {"spark.master": "spark://host:7077"}
        answered = kind.get
        monkeypatch.setattr(kind, "get", lambda self, name, *default: given.get(name) or answered(self, name, *default))
        given |= ENCRYPTED
        with pytest.raises(RequestError, match="or send them, unencrypted") as error:
            run.confine()
        assert error.value.mistakes[0].accepted == "spark.authenticate=true, spark.network.crypto.enabled=true"
        given |= AUTHENTICATED
        run.confine()


@pytest.mark.spark
def test_spark_reads_row_groups_by_the_reference_of_the_key(spark: SparkSession, key: str, tmp_path: Path) -> None:
    with protected(key, ["spill"]), Spark(spark).session() as run:
        with atomic(tmp_path / "out", folder=True) as folder:
            (folder / "day=2026-01-02").mkdir()
            tilth.write(tilth.read(TABLE), folder / "day=2026-01-02" / "part.parquet")
        days = pa.array([dt.date(2026, 1, 2)] * len(TABLE), pa.date32())
        assert to_arrow(tilth.read(tmp_path / "out", engine=run), run).sort_by("no").equals(TABLE.append_column("day", days))
        (path,) = (tmp_path / "out").rglob("*.parquet")
        content = bytearray(path.read_bytes())
        content[len(content) // 3] ^= 1
        path.write_bytes(content)
        with pytest.raises(SourceError, match=r"part\.parquet was changed after it was encrypted") as damaged:
            to_arrow(tilth.read(tmp_path / "out", engine=run), run)
        assert damaged.value.mistakes[0].code == "damaged-file"
    with protected(key), Spark(spark).session() as run, pytest.raises(RequestError, match="unencrypted") as error:
        run.confine()
    assert "spark.io.encryption.enabled=true" in error.value.mistakes[0].accepted
