"""Split by a hash of the key into two parts of Parquet: every engine and every run puts a row into the same part."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.benchmark import Benchmark, Candidate, Target, Work, out, ratio

FLOW = "split: {train: 0.8, test: 0.2, by: hash(trip_id)}"
TRAIN = "'cccccccccccccccc'"  # four fifths of all hexadecimal texts sort before it


def tilth(folder: Path) -> Work:
    """`tilth run` for a flow with a split, without its leakage checks, which the others do not have."""
    import tilth
    import tilth.verbs
    from tilth.data import Roles
    from tilth.engine.duckdb import DuckDB
    from tilth.flow.running import of_part
    from tilth.flow.split_checks import SPLIT
    from tilth.steps.fitting import fit

    flow, engine, place = tilth.Flow.parse(FLOW), DuckDB().session(), out(folder, "split", "tilth")

    def work() -> str:
        trips = tilth.read(str(folder / "trips" / "*.parquet"), roles=Roles.of(id="trip_id"), engine=engine)
        _, table = fit([flow.split], trips, engine)
        for part, _ in flow.split.shares:
            tilth.write(of_part(table, part).change({SPLIT: None}), place / part, format="parquet", engine=engine)
        return str(place)

    return work


def duckdb(folder: Path) -> Work:
    """One filtered COPY for each part; MD5, because only MD5 gives the same parts on every engine."""
    import duckdb

    con = duckdb.connect()
    con.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")
    place = out(folder, "split", "duckdb")

    def work() -> str:
        for part, test in (("train", "<"), ("test", ">=")):
            (place / part).mkdir(parents=True)
            con.execute(
                f"COPY (SELECT * FROM read_parquet('{folder}/trips/*.parquet') WHERE md5('0|' || trip_id) {test} {TRAIN}) "
                f"TO '{place}/{part}/part-0.parquet' (FORMAT parquet, ROW_GROUP_SIZE 122880, DICTIONARY_SIZE_LIMIT 3000)"
            )
        return str(place)

    return work


def polars(folder: Path) -> Work:
    """A filter for each part, by Polars' own hash, which is fast, but not available on other engines."""
    import polars as pl

    place = out(folder, "split", "polars")

    def work() -> str:
        trips = pl.scan_parquet(folder / "trips" / "*.parquet")
        train = pl.col("trip_id").hash(0) % 10 < 8
        for part, rows in (("train", train), ("test", ~train)):
            (place / part).mkdir(parents=True)
            trips.filter(rows).sink_parquet(place / part / "part-0.parquet", compression="snappy", maintain_order=False)
        return str(place)

    return work


def differences(results: Mapping[str, str]) -> list[str]:
    """Candidates with a train part of other than about four fifths of the rows, or with different numbers of rows."""
    import duckdb

    def rows(place: str, part: str) -> int:
        return int(duckdb.sql(f"SELECT count(*) FROM read_parquet('{place}/{part}/*.parquet')").fetchall()[0][0])

    counts = {who: (rows(place, "train"), rows(place, "test")) for who, place in results.items()}
    wrong = [f"{who}: {train} and {test} rows" for who, (train, test) in counts.items() if abs(train / (train + test) - 0.8) > 0.01]
    return wrong + ([f"not the same rows in all: {counts}"] if len({sum(c) for c in counts.values()}) > 1 else [])


BENCHMARK = Benchmark(
    name="split",
    title="Split",
    about="20 columns into `train/` and `test/`, 80 to 20.",
    candidates=(
        Candidate("tilth", tilth),
        Candidate("duckdb", duckdb, title="DuckDB by hand, MD5"),
        Candidate("polars", polars, title="Polars by hand, its own hash"),
    ),
    targets=(
        Target(
            "split to the same split in DuckDB by hand",
            ratio("tilth", "duckdb"),
            1.1,
            why="NaN and times outside the years 1 to 9999 become null, so each column of floats or times is tested once for each part.",
        ),
        Target(
            "split to the fastest way known",
            ratio("tilth", "duckdb", "polars"),
            1.1,
            why="a quarter of the core seconds of the split in DuckDB by hand goes to MD5, which every engine has; Polars' own hash costs "
            "a tenth of that.",
        ),
    ),
    differences=differences,
)
