"""How long until something is on the screen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.benchmark import Benchmark, Candidate, Target, Work

ROWS = 1_000
RULES = 'Rules = [ RowCount > 10, IsComplete "id", ColumnValues "age" between -1 and 120, Uniqueness "id" > 0.99 ]\n'


def command(*words: str) -> Callable[[Path], Work]:
    """A candidate that is a command of this Python."""

    def prepare(folder: Path) -> Work:
        return lambda: subprocess.run([sys.executable, *words], check=True, capture_output=True).returncode

    return prepare


def small_check(folder: Path) -> Work:
    place = folder.parent / "small"
    place.mkdir(exist_ok=True)
    lines = ["id,age", *(f"{i},{i % 90}" for i in range(ROWS))]
    (place / "people.csv").write_text("\n".join(lines) + "\n", "utf-8")
    (place / "rules.dqdl").write_text(RULES, "utf-8")
    return command("-m", "tilth", "check", str(place / "people.csv"), str(place / "rules.dqdl"))(folder)


BENCHMARK = Benchmark(
    name="start",
    title="Start",
    about=f"Whole commands. The check is of a CSV file of {ROWS:,} rows.",
    candidates=(
        Candidate("empty", command("-c", "pass"), times=10, title="`python -c pass`"),
        Candidate("help", command("-m", "tilth", "--help"), times=10, title="`tilth --help`"),
        Candidate("check", small_check, times=3, title="`tilth check people.csv rules.dqdl`"),
    ),
    compared=False,
    targets=(
        Target("`tilth --help` beyond an empty interpreter", lambda f: f["help"].wall - f["empty"].wall, 0.1, "s"),
        Target("a check of a small file", lambda f: f["check"].wall, 1.0, "s"),
    ),
)
