"""CSV."""

import gzip

import pyarrow as pa
import pytest

from tests.engines import duckdb_session
from tilth.engine.spark import Spark
from tilth.errors import RequestError, SourceError
from tilth.formats import read, to_arrow, write


@pytest.fixture
def engine():
    return duckdb_session()


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


def test_strings_that_are_divided_are_not_below_a_title(tmp_path, engine):
    assert read_text(tmp_path, engine, "tags\na;b\nc;d\n") == {"tags": ["a;b", "c;d"]}


def test_header_only(tmp_path, engine):
    assert read_text(tmp_path, engine, "a,b\n") == {"a": [], "b": []}


def test_gzip_and_bom(tmp_path, engine):
    file = tmp_path / "table.csv.gz"
    file.write_bytes(gzip.compress(b"\xef\xbb\xbfa,b\n1,2\n"))
    assert to_arrow(read(file, engine=engine), engine).to_pydict() == {"a": [1], "b": [2]}


def test_types_can_be_stated(tmp_path, engine):
    assert read_text(tmp_path, engine, "zip,n\n123,1\n456,x\n", types={"zip": "string", "n": "integer"}) == {
        "zip": ["123", "456"],
        "n": [1, None],
    }


NASTY = {
    "line ends and quotes inside quotes": b'a,b\n1,"x, ""y""\nz"\n2,"\r\n"\n3,"""q"""\n',
    "CRLF": b'a,b\r\n1,"x\r\ny"\r\n2,z\r\n',
    "a mark of UTF-8": b"\xef\xbb\xbfa,b\n1,x\n",
    "empty lines": b"a,b\n\n1,x\n\n\n2,y\n\n",
    "no line end at the end": b"a,b\n1,x\n2,y",
    "blanks after delimiters": b'39, x, "a, b"\n50, ?,  c\n7, , d \n',
    "blanks after some delimiters": b'a, b\n39,"x, y"\n50, "x, y"\n7 , z\n',
    "blanks that are kept": b"a,b\n x , y\n1,  z\n",
    "empty, quoted and blank": b'a,b,c\n,"", \n"","  ",\n',
    "quotes inside a value": b'a,b\n1,in"side\n2,end"\n',
    "only quoted": b'"a","b"\n"1","x"\n',
    "backslashes": b'a,b\n1,\\n\n2,"c:\\"\n',
    "hash signs": b"a,b\n#1,x\n2,#y\n",
    "other scripts": "a,b\né,日本\n😀,ß\n".encode(),
    "one column": b"a\n1\n\n2\n",
    "one row": b"a,b\n1,x\n",
    "header only": b"a,b\n",
    "kinds": b"i,f,b,d,t,z\n1,1.5,true,2024-02-29,2024-02-29 12:30,2024-02-29T12:30+02:00\n,,,,,\n",
    "a contradiction far below": b"i,j\n" + b"1,2\n" * 3000 + b"x,3\n",
    "nothing for long": b"i,j\n" + b",2\n" * 3000 + b"1.5,3\n",
    "tokens": b"a,b\nNA,1\n n/a ,NA\n-999,-999\nNancy,7\n",
    "odd names": 'a.b,"c ""d""",`e`,select,\'f,é 日,g;h\n1,2,3,4,5,6,7\n'.encode(),
}
HOW = {
    "blanks after delimiters": {"names": ["age", "job", "x"], "nulls": ["?"]},
    "blanks after some delimiters": {"blanks": "trim"},
    "blanks that are kept": {"blanks": "keep"},
    "tokens": {"nulls": ["na", "N/A", "-999"]},
    "one column": {"header": True},
}


@pytest.mark.spark
def test_spark_reads_the_same(tmp_path, spark, engine):
    other = Spark(spark).session()
    for i, (name, content) in enumerate(NASTY.items()):
        file = tmp_path / f"{i}.csv"
        file.write_bytes(content)
        tables = [to_arrow(read(file, engine=e, **HOW.get(name, {})), e).to_pydict() for e in (engine, other)]
        assert tables[0] == tables[1], name


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", "cp1252"])
def test_encodings(tmp_path, engine, encoding):
    (tmp_path / "a.csv").write_bytes("a\r\ncafé\r\n".encode(encoding))
    assert to_arrow(read(tmp_path / "a.csv", encoding=encoding, engine=engine), engine).to_pydict() == {"a": ["café"]}


@pytest.mark.parametrize("encoding", ["rot13", "base64", "no-such"])
def test_what_is_not_an_encoding_of_text(tmp_path, engine, encoding):
    (tmp_path / "a.csv").write_text("a\n1\n")
    with pytest.raises(RequestError, match=f"unknown encoding '{encoding}'"):
        read(tmp_path / "a.csv", encoding=encoding, engine=engine)


@pytest.mark.slow
def test_a_cell_of_many_megabytes_is_refused(tmp_path, engine):
    (tmp_path / "a.csv").write_text("a,b\n1," + "x" * 17_000_000 + "\n")
    with pytest.raises(SourceError, match="reads up to 16,000,000"):
        read(tmp_path / "a.csv", engine=engine)


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + bytes(200), bytes(range(1, 256)) * 40], ids=["PNG", "every byte"])
def test_a_binary_file_named_csv(tmp_path, engine, content):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(SourceError):
        read(tmp_path / "a.csv", engine=engine)


def rejects_zero_bytes(folder, engine):
    table = pa.table({"n": [1, 2], "note": ["a", "b\0c"]})
    with pytest.raises(RequestError, match="CSV: column 'note' has a string with a zero byte; write another format"):
        write(read(table, engine=engine), folder / "a.csv", engine=engine)
    assert not list(folder.iterdir())


def test_a_zero_byte_is_not_written(tmp_path, engine):
    rejects_zero_bytes(tmp_path, engine)
    for compression in ("none", "gzip"):
        with pytest.raises(RequestError, match="zero byte"):
            write(
                read(pa.table({"note": ["b\0c"]}), engine=engine),
                tmp_path / "out",
                format="csv",
                shards=1,
                compression=compression,
                engine=engine,
            )


@pytest.mark.spark
def test_spark_does_not_write_a_zero_byte_either(tmp_path, spark):
    rejects_zero_bytes(tmp_path, Spark(spark).session())


@pytest.mark.spark
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_spark_reads_the_same_encodings(tmp_path, spark, engine, encoding):
    text = 'a,b\r\n1,café\r\n2,"ü\r\n"\r\n'
    for name, content in ((f"{encoding}.csv", text.encode(encoding)), (f"{encoding}.csv.gz", gzip.compress(text.encode(encoding)))):
        (tmp_path / name).write_bytes(content)
        for e in (engine, Spark(spark).session()):
            table = to_arrow(read(tmp_path / name, encoding=encoding, engine=e), e).to_pydict()
            assert table == {"a": [1, 2], "b": ["café", "ü\r\n"]}, (name, e.name)


@pytest.mark.spark
def test_spark_refuses_what_duckdb_refuses_in_the_same_words(tmp_path, spark, engine):
    for i, content in enumerate((b"a,b\nAda,2\nAda\nAda,2,3\n", b"a,b\n" + b"Ada,2\n" * 500_000 + b"Ada,\xff\n")):
        file = tmp_path / f"{i}.csv"
        file.write_bytes(content)
        said = []
        for e in (engine, Spark(spark).session()):
            with pytest.raises(SourceError) as error:
                read(file, engine=e)
            said.append(str(error.value))
        assert said[0] == said[1]
        assert "Ada" not in said[0]


@pytest.mark.spark
def test_an_extra_delimiter_at_the_end_of_a_row(tmp_path, spark, engine):
    """DuckDB passes over it, Spark cannot: a gap that docs/engines.md names."""
    assert read_text(tmp_path, engine, "a,b\n1,2,\n") == {"a": [1], "b": [2]}
    with pytest.raises(SourceError, match="has 3 fields, expected 2"):
        read_text(tmp_path, Spark(spark).session(), "a,b\n1,2,\n")


def test_adult(shared_data, engine):
    names = [f"c{i}" for i in range(15)]
    data = read(shared_data("tabular/adult-train.csv"), names=names, nulls=["?"], engine=engine)
    table = to_arrow(data, engine)
    # counted with: grep -c . and cut -d, -f2 | grep -c '?'
    assert (table.num_rows, table["c1"].null_count, table["c0"][0].as_py(), table["c14"][0].as_py()) == (32561, 1836, 39, "<=50K")


VALUES_ABOVE = [  # what stands in the first row, and whether it is probably a row of data
    ("39, State-gov, 77516|50, Private, 83311|38, Private, 21564", True),
    ("cook,31,no|clerk,50,no|cook,20,yes", True),
    ("0.5|0.25|1.5", True),
    ("age,job|31,cook|50,cook", False),
    ("job,note,2019,2020|cook,x,1,2|clerk,y,3,4", False),  # years
    ("title,word,x|the,title,y|word,word,z", False),  # one name in three occurs below
    ("yes|no|yes", False),  # one word is weak evidence
    ("31,cook", False),
]


@pytest.mark.parametrize(("rows", "suspected"), VALUES_ABOVE)
def test_a_header_that_looks_like_data_is_warned_of_and_read_as_one(rows, suspected, tmp_path, recwarn):
    file = tmp_path / "t.data"
    file.write_text(rows.replace("|", "\n"))
    data = read(file, engine=duckdb_session())
    assert data.names == tuple(name.strip() for name in rows.split("|")[0].split(","))
    assert [str(w.message).split(" is read")[0] for w in recwarn] == [f"the first row of {file}"] * suspected
    recwarn.clear()
    for options in ({"header": True}, {"header": False}, {"names": [f"c{i}" for i in range(len(data.names))]}):
        read(file, engine=duckdb_session(), **options)
    assert not list(recwarn)
