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

SKIPPED = {"__pycache__", "build", "demo", "dist", "node_modules", "out"}
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


def sources(folder: Path = PACKAGE) -> list[Path]:
    """The Python files below a folder, in order of their names."""
    return sorted(path for path in folder.rglob("*.py") if not SKIPPED & set(path.parts))


def texts() -> Iterator[Path]:
    """Every text file that could be committed."""
    for folder, names, files in os.walk(ROOT):
        here = Path(folder)
        names[:] = [n for n in names if n == ".ci" or not (n in SKIPPED or n.startswith("."))]
        if here == ROOT / "bench":
            names[:] = [n for n in names if n != "out" and not (n == "data" and not (here / n / "__init__.py").exists())]
        yield from (here / name for name in files if Path(name).suffix in TEXTS and name != ".git")


def module(path: Path) -> str:
    """The dotted name of a source file: `tilth.engine.java`."""
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def python(*words: str, cwd: Path = ROOT, source: Path = SRC, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Runs this Python in a process of its own with `source` on its path."""
    environ = os.environ | {"PYTHONPATH": str(source), "NO_COLOR": "1", "COLUMNS": "160"}
    return subprocess.run([sys.executable, *words], cwd=cwd, env=environ, capture_output=True, text=True, timeout=seconds)
