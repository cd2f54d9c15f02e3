"""What cannot be read: a clear message, the right exit code, no value of a row in it, and nothing left behind."""

import gzip

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.engines import duckdb_session
from tilth.errors import ColumnError, SourceError, TilthError
from tilth.formats import read


def whole_parquet(tmp_path):
    pq.write_table(pa.table({"x": list(range(1000))}), tmp_path / "whole.parquet")
    return (tmp_path / "whole.parquet").read_bytes()


RAGGED = "name,b,c\n" + "Ada,2,3\n" * 5000 + "Ada,2\nAda,2,3,4\n\nAda\n" + "Ada,2,3\n" * 5000
CASES = {
    "empty file": ("a.csv", b"", "a.csv is empty: it has no header"),
    "empty Parquet": ("a.parquet", b"", "a.parquet is empty"),
    "rubbish as CSV": ("a.csv", bytes(range(256)) * 10, "a.csv is not a text file: it has zero bytes"),
    "rubbish as Parquet": ("a.parquet", bytes(range(256)), "a.parquet is not a Parquet file"),
    "half a gzip": ("a.csv.gz", gzip.compress(b"a,b\n1,2\n" * 1000)[:20], "a.csv.gz cannot be decompressed"),
    "latin-1 at the head": ("a.csv", "a,b\nAda,café\n".encode("latin-1"), "a.csv:2: byte 0xe9, the 12th of the file, is not utf-8"),
    "latin-1 far below": (
        "a.csv",
        b"a,b\n" + b"Ada,2\n" * 300_000 + b"Ada,caf\xe9\n",
        "a.csv:300002: byte 0xe9, the 1,800,012th of the file, is not utf-8 [wrong-encoding]\n"
        "    it may be in cp1252 or latin-1: say encoding: NAME, on the command line --encoding NAME",
    ),
    "latin-1 among the first rows, far from the head": (
        "a.csv",
        b"a,b\n" + b"Ada,2" + b" " * 600_000 + b"\n" + b"Ada,2" + b" " * 600_000 + b"\nAda,caf\xe9\n",
        "a.csv:4: byte 0xe9, the 1,200,024th of the file, is not utf-8",  # 4 + 2 * 600,006 + 8
    ),
    "text behind a closing quote": (
        "a.csv",
        b'a,b\n1,2\n2,"x\ny"\n3,"Ada" Lovelace\n4,5\n',
        "a.csv:5: the row that begins on this line has characters after a closing quote [stray-quote]\n"
        '    if values hold quotes, switch quoting off: quote: "" in a flow, --quote "" at the command line',
    ),
    "a row longer than is read": (
        "a.csv",
        b"a,b\n1,2\n2," + b"Ada " * 4_250_000 + b"\n",
        "a.csv:3: the row that begins on this line has 17,000,003 bytes or more; DuckDB reads up to 16,000,000 of one [long-row]\n"
        "    is a quote opened there and closed much later? If it is one row, make the file Parquet, or read it by Spark",
    ),
    "a line of JSON longer than is read": (
        "a.jsonl",
        b'{"a": 1}\n{"a": "' + b"Ada " * 10_000_000 + b'"}\n',
        "a.jsonl:2: the row that begins on this line has 40,000,010 bytes or more; DuckDB reads up to 16,777,216 of one [long-row]",
    ),
    "utf-16": ("a.csv", "a,b\nAda,2\n".encode("utf-16"), "it is UTF-16: give encoding: utf-16"),
    "ragged rows": (
        "a.csv",
        RAGGED.encode(),
        "a.csv:5002: the row that begins on this line has 2 fields, expected 3 [ragged-row]\n"
        "a.csv:5003: the row that begins on this line has 4 fields, expected 3 [ragged-row]\n"
        "    a delimiter inside a value needs quotes around the value\n"
        "a.csv:5005: the row that begins on this line has 1 field, expected 3 [ragged-row]",
    ),
    "an open quote": ("a.csv", b'a,b\nAda,"2\nAda,4\n', "a.csv:2: a quote is opened on this line and perhaps never closed"),
    "line ends of two kinds": ("a.csv", b"a,b\r\nAda,x\nAda,y\r\n", "a.csv:2: this line ends with LF, and those above with CR LF"),
    "headers that differ": ("?.csv", None, "the headers of"),
    "a column without a name": ("a.csv", b"a,,c\nAda,2,3\n", "column 2 has an empty name"),
    "an array": ("a.jsonl", b'[{"a": 1}, {"a": 2}]\n', "jq -c '.[]' a.json > a.jsonl"),
    "an array over lines": ("a.jsonl", b'[\n{"a": 1}\n]\n', "jq -c '.[]' a.json > a.jsonl"),
    "a spreadsheet": ("a.xlsx", b"PK", "save the sheet as CSV"),
    "a title with commas": (
        "a.csv",
        b'Sales,,\n,,\nno,city,sum\n1,Oslo,"7,000.5"\n2,Rome,-\n',
        "the names of the columns seem to be in line 3",
    ),
    "a title of another width": ("a.csv", b"Sales\n\nno;city;sum\n1;Oslo;7,5\n2;Rome;3,5\n", "tail -n +3 a.csv > table.csv"),
    "two columns of one name": ("a.csv", b"a,b,a\nAda,2,3\n", "'a' and 'a'"),
    "a folder without files": ("nothing", None, "has no data files"),
    "a pattern that matches nothing": ("*.parquet", None, "no file matches"),
    "a missing file": ("whole.parkuet", None, "there is no file"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_bad_files(case, tmp_path):
    name, content, message = CASES[case]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    elif case == "headers that differ":
        (tmp_path / "1.csv").write_text("a,b\n1,2\n")
        (tmp_path / "2.csv").write_text("a,c\n1,2\n")
    elif case == "a missing file":
        whole_parquet(tmp_path)
        name = "whole.parkuet"
    else:
        (tmp_path / "nothing").mkdir()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(TilthError) as error:
        read(tmp_path / name, format="parquet" if name.endswith("parkuet") else None, engine=duckdb_session())
    text = str(error.value).replace(f"{tmp_path}/", "")
    assert message in text
    assert "Ada" not in text
    assert (error.value.exit_code, isinstance(error.value, SourceError | ColumnError)) == (2, True)
    assert sorted(tmp_path.iterdir()) == before


def test_a_truncated_parquet_file(tmp_path):
    whole = whole_parquet(tmp_path)
    for size in (5, 8, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "half.parquet").write_bytes(whole[:size])
        with pytest.raises(SourceError, match="truncated Parquet file"):
            read(tmp_path / "half.parquet", engine=duckdb_session())


def test_parquet_damaged_inside(tmp_path):
    whole = whole_parquet(tmp_path)
    footer = int.from_bytes(whole[-8:-4], "little")
    (tmp_path / "a.parquet").write_bytes(whole[: -8 - footer] + bytes(footer) + whole[-8:])
    with pytest.raises(SourceError, match=r"a\.parquet cannot be read"):
        read(tmp_path / "a.parquet", engine=duckdb_session())


def test_with_stated_kinds_the_file_is_rejected_later_with_the_same_message(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\nAda,2\nAda\n")
    engine = duckdb_session()
    data = read(tmp_path / "a.csv", types={"a": "string", "b": "integer"}, engine=engine)
    with pytest.raises(SourceError, match=r"a\.csv:3: the row that begins on this line has 1 field, expected 2"):
        engine.schema(data)
