"""The shapes of secrets: AWS's for databases, those of other tools, and text."""

from __future__ import annotations

import json

import pytest

from tilth.errors import RequestError
from tilth.secrets import Access, Credentials, Secret, hidden, parts_of


def given(value, **fields):
    found = Credentials.of(Secret("env:X", value if isinstance(value, str) else json.dumps(value)), fields)
    return found.user, found.password.reveal(), found.host, found.port, found.dbname, found.engine


@pytest.mark.parametrize(
    ("value", "fields", "parts"),
    [
        (
            {
                "engine": "redshift",
                "host": "h",
                "port": 5439,
                "username": "u",
                "password": "p-p-p-p",
                "dbname": "dev",
                "masterarn": "arn:x",
            },
            {},
            ("u", "p-p-p-p", "h", "5439", "dev", "redshift"),
        ),
        ({"username": "u", "password": "p-p-p-p"}, {}, ("u", "p-p-p-p", "", "", "", "")),
        ({"user": "u", "password": 12345678, "database": "d", "dbClusterIdentifier": "c"}, {}, ("u", "12345678", "", "", "d", "")),
        ({"login": "u", "pw": "p-p-p-p", "password": "another"}, {"user": "login", "password": "pw"}, ("u", "p-p-p-p", "", "", "", "")),
        ("only a password", {}, ("", "only a password", "", "", "", "")),
        ("[not an object]", {}, ("", "[not an object]", "", "", "", "")),
    ],
)
def test_shapes(value, fields, parts):
    assert given(value, **fields) == parts
    assert hidden(f"<{parts[1]}>") == "<<secret>>"


@pytest.mark.parametrize(
    ("value", "fields", "says"),
    [
        ('{"password": "marker-marker",}', {}, r"not valid JSON: line 1, column \d+"),
        ({"username": "u", "pass": "marker-marker"}, {}, "has no password"),
        ({"password": "marker-marker"}, {"password": "pw"}, "has no password"),
    ],
)
def test_what_cannot_be_used_is_not_shown(value, fields, says):
    with pytest.raises(RequestError, match=says) as raised:
        given(value, **fields)
    assert "marker-marker" not in str(raised.value)


def test_open_parts_are_strings_and_others_secrets():
    parts = parts_of(Secret("env:X", json.dumps({"host": "h.example.com", "token": "a-token-a-token", "none": None, "flag": True})))
    assert parts["host"] == "h.example.com"
    assert set(parts) == {"host", "token"}
    assert str(parts["token"]) == "Secret(env:X#token)"
    assert hidden("h.example.com a-token-a-token") == "h.example.com <secret>"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("marker-marker", "a reference to a secret"),
        ({"reference": "env:X", "fields": {"passwort": "x"}}, "did you mean 'password'"),
        ({"reference": ["marker-marker"]}, "is neither"),
        ({"secret": "marker-marker"}, "is neither"),
    ],
)
def test_what_does_not_say_how_a_place_is_opened(wrong, says):
    with pytest.raises(RequestError, match=says) as raised:
        Access.of(wrong)
    assert "marker-marker" not in str(raised.value)
