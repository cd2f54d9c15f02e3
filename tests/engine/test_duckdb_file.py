"""Tables of DuckDB files, which are shut in."""

from __future__ import annotations

from decimal import Decimal

import duckdb
import pytest

import tilth
from tilth.errors import RequestError, SourceError

MADE = """
create table loans as select i as id, (i * 1.5)::decimal(9,2) as amount, 'a'::enum('a', 'b') as kind, i::hugeint as huge,
    '00000000-0000-0000-0000-000000000001'::uuid as who, interval 1 day as span, '101'::bit as bits, '{}'::json as more,
    date '2024-01-02' as day, timestamptz '2024-01-02 03:04:05+00' as at, [i] as list, 'x'::blob as raw, null as nothing
    from range(25000) t(i);
create view twice as select id * 2 as id from loans where id < 3;
create view users as select * from read_csv('OTHER');
create schema s; create table s."two words" as select 1 as a;
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("duckdb")
    (folder / "other.csv").write_text("name\na-private-name\n")
    with duckdb.connect(str(folder / "shop.db")) as connection:
        for statement in MADE.replace("OTHER", f"{folder}/other.csv").split(";"):
            connection.execute(statement)
    return f"duckdb://{folder}/shop.db"


def read(place):
    return tilth.write(tilth.read(place))


@pytest.mark.slow
def test_tables_views_and_queries(place):
    found = read(f"{place}?table=loans")
    assert (found.num_rows, found["id"].to_pylist()[-1]) == (25000, 24999)
    row = found.to_pylist()[1]
    assert (row["amount"], row["kind"], int(row["huge"])) == (Decimal("1.50"), "a", 1)
    assert (row["who"][-1], row["span"], row["bits"], row["more"], row["list"], row["raw"]) == ("1", "1 day", "101", "{}", [1], b"x")
    assert (str(row["day"]), row["at"].isoformat(), row["nothing"]) == ("2024-01-02", "2024-01-02T03:04:05+00:00", None)
    assert read(f"{place}?table=twice").to_pylist() == [{"id": 0}, {"id": 2}, {"id": 4}]
    assert read(f'{place}?table=s."two words"').to_pylist() == read(f"{place}?query=SELECT 1 AS a").to_pylist() == [{"a": 1}]
    assert read(f"{place}?query=SELECT id FROM loans WHERE false").num_rows == 0


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("table=nope", "does not exist"),
        ("table=users", "disabled by configuration"),
        ("query=SELECT * FROM read_csv('/etc/hostname')", "disabled by configuration"),
        ("query=SELECT 1) AS rows; CREATE TABLE made (a int); SELECT (1", "cannot be used"),
        ("query=SELECT kind::int AS a FROM loans", "a value does not fit"),
    ],
)
def test_what_is_refused(place, asked, says):
    with pytest.raises(SourceError, match=says) as raised:
        read(f"{place}?{asked}")
    assert "a-private-name" not in str(raised.value)


def test_what_is_not_a_file_of_duckdb(place, tmp_path):
    (tmp_path / "a.db").write_text("a,b\n1,2\n")
    with pytest.raises(SourceError, match="not a valid DuckDB database"):
        read(f"duckdb://{tmp_path}/a.db?table=t")
    with pytest.raises(RequestError, match="takes no secret"):
        tilth.read(f"{place}?table=loans", secret="env:X")
    with duckdb.connect(place.removeprefix("duckdb://")), pytest.raises(SourceError, match="not open for writing elsewhere"):
        read(f"{place}?table=loans")
