"""The file system of mode FastFile: what programs see of it, and that it ends with whoever started it."""

from __future__ import annotations

import errno
import mmap
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.store.local import Local
from tilth.store.places import Object
from tilth.training import fuse
from tilth.training.channel import Channel
from tilth.training.fast_file import _System
from tilth.training.fuse import Blocks, Node, is_mounted
from tilth.training.inputs import open_channels
from tilth.training.opt_ml import entering, refusal

SIZE = 9 * (1 << 20) + 12_345


@given(st.binary(max_size=60), st.lists(st.tuples(st.integers(0, 70), st.integers(0, 40)), max_size=8))
def test_blocks_give_what_is_there_and_fetch_each_block_once(content, reads):
    asked = list[tuple[int, int]]()

    def fetch(what: Object, start: int, end: int) -> bytes:
        asked.append((start, end))
        return content[start:end]

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fuse, "BLOCK", 7)
        blocks, node = Blocks(fetch), Node(2, Object("x", "x", len(content)))
        for start, size in reads:
            assert blocks.read(node, start, size) == content[start : start + size]
        blocks._pool.shutdown()
    assert len(asked) == len(set(asked))
    assert all(start % 7 == 0 and end - start <= 7 for start, end in asked)


@pytest.fixture
def mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A file system of local files, so that it needs no server."""
    data, folder = tmp_path / "data", tmp_path / "folder"
    (tmp_path / "json.py").write_text("raise ImportError")  # as it may lie beside a program
    monkeypatch.chdir(tmp_path)
    (data / "deep" / "er").mkdir(parents=True)
    folder.mkdir()
    (data / "large").write_bytes(os.urandom(SIZE))
    (data / "deep" / "er" / "é").write_bytes(b"small")
    (data / "empty").touch()
    for i in range(300):
        (data / "deep" / f"{'n' * 200}{i}").touch()
    system = _System(folder, Local().objects(str(data)))
    if system.error:
        system.end()
        assert "it cannot be mounted" in system.error
        pytest.skip(f"no FUSE: {system.error}")
    yield data, folder, system
    system.end()
    assert not is_mounted(folder)
    assert not list(folder.iterdir())


@pytest.mark.slow
def test_files_are_as_they_are_and_cannot_be_changed(mounted):
    data, folder, system = mounted
    names = {p.relative_to(data) for p in data.rglob("*")}
    assert {p.relative_to(folder) for p in folder.rglob("*")} == names
    assert all((folder / n).stat().st_size == (data / n).stat().st_size for n in names if (data / n).is_file())
    assert (folder / "deep/er/é").read_bytes() == b"small"
    system.ask()
    assert (system.error, system.bytes) == ("", 5)  # names and sizes are known without reading
    content = (data / "large").read_bytes()
    with (folder / "large").open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        assert mapped[5_000_000:5_000_010] == content[5_000_000:5_000_010]  # which this process waits for, with all its threads
        system.ask()
        assert system.bytes <= 5 + fuse.BLOCK
        assert mapped[:] == content
    assert (folder / "large").read_bytes() == content
    system.ask()
    assert system.bytes == SIZE + 5  # the second time is from memory
    with pytest.raises(FileNotFoundError):
        (folder / "nothing").read_bytes()
    for change in ((folder / "large").unlink, (folder / "new").touch, lambda: (folder / "large").open("ab")):
        with pytest.raises(OSError, match="Read-only file system"):
            change()


def test_what_cannot_be_fetched_is_an_error_of_the_program_and_of_the_channel(mounted, tmp_path):
    data, folder, system = mounted
    (data / "deep/er/é").write_bytes(b"cut")
    with pytest.raises(OSError, match="Input/output") as error:
        (folder / "deep/er/é").read_bytes()
    assert error.value.errno == errno.EIO
    system.ask()
    assert "is not the file of 5 bytes that was found there before" in system.error
    (data / "deep/er/é").write_bytes(b"again")
    assert (folder / "deep/er/é").read_bytes() == b"again"


def test_it_is_unmounted_when_its_process_is_killed(mounted):
    _, folder, system = mounted
    system._process.kill()
    system._process.wait()
    with pytest.raises(OSError, match="not connected"):
        (folder / "large").read_bytes()
    system.ask()
    assert "has ended" in system.error


@pytest.mark.slow
def test_a_job_in_a_mount_namespace_finds_it(mounted, tmp_path):
    _, folder, _ = mounted
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    if why := refusal(tmp_path, scratch):
        pytest.skip(f"no mount namespace: {why}")
    words = [*entering(tmp_path, scratch, "/", {}), "cat", f"/opt/ml/{folder.name}/deep/er/é"]
    assert subprocess.run(words, capture_output=True, check=True).stdout == b"small"


PROGRAM = """
import sys, time
from pathlib import Path
from tilth.store.local import Local
from tilth.training.fast_file import _System
data, folder = sys.argv[1:]
system = _System(Path(folder), Local().objects(data))
print(system.error, flush=True)
time.sleep(60)
"""


@pytest.mark.slow
def test_it_ends_with_a_process_that_is_killed(tmp_path):
    folder, data = tmp_path / "folder", tmp_path / "data"
    folder.mkdir()
    data.mkdir()
    (data / "a").write_bytes(b"x")
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(data), str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    if why := process.stdout.readline().strip():
        pytest.skip(f"no FUSE: {why}")
    assert (folder / "a").read_bytes() == b"x"
    process.send_signal(signal.SIGKILL)
    process.wait()
    for _ in range(600):
        if not is_mounted(folder):
            break
        time.sleep(0.05)
    assert not is_mounted(folder)


def test_without_it_objects_are_downloaded_and_the_report_says_so(s3, tmp_path, monkeypatch):
    from tilth.store.places import atomic

    with atomic(f"{s3}/in/a") as path:
        path.write_bytes(b"content")
    monkeypatch.setattr("tilth.training.fast_file.DEVICE", tmp_path / "fuse")
    with open_channels([Channel("fast", f"{s3}/in/", "FastFile")], tmp_path / "job") as inputs:
        assert not is_mounted(tmp_path / "job" / "fast")
        assert (tmp_path / "job/fast/a").read_bytes() == b"content"
        assert ((tmp_path / "job/fast/a").stat().st_mode & 0o222) == 0
        assert inputs.report()[0].how == f"downloaded before the start: there is no {tmp_path}/fuse"
