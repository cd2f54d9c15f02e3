"""tilth fmt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.cli.processes import Completed

NEAT, LOOSE, WRONG = "Rules = [\n    RowCount > 3  # rows\n]\n", "Rules=[RowCount>3 # rows\r\n]", "Rules=[RowCuont>3]"


def test_files_are_formatted_unless_they_are_wrong(tilth: Callable[..., Completed], tmp_path: Path) -> None:
    texts = {"neat.dqdl": NEAT, "loose.dqdl": LOOSE, "wrong.dqdl": WRONG}
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text.encode())
    done = tilth("fmt", "--check", "neat.dqdl", "loose.dqdl")
    assert (done.code, done.out, done.err) == (1, "loose.dqdl\n", "2 files: 1 would change\n")
    done = tilth("fmt", *texts)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("error: wrong.dqdl:1:8: there is no rule type RowCuont [E-RULETYPE]\n")
    assert done.err.endswith("\n3 files: 1 changed, 1 ruleset with errors\n")
    assert [(tmp_path / name).read_bytes().decode() for name in texts] == [NEAT, NEAT, WRONG]
    done = tilth("fmt", "--check", "neat.dqdl", "loose.dqdl")
    assert (done.code, done.out, done.err) == (0, "", "2 files: 0 would change\n")
    assert tilth("fmt", "none.dqdl").code == 2
