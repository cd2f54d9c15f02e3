"""Writing."""

from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pytest

from tests.engines import duckdb_session
from tilth.engine.spark import Spark
from tilth.errors import RequestError
from tilth.formats import read, to_arrow, to_pandas, write
from tilth.formats.writing import to_spark

TABLE = pa.table({"x": [1, None, 3], "s": ["a", "", None]})


@pytest.mark.parametrize("name", ["table.parquet", "folder"])
def test_what_is_written_is_read_again(tmp_path, name):
    engine = duckdb_session()
    assert write(read(TABLE, engine=engine), tmp_path / "new" / name, engine=engine) == tmp_path / "new" / name
    assert to_arrow(read(tmp_path / "new" / name, engine=engine), engine).to_pydict() == TABLE.to_pydict()
    assert [p.name for p in (tmp_path / "new").iterdir()] == [name]


def test_a_foreign_folder_is_not_replaced(tmp_path):
    engine = duckdb_session()
    (tmp_path / "notes.md").write_text("mine")
    with pytest.raises(RequestError, match=r"has files not written by Tilth: notes\.md"):
        write(read(TABLE, engine=engine), tmp_path, engine=engine)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.md"]


def test_a_format_without_files():
    engine = duckdb_session()
    with pytest.raises(RequestError, match="cannot be written to files"):
        write(read(TABLE, engine=engine), "x", format="arrow", engine=engine)


def test_csv_is_written_with_a_header_and_read_again(tmp_path):
    engine = duckdb_session()
    table = pa.table({"x": [1, None], "s": ['a, "b"\n', None]})
    for name in ("a.csv", "a.tsv", "folder"):
        place = write(read(table, engine=engine), tmp_path / name, format="csv", engine=engine)
        assert to_arrow(read(place, format="csv", engine=engine), engine).to_pydict() == table.to_pydict()


@pytest.mark.spark
@pytest.mark.parametrize("name", ["a.parquet", "folder", "a.csv", "a.jsonl"])
def test_spark_writes_what_is_read_again(tmp_path, spark, name):
    other, engine = Spark(spark).session(), duckdb_session()
    table = pa.table(
        {
            "none": pa.nulls(3, pa.string()),
            "x": [None, 1, 3],
            "s": ['a, "b"\n', None, " c "],
            "d": pa.array(["u", "v", "u"]).dictionary_encode(),
            "t": pa.array([datetime(1, 1, 1), datetime(2024, 5, 6, 7), datetime(9999, 1, 1)], pa.timestamp("us", "UTC")),
        }
    )
    place = write(read(table, engine=other), tmp_path / "new" / name, engine=other)
    again = to_arrow(read(place, engine=engine), engine)
    assert again.column_names == table.column_names
    assert sorted(again.to_pylist(), key=str) == sorted(table.to_pylist(), key=str)
    assert [p.name for p in (tmp_path / "new").iterdir()] == [name]


@pytest.mark.spark
def test_spark_counts_rows_while_it_writes_them(tmp_path, spark, monkeypatch):
    engine = Spark(spark).session()
    monkeypatch.setattr(type(spark.range(1)), "count", None)
    for rows in (3, 0):
        table = read(TABLE.slice(0, rows), engine=engine)
        assert engine.export(table, tmp_path / f"{rows}.parquet", "parquet", folder=False, options={}) == rows


def test_integers_and_booleans_with_nulls_keep_their_values_in_pandas():
    """2⁵³ + 1 is not a float: pandas' own way of a column with a gap would make 2⁵³ of it."""
    engine = duckdb_session()
    table = pa.table({"i": [2**53 + 1, None], "b": [True, None], "whole": [1, 2], "f": [0.5, None]})
    frame = to_pandas(read(table, engine=engine), engine)
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {"i": "Int64", "b": "boolean", "whole": "int64", "f": "float64"}
    assert frame["i"].tolist() == [2**53 + 1, pd.NA]
    assert frame["b"].tolist() == [True, pd.NA]


@pytest.mark.spark
def test_a_table_of_another_engine_becomes_a_spark_frame(spark):
    """A time without a zone stays one: PySpark makes it a timestamp with time zone."""
    engine = duckdb_session()
    noon = datetime(2024, 2, 29, 12)
    columns = {
        "naive": pa.array([noon]),
        "nanoseconds": pa.array([noon], pa.timestamp("ns")),
        "zoned": pa.array([noon.replace(tzinfo=UTC)]),
        "small": pa.array([255], pa.uint8()),
        "large": pa.array([2**64 - 1], pa.uint64()),
    }
    frame = to_spark(read(pa.table(columns), engine=engine), engine)
    types = ["timestamp_ntz", "timestamp_ntz", "timestamp", "smallint", "decimal(20,0)"]
    assert [f.dataType.simpleString() for f in frame.schema.fields] == types
    (row,) = frame.toArrow().to_pylist()
    assert list(row.values()) == [noon, noon, noon.replace(tzinfo=UTC), 255, 2**64 - 1]
