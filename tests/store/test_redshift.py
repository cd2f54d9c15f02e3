"""Redshift, of which a stand-in for the driver plays the server: it hands out what the driver's own cursor does, and its errors."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

import tilth
from tilth.errors import MachineError, MissingExtra, RequestError, SourceError
from tilth.secrets import AuthenticationFailed, references
from tilth.store import redshift

SECRET = '{"engine": "redshift", "host": "wh.example.com", "port": "5440", "username": "me", "password": "marker-word", "dbname": "dev"}'
COLUMNS = [
    ("id", 20),
    ("n", 1700),
    ("blank", 1700),
    ("day", 1082),
    ("at", 1184),
    ("s", 1043),
    ("super", 4000),
    ("ok", 16),
    ("raw", 6551),
    ("f", 700),
    ("tz", 1266),
]
AT = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
ROWS = [
    (1, Decimal("1.50"), None, date(2024, 1, 2), AT, "a", '{"a": 1}', True, "\x00", 1.5, datetime(2024, 1, 1).time()),
    *[(None,) * 11] * 2,
    (2, Decimal("-7.25"), Decimal("3.125"), None, None, "b", None, False, None, None, None),
]


class Error(Exception):
    pass


class Driver:
    """What `redshift_connector` is used for."""

    Error = Error

    def __init__(self, rows=ROWS, fails=()):
        self.rows, self.fails, self.asked, self.executed = list(rows), dict(fails), [], []
        self.description, self.autocommit = [(name, oid, None, None, None, None, None) for name, oid in COLUMNS], False

    def connect(self, **options):
        self.asked.append(options)
        self._fail("connect")
        return self

    def cursor(self):
        return self

    def close(self):
        pass

    def execute(self, statement):
        assert self.autocommit
        self.executed.append(statement)
        self._fail("execute" if statement.startswith("SELECT") else "")

    def fetchmany(self, size):
        taken, self.rows = tuple(self.rows[:size]), self.rows[size:]
        if not taken:
            self._fail("fetch")
        return taken

    def _fail(self, where):
        if where in self.fails:
            raise self.fails[where]


@pytest.fixture
def driver(monkeypatch):
    monkeypatch.setenv("WAREHOUSE", SECRET)

    def install(**options):
        made = Driver(**options)
        monkeypatch.setitem(sys.modules, "redshift_connector", made)
        return made

    return install


def read(place="redshift:///?table=sales.orders", secret="env:WAREHOUSE"):
    return tilth.write(tilth.read(place, secret=secret))


def test_rows_and_types(driver, monkeypatch):
    monkeypatch.setattr(redshift, "ROWS", 3)
    made = driver()
    found = read()
    assert [str(t) for t in found.schema.types[:6]] == [
        "int64",
        "decimal128(38, 2)",
        "double",
        "date32[day]",
        "timestamp[us, tz=UTC]",
        "string",
    ]
    first, *_, last = found.to_pylist()
    assert (first["n"], first["super"], first["ok"], first["raw"], first["f"], first["tz"]) == (
        Decimal("1.50"),
        '{"a": 1}',
        True,
        b"\x00",
        1.5,
        "00:00:00",
    )
    assert (last["n"], last["blank"], found.num_rows) == (Decimal("-7.25"), 3.125, 4)
    assert made.executed == ["BEGIN READ ONLY", 'SELECT * FROM (SELECT * FROM "sales"."orders") AS rows']
    assert made.asked == [
        {
            "host": "wh.example.com",
            "port": 5440,
            "database": "dev",
            "user": "me",
            "password": "marker-word",
            "ssl": True,
            "sslmode": "verify-full",
        }
    ]


def test_the_place_wins_and_an_empty_table_has_columns(driver):
    made = driver(rows=[])
    found = read("redshift://other.example.com:5439/prod?query=SELECT 1;")
    assert (found.num_rows, found.schema.names[0], found.schema.field("n").type) == (0, "id", pa.float64())
    assert {name: made.asked[0][name] for name in ("host", "port", "database")} == {
        "host": "other.example.com",
        "port": 5439,
        "database": "prod",
    }
    made = driver(rows=[])
    with pytest.warns(UserWarning, match="sslmode=verify-ca"):
        read("redshift:///?table=t&sslmode=verify-ca")


def refused(code, message="it says marker-word"):
    return Error({"S": "FATAL", "C": code, "M": message})


@pytest.mark.parametrize(
    ("where", "raised", "error", "says"),
    [
        ("connect", refused("28P01"), AuthenticationFailed, "it says <secret>"),
        ("connect", refused("3D000"), MachineError, "cannot be reached: it says <secret>"),
        ("connect", OSError("marker-word"), MachineError, "cannot be reached"),
        ("connect", Error("server refuses marker-word"), MachineError, "refuses <secret>"),
        ("execute", refused("42P01", "relation does not exist"), SourceError, "relation does not exist"),
        ("execute", refused("42501", "permission denied"), SourceError, "permission denied"),
        ("execute", refused("22012", "division by zero of marker-value"), SourceError, "a value does not fit"),
        ("fetch", BrokenPipeError("marker-word"), MachineError, "cannot be reached"),
        ("fetch", UnicodeDecodeError("utf-8", b"\xff", 0, 1, "marker-value"), SourceError, "not UTF-8"),
    ],
)
def test_errors(driver, where, raised, error, says):
    driver(fails={where: raised})
    with pytest.raises(error, match=says) as found:
        read()
    assert "marker" not in str(found.value)


def test_a_renewed_secret_is_tried_once_more(driver, monkeypatch):
    made = driver(fails={"connect": refused("28P01")})
    monkeypatch.setattr(references.PROVIDERS["env"], "text", lambda *_: SECRET.replace("marker-word", f"marker-{len(made.asked)}"))
    with pytest.raises(AuthenticationFailed):
        read()
    assert [options["password"] for options in made.asked] == ["marker-0", "marker-1"]


@pytest.mark.parametrize(
    ("place", "secret", "says"),
    [
        ("redshift://h/db?table=t", None, "needs a secret"),
        ("redshift://h/db?table=t", {"engine": "postgres", "username": "me", "password": "marker-word"}, "one of postgres"),
        ("redshift://h?table=t", {"username": "me", "password": "marker-word"}, "has the database"),
        ("redshift://h/db?table=t", "marker-word", "has the user"),
        ("redshift://h/db?table=t&sslmode=require", SECRET, "no sslmode 'require'"),
        ("redshift://h/db?table=t&iam=true", SECRET, "no option 'iam'"),
    ],
)
def test_what_is_not_enough(driver, monkeypatch, place, secret, says):
    driver()
    monkeypatch.setenv("WAREHOUSE", secret if isinstance(secret, str) else json.dumps(secret))
    with pytest.raises(RequestError, match=says) as raised:
        read(place, secret and "env:WAREHOUSE")
    assert "marker" not in str(raised.value)


def test_without_the_driver(driver, monkeypatch):
    driver()
    monkeypatch.setitem(sys.modules, "redshift_connector", None)
    with pytest.raises(MissingExtra, match=r"tilth\[redshift\]"):
        read()
