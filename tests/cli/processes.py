"""Run the command line in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tests.house.tree import SRC

ENVIRON = os.environ | {"PYTHONPATH": str(SRC), "NO_COLOR": "1", "COLUMNS": "120"}


class Completed(NamedTuple):
    """The exit code, standard output and standard error of a command."""

    code: int
    out: str
    err: str


def start(*words: str | Path, cwd: Path, **options: Any) -> subprocess.Popen[str]:
    """Start a command in a process of its own."""
    command = [sys.executable, "-m", "tilth", *map(str, words)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=cwd, env=ENVIRON, text=True, **{**pipes, **options})


def finish(process: subprocess.Popen[str], seconds: float = 120) -> Completed:
    """Wait for a process to end."""
    out, err = process.communicate(timeout=seconds)
    assert "Traceback" not in err, err
    return Completed(process.returncode, out, err)
