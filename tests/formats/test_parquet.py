"""Parquet."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.engines import duckdb_session
from tilth.engine.spark import Spark
from tilth.errors import SourceError
from tilth.formats import read, to_arrow


@pytest.fixture
def engine():
    return duckdb_session()


def test_files_folders_and_patterns(tmp_path, engine):
    for i in range(3):
        pq.write_table(pa.table({"x": [i]}), tmp_path / f"part-{i}.parquet")
    (tmp_path / "_SUCCESS").touch()
    for given in (tmp_path, tmp_path / "part-*.parquet", [tmp_path / f"part-{i}.parquet" for i in range(3)]):
        assert sorted(to_arrow(read(given, engine=engine), engine)["x"].to_pylist()) == [0, 1, 2]
    assert to_arrow(read(tmp_path / "part-1.parquet", names=["y"], engine=engine), engine).to_pydict() == {"y": [1]}


def test_nan_becomes_null_whatever_the_file_says_of_its_extremes(tmp_path, engine):
    inf, nan = float("inf"), float("nan")
    for rest in ([], [2.0, 3.0], [None], [inf, -inf]):
        pq.write_table(pa.table({"x": [1.0, nan, *rest]}), tmp_path / "a.parquet")
        assert to_arrow(read(tmp_path, engine=engine), engine)["x"].to_pylist() == [1.0, None, *rest]


def test_a_column_that_a_file_lacks_is_null(tmp_path, engine):
    pq.write_table(pa.table({"x": [1], "y": ["a"]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"x": [2]}), tmp_path / "2.parquet")
    rows = to_arrow(read(tmp_path, engine=engine), engine).to_pylist()
    assert sorted(rows, key=lambda r: r["x"]) == [{"x": 1, "y": "a"}, {"x": 2, "y": None}]


def test_broken_files(tmp_path, engine):
    whole, half, rubbish = tmp_path / "whole.parquet", tmp_path / "half.parquet", tmp_path / "rubbish.parquet"
    pq.write_table(pa.table({"x": list(range(1000))}), whole)
    half.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    rubbish.write_bytes(bytes(range(256)))
    with pytest.raises(SourceError, match="truncated Parquet file"):
        read(half, engine=engine)
    with pytest.raises(SourceError, match="not a Parquet file"):
        read(rubbish, engine=engine)
    with pytest.raises(SourceError) as error:
        read(tmp_path, engine=engine)
    assert len(error.value.mistakes) == 2


@pytest.mark.spark
def test_spark_does_not_read_nanoseconds(tmp_path, spark, engine):
    pq.write_table(pa.table({"t": pa.array([1000], pa.timestamp("ns"))}), tmp_path / "a.parquet")
    assert to_arrow(read(tmp_path, engine=engine), engine).num_rows == 1
    with pytest.raises(SourceError, match="no Parquet timestamps in nanoseconds"):
        read(tmp_path, engine=Spark(spark).session())
