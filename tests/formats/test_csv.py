"""CSV."""

import gzip

import pytest

from tilth.engine.duckdb import DuckDB
from tilth.errors import SourceError
from tilth.formats import read, to_arrow


@pytest.fixture
def engine():
    return DuckDB()


def read_text(tmp_path, engine, text, **how):
    file = tmp_path / "table.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return to_arrow(read(file, engine=engine, **how), engine).to_pydict()


def test_empty_cells_are_null(tmp_path, engine):
    assert read_text(tmp_path, engine, 'a,b\n,""\n1,x\n') == {"a": [None, 1], "b": [None, "x"]}


def test_quotes_line_ends_and_empty_lines(tmp_path, engine):
    text = b'a,b\r\n1,"x, ""y""\r\nz"\r\n\r\n2,q"r\r\n'
    assert read_text(tmp_path, engine, text) == {"a": [1, 2], "b": ['x, "y"\r\nz', 'q"r']}


def test_blanks_after_delimiters(tmp_path, engine):
    text = '39, State-gov, "a, b"\n50, ?, c \n'
    assert read_text(tmp_path, engine, text, names=["age", "job", "x"], nulls=["?"]) == {
        "age": [39, 50],
        "job": ["State-gov", None],
        "x": ["a, b", "c"],
    }
    assert read_text(tmp_path, engine, "a, b\n1, x\n", blanks="keep") == {"a": [1], "b": [" x"]}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path, engine, delimiter):
    assert read_text(tmp_path, engine, f"a{delimiter}b\n1{delimiter}2,5\n".replace("2,5", "2.5")) == {"a": [1], "b": [2.5]}


def test_names_and_header(tmp_path, engine):
    assert read_text(tmp_path, engine, "1,2\n3,4\n", header=False) == {"column_0": [1, 3], "column_1": [2, 4]}
    assert read_text(tmp_path, engine, "1,2\n3,4\n", names=["a", "b"]) == {"a": [1, 3], "b": [2, 4]}
    assert read_text(tmp_path, engine, "a,b\n3,4\n", names=["a", "b"]) == {"a": [3], "b": [4]}
    assert read_text(tmp_path, engine, "a,b\n3,4\n", names=["x", "y"], header=True) == {"x": [3], "y": [4]}
    with pytest.raises(SourceError, match="3 names are given for the 2 columns"):
        read_text(tmp_path, engine, "1,2\n", names=["a", "b", "c"])


def test_header_only(tmp_path, engine):
    assert read_text(tmp_path, engine, "a,b\n") == {"a": [], "b": []}


def test_gzip_and_bom(tmp_path, engine):
    file = tmp_path / "table.csv.gz"
    file.write_bytes(gzip.compress(b"\xef\xbb\xbfa,b\n1,2\n"))
    assert to_arrow(read(file, engine=engine), engine).to_pydict() == {"a": [1], "b": [2]}


def test_types_can_be_said(tmp_path, engine):
    assert read_text(tmp_path, engine, "zip,n\n123,1\n456,x\n", types={"zip": "text", "n": "integer"}) == {
        "zip": ["123", "456"],
        "n": [1, None],
    }


def test_adult(shared_data, engine):
    names = [f"c{i}" for i in range(15)]
    data = read(shared_data("tabular/adult-train.csv"), names=names, nulls=["?"], engine=engine)
    table = to_arrow(data, engine)
    # counted with: grep -c . and cut -d, -f2 | grep -c '?'
    assert (table.num_rows, table["c1"].null_count, table["c0"][0].as_py(), table["c14"][0].as_py()) == (32561, 1836, 39, "<=50K")
