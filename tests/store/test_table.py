"""Tables and queries of PostgreSQL, on a real server."""

from __future__ import annotations

from decimal import Decimal

import pytest

import tilth
from tilth.errors import MachineError, RequestError, SourceError

MADE = """
create table if not exists loans (
    id int, big bigint, amount numeric(12,2), rate numeric, who uuid, more jsonb, day date, at timestamp, zoned timestamptz,
    job text, score float8, paid boolean, "two words" interval
);
truncate loans;
insert into loans values
    (1, 9007199254740993, 3.50, 1.25, '00000000-0000-0000-0000-000000000001', '{"a": 1}', '2024-01-02', '2024-01-02 03:04:05.000006',
     '2024-01-02 03:04:05+02', 'it''s', 1.5, true, '1 day'),
    (2, null, 'NaN', 'NaN', null, null, null, null, null, null, 'NaN', null, null);
"""


@pytest.fixture(scope="module")
def database(postgres):
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres, autocommit=True) as connection, connection.cursor() as cursor:
        for statement in MADE.split(";"):
            if statement.strip():
                cursor.execute(statement)
    return postgres


def read(place):
    return tilth.write(tilth.read(place))


@pytest.mark.slow
def test_every_type(database):
    table = read(f"{database}&table=public.loans")
    assert str(table.schema.field("amount").type) == "decimal128(12, 2)"
    first, second = table.to_pylist()
    assert (first["id"], first["big"], first["amount"], first["rate"]) == (1, 2**53 + 1, Decimal("3.50"), 1.25)
    assert (first["who"][-1], first["more"], first["job"], first["two words"]) == ("1", '{"a": 1}', "it's", "1 day")
    assert [str(first[c]) for c in ("day", "at", "zoned")] == ["2024-01-02", "2024-01-02 03:04:05.000006", "2024-01-02 01:04:05+00:00"]
    assert set(second.values()) == {2, None}


@pytest.mark.slow
def test_a_place_without_a_server_is_the_local_one(database, postgres_server, monkeypatch):
    for name, value in {"PGHOST": postgres_server.folder, "PGPORT": postgres_server.port, "PGUSER": "tilth"}.items():
        monkeypatch.setenv(name, str(value))
    from tilth.store.libpq import connection_string
    from tilth.store.table import server_of

    assert read("postgresql:///postgres?query=SELECT 1 AS one").to_pylist() == [{"one": 1}]
    assert connection_string(server_of("postgresql:///shop"), "", None) == "postgresql:///shop"


@pytest.mark.slow
def test_a_query(database):
    assert read(f"{database}&query=SELECT id, amount::numeric(10,1) AS a FROM loans WHERE id < 2;").to_pylist() == [
        {"id": 1, "a": Decimal("3.5")}
    ]
    assert read(f"{database}&query=SELECT id FROM loans WHERE false").num_rows == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "error", "says"),
    [
        ("&table=nope", SourceError, '^postgresql://[^ ]* cannot be used: relation "nope" does not exist'),
        ("&query=DELETE FROM loans RETURNING id", SourceError, "syntax error"),
        ("&query=WITH q AS (DELETE FROM loans RETURNING id) SELECT * FROM q", SourceError, "data-modifying"),
        ("&query=SELECT job::int FROM loans", SourceError, "a value does not fit"),
        ("", RequestError, "needs a table or a query"),
        ("&table=loans&password=hidden", RequestError, "must not contain a password"),
    ],
)
def test_what_cannot_be_read(database, asked, error, says):
    with pytest.raises(error, match=says) as raised:
        read(f"{database}{asked}")
    assert "hidden" not in str(raised.value) and "it's" not in str(raised.value)


def test_a_password_is_not_repeated():
    with pytest.raises(RequestError, match="--secret") as error:
        read("postgresql://me:hidden@host/db?table=loans")
    assert "hidden" not in str(error.value)


def test_nothing_is_written(database):
    from adbc_driver_postgresql import dbapi

    from tilth.store.table import connected, server_and_query

    server, _ = server_and_query(f"{database}&table=loans")
    with pytest.raises(SourceError, match="read-only"), connected(server, database) as cursor:
        cursor.execute("CREATE TABLE made (x int)")
    with pytest.raises(NotImplementedError, match="nothing can be written to postgresql"):
        tilth.write(tilth.read(f"{database}&table=loans"), f"{database}&table=other")
    assert dbapi


def test_no_server(tmp_path):
    with pytest.raises(MachineError, match="cannot be reached: connection to server on socket"):
        read(f"postgresql://me@/db?host={tmp_path}&table=t")


@pytest.mark.slow
def test_a_secret_opens_a_server_whose_certificate_is_verified(database, postgres_server, monkeypatch):
    from tilth.secrets import AuthenticationFailed, references

    monkeypatch.setenv("READER", '{"username": "rotated", "password": "first-password"}')
    execute(database, "create role rotated login password 'first-password'", "grant select on loans to rotated")
    for place in (postgres_server.local, postgres_server.verified):
        assert tilth.write(tilth.read(f"{place}&query=SELECT id FROM loans", secret="env:READER")).num_rows == 2
    with pytest.raises(SourceError, match="permission denied"):
        tilth.read(f"{postgres_server.local}&table=pg_authid", secret="env:READER")
    with pytest.raises(MachineError, match="does not match host name") as other:
        tilth.read(f"{postgres_server.verified}&table=loans".replace("db.", "other."), secret="env:READER")
    assert "sslrootcert=FILE" in str(other.value)
    asked = []

    def kept(self, name, label):  # a secret manager, where the password is rotated in a run
        asked.append(name)
        return '{"username": "rotated", "password": "PASSWORD"}'.replace("PASSWORD", ["first-password", "second-password"][len(asked) > 1])

    monkeypatch.setattr(references.PROVIDERS["command"], "text", kept)
    data = tilth.read(f"{postgres_server.local}&table=loans", secret="command:manager")
    execute(database, "alter role rotated password 'second-password'")
    assert tilth.read(f"{postgres_server.local}&table=loans", secret="command:manager").names == data.names
    assert len(asked) == 2
    execute(database, "alter role rotated password 'third-password'")
    with pytest.raises(AuthenticationFailed, match="check command:manager") as refused:
        tilth.read(f"{postgres_server.local}&table=loans", secret="command:manager")
    assert "second-password" not in str(refused.value)


def execute(database, *statements):
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(database, autocommit=True) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
