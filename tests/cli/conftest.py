"""The command line, in this process and in one of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.processes import Completed
from tilth.cli.app import run


@pytest.fixture
def tilth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Completed]:
    """`tilth("check", "a.csv", "r.dqdl")`: runs the command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")

    def call(*words: str | Path) -> Completed:
        capsys.readouterr()
        code = run([str(w) for w in words])
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        assert "internal error" not in err, err
        return Completed(code, out, err)

    return call
