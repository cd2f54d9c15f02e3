"""The draft of a flow: `tilth init` on a long table and on wide ones."""

from __future__ import annotations

from pathlib import Path

from bench.benchmark import Benchmark, Candidate, Target, Work
from bench.benchmarks.start import command
from bench.data import below, make, normal, nulled, one_of, select

ROWS = 10_000
LONG = 10_000_000
KINDS = 5  # kinds of columns, in turns


def wide_columns(columns: int) -> dict[str, str]:
    """Columns of doubles, categories, integers, 0 and 1, and numbers written as strings; the first two with gaps."""

    def column(k: int) -> str:
        salt = 100 + 4 * k
        kinds = (
            nulled(normal(salt), salt + 2),
            nulled(one_of(("a", "b", "c", "d"), salt), salt + 2),
            f"cast({below(1000, salt)} AS integer)",
            f"cast({below(2, salt)} AS integer)",
            f"cast(round(100 * {normal(salt)}, 2) AS varchar)",
        )
        return kinds[k % KINDS]

    return {f"c{k:04d}": column(k) for k in range(columns)}


def long(folder: Path) -> Work:
    return init(folder, make(LONG, folder.parent) / "trips" / "*.parquet")


def wide(columns: int, suffix: str) -> Candidate:
    """Ten thousand rows with `columns` columns in a file of this format."""

    def prepare(folder: Path) -> Work:
        import duckdb

        place = folder.parent / "small" / f"wide-{columns}.{suffix}"
        place.parent.mkdir(exist_ok=True)
        if not place.exists():
            duckdb.sql(f"COPY ({select(wide_columns(columns), 0, ROWS)}) TO '{place}'")
        return init(folder, place)

    return Candidate(f"{columns} {suffix}", prepare, title=f"{columns:,} columns, {suffix.upper() if suffix == 'csv' else 'Parquet'}")


def init(folder: Path, place: Path) -> Work:
    draft = folder.parent / "small" / "draft.yaml"
    draft.parent.mkdir(exist_ok=True)
    return command("-m", "tilth", "init", str(place), "-o", str(draft), "--force")(folder)


BENCHMARK = Benchmark(
    name="draft",
    title="Draft",
    about=f"`tilth init`, whole commands: the 20 columns of trips, and tables of {ROWS:,} rows.",
    candidates=(
        Candidate("long", long, title=f"trips, {LONG:,} rows, Parquet"),
        wide(300, "parquet"),
        wide(300, "csv"),
        wide(2000, "parquet"),
        wide(2000, "csv"),
    ),
    compared=False,
    targets=(
        Target("a draft of 10 million rows", lambda f: f["long"].wall, 10, "s"),
        Target("a draft of 300 columns", lambda f: f["300 csv"].wall, 3, "s"),
        Target("a draft of 2,000 columns", lambda f: f["2000 csv"].wall, 15, "s"),
    ),
)
