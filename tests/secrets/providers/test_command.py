"""Secrets that a program prints."""

from __future__ import annotations

import pytest

from tilth.errors import MachineError, RequestError
from tilth.secrets import resolve
from tilth.secrets.providers import command


def test_what_a_program_prints():
    assert resolve("command:printf '%s\\n' 'a password; $HOME'").reveal() == "a password; $HOME"  # no shell


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        ("no-such-program-here", RequestError, "cannot be started"),
        ("printf 'marker", RequestError, "cannot be read"),
        ("sh -c 'echo marker-marker; echo marker-marker >&2; exit 3'", MachineError, "status 3"),
        ("printf '\\377'", RequestError, "not UTF-8"),
        ("true", RequestError, "is empty"),
        ("cat", RequestError, "is empty"),
        ("sleep 5", MachineError, "did not end"),
    ],
)
def test_what_a_program_does_wrong(words, error, says, monkeypatch):
    monkeypatch.setattr(command, "SECONDS", 0.2)
    with pytest.raises(error, match=says) as raised:
        resolve(f"command:{words}")
    assert "marker-marker\n" not in str(raised.value).replace(words, "")
