"""Rules that can be answered from Parquet footers, and uniqueness of an integer key: by Tilth, and by hand in DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work, close, ratio

COMPLETE = ("trip_id", "order_ref", "passengers", "duration_s", "rating", "picked_up_at", "dropped_off_at", "city", "phone", "comment")
RANGES = {"passengers": (0, 7), "rating": (0, 6), "trip_id": (0, 1_000_000_000)}
RULES = [
    "RowCount > 0",
    *(f'Completeness "{c}" > 0.9' for c in COMPLETE),
    *(f'ColumnValues "{c}" between {low} and {high} with threshold > 0.9' for c, (low, high) in RANGES.items()),
]
KEY = "key.parquet"  # distinct integers in random order


def checked(rules: list[str], table: Callable[[Path], str]) -> Callable[[Path], Work]:
    def prepare(folder: Path) -> Work:
        import tilth
        import tilth.rules
        import tilth.verbs
        from tilth.engine.duckdb import DuckDB

        engine, place = DuckDB().session(), table(folder)

        def work() -> list[float]:
            report = tilth.check(tilth.read(place, engine=engine), f"Rules = [ {', '.join(rules)} ]", engine=engine)
            return [f.payload.rows["passed"] / f.payload.rows["total"] if f.payload.rows else f.value for f in report.findings]

        return work

    return prepare


def by_hand(select: str, table: Callable[[Path], str]) -> Callable[[Path], Work]:
    def prepare(folder: Path) -> Work:
        import duckdb

        con, place = duckdb.connect(), table(folder)
        con.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")

        def work() -> list[float]:
            return [float(x) for x in con.execute(select.format(place=place)).fetchall()[0]]

        return work

    return prepare


def trips(folder: Path) -> str:
    return str(folder / "trips" / "*.parquet")


def key(folder: Path) -> str:
    """A file with as many distinct integers as there are trips, in random order."""
    import duckdb

    place = folder / KEY
    if not place.exists():
        new = place.with_suffix(".new")
        (rows,) = duckdb.execute(f"SELECT count(*) FROM '{trips(folder)}'").fetchall()[0]
        duckdb.execute(f"COPY (SELECT range AS id FROM range({rows}) ORDER BY hash(range)) TO '{new}' (FORMAT parquet)")
        new.rename(place)
    return str(place)


COUNTS = ["count(*)", *(f"count({c}) / count(*)" for c in COMPLETE)]
INSIDE = [f"count_if({c} > {low} AND {c} < {high}) / count(*)" for c, (low, high) in RANGES.items()]
WIDE = f"SELECT {', '.join([*COUNTS, *INSIDE])} FROM '{{place}}'"
UNIQUE = "SELECT count_if(n = 1) / sum(n) FROM (SELECT id, count(*) AS n FROM '{place}' GROUP BY id)"


def differences(results: Mapping[str, Any]) -> list[str]:
    pairs = (("rules", "hand"), ("unique", "grouped"))
    return [f"{a} and {b} differ" for a, b in pairs if not all(map(close, results.get(a, []), results.get(b, [])))]


BENCHMARK = Benchmark(
    name="footers",
    title="Without reading rows",
    about=f"{len(RULES)} rules on completeness and ranges that footers answer; and a key of whole numbers in no order, all different.",
    candidates=(
        Candidate("rules", checked(RULES, trips), title="completeness, ranges"),
        Candidate("hand", by_hand(WIDE, trips), title="… in one SELECT by hand, DuckDB"),
        Candidate("unique", checked(['IsUnique "id"'], key), title="IsUnique"),
        Candidate("grouped", by_hand(UNIQUE, key), title="… by GROUP BY, DuckDB"),
    ),
    compared=False,
    targets=(
        Target("completeness and ranges", lambda f: f["rules"].wall, 0.3, "s"),
        Target("completeness and ranges to one SELECT by hand", ratio("rules", "hand"), 0.2),
        Target("a unique key to a GROUP BY", ratio("unique", "grouped"), 0.2),
    ),
    differences=differences,
)
