"""Archives hold what is in the folder, and only what may be unpacked is."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from tilth.errors import SourceError
from tilth.training.artefacts import packed, unpacked


def test_an_archive_has_what_is_in_the_folder_and_no_owner(tmp_path: Path) -> None:
    folder, outside = tmp_path / "model", tmp_path / "outside.bin"
    (folder / "blobs").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "blobs" / "ä").write_bytes(b"weights")
    (folder / "weights").symlink_to("blobs/ä")
    outside.write_bytes(b"outside")
    (folder / "copied").symlink_to(outside)
    (folder / "dangling").symlink_to("nowhere")
    (folder / "above").symlink_to("..")
    os.mkfifo(folder / "pipe")
    assert packed(folder, tmp_path / "model.tar.gz") == ["above", "dangling", "pipe"]
    with tarfile.open(tmp_path / "model.tar.gz") as archive:
        assert archive.getnames() == ["blobs", "blobs/ä", "copied", "empty", "weights"]
        assert {(e.uid, e.gid, e.uname, e.gname) for e in archive} == {(0, 0, "", "")}
    (tmp_path / "again").mkdir()
    unpacked(tmp_path / "model.tar.gz", tmp_path / "again")
    assert (tmp_path / "again/weights").read_bytes() == b"weights"
    assert (tmp_path / "again/weights").is_symlink()
    assert (tmp_path / "again/copied").read_bytes() == b"outside"
    assert not (tmp_path / "again/copied").is_symlink()


def entry(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, link
    return made


@pytest.mark.parametrize(
    "wrong",
    [
        [entry("../outside")],
        [entry("link", tarfile.SYMTYPE, "/etc"), entry("link/hosts")],
        [entry("link", tarfile.SYMTYPE, "../..")],
        [entry("hard", tarfile.LNKTYPE, "../outside")],
        [entry("null", tarfile.CHRTYPE)],
    ],
    ids=["above", "absolute-link", "link-above", "hard-link", "device"],
)
def test_what_leaves_the_folder_is_refused(wrong: list[tarfile.TarInfo], tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "source.tar.gz", "w:gz") as archive:
        for one in wrong:
            archive.addfile(one)
    (tmp_path / "in").mkdir()
    with pytest.raises(SourceError, match=r"is not unpacked: .*\[bad-archive\]"):
        unpacked(tmp_path / "source.tar.gz", tmp_path / "in")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "source.tar.gz"]


def test_what_unpacks_to_much_more_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tilth.training.artefacts.FREE", 1 << 16)
    with tarfile.open(tmp_path / "bomb.tar.gz", "w:gz") as archive:
        zeros = entry("zeros")
        zeros.size = 1 << 20
        archive.addfile(zeros, io.BytesIO(bytes(zeros.size)))
    (tmp_path / "in").mkdir()
    with pytest.raises(SourceError, match=r"1 files of 1,048,576 bytes so far \[too-large\]"):
        unpacked(tmp_path / "bomb.tar.gz", tmp_path / "in")
    assert not [*(tmp_path / "in").iterdir()]


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"\x1f\x8b\x08\x00truncated"])
def test_what_is_no_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "source.tar.gz").write_bytes(content)
    with pytest.raises(SourceError, match=r"cannot be unpacked.*\[bad-archive\]"):
        unpacked(tmp_path / "source.tar.gz", tmp_path)
