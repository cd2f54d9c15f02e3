"""The time until the first output."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bench.benchmark import Benchmark, Candidate, Target, Work
from bench.data import LOANS, TRIPS, normal, select

ROWS = 1_000
WIDE_ROWS = 100_000
WIDE = TRIPS | LOANS | {f"reading_{k}": normal(60 + 2 * k) for k in range(3)}  # 30 columns
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


def wide_profile(folder: Path) -> Work:
    import duckdb

    place = folder.parent / "small" / "wide.parquet"
    place.parent.mkdir(exist_ok=True)
    duckdb.sql(f"COPY ({select(WIDE, 0, WIDE_ROWS)}) TO '{place}'")
    return command("-m", "tilth", "profile", str(place))(folder)


BENCHMARK = Benchmark(
    name="start",
    title="Start",
    about=f"Whole commands. The check is of a CSV file of {ROWS:,} rows, the profile of {WIDE_ROWS:,} rows × {len(WIDE)} columns.",
    candidates=(
        Candidate("empty", command("-c", "pass"), times=10, title="`python -c pass`"),
        Candidate("help", command("-m", "tilth", "--help"), times=10, title="`tilth --help`"),
        Candidate("check", small_check, times=3, title="`tilth check people.csv rules.dqdl`"),
        Candidate("profile", wide_profile, times=3, title="`tilth profile wide.parquet`"),
    ),
    compared=False,
    targets=(
        Target("`tilth --help` beyond an empty interpreter", lambda f: f["help"].wall - f["empty"].wall, 0.1, "s"),
        Target("a check of a small file", lambda f: f["check"].wall, 1.0, "s"),
        Target(
            "a profile of a table of 30 columns",
            lambda f: f["profile"].wall,
            0.6,
            "s",
            why="loading numpy, pyarrow, sqlglot and DuckDB and reading the file as Arrow takes half of the time, without Tilth. In a "
            "process that has loaded them, `tilth.profile` takes a third of a second: a fifth for reading, a quarter for the distinct "
            "values of each column, a quarter for associations.",
        ),
    ),
)
