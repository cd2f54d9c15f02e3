"""Writing."""

import pyarrow as pa
import pytest

from tilth.engine.duckdb import DuckDB
from tilth.engine.spark import Spark
from tilth.errors import RequestError
from tilth.formats import read, to_arrow, write

TABLE = pa.table({"x": [1, None, 3], "s": ["a", "", None]})


@pytest.mark.parametrize("name", ["table.parquet", "folder"])
def test_what_is_written_is_read_again(tmp_path, name):
    engine = DuckDB()
    assert write(read(TABLE, engine=engine), tmp_path / "new" / name, engine=engine) == tmp_path / "new" / name
    assert to_arrow(read(tmp_path / "new" / name, engine=engine), engine).to_pydict() == TABLE.to_pydict()
    assert [p.name for p in (tmp_path / "new").iterdir()] == [name]


def test_a_folder_of_others_is_not_replaced(tmp_path):
    engine = DuckDB()
    (tmp_path / "notes.md").write_text("mine")
    with pytest.raises(RequestError, match=r"holds what was not written by Tilth: notes\.md"):
        write(read(TABLE, engine=engine), tmp_path, engine=engine)
    assert [p.name for p in tmp_path.iterdir()] == ["notes.md"]


def test_a_format_without_files():
    engine = DuckDB()
    with pytest.raises(RequestError, match="cannot be written to files"):
        write(read(TABLE, engine=engine), "x", format="arrow", engine=engine)


def test_csv_is_written_with_a_header_and_read_again(tmp_path):
    engine = DuckDB()
    table = pa.table({"x": [1, None], "s": ['a, "b"\n', None]})
    for name in ("a.csv", "a.tsv", "folder"):
        place = write(read(table, engine=engine), tmp_path / name, format="csv", engine=engine)
        assert to_arrow(read(place, format="csv", engine=engine), engine).to_pydict() == table.to_pydict()


@pytest.mark.spark
@pytest.mark.parametrize("name", ["a.parquet", "folder", "a.csv", "a.jsonl"])
def test_spark_writes_what_is_read_again(tmp_path, spark, name):
    other, engine = Spark(spark), DuckDB()
    table = pa.table({"x": [1, None, 3], "s": ['a, "b"\n', None, " c "], "d": pa.array(["u", "v", "u"]).dictionary_encode()})
    place = write(read(table, engine=other), tmp_path / "new" / name, engine=other)
    again = to_arrow(read(place, engine=engine), engine).to_pylist()
    assert sorted(again, key=str) == sorted(table.to_pylist(), key=str)
    assert [p.name for p in (tmp_path / "new").iterdir()] == [name]
