"""References: what they are, what they resolve to, and when a value is asked for again."""

from __future__ import annotations

import pytest

from tilth.errors import RequestError
from tilth.secrets import AuthenticationFailed, Reference, kept, renewing, resolve
from tilth.secrets.references import PROVIDERS, Provider


class Counted(Provider):
    """A remote provider, whose value changes when it is told to."""

    keeps, has_labels = 3600.0, True
    asked, value = 0, '{"password": "first-value"}'

    def text(self, name, label):
        Counted.asked += 1
        return Counted.value


@pytest.fixture
def counted(monkeypatch):
    monkeypatch.setattr(Counted, "asked", 0)
    monkeypatch.setattr(Counted, "value", '{"password": "first-value"}')
    with PROVIDERS.lent("counted", Counted):
        yield "counted:db#password"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("env:NAME", ("env", "NAME", "", "")),
        ("file:secrets/pg.json#password", ("file", "secrets/pg.json", "password", "")),
        ("aws:arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/pg-AbCdEf@AWSPREVIOUS", None),
        ("aws:team@prod/pg#user", ("aws", "team@prod/pg", "user", "")),
        ("aws-secret:prod/pg#password@AWSPENDING", ("aws-secret", "prod/pg", "password", "AWSPENDING")),
        ("keyring:a#b/me", ("keyring", "a#b/me", "", "")),
        ("command:pass show a#b", ("command", "pass show a#b", "", "")),
        ("vault:secret/prod/pg#password", ("vault", "secret/prod/pg", "password", "")),
    ],
)
def test_a_reference_has_parts(text, parts):
    found = Reference.of(text)
    assert str(found) == text
    assert parts is None or (found.scheme, found.name, found.field, found.label) == parts


@pytest.mark.parametrize("literal", ["hunter2-literal", "user:hunter2-literal", "env:", "postgresql://me:hunter2-literal@h/db", ""])
def test_a_literal_is_not_repeated(literal):
    with pytest.raises(RequestError, match="this is not a reference to a secret") as raised:
        resolve(literal)
    assert "hunter2" not in str(raised.value)


def test_a_remote_secret_is_kept_for_an_hour(counted, monkeypatch):
    assert resolve(counted).reveal() == resolve(counted).reveal() == "first-value"
    assert (resolve("counted:db").reveal(), Counted.asked) == (Counted.value, 1)
    resolve("counted:db@AWSPREVIOUS")
    assert Counted.asked == 2
    later = kept.monotonic() + Counted.keeps + 1
    monkeypatch.setattr(kept, "monotonic", lambda: later)
    resolve(counted)
    assert Counted.asked == 3


def test_a_rotated_secret_is_tried_once_more(counted):
    tried = []

    def connect(secret):
        tried.append(secret.reveal())
        if secret.reveal() == "first-value":
            raise AuthenticationFailed("refused")
        return "connected"

    resolve(counted)
    with pytest.raises(AuthenticationFailed):
        renewing(counted, connect)
    assert (tried, Counted.asked) == (["first-value"], 2)  # it has not changed: no second try
    Counted.value = '{"password": "second-value"}'
    assert renewing(counted, connect) == "connected"
    assert tried[1:] == ["first-value", "second-value"]


def test_fields(counted):
    for field, says in (("user", "not have that field"), ("password", None)):
        if says:
            with pytest.raises(RequestError, match=says) as raised:
                resolve(f"counted:db#{field}")
            assert "first-value" not in str(raised.value)
    for value, says in (
        ("plain-value", "not a JSON object"),
        ('["plain-value"]', "not a JSON object"),
        ('{"password": ["plain-value"]}', "not have that field"),
    ):
        Counted.value = value
        with pytest.raises(RequestError, match=says) as raised:
            resolve(counted, fresh=True)
        assert "plain-value" not in str(raised.value)
    Counted.value = '{"password": ""}'
    with pytest.raises(RequestError, match="is empty"):
        resolve(counted, fresh=True)
