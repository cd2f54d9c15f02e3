"""Standard output and error that are closed, full, read by nobody, or without most characters."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.processes import ENVIRON, finish, start

CASES = [
    ("--help", 0),
    ("--version", 0),
    ("run --help", 0),
    ("check a.csv good.dqdl", 0),
    ("check a.csv bad.dqdl --json", 1),
    ("check nothing.csv good.dqdl", 2),
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "a.csv").write_text("age\n1\n2\n")
    (tmp_path / "good.dqdl").write_text("Rules = [ RowCount > 1 ]")
    (tmp_path / "bad.dqdl").write_text("Rules = [ RowCount > 2 ]")
    return tmp_path


@pytest.mark.parametrize("stream", [1, 2], ids=["output", "error"])
@pytest.mark.parametrize(("words", "code"), CASES)
def test_a_closed_stream_changes_no_exit_code(place: Path, words: str, code: int, stream: int) -> None:
    told = finish(start(*words.split(), cwd=place, preexec_fn=lambda: os.close(stream)))
    assert told.code == code, told
    assert "mistake of Tilth's own" not in told.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full on this machine")
@pytest.mark.parametrize(("words", "code"), CASES)
def test_a_stream_on_a_full_disk(place: Path, words: str, code: int) -> None:
    with Path("/dev/full").open("w") as full:
        told = finish(start(*words.split(), cwd=place, stdout=full))
        assert told.code == (2 if code == 2 else 3), told
        assert code == 2 or told.err == "No space left on device\n"
        process = start(*words.split(), cwd=place, stderr=full, stdout=subprocess.DEVNULL)
        process.communicate(timeout=120)
        assert process.returncode == code


@pytest.mark.parametrize("words", [words for words, code in CASES if code < 2])
def test_a_reader_that_has_gone_ends_it_as_sigpipe_would(place: Path, words: str) -> None:
    """The code of a verdict that nobody could read would be taken for one that was read."""
    read, write = os.pipe()
    os.close(read)
    told = finish(start(*words.split(), cwd=place, stdout=write))
    os.close(write)
    assert (told.code, told.err) == (128 + signal.SIGPIPE, "")


@pytest.mark.parametrize("words", ["--help", "check a.csv good.dqdl"])
def test_an_output_without_most_characters_gets_utf_8(place: Path, words: str) -> None:
    """What `LANG=C` asks for, where Python is kept from helping itself."""
    environ = ENVIRON | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-m", "tilth", *words.split()], cwd=place, env=environ, capture_output=True, check=True)
    assert any(sign in done.stdout.decode("utf-8") for sign in "…✓")


def test_a_file_whose_name_is_no_text(place: Path) -> None:
    name = b"m\xfcller.csv"
    try:
        Path(os.fsdecode(os.fsencode(place) + b"/" + name)).write_text("age\n1\n")
    except OSError:
        pytest.skip("this disk takes no such name")
    told = finish(start("check", os.fsdecode(name), "good.dqdl", cwd=place))
    assert told.code == 2
    assert r"'m\udcfcller.csv' is not UTF-8" in told.err
