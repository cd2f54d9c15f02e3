"""Whole or not at all."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import tilth
from tests.house.closed import closed
from tilth.errors import DISK_FULL, MachineError, RequestError
from tilth.store import atomic
from tilth.store.atomic import MARK, whole_file, whole_folder


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_file_takes_its_place_at_the_end(tmp_path):
    place = tmp_path / "a.txt"
    place.write_text("old")
    with whole_file(place) as new:
        new.write_text("new")
        assert place.read_text() == "old"
    assert (place.read_text(), names(tmp_path)) == ("new", ["a.txt"])


@pytest.mark.parametrize("first_try", [KeyboardInterrupt, None], ids=["interrupted", "a thread still writes"])
def test_what_was_begun_is_gone_whatever_comes_between(tmp_path, monkeypatch, first_try):
    tries, remove = [], atomic.shutil.rmtree

    def rmtree(folder, **options):
        tries.append(folder)
        if len(tries) > 1:
            remove(folder, **options)
        elif first_try:
            raise first_try

    monkeypatch.setattr(atomic.shutil, "rmtree", rmtree)
    with pytest.raises(first_try or ZeroDivisionError), whole_folder(tmp_path / "out") as new:
        (new / "half.txt").write_text("half")
        raise ZeroDivisionError
    assert names(tmp_path) == []


@pytest.mark.parametrize("exchange", [True, False])
def test_a_folder_takes_its_place_at_the_end(tmp_path, monkeypatch, exchange):
    if not exchange:
        monkeypatch.setattr(atomic, "_exchanged", lambda a, b: False)
    place = tmp_path / "out"
    for text in ("old", "new"):
        with whole_folder(place) as new:
            (new / f"{text}.txt").write_text(text)
    assert (names(place), names(tmp_path)) == ([MARK, "new.txt"], ["out"])


@pytest.mark.parametrize("how", [whole_file, whole_folder])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_failure_leaves_the_old(tmp_path, how, error):
    place = tmp_path / "a"
    with how(place) as new:
        (new / "x" if how is whole_folder else new).write_text("old")
    with pytest.raises(error), how(place) as new:
        (new / "x" if how is whole_folder else new).write_text("new")
        raise error
    assert (place / "x" if how is whole_folder else place).read_text() == "old"
    assert names(tmp_path) == ["a"]


def test_what_others_wrote_is_not_replaced(tmp_path):
    place = tmp_path / "out"
    with whole_folder(place) as new:
        (new / "ours").touch()
    (place / "theirs").touch()
    with pytest.raises(RequestError, match="not written by Tilth: theirs"), whole_folder(place):
        pass
    with pytest.raises(RequestError, match="is a folder"), whole_file(place):
        pass
    with pytest.raises(RequestError, match="is a file"), whole_folder(place / "ours"):
        pass


def test_a_full_disk(tmp_path):
    full = OSError(28, "No space left on device")
    with pytest.raises(MachineError, match="the disk is full") as error, whole_file(tmp_path / "a"):
        raise full
    assert error.value.exit_code == 3
    assert names(tmp_path) == []


@pytest.mark.parametrize("how", [whole_file, whole_folder])
def test_no_permission(tmp_path, how):
    with pytest.raises(MachineError, match="could not be written"), how("/proc/nothing/here"):
        pass
    (tmp_path / "inner").mkdir()
    with (
        closed(tmp_path / "inner"),
        pytest.raises(MachineError, match="inner/deep/a could not be written: no permission"),
        how(tmp_path / "inner" / "deep" / "a"),
    ):
        pass


KILLED = """
    import sys, time
    from tilth.store.atomic import whole_folder
    with whole_folder(sys.argv[1]) as new:
        (new / "x").write_text("half")
        print("ready", flush=True)
        time.sleep(60)
"""


def test_what_a_killed_run_left_is_cleared_by_the_next(tmp_path):
    place = tmp_path / "out"
    ours = {**os.environ, "PYTHONPATH": str(Path(tilth.__file__).parents[1])}
    run = subprocess.Popen([sys.executable, "-c", textwrap.dedent(KILLED), str(place)], stdout=subprocess.PIPE, env=ours)
    assert run.stdout is not None
    run.stdout.readline()
    with whole_folder(place) as new:  # the other run lives: its hidden folder is left alone
        (new / "x").write_text("first")
    assert len(names(tmp_path)) == 2
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert all(name == "out" or name.startswith(".") for name in names(tmp_path))
    with whole_folder(place) as new:
        (new / "x").write_text("second")
    assert (names(tmp_path), (place / "x").read_text()) == (["out"], "second")


def test_a_run_killed_between_two_renames_loses_nothing(tmp_path):
    place = tmp_path / "out"
    old = tmp_path / ".out.tilth-dead" / "old"
    old.mkdir(parents=True)
    (old / "x").write_text("old")
    (old / MARK).write_text("x\n")
    with pytest.raises(ValueError), whole_folder(place):
        assert (place / "x").read_text() == "old"
        raise ValueError
    assert (names(tmp_path), (place / "x").read_text()) == (["out"], "old")


def test_an_engine_s_full_disk_is_told_of_the_place_that_was_asked_and_leaves_no_new_folder(tmp_path):
    place = tmp_path / "new" / "deep" / "out"
    with pytest.raises(MachineError, match=r"new/deep/out could not be written: the disk is full"), whole_folder(place) as new:
        raise MachineError(f"{new} is too large", code=DISK_FULL)
    assert names(tmp_path) == []


@pytest.mark.parametrize("how", [whole_file, whole_folder])
def test_a_file_in_the_way_of_a_folder(tmp_path, how):
    (tmp_path / "a").write_text("mine")
    with pytest.raises(RequestError, match="a is a file: nothing can be put into it"), how(tmp_path / "a" / "b" / "c"):
        pass
    assert (tmp_path / "a").read_text() == "mine"
