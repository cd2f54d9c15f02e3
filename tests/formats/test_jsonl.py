"""JSON Lines."""

import json

import pyarrow as pa
import pytest

from tests.engines import duckdb_session
from tilth.engine.spark import Spark
from tilth.errors import RequestError, SourceError
from tilth.formats import read, to_arrow, write

LINES = """{"i": 1, "f": 1.5, "b": true, "s": "5", "d": "2024-02-29", "t": "2024-02-29T12:30", "n": null, "m": 1, "late": null}

{"i": null, "f": 2, "b": false, "s": "x", "d": null, "m": "a"}
{"i": 3, "late": 7.5, "o": {"p": [1, 2.50], "q": "\\u00e9"}}
"""
READ = {
    "i": [1, None, 3],
    "f": [1.5, 2.0, None],
    "b": [True, False, None],
    "s": ["5", "x", None],
    "d": ["2024-02-29", None, None],
    "t": ["2024-02-29 12:30:00", None, None],
    "n": [None, None, None],
    "m": ["1", "a", None],
    "late": [None, None, 7.5],
    "o": [None, None, '{"p":[1,2.5],"q":"é"}'],
}


def plain(table):
    return {name: [str(v) if name in "dt" and v is not None else v for v in values] for name, values in table.to_pydict().items()}


def test_values_keep_their_kinds(tmp_path):
    engine = duckdb_session()
    (tmp_path / "a.jsonl").write_text(LINES)
    assert plain(to_arrow(read(tmp_path / "a.jsonl", engine=engine), engine)) == READ


@pytest.mark.spark
def test_spark_reads_the_same(tmp_path, spark):
    engine = Spark(spark).session()
    (tmp_path / "a.jsonl").write_text(LINES)
    assert plain(to_arrow(read(tmp_path / "a.jsonl", engine=engine), engine)) == READ


@pytest.mark.parametrize(
    ("line", "message"), [("{", r"a\.jsonl:2: the line is not valid JSON"), ("[1]", r"a\.jsonl:2: the line is not a JSON object")]
)
def test_lines_that_are_not_objects(tmp_path, line, message):
    (tmp_path / "a.jsonl").write_text(f'{{"x": 1}}\n{line}\n')
    with pytest.raises(SourceError, match=message):
        read(tmp_path / "a.jsonl", engine=duckdb_session())


def test_names_are_in_the_file(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"x": 1}\n')
    with pytest.raises(RequestError, match="name their columns themselves"):
        read(tmp_path / "a.jsonl", names=["y"], engine=duckdb_session())


def narrow_floats(folder, engine):
    """32-bit floats as they are in 64 bits; without the digits that only the shortest 32-bit notation leaves out, they would be others."""
    table = pa.table({"x": pa.array([0.1, None], pa.float32()), "v": pa.array([[0.1, 1.0], None], pa.list_(pa.float32()))})
    write(read(table, engine=engine), folder / "a.jsonl", engine=engine)
    lines = [
        json.loads(line) for file in (folder / "a.jsonl", *(folder / "a.jsonl").glob("*.jsonl")) if file.is_file() for line in file.open()
    ]
    assert sorted(lines, key=str) == [{"x": 0.10000000149011612, "v": [0.10000000149011612, 1.0]}, {"x": None, "v": None}]


def test_narrow_floats(tmp_path):
    narrow_floats(tmp_path, duckdb_session())


@pytest.mark.spark
def test_spark_writes_the_same_narrow_floats(tmp_path, spark):
    narrow_floats(tmp_path, Spark(spark).session())


def test_what_is_written_is_read_again(tmp_path):
    engine = duckdb_session()
    (tmp_path / "a.jsonl").write_text(LINES)
    data = read(tmp_path / "a.jsonl", engine=engine)
    again = read(write(data, tmp_path / "b.jsonl", engine=engine), engine=engine)
    assert to_arrow(again, engine).to_pydict().keys() == READ.keys()
    assert to_arrow(again, engine)["i"].to_pylist() == READ["i"]
