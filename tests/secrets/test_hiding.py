"""Known secrets are hidden in texts and in the records of logging."""

from __future__ import annotations

import html
import http.client
import io
import json
import logging
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tilth.errors import RequestError
from tilth.secrets import Secret, hidden, hiding

FORMS = [
    str,
    quote,
    quote_plus,
    lambda v: quote(v, safe=""),
    lambda v: quote(v, safe="").lower() if v.islower() else v,
    html.escape,
    lambda v: json.dumps({"password": v}),
    lambda v: repr({"password": v}),
    lambda v: b64encode(v.encode()).decode(),
    lambda v: urlsafe_b64encode(v.encode()).decode(),
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=8, max_size=40).filter(lambda v: v.strip() == v))
def test_a_value_is_hidden_in_every_form(value):
    secret = Secret("env:X", value)
    for form in FORMS:
        assert hiding.SHOWN in hidden(f"before {form(value)} after"), form(value)
    for user in ("u", "me", "you"):  # HTTP's basic authentication
        basic, alone = (b64encode(text.encode()).decode() for text in (f"{user}:{value}", value))
        assert hiding.SHOWN in hidden(basic)
        assert alone not in hidden(basic)
    assert secret.reveal() == value


def test_values_inside_json_are_hidden_and_the_host_is_not():
    Secret(
        "aws:db",
        json.dumps(
            {"host": "db.example.com", "username": "reader", "token": "a-token-of-it", "env": "prod", "deep": [{"k": "a-deep-one"}]}
        ),
    )
    assert hidden("reader@db.example.com in prod: a-token-of-it, a-deep-one") == "reader@db.example.com in prod: <secret>, <secret>"


def test_a_value_is_forgotten_after_an_hour(monkeypatch):
    Secret("env:X", "an-old-password")
    assert hidden("an-old-password") == hiding.SHOWN
    later = hiding.monotonic() + hiding.REMEMBERED + 1
    monkeypatch.setattr(hiding, "monotonic", lambda: later)
    Secret("env:Y", "a-new-password")
    assert hidden("an-old-password a-new-password") == "an-old-password <secret>"


def test_logs_hide_values_and_debug_messages_of_clients():
    secret = Secret("env:X", "a-password-in-logs")
    out, shown = io.StringIO(), ("tests.secrets", "botocore.parsers", "urllib3.connectionpool")
    handler = logging.StreamHandler(out)  # added after the secret became known
    for name in shown:
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        log = logging.getLogger(shown[0])
        log.info("with %s and %s", secret.reveal(), secret)
        log.info("%d", 7)
        try:
            raise ValueError(secret.reveal())
        except ValueError:
            log.exception("failed")
        for name in shown[1:]:
            logging.getLogger(name).debug("Response body: %s", "one that is not known yet")
            logging.getLogger(name).warning("a warning")
    finally:
        for name in shown:
            logging.getLogger(name).removeHandler(handler)
            logging.getLogger(name).setLevel(logging.NOTSET)
    written = out.getvalue()
    assert "with <secret> and Secret(env:X)\n7\nfailed\nTraceback" in written
    assert "a-password-in-logs" not in written
    assert "not known yet" not in written
    assert written.count(hiding.WITHHELD) == written.count("a warning") == 2


def test_debug_output_of_http_is_refused(monkeypatch):
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    with pytest.raises(RequestError, match="prints all that is sent"), hiding.fetching():
        pass
