"""Separate environments for candidates whose packages conflict with others: bench/.peers/NAME, made on first use."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from bench.benchmark import Candidate

HOME = Path(__file__).parent / ".peers"


def python_for(candidate: Candidate) -> str:
    """The Python executable of a candidate. Errors: `CalledProcessError` if its packages cannot be installed."""
    if not candidate.needs:
        return sys.executable
    place = HOME / candidate.name
    python = place / "bin" / "python"
    if not python.exists():
        try:
            run(sys.executable, "-m", "venv", str(place))
            run(str(python), "-m", "pip", "install", "--quiet", *candidate.needs)
        except subprocess.CalledProcessError:
            shutil.rmtree(place, ignore_errors=True)
            raise
    return str(python)


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
