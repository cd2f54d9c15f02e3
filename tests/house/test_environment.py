"""The way in: `make` lists its targets, and a Python that is too old is told in one line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.tree import ROOT


def environment(tmp_path: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Runs `scripts/environment` in an empty project with the Python given."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "environment", tmp_path / "scripts")
    return subprocess.run(["scripts/environment"], cwd=tmp_path, env=os.environ | {"PYTHON": python}, capture_output=True, text=True)


def test_an_old_python_is_named_in_one_line(tmp_path: Path) -> None:
    old = tmp_path / "old"
    old.write_text('#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.18 && exit 0\nexit 1\n')
    old.chmod(0o755)
    done = environment(tmp_path, str(old))
    assert done.returncode == 2
    assert re.fullmatch(r"tilth: needs Python 3\.11 or newer; .*old is Python 3\.9\.18\. .*make PYTHON=.*\n", done.stderr)


def test_no_python_at_all_is_one_line_too(tmp_path: Path) -> None:
    done = environment(tmp_path, "no-such-python")
    assert done.returncode == 2
    assert re.fullmatch(r"tilth: needs Python 3\.11 or newer; no-such-python is not there\. .*\n", done.stderr)


@pytest.mark.skipif(not shutil.which("make"), reason="needs make")
def test_make_lists_every_target() -> None:
    listed = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony
    assert set(re.findall(r"^  make ([\w-]+)", listed, re.MULTILINE)) == set(phony[1].split())
