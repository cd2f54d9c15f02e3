"""Atomic writes."""

import os
import signal
import subprocess
import sys
import textwrap
from functools import partial
from pathlib import Path

import pytest

import tilth
from tests.house.closed import closed
from tilth.errors import DISK_FULL, MachineError, RequestError
from tilth.store.atomic import LISTING
from tilth.store.places import atomic
from tilth.store.scratch import LOCK

whole_file, whole_folder = partial(atomic, folder=False), partial(atomic, folder=True)


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def test_a_file_is_replaced_at_the_end(tmp_path):
    place = tmp_path / "a.txt"
    place.write_text("old")
    with whole_file(place) as new:
        new.write_text("new")
        assert place.read_text() == "old"
    assert (place.read_text(), names(tmp_path)) == ("new", ["a.txt"])


def test_a_folder_is_replaced_at_the_end(tmp_path):
    place = tmp_path / "out"
    for text in ("old", "new"):
        with whole_folder(place) as new:
            (new / f"{text}.txt").write_text(text)
    assert (names(place), names(tmp_path)) == ([LISTING, "new.txt"], ["out"])


@pytest.mark.parametrize("how", [whole_file, whole_folder], ids=["file", "folder"])
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


def test_foreign_files_are_not_replaced(tmp_path):
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


@pytest.mark.parametrize("how", [whole_file, whole_folder], ids=["file", "folder"])
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
    from tilth.store.places import atomic
    with atomic(sys.argv[1], folder=True) as new:
        (new / "x").write_text("half")
        print("ready", flush=True)
        time.sleep(60)
"""


def test_the_remains_of_a_killed_run_are_removed_by_the_next(tmp_path):
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
    with whole_folder(place):
        hidden = next(p for p in tmp_path.iterdir() if p.name.startswith("."))
    old = hidden.with_name(f"{hidden.name}-dead") / "old"
    old.mkdir(parents=True)
    (old / "x").write_text("old")
    (old.parent / LOCK).touch()
    (place / LISTING).unlink()
    place.rmdir()
    with pytest.raises(ValueError), whole_folder(place):
        assert (place / "x").read_text() == "old"
        raise ValueError
    assert (names(tmp_path), (place / "x").read_text()) == (["out"], "old")


def test_a_full_disk_of_an_engine_names_the_target_and_leaves_no_new_folder(tmp_path):
    place = tmp_path / "new" / "deep" / "out"
    with pytest.raises(MachineError, match=r"new/deep/out could not be written: the disk is full"), whole_folder(place) as new:
        raise MachineError(f"{new} is too large", code=DISK_FULL)
    assert names(tmp_path) == []


@pytest.mark.parametrize("how", [whole_file, whole_folder], ids=["file", "folder"])
def test_a_file_in_the_way_of_a_folder(tmp_path, how):
    (tmp_path / "a").write_text("mine")
    with pytest.raises(RequestError, match="a is a file: it cannot contain files"), how(tmp_path / "a" / "b" / "c"):
        pass
    assert (tmp_path / "a").read_text() == "mine"


@pytest.mark.parametrize("how", [whole_file, whole_folder], ids=["file", "folder"])
def test_a_name_that_is_too_long(tmp_path, how):
    with pytest.raises(RequestError, match="the name is too long") as error, how(tmp_path / ("n" * 300)) as new:
        new.write_text("")
    assert error.value.exit_code == 2
    assert names(tmp_path) == []


def test_what_is_not_a_list_of_tilth_lists_nothing(tmp_path):
    place = tmp_path / "out"
    place.mkdir()
    (place / LISTING).write_text("[1]")
    (place / "theirs").touch()
    with pytest.raises(RequestError, match="not written by Tilth: theirs"), whole_folder(place):
        pass
