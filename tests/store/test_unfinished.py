"""Folders that are filled over several runs; those in S3 are looked at in tests/exporting."""

from __future__ import annotations

import pytest

from tilth.errors import RequestError
from tilth.store.places import atomic
from tilth.store.unfinished import unfinished


def fill(place, *names):
    with atomic(f"{place}/{names[0]}") as path:
        path.write_text(names[0])
    if names[1:]:
        fill(place, *names[1:])


def test_files_are_seen_when_all_are_there(tmp_path):
    out = tmp_path / "to" / "out"
    folder = unfinished(str(out))
    with folder.filling() as place:
        assert (folder.seen, folder.begun) == (None, place)
        fill(place, "a")
        with pytest.raises(RequestError, match="another process"), unfinished(str(out)).filling():
            pass
    with folder.filling() as again:  # in another run
        fill(again, "b")
        assert not out.exists()
        folder.publish(again)
    assert (folder.seen, folder.begun, folder.final(again)) == (str(out), None, str(out))
    assert {p.name for p in out.iterdir()} == {"a", "b", "_tilth.json"} and [p.name for p in out.parent.iterdir()] == ["out"]
    with folder.filling() as new:
        fill(new, "left")
        folder.discard()
        fill(new, "c")
        folder.publish(new)
    assert {p.name for p in out.iterdir()} == {"c", "_tilth.json"}


def test_nothing_is_left_of_what_was_not_begun(tmp_path):
    with pytest.raises(KeyError), unfinished(str(tmp_path / "out")).filling():
        raise KeyError
    assert not [*tmp_path.iterdir()]


def test_what_was_not_written_here_stays(tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(RequestError, match="not written by Tilth"), unfinished(str(tmp_path)).filling():
        pass
    with pytest.raises(RequestError, match="is not a folder"):
        unfinished("https://example.com/x")
