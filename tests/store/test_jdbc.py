"""Places of JDBC: what is the driver's, what Tilth's, and what is refused without what it may hold."""

from __future__ import annotations

import pytest

import tilth
from tilth.errors import RequestError
from tilth.store.jdbc import JdbcTable

URLS = {
    "jdbc:postgresql://h:5432/db?table=a": "jdbc:postgresql://h:5432/db",
    "jdbc:postgresql://[::1]:5432/db?sslmode=verify-full&table=a&user=me": "jdbc:postgresql://[::1]:5432/db?sslmode=verify-full&user=me",
    "jdbc:oracle:thin:@//h:1521/s?table=a": "jdbc:oracle:thin:@//h:1521/s",
    "jdbc:oracle:thin:@(ADDRESS=(PROTOCOL=tcps)(HOST=h))?table=a": "jdbc:oracle:thin:@(ADDRESS=(PROTOCOL=tcps)(HOST=h))",
    "jdbc:sqlserver://h:1433;databaseName=d?query=SELECT '@' AS a": "jdbc:sqlserver://h:1433;databaseName=d",
    "jdbc:db2://h:50000/DB:currentSchema=X;?table=a": "jdbc:db2://h:50000/DB:currentSchema=X;",
    "jdbc:h2:file:/me@home/x?query=SELECT token FROM t WHERE token = 'a'": "jdbc:h2:file:/me@home/x",
}


@pytest.mark.parametrize("place", URLS)
def test_the_url_of_the_driver(place):
    assert dict(JdbcTable.of(place).options)["url"] == URLS[place]


def test_options():
    place = "jdbc:mysql://h/db?useSSL=true&table=a&partitioncolumn=id&LOWERBOUND=1&upperBound=9&numPartitions=3&fetchsize=5"
    assert dict(JdbcTable.of(place).options) == {
        "url": "jdbc:mysql://h/db?useSSL=true",
        "dbtable": "a",
        "fetchsize": "5",
        "preferTimestampNTZ": "true",
        "driver": "com.mysql.cj.jdbc.Driver",
        "partitionColumn": "id",
        "lowerBound": "1",
        "upperBound": "9",
        "numPartitions": "3",
    }
    assert dict(JdbcTable.of("jdbc:h2:x?query=SELECT 1 %2B 1 AS a;").options)["dbtable"] == "(SELECT 1 + 1 AS a) tilth_rows"
    assert dict(JdbcTable.of("jdbc:mysql://h/db?table=a&driver=b.C").options)["driver"] == "b.C"


@pytest.mark.parametrize("table", ["a", "s.a", '"a b"."c"', '"a "" b"', "`a b`.c", "[a b].[c]", "s.a$b#c"])
def test_tables(table):
    assert dict(JdbcTable.of(f"jdbc:h2:x?table={table.replace('%', '%25')}").options)["dbtable"] == table


REFUSED = {
    "jdbc:h2:x": "needs a table or a query",
    "jdbc:h2:x?table=a&query=SELECT 1": "needs a table or a query",
    "jdbc:h2:x?table=a; DROP TABLE b": "not the name of a table",
    "jdbc:h2:x?table=(SELECT 1) t": "not the name of a table",
    "jdbc:h2:x?table=a b": "not the name of a table",
    "jdbc:h2:x?query=SELECT 1) t; DELETE FROM t; SELECT * FROM (SELECT 1": "not one complete SELECT",
    "jdbc:h2:x?query=SELECT 1) t DELETE FROM t SELECT * FROM (SELECT 1": "not one complete SELECT",
    "jdbc:h2:x?query=SELECT (1": "not one complete SELECT",
    "jdbc:h2:x?query=SELECT 'a": "not one complete SELECT",
    "jdbc:h2:x?table=a&lowerBound=1": "also needs partitionColumn, upperBound and numPartitions",
    "jdbc:h2:x?table=a&fetchsize=many": "fetchsize: 'many' is not a number",
}


@pytest.mark.parametrize("place", REFUSED)
def test_refused(place):
    with pytest.raises(RequestError, match=REFUSED[place]):
        JdbcTable.of(place)


@pytest.mark.parametrize(
    "place",
    [
        "jdbc:postgresql://me:marker-word@h/db?table=a",
        "jdbc:postgresql://me:marker-word?x@h/db?table=a",
        "jdbc:postgresql://h/db?user=me&password=marker-word&table=a",
        "jdbc:postgresql://h/db?sslpass%77ord=marker-word&table=a",
        "jdbc:sqlserver://h;user=me;PWD=marker-word?table=a",
        "jdbc:sqlserver://h;accessToken=marker-word?table=a",
        "jdbc:mysql://(host=h,password=marker-word)/db?table=a",
        "jdbc:oracle:thin:me/marker-word@h:1521:db?table=a",
        "jdbc:oracle:thin:@(DESCRIPTION=(WALLET_PASSWORD=marker-word))?table=a",
        "jdbc:db2://h:1/DB:password=marker-word;?table=a",
    ],
)
def test_a_password_in_the_place_is_refused_without_showing_it(place):
    for secret in (None, "env:X"):
        with pytest.raises(RequestError, match="must not contain a password") as raised:
            tilth.read(place, secret=secret)
        assert "marker-word" not in str(raised.value)


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("jdbc:postgresql://h/db?table=a", r"or read it as postgresql://host/db\?table=…"),
        ("jdbc:oracle:thin:@h:1:s?table=a", "add --engine spark"),
    ],
)
def test_duckdb_names_the_engine_that_reads_it(place, says):
    with pytest.raises(NotImplementedError, match=says):
        tilth.read(place, secret="env:X")
