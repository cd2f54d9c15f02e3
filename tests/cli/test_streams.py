"""Standard output and error that are closed, full, not read, or limited to ASCII."""

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


@pytest.mark.slow
@pytest.mark.parametrize("stream", [1, 2], ids=["output", "error"])
@pytest.mark.parametrize(("words", "code"), CASES)
def test_a_closed_stream_keeps_the_exit_code(place: Path, words: str, code: int, stream: int) -> None:
    done = finish(start(*words.split(), cwd=place, preexec_fn=lambda: os.close(stream)))
    assert done.code == code, done
    assert "internal error" not in done.err


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full on this machine")
@pytest.mark.parametrize(("words", "code"), CASES)
def test_a_stream_on_a_full_disk(place: Path, words: str, code: int) -> None:
    with Path("/dev/full").open("w") as full:
        done = finish(start(*words.split(), cwd=place, stdout=full))
        assert done.code == (2 if code == 2 else 3), done
        assert code == 2 or done.err == "No space left on device\n"
        process = start(*words.split(), cwd=place, stderr=full, stdout=subprocess.DEVNULL)
        process.communicate(timeout=120)
        assert process.returncode == code


@pytest.mark.slow
@pytest.mark.parametrize("words", [words for words, code in CASES if code < 2])
def test_a_closed_pipe_exits_as_sigpipe_would(place: Path, words: str) -> None:
    """Exit code 0 would claim that the result was delivered."""
    read, write = os.pipe()
    os.close(read)
    done = finish(start(*words.split(), cwd=place, stdout=write))
    os.close(write)
    assert (done.code, done.err) == (128 + signal.SIGPIPE, "")


@pytest.mark.slow
@pytest.mark.parametrize("words", ["--help", "check a.csv good.dqdl"])
def test_an_ascii_output_becomes_utf_8(place: Path, words: str) -> None:
    """What `LANG=C` asks for, where Python is kept from helping itself."""
    environ = ENVIRON | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-m", "tilth", *words.split()], cwd=place, env=environ, capture_output=True, check=True)
    assert any(sign in done.stdout.decode("utf-8") for sign in "…✓")


@pytest.mark.slow
def test_a_file_name_that_is_not_utf_8(place: Path) -> None:
    name = b"m\xfcller.csv"
    try:
        Path(os.fsdecode(os.fsencode(place) + b"/" + name)).write_text("age\n1\n")
    except OSError:
        pytest.skip("this disk takes no such name")
    done = finish(start("check", os.fsdecode(name), "good.dqdl", cwd=place))
    assert done.code == 2
    assert r"'m\udcfcller.csv' is not UTF-8" in done.err
