"""Folders that are named `column=value`."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.engines import duckdb_session
from tilth.data import Kind
from tilth.engine.session import Session
from tilth.engine.spark import Spark
from tilth.formats import read, to_arrow
from tilth.formats.partitions import partition_kinds


@pytest.fixture
def engine() -> Session:
    return duckdb_session()


def test_partitioned_folders(tmp_path: Path, engine: Session) -> None:
    for year in ("2023", "2024"):
        (tmp_path / f"year={year}").mkdir()
        pq.write_table(pa.table({"x": [int(year)]}), tmp_path / f"year={year}" / "a.parquet")
    rows = to_arrow(read(tmp_path, engine=engine), engine).to_pylist()
    assert sorted(rows, key=lambda r: r["x"]) == [{"x": 2023, "year": 2023}, {"x": 2024, "year": 2024}]


PARTITIONS = [
    ("day=2026-01-01/n=7/share=.5/zip=007/free=TRUE/month=01/at=2026-01-01 05%3A00/of=a%2Fb/no=2026-02-30", 1),
    ("day=2026-12-31/n=-8/share=2/zip=8/free=false/month=12/at=2026-01-02 06%3A00/of=c/no=2026-01-01", 2),
    ("day=2024-02-29/n=__HIVE_DEFAULT_PARTITION__/share=1e3/zip=9/free=true/month=2/at=2026-01-02 06%3A00/of=c/no=2026-01-01", 3),
]
TYPED = {"day": dt.date(2026, 1, 1), "n": 7, "share": 0.5, "zip": "007", "free": True, "month": "01", "at": "2026-01-01 05:00", "of": "a/b"}


def partitioned(folder: Path) -> Path:
    for place, x in PARTITIONS:
        (folder / place).mkdir(parents=True)
        pq.write_table(pa.table({"x": [float(x), float("nan")]}), folder / place / "a.parquet")
    return folder


def test_partitions_have_the_kind_of_all_their_values(tmp_path: Path, engine: Session) -> None:
    rows = sorted(to_arrow(read(partitioned(tmp_path), engine=engine), engine).to_pylist(), key=lambda row: row["x"] or 9)
    assert rows[0] == {"x": 1.0, **TYPED, "no": "2026-02-30"}
    assert [row["n"] for row in rows[:3]] == [7, -8, None]
    assert [row["share"] for row in rows[:3]] == [0.5, 2.0, 1000.0]


def test_one_file_of_a_partitioned_folder_and_folders_above_it(tmp_path: Path, engine: Session) -> None:
    (tmp_path / "year=2024" / "month=1").mkdir(parents=True)
    pq.write_table(pa.table({"x": [1]}), tmp_path / "year=2024" / "month=1" / "a.parquet")
    assert to_arrow(read(tmp_path / "year=2024", engine=engine), engine).to_pylist() == [{"x": 1, "month": 1, "year": 2024}]
    assert read(tmp_path, engine=engine, hive=False).names == ("x",)


@pytest.mark.spark
def test_spark_reads_partitions_alike(tmp_path: Path, spark, engine: Session) -> None:
    partitioned(tmp_path)
    tables = [to_arrow(read(tmp_path, engine=e), e) for e in (engine, Spark(spark).session())]
    assert tables[0].schema.equals(tables[1].schema)
    assert sorted(tables[0].to_pylist(), key=str) == sorted(tables[1].to_pylist(), key=str)


def test_a_column_without_a_value_and_one_with_blanks_are_strings() -> None:
    paths = ["t/a=__HIVE_DEFAULT_PARTITION__/b=1/c= 2/x.parquet", "t/a=__HIVE_DEFAULT_PARTITION__/b=/c=3/x.parquet"]
    assert partition_kinds(paths) == dict.fromkeys("abc", Kind.STRING)
