"""A training program under a key: it finds its data decrypted, in memory, and what it makes is encrypted."""

from __future__ import annotations

from pathlib import Path

import pytest

import tilth
from tests.encrypted import MARK, TABLE, Look, key, plaintext
from tilth.cli.app import run as run_command
from tilth.errors import Gap
from tilth.store.places import copies
from tilth.store.protection import protected
from tilth.training import decrypting
from tilth.training.job import Job, run
from tilth.training.program import Script

__all__ = ["key", "plaintext"]

TRAINS = f"""
import os, pathlib, tempfile
read = {{c: [p for p in pathlib.Path(os.environ["SM_CHANNEL_" + c]).rglob("*") if p.is_file()] for c in ("CSV", "PARQUET", "ALONE")}}
for c, files in read.items():
    assert any(b"{MARK}" in p.read_bytes() for p in files), (c, files)
made = pathlib.Path(os.environ["SM_MODEL_DIR"], "model.txt")
made.write_text("{MARK}")
tempfile.NamedTemporaryFile("w", delete=False).write("{MARK}")
print(os.path.realpath(made), tempfile.gettempdir())
"""


@pytest.mark.slow
def test_a_program_finds_its_data_decrypted_and_its_model_is_encrypted(
    key: str, plaintext: Look, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if not decrypting._is_in_memory(decrypting.SHARED):
        pytest.skip("this machine has no file system in memory at /dev/shm")
    script = tmp_path.parent / f"{tmp_path.name}-train.py"  # it holds the mark itself
    script.write_text(TRAINS)
    with protected(key):
        for name, form in (("csv", "csv"), ("parquet", "parquet")):
            tilth.write(tilth.read(TABLE), tmp_path / name, format=form)
        tilth.write(tilth.read(TABLE), tmp_path / "alone.parquet")
    words = [f"--channel={name}={tmp_path / place}" for name, place in (("csv", "csv"), ("parquet", "parquet"), ("alone", "alone.parquet"))]
    assert run_command(["train", str(script), *words, "--opt-ml", "folder", "-o", str(tmp_path / "out"), "--key", key]) == 0
    done = capfd.readouterr()
    assert all(place.startswith("/dev/shm/") for place in done.out.split()[:2]) and "model.tar.gz.sealed" in done.err
    assert not plaintext()
    with protected(key):
        assert MARK.encode() not in Path(copies(tmp_path / "out" / "model.tar.gz").path).read_bytes()  # it is packed
        assert str(tmp_path / "csv") in Path(copies(tmp_path / "out" / "job.json").path).read_text()


def test_what_a_program_would_leave_on_a_disk_is_refused(key: str, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("")
    script = Script(tmp_path / "train.py")
    with protected(key):
        with pytest.raises(Gap, match="by itself, unencrypted"):
            run(Job(script, checkpoints=tmp_path / "checkpoints"), tmp_path / "out")
        with pytest.raises(Gap, match="is not in memory"):
            run(Job(script, spill=str(tmp_path)), tmp_path / "out")
    with protected(key, ["spill"]):
        ended = run(Job(script, spill=str(tmp_path), checkpoints=tmp_path / "checkpoints"), tmp_path / "out")
    assert ended.status == "Completed"
