"""Scratch folders: gone with their process, and what a killed one left is cleared away by the next, but nothing of anybody else's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.house.tree import SRC
from tilth.engine.duckdb import DuckDB
from tilth.errors import RequestError
from tilth.store import scratch
from tilth.store.scratch import LOCK, Scratch

WORK = """
import sys, time
from tilth.engine.duckdb import DuckDB
held = DuckDB().session(), DuckDB(spill=sys.argv[1]).session()
print("ready", flush=True)
time.sleep(60)
"""


@contextmanager
def at_work(place: Path) -> Iterator[subprocess.Popen[str]]:
    """A process with two engines, whose scratch folders are in `place`: one for temporary files, one to spill."""
    environ = os.environ | {"PYTHONPATH": str(SRC), "TMPDIR": str(place)}
    process = subprocess.Popen([sys.executable, "-c", WORK, str(place)], stdout=subprocess.PIPE, text=True, env=environ)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(scratch.tempfile, "tempdir", str(tmp_path))
    return tmp_path


def names(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()}


@pytest.mark.slow
def test_folders_of_killed_processes_are_removed_and_of_running_ones_kept(place: Path) -> None:
    with at_work(place) as process:
        theirs = names(place)
        assert sorted(name.split("-")[0] for name in theirs) == [".tilth", "tilth"]
        ours = DuckDB().session(), DuckDB(spill=place).session()
        assert len(names(place)) == 4 and theirs < names(place)
        del ours
        assert names(place) == theirs
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert names(place) == theirs
    Scratch()
    assert [name.split("-")[0] for name in names(place)] == [".tilth"]  # each kind is cleared by the next of its kind
    Scratch(place)
    assert names(place) == set()


def test_foreign_folders_are_kept(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "tilth-project").mkdir()  # no scratch folder, though it is called like one
    left = place / "tilth-left"
    left.mkdir()
    (left / LOCK).touch()
    (place / "tilth-link").symlink_to(left)
    (place / "tilth-file").touch()
    before = names(place)
    with monkeypatch.context() as other:
        other.setattr(os, "geteuid", lambda: left.stat().st_uid + 1)
        Scratch()
        assert names(place) == before
    Scratch()
    assert names(place) == before - {"tilth-left"}


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"the spill folder .* cannot be used: No such file"):
        Scratch(tmp_path / "nowhere")


def test_a_fork_leaves_it_alone(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = Scratch()
    monkeypatch.setattr(os, "getpid", lambda: 0)
    held.close()
    assert Path(held.name).is_dir()


def test_a_reference_to_close_keeps_the_folder(place: Path) -> None:
    close = Scratch().close
    assert len(names(place)) == 1
    close()
    assert names(place) == set()


def test_a_folder_is_no_leftover_before_it_is_locked(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others: list[Scratch] = []
    locked, other = scratch.locked, threading.Thread(target=lambda: others.append(Scratch(place)))

    def interrupted(handle: int) -> bool:
        """Another thread makes a folder, and looks for leftovers, before this one is locked."""
        monkeypatch.setattr(scratch, "locked", locked)
        other.start()
        other.join(0.1)
        return locked(handle)

    monkeypatch.setattr(scratch, "locked", interrupted)
    first = Scratch(place)
    other.join()
    assert Path(first.name, LOCK).exists() and Path(others[0].name, LOCK).exists()
