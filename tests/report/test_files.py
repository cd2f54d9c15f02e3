"""Files: the suffix decides the format, and writes are atomic."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from tests.report.samples import REPORTS
from tilth.errors import MachineError, RequestError
from tilth.report import Report
from tilth.report.files import FORMATS, SUFFIXES, Outputs, report_names, write_report
from tilth.store.places import atomic
from tilth.store.scratch import LOCK

BEGINS = {
    "pdf": "%PDF-",
    "notebook": "{",
    "html": "<!doctype html>",
    "json": "{",
    "junit": "<?xml",
    "markdown": "### ",
    "text": "run loans",
    "glue": "{",
    "glue_lines": "{",
    "glue_event": "{",
    "sarif": "{",
}


def but_pdf(names: Iterable[str]) -> list[Any]:
    """The names as parameters of a test; `make check` leaves out PDF, whose typesetter takes a second to start."""
    return [pytest.param(name, marks=pytest.mark.slow) if "pdf" in name else name for name in names]


@pytest.mark.parametrize("suffix", but_pdf(SUFFIXES))
def test_the_suffix_decides_the_format(suffix: str, tmp_path: Path) -> None:
    place = write_report(REPORTS["loans"], tmp_path / f"report{suffix.upper()}")
    assert place.read_bytes().startswith(BEGINS[SUFFIXES[suffix]].encode())
    assert [p.name for p in tmp_path.iterdir()] == [place.name]


@pytest.mark.parametrize("format_", but_pdf(FORMATS))
def test_a_format_overrides_the_suffix(format_: str, tmp_path: Path) -> None:
    assert write_report(REPORTS["loans"], tmp_path / "a.dat", format_).read_bytes().startswith(BEGINS[format_].encode())


@pytest.mark.parametrize("format_", but_pdf(FORMATS))
def test_hostile_text_can_be_written(format_: str, tmp_path: Path) -> None:
    written = write_report(REPORTS["hostile"], tmp_path / "a", format_)
    assert format_ == "pdf" or written.read_text("utf-8")


def test_folders_are_made(tmp_path: Path) -> None:
    assert write_report(Report("x"), tmp_path / "a" / "b" / "report.md").exists()


@pytest.mark.parametrize(("name", "format_", "hint"), [("report.doc", None, "give the format"), ("a.html", "htm", "did you mean 'html'?")])
def test_an_unknown_format_is_rejected_with_what_is_accepted(name: str, format_: str | None, hint: str, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="html") as caught:
        write_report(Report("x"), tmp_path / name, format_)
    assert hint in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_all_unknown_suffixes_of_the_files_in_a_folder_are_named() -> None:
    with pytest.raises(RequestError, match=r"suffix 'htlm'[\s\S]*suffix 'doc'"):
        report_names(["htlm", "doc"])


def test_what_cannot_be_written_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = write_report(Report("old"), tmp_path / "report.md")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MachineError, match="the disk is full"):
        write_report(Report("new"), place)
    assert "old" in place.read_text("utf-8")
    assert [p.name for p in tmp_path.iterdir()] == ["report.md"]


def test_what_cannot_be_written_leaves_no_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MachineError, match=r"new/deep/report\.md could not be written"):
        write_report(Report("x"), tmp_path / "new" / "deep" / "report.md")
    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    with atomic(tmp_path / "report.md") as new:
        left = new.parent.with_name(f"{new.parent.name}-dead")
        new.touch()
    left.mkdir()
    (left / LOCK).touch()
    (left / "report.md").write_text("half")
    write_report(Report("x"), tmp_path / "report.md")
    assert [p.name for p in tmp_path.iterdir()] == ["report.md"]


@pytest.mark.parametrize("letter", ["x", "ä"])
def test_a_name_as_long_as_a_disk_takes(letter: str, tmp_path: Path) -> None:
    name = letter * (252 // len(letter.encode())) + ".md"  # 255 bytes
    for _ in range(2):
        assert write_report(Report("x"), tmp_path / name).exists()
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_a_file_in_the_way_of_a_folder_is_the_request_s_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    with pytest.raises(RequestError, match="a is a file: it cannot contain files"):
        write_report(Report("x"), tmp_path / "a" / "report.md")


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*places: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_report(Report("new"), tmp_path / "report.md")
    assert not list(tmp_path.iterdir())


def test_permissions_are_those_of_any_new_file_and_of_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    place = write_report(Report("x"), tmp_path / "report.md")
    assert place.stat().st_mode == (tmp_path / "plain").stat().st_mode
    place.chmod(0o640)
    assert write_report(Report("y"), place).stat().st_mode & 0o777 == 0o640


def test_outputs_are_files_with_or_without_their_format(tmp_path: Path) -> None:
    a, b, c = (str(tmp_path / name) for name in ("a.html", "b.json", "x=1.md"))
    outputs = Outputs([a, f"glue={b}", c])
    assert outputs.formats == {a: "html", b: "glue", c: "markdown"}
    outputs.write(REPORTS["loans"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.html", "b.json", "x=1.md"]
    for wrong, words in (([a, f"json={a}"], "two reports"), (["a.doc"], "suffix"), ([f"json={tmp_path}"], "is a folder")):
        with pytest.raises(RequestError, match=words):
            Outputs(wrong)
