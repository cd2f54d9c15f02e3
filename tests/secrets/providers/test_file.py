"""Secrets in files that only their owner may read."""

from __future__ import annotations

import os

import pytest

from tilth.errors import RequestError
from tilth.secrets import resolve
from tilth.secrets.providers.file import LAX


def kept(tmp_path, content=b"a-password\n", mode=0o600):
    path = tmp_path / "secret"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_private_file(tmp_path):
    assert resolve(f"file:{kept(tmp_path)}").reveal() == "a-password"
    path = kept(tmp_path, b'{"password": "in-json"}')
    assert resolve(f"file:{path}#password").reveal() == "in-json"


@pytest.mark.parametrize(
    ("content", "mode", "says"),
    [
        (b"marker-marker", 0o640, "chmod 600"),
        (b"marker-marker", 0o604, "its mode is 0604"),
        (b"marker-marker\xff", 0o600, "not UTF-8"),
        (bytes(65537), 0o600, "more than 64 KiB"),
        (b"\n", 0o600, "is empty"),
    ],
    ids=["group", "others", "bytes", "large", "empty"],
)
def test_what_is_refused(tmp_path, content, mode, says):
    with pytest.raises(RequestError, match=says) as raised:
        resolve(f"file:{kept(tmp_path, content, mode)}")
    assert "marker-marker" not in str(raised.value)


def test_links_and_what_is_not_a_file(tmp_path, monkeypatch):
    link = tmp_path / "link"
    link.symlink_to(kept(tmp_path, mode=0o644))
    os.mkfifo(tmp_path / "pipe")
    for name, says in (("link", "symbolic link"), ("pipe", "is not a file"), ("none", "No such file"), (".", "is not a file")):
        with pytest.raises(RequestError, match=says):
            resolve(f"file:{tmp_path / name}")
    monkeypatch.setenv(LAX, "1")
    assert resolve(f"file:{link}").reveal() == "a-password"
