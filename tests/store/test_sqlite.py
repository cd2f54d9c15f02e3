"""Tables of SQLite files, in one read transaction that may do nothing else."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pyarrow as pa
import pytest

import tilth
from tilth.errors import MachineError, SourceError
from tilth.flow import Flow
from tilth.store import sqlite

MADE = """
create table loans (id integer primary key, amount, note, raw, mixed, blank, "two words" real);
insert into loans values
    (1, 2, 'a', x'00ff', 'x', null, 1.5), (2, 2.5, 7, null, x'01', null, null), (9007199254740993, null, null, null, 1, null, 2);
create view notes as select id, note from loans;
create table bad (t text);
insert into bad values (cast(x'61ff' as text));
create table empty (a, b);
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    path = tmp_path_factory.mktemp("sqlite") / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(MADE)
        connection.commit()
    return f"sqlite://{path}"


def read(place):
    return tilth.write(tilth.read(place))


def test_a_column_is_what_its_values_are(place):
    found = read(f'{place}?query=SELECT id, amount, note, raw, blank, "two words" FROM loans')
    assert found.schema.types == [pa.int64(), pa.float64(), pa.string(), pa.binary(), pa.string(), pa.float64()]
    assert found.to_pydict() == {
        "id": [1, 2, 2**53 + 1],
        "amount": [2.0, 2.5, None],
        "note": ["a", "7", None],
        "raw": [b"\x00\xff", None, None],
        "blank": [None, None, None],
        "two words": [1.5, None, 2.0],
    }
    assert read(f"{place}?table=notes")["note"].to_pylist() == ["a", "7", None]
    assert (read(f"{place}?table=empty").num_rows, tilth.read(f"{place}?table=empty").names) == (0, ("a", "b"))


def test_many_rows_come_in_batches(place, monkeypatch):
    monkeypatch.setattr(sqlite, "ROWS", 2)
    assert read(f"{place}?query=SELECT id FROM loans")["id"].to_pylist() == [1, 2, 2**53 + 1]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("table=nope", "no such table: nope"),
        ("query=SELECT mixed FROM loans", "'mixed' has blobs and other values"),
        ("table=bad", "Could not decode"),
        ("query=SELECT load_extension('x')", "not authorized"),
        ("query=SELECT * FROM pragma_database_list", "not authorized|prohibited|unsafe"),
        ("query=SELECT 1) ; DROP TABLE loans; SELECT (1", "syntax error|one statement"),
        ("query=DELETE FROM loans RETURNING id", "syntax error"),
    ],
)
def test_what_is_refused(place, asked, says):
    with pytest.raises(SourceError, match=says) as raised:
        read(f"{place}?{asked}")
    assert "a\\xff" not in str(raised.value)


def test_what_is_not_a_file_of_sqlite(tmp_path, place):
    (tmp_path / "a.db").write_text("a,b\n1,2\n" * 100)
    with pytest.raises(SourceError, match="not a database"):
        read(f"sqlite://{tmp_path}/a.db?table=t")
    with closing(sqlite3.connect(place.removeprefix("sqlite://"), isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sqlite, "BUSY", 0.01)
            with pytest.raises(MachineError, match="locked"):
                read(f"{place}?table=loans")


def test_the_path_is_relative_to_the_flow_file(place, tmp_path):
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows/shop.db").write_bytes(open(place.removeprefix("sqlite://"), "rb").read())  # noqa: PTH123, SIM115
    (tmp_path / "flows/f.yaml").write_text(
        "data: {read: 'sqlite://shop.db?query=SELECT id, amount FROM loans'}\nfeatures: [{impute: amount}]\n"
    )
    fitted = tilth.fit(Flow.load(tmp_path / "flows/f.yaml"))
    assert fitted.row({"id": 1, "amount": None})["amount"] == 2.25
