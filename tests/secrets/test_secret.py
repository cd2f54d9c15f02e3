"""A secret shows its reference wherever it may be shown."""

from __future__ import annotations

import copy
import io
import json
import pickle
import traceback

import pytest
import yaml

from tilth.secrets import Secret

VALUE = "m4rker-value"
SHOWN = "Secret(env:MARKER)"


def test_whatever_shows_a_secret_shows_its_reference(monkeypatch):
    monkeypatch.setenv("MARKER", VALUE)
    secret = Secret("env:MARKER", VALUE)
    assert secret.reveal() == VALUE
    printed = io.StringIO()
    print(secret, [secret], {"a": (secret,)}, file=printed)
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret!r}",
        f"{secret:>30}".strip(),
        f"{secret}",
        secret + "",
        json.loads(json.dumps(secret)),
    ]
    assert set(shown) == {SHOWN}
    written = [
        printed.getvalue(),
        str(shown),
        json.dumps({"x": [secret]}),
        yaml.dump(str(secret)),
        str(dir(secret)),
        str(getattr(secret, "__dict__", "")),
    ]
    assert all(VALUE not in text for text in written)
    assert VALUE.encode() not in pickle.dumps(secret)
    assert pickle.loads(pickle.dumps(secret)).reveal() == VALUE  # asked for again
    assert copy.copy(secret) is copy.deepcopy(secret) is secret
    assert secret != Secret("env:MARKER", VALUE)
    with pytest.raises(AttributeError):
        secret.other = 1


def test_a_traceback_shows_no_value():
    secret = Secret("env:MARKER", VALUE)
    try:
        raise ValueError(secret)
    except ValueError as error:
        shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert SHOWN in shown
    assert VALUE not in shown.replace(f'VALUE = "{VALUE}"', "")
