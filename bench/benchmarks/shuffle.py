"""Shuffle by a seed: the same order on every engine, whatever the number of threads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work, out, ratio

MEMORY = "10GiB"


def tilth(folder: Path) -> Work:
    import tilth
    import tilth.verbs
    from tilth.engine.duckdb import DuckDB
    from tilth.steps.fitting import fit
    from tilth.steps.rows.shuffle import Shuffle

    place, engine = out(folder, "shuffle", "tilth"), DuckDB(memory_limit=MEMORY).session()

    def work() -> list[Any]:
        trips = tilth.read(str(folder / "trips" / "*.parquet"), roles={"id": "trip_id"}, engine=engine)
        _, shuffled = fit([Shuffle(seed=7)], trips, engine)
        tilth.write(shuffled, place, format="parquet", engine=engine)
        return [str(place)]

    return work


def duckdb(folder: Path) -> Work:
    import duckdb

    con = duckdb.connect()
    con.execute(f"SET preserve_insertion_order = true; SET enable_progress_bar = false; SET memory_limit = '{MEMORY}'")
    place = out(folder, "shuffle", "duckdb")
    place.mkdir(parents=True)

    def work() -> list[Any]:
        con.execute(
            f"COPY (SELECT * FROM read_parquet('{folder}/trips/*.parquet') ORDER BY md5('7|' || trip_id)) "
            f"TO '{place}/part-0.parquet' (FORMAT parquet, ROW_GROUP_SIZE 122880, DICTIONARY_SIZE_LIMIT 3000)"
        )
        return [str(place)]

    return work


def polars(folder: Path) -> Work:
    import polars as pl

    place = out(folder, "shuffle", "polars")
    place.mkdir(parents=True)

    def work() -> list[Any]:
        trips = pl.scan_parquet(folder / "trips" / "*.parquet")
        trips.sort(pl.col("trip_id").hash(7)).sink_parquet(place / "part-0.parquet", compression="snappy")
        return [str(place)]

    return work


def differences(results: Mapping[str, list[Any]]) -> list[str]:
    """Shuffles that lost rows or kept neighbours together."""
    import duckdb

    wrong = []
    rows = set()
    for who, (place,) in results.items():
        con = duckdb.connect()
        table = f"(SELECT trip_id, lag(trip_id) OVER () AS before FROM read_parquet('{place}/*.parquet') LIMIT 100000)"
        ((n,),) = con.execute(f"SELECT count(*) FROM read_parquet('{place}/*.parquet')").fetchall()
        ((together,),) = con.execute(f"SELECT count_if(abs(trip_id - before) <= 10) FROM {table}").fetchall()
        rows.add(n)
        wrong += [f"{who}: {together} neighbours still stand together"] if together > 1000 else []
    return wrong + ([f"not the same number of rows in all: {rows}"] if len(rows) > 1 else [])


BENCHMARK = Benchmark(
    name="shuffle",
    title="Shuffle",
    about=f"All rows in an order that a seed decides, written as Parquet; DuckDB may keep {MEMORY}.",
    candidates=(
        Candidate("tilth", tilth, runs=1),
        Candidate("duckdb", duckdb, runs=1, title="DuckDB by hand, MD5"),
        Candidate("polars", polars, runs=1, title="Polars by hand, its own hash"),
    ),
    targets=(
        Target(
            "shuffle to the best way by hand",
            ratio("tilth", "duckdb", "polars"),
            1.1,
            why="rows are ordered by MD5, which is the same on every engine, and rows with equal keys by their other values.",
        ),
    ),
    differences=differences,
)
