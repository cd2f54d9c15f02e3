"""Who is asked, as whom, and how the connection is secured."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

import pytest

from tilth.errors import RequestError
from tilth.secrets import Credentials, Secret
from tilth.store.libpq import connection_string, hint_of, is_broken, is_refused


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    for name in ("PGHOST", "PGHOSTADDR", "PGSERVICE", "PGSSLROOTCERT", "PGPASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def given(server, **parts):
    credentials = Credentials(Secret("env:X", "p@ss/word"), **parts) if parts else None
    found = urlsplit(connection_string(server, "the place", credentials))
    return found, dict(parse_qsl(found.query))


@pytest.mark.parametrize(
    ("server", "mode", "authorities"),
    [
        ("postgresql://me@db.example.com/sales", "verify-full", "system"),
        ("postgresql://me@db.example.com:5433,127.0.0.1/sales", "verify-full", "system"),
        ("postgresql:///sales?host=db.example.com", "verify-full", "system"),
        ("postgresql://db.example.com/sales?hostaddr=127.0.0.1", "verify-full", "system"),
        ("postgresql:///sales?hostaddr=10.0.0.7", "verify-full", "system"),
        ("postgresql:///sales?service=prod", "verify-full", "system"),
        ("postgresql://[2001:db8::1]:5432/sales", "verify-full", "system"),
        ("postgresql://db.example.com/sales?sslrootcert=/ca.pem", "verify-full", "/ca.pem"),
        ("postgresql://localhost/sales?hostaddr=10.0.0.7", "verify-full", "system"),
        ("postgresql:///sales", None, None),
        ("postgresql://%2Frun%2Fpostgresql/sales", None, None),
        ("postgresql:///sales?host=/run/postgresql", None, None),
        ("postgresql://localhost/sales", None, None),
        ("postgresql://[::1]:5432/sales", None, None),
        ("postgresql://127.0.0.2/sales?sslmode=disable", "disable", None),
    ],
)
def test_the_certificate_is_verified_over_a_network(server, mode, authorities):
    _, options = given(server)
    assert (options.get("sslmode"), options.get("sslrootcert")) == (mode, authorities)


def test_the_environment_names_a_server_and_authorities(monkeypatch, tmp_path):
    monkeypatch.setenv("PGHOSTADDR", "10.0.0.7")
    assert given("postgresql://localhost/sales")[1]["sslmode"] == "verify-full"
    monkeypatch.delenv("PGHOSTADDR")
    monkeypatch.setenv("PGHOST", "db.example.com")
    assert given("postgresql:///sales")[1]["sslmode"] == "verify-full"
    monkeypatch.setenv("PGSSLMODE", "disable")  # a weaker mode must be written into the place
    assert given("postgresql:///sales")[1]["sslmode"] == "verify-full"
    (tmp_path / ".postgresql").mkdir()
    (tmp_path / ".postgresql/root.crt").touch()
    assert "sslrootcert" not in given("postgresql:///sales")[1]


def test_a_weaker_mode_is_warned_of():
    with pytest.warns(UserWarning, match="the place: sslmode=require does not verify") as found:
        given("postgresql:///sales?sslmode=require", host="db.example.com")
    assert found[0].filename == __file__


def test_what_the_place_lacks_comes_from_the_secret():
    every = {"user": "app_clone", "host": "other.example.com", "port": "5555", "dbname": "other", "engine": "postgres"}
    uri, options = given("postgresql://app@db.example.com/sales?sslmode=verify-full", **every)
    assert (uri.netloc, uri.path, options["user"], options["password"]) == ("db.example.com", "/sales", "app_clone", "p@ss/word")
    assert not {"host", "port", "dbname"} & set(options)
    uri, options = given("postgresql:///?application_name=x", **every)
    assert (options["host"], options["port"], options["dbname"], options["sslmode"]) == (
        "other.example.com",
        "5555",
        "other",
        "verify-full",
    )
    uri, options = given("postgresql://app@localhost/sales", user="", host="h")
    assert (uri.netloc, options) == ("app@localhost", {"password": "p@ss/word"})
    with pytest.raises(RequestError, match=r"env:X is one of mysql, but the place is in PostgreSQL"):
        given("postgresql://localhost/sales", engine="mysql")


@pytest.mark.parametrize(
    ("message", "broken"),
    [
        ("[libpq] Execution error [PGRES_FATAL_ERROR]: FATAL:  terminating connection due to administrator command", True),
        ("server closed the connection unexpectedly", True),
        ('[libpq] Execution error [PGRES_FATAL_ERROR]: ERROR:  invalid input syntax for type integer: "x"', False),
    ],
)
def test_which_messages_say_that_the_connection_has_ended(message, broken):
    assert is_broken(message) is broken


@pytest.mark.parametrize(
    ("message", "refused"),
    [
        ('FATAL:  password authentication failed for user "reader"', True),
        ("fe_sendauth: no password supplied", True),
        ('FATAL:  role "nologin" is not permitted to log in', True),
        ('FATAL:  database "nodb" does not exist', False),
    ],
)
def test_which_messages_refuse_a_user(message, refused):
    assert is_refused(message) is refused
    assert hint_of(message) == ("name a database of that server" if "nodb" in message else "is the server running?")


def test_a_network_that_is_gone_is_noticed():
    """By default libpq waits for two hours, as the system does; what the place says stays."""
    options = given("postgresql://db.example.com/sales?keepalives_idle=5")[1]
    assert (options["keepalives_idle"], options["keepalives_count"], options["connect_timeout"]) == ("5", "3", "30")
    assert "connect_timeout" not in given("postgresql:///sales")[1]
