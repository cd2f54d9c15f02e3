"""What the house rules look at: the files of the project, and a Python beside this one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SRC = ROOT / "src"
PACKAGE = SRC / "tilth"
DOORS = ("cli", "label", "watch", "serve", "studio")

MADE = {"bench/.peers", "bench/data", "bench/out", "build", "demo", "dist", "out"}
"""What runs leave behind; git ignores it too."""

TEXTS = {
    "",
    ".cfg",
    ".css",
    ".dqdl",
    ".html",
    ".j2",
    ".js",
    ".json",
    ".lark",
    ".md",
    ".py",
    ".sh",
    ".sql",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
}


def left_out(path: Path) -> bool:
    """Whether a file or folder is no part of the project: made by a run, a cache, or hidden (`.ci` is the exception)."""
    return path.name == "__pycache__" or (path.name.startswith(".") and path.name != ".ci") or str(path.relative_to(ROOT)) in MADE


def sources(folder: Path = PACKAGE) -> list[Path]:
    """The Python files below a folder, in order of their names."""
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


def texts() -> Iterator[Path]:
    """Every text file of the project."""
    for folder, names, files in os.walk(ROOT):
        names[:] = [name for name in names if not left_out(Path(folder, name))]
        yield from (Path(folder, name) for name in files if Path(name).suffix in TEXTS and name != ".git")


def module(path: Path) -> str:
    """The dotted name of a source file: `tilth.engine.spark.java`."""
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def python(*words: str, cwd: Path = ROOT, source: Path = SRC, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Runs this Python in a process of its own with `source` on its path."""
    environ = os.environ | {"PYTHONPATH": str(source), "NO_COLOR": "1", "COLUMNS": "160"}
    return subprocess.run([sys.executable, *words], cwd=cwd, env=environ, capture_output=True, text=True, timeout=seconds)
