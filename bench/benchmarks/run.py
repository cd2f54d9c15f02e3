"""The whole run: a filter, a split by the hash of a key, features learned on the training part, both parts to Parquet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work, close, out, ratio
from bench.benchmarks.prepare import sums
from bench.benchmarks.split import TRAIN

NUMBERS = ("passengers", "duration_s", "rating", "distance_km", "fare", "tip", "tolls", "surge")
TEXTS = ("payment", "vehicle", "channel")
REST = ("trip_id", "order_ref", "picked_up_at", "dropped_off_at", "city", "status", "driver_id", "phone", "comment")
PARTS = ("train", "test")
KEPT = "status <> 'open'"

FLOW = f"""
data:
  roles: {{id: trip_id, label: status, positive: done, facet: city}}
rows:
  - filter: "{KEPT}"
split: {{train: 0.8, test: 0.2, by: hash(trip_id)}}
features:
  - impute: {{columns: [{", ".join(NUMBERS)}], with: median}}
  - impute: {{columns: [{", ".join(TEXTS)}], with: mode}}
  - scale: {{columns: [{", ".join(NUMBERS)}], with: standard}}
  - encode: {{columns: [{", ".join(TEXTS)}], with: one_hot}}
"""


def tilth(name: str, measured: str = "") -> Callable[[Path], Work]:
    """`tilth run`, leakage checks, changed cells and report included; `measured` are the measures of the flow."""

    def prepare(folder: Path) -> Work:
        import tilth
        import tilth.verbs

        trips, place, flow = str(folder / "trips" / "*.parquet"), out(folder, "run", name), tilth.Flow.parse(FLOW + measured)

        def work() -> str:
            tilth.run(flow, place, trips)
            return str(place)

        return work

    return prepare


def duckdb(folder: Path) -> Work:
    """Two queries to learn, a COPY for each part. MD5, because only MD5 gives the same parts on every engine."""
    import duckdb

    con = duckdb.connect()
    con.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")
    place = out(folder, "run", "duckdb")
    trips = f"(FROM read_parquet('{folder}/trips/*.parquet') WHERE {KEPT})"
    rows = {part: f"md5('0' || chr(31) || trip_id) {test} {TRAIN}" for part, test in zip(PARTS, ("<", ">="), strict=True)}
    train = f"{trips} WHERE {rows['train']}"

    def numbers() -> list[str]:
        asked = ", ".join(f"count({c}), avg({c}), var_pop({c}), quantile_cont({c}, 0.5)" for c in NUMBERS)
        n, *found = con.execute(f"SELECT count(*), {asked} FROM {train}").fetchall()[0]
        scaled = []
        for i, c in enumerate(NUMBERS):  # mean and deviation after imputation are computed from those before, without a second scan
            k, mean, variance, fill = (float(x) for x in found[4 * i : 4 * i + 4])
            m = (k * mean + (n - k) * fill) / n
            v = (k * (variance + (mean - m) ** 2) + (n - k) * (fill - m) ** 2) / n
            scaled.append(f"(coalesce({c}, {fill!r}::DOUBLE) - {m!r}::DOUBLE) / {v**0.5!r}::DOUBLE AS {c}")
        return scaled

    def hot() -> list[str]:
        sets = ", ".join(f"({c})" for c in TEXTS)
        query = f"SELECT {', '.join(TEXTS)}, count(*) FROM {train} GROUP BY GROUPING SETS ({sets}) ORDER BY 4 DESC"
        groups = con.execute(query).fetchall()
        words = {c: [row[i] for row in groups if row[i] is not None] for i, c in enumerate(TEXTS)}
        return [f"(coalesce({c}, '{vs[0]}') = '{v}')::TINYINT AS {c}_{v}" for c, vs in words.items() for v in vs]

    def work() -> str:
        columns = ", ".join([*numbers(), *hot(), *REST])
        for part, chosen in rows.items():
            (place / part).mkdir(parents=True)
            con.execute(
                f"COPY (SELECT {columns} FROM {trips} WHERE {chosen}) TO '{place}/{part}/part-0.parquet' "
                "(FORMAT parquet, ROW_GROUP_SIZE 122880, DICTIONARY_SIZE_LIMIT 3000)"
            )
        return str(place)

    return work


def polars(folder: Path) -> Work:
    """Three scans to learn, a scan for each part, all streamed. By Polars' own hash, which is fast, but not available on other engines."""
    import polars as pl

    place = out(folder, "run", "polars")

    def work() -> str:
        trips = pl.scan_parquet(folder / "trips" / "*.parquet").filter(pl.col("status") != "open")
        is_train = pl.col("trip_id").hash(0) % 10 < 8
        train = trips.filter(is_train)
        median = train.select(pl.col(NUMBERS).median()).collect(engine="streaming").row(0, named=True)
        words: dict[str, list[Any]] = {}
        counts = pl.collect_all([train.group_by(c).len() for c in TEXTS], engine="streaming")
        for c, found in zip(TEXTS, counts, strict=True):
            words[c] = found.drop_nulls(c).sort("len", descending=True)[c].to_list()
        filled = [pl.col(c).cast(pl.Float64).fill_null(median[c]) for c in NUMBERS]
        moments = train.select(
            *[f.mean().alias(f"m {c}") for f, c in zip(filled, NUMBERS, strict=True)],
            *[f.std(ddof=0).alias(f"s {c}") for f, c in zip(filled, NUMBERS, strict=True)],
        )
        learned = moments.collect(engine="streaming").row(0, named=True)
        scaled = [(f - learned[f"m {c}"]) / learned[f"s {c}"] for f, c in zip(filled, NUMBERS, strict=True)]
        hot = [(pl.col(c).fill_null(vs[0]) == v).cast(pl.Int8).alias(f"{c}_{v}") for c, vs in words.items() for v in vs]
        for part, rows in zip(PARTS, (is_train, ~is_train), strict=True):
            (place / part).mkdir(parents=True)
            prepared = trips.filter(rows).select(*scaled, *hot, *REST)
            prepared.sink_parquet(place / part / "part-0.parquet", compression="snappy", maintain_order=False)
        return str(place)

    return work


def differences(results: Mapping[str, str]) -> list[str]:
    """Parts that differ from those of DuckDB by hand; Polars splits by another hash, so only the number of its figures is compared."""
    found = {who: {part: sorted(sums(f"{place}/{part}")) for part in PARTS} for who, place in results.items()}
    by_hand, wrong = found.get("duckdb", {}), list[str]()
    for who, part in product(found, PARTS if by_hand else ()):
        ours, theirs = found[who][part], by_hand[part]
        pairs = zip(ours, theirs, strict=False) if who != "polars" else ()
        wrong += [f"{who}, {part}: {len(ours)} figures, by hand {len(theirs)}"] if len(ours) != len(theirs) else []
        wrong += [f"{who}, {part}: {a}, by hand {b}" for a, b in pairs if not close(a, b, 1e-6)][:3]
    return wrong


BENCHMARK = Benchmark(
    name="run",
    title="Whole run",
    about="`tilth run`: rows are filtered, split by the hash of an id, imputed, scaled and one-hot encoded as learned from the training "
    "part; both parts are written as Parquet, and a report. By hand the same, without leakage checks, counts of changed cells and report.",
    candidates=(
        Candidate("tilth", tilth("tilth")),
        Candidate("measured", tilth("measured", "measure: [bias, profile]"), title="tilth, with `measure: [bias, profile]`"),
        Candidate("duckdb", duckdb, title="DuckDB by hand, MD5"),
        Candidate("polars", polars, title="Polars by hand, its own hash"),
    ),
    targets=(
        Target(
            "the run to Polars by hand",
            ratio("tilth", "polars"),
            1.3,
            why="two fifths of Tilth's core seconds go to writing Parquet; a third to holding the filtered rows with their part, so that "
            "none of the ten scans that follow reads them or hashes their keys again; a sixth to learning, by sums that do not depend on "
            "the order of rows; and a twentieth each to the leakage checks and to counting changed cells, which the code by hand leaves "
            "out. DuckDB by hand, which reads and hashes the rows again for each of its four queries, takes 1.7 times as long as Polars "
            "with its own hash.",
        ),
        Target(
            "the run with `measure: [bias, profile]` to the run without",
            ratio("measured", "tilth"),
            1.25,
            why="two fifths of the time that measuring adds are one scan of all columns of the data as read, a quarter is a scan of both "
            "parts, a seventh fetching a sample; the rest is numpy's work on the sample, counting columns with few values, bias and class "
            "balance. Reading the Parquet files twice more takes two thirds of the time that the target allows. One scan of the data as "
            "read, with the same aggregates written by hand (see Profile), takes more than all of it: nearly half for decoding, a fifth "
            "for estimates of distinct values, a tenth each for sums, lengths of strings and blank strings.",
        ),
    ),
    differences=differences,
)
