"""tilth recommend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cli.processes import Completed


def test_what_is_recommended_holds_as_check_reads_it(tilth: Callable[..., Completed], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("".join(f"{i};{'?' if i % 9 else i / 7}\n" for i in range(40)))
    reading = ("--delimiter", ";", "--names", "no,x", "--null", "?")
    done = tilth("recommend", "a.csv", *reading, "-o", "a.dqdl")
    assert (done.code, done.out, done.err) == (0, "", "written: a.dqdl\nRead it, then: tilth check a.csv a.dqdl\n")
    assert tilth("check", "a.csv", "a.dqdl", *reading).code == 0
    assert tilth("recommend", "a.csv", *reading).out == (tmp_path / "a.dqdl").read_text()
    assert "already exists" in tilth("recommend", "a.csv", "-o", "a.dqdl").err
