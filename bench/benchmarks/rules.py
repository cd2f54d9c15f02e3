"""Forty rules on one table: by Tilth, by hand in DuckDB and in Spark SQL, and by the libraries for checking data."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work, close, ratio
from bench.peers import COMPLETE, DRIVER, NEARLY, ORDER, PATTERNS, PEERS, RANGES, SETS

RULES = Path(__file__).parent.parent / "forty_rules.dqdl"

PHONE = r"\+[0-9]{2}-[0-9]{3}-[0-9]{7}"


def tilth(folder: Path) -> Work:
    import tilth
    import tilth.engine.user_sql.query
    import tilth.rules.evaluation
    import tilth.verbs
    from tilth.engine.duckdb import DuckDB

    engine, text = DuckDB(memory_limit="2GiB").session(), RULES.read_text("utf-8")

    def work() -> dict[str, Any]:
        drivers = tilth.read(str(folder / "drivers" / "*.parquet"), engine=engine)
        report = tilth.check(
            tilth.read(str(folder / "trips" / "*.parquet"), engine=engine), text, engine=engine, sources={"drivers": drivers}
        )
        return {"numbers": numbers_of(report), "scans": len(report.facts.scans)}

    return work


def tilth_as_pointblank(folder: Path) -> Work:
    """The rules that pointblank, the fastest of the libraries, can check: none on keys, moments, entropy or another table."""
    import tilth
    import tilth.rules
    import tilth.verbs
    from tilth.engine.duckdb import DuckDB

    rules = [f'Completeness "{c}" > 0.9' for c in (*COMPLETE, *NEARLY)]
    rules += [f'ColumnValues "{c}" between {low - 1} and {high + 1} with threshold > 0.9' for c, (low, high) in RANGES.items()]
    rules += [f'ColumnValues "{c}" in [{quoted(values)}] with threshold > 0.9'.replace("'", '"') for c, values in SETS.items()]
    rules += [f'ColumnValues "{c}" matches "{pattern}"' for c, pattern in PATTERNS.items()]
    engine = DuckDB(memory_limit="2GiB").session()

    def work() -> dict[str, Any]:
        trips = tilth.read(str(folder / "trips" / "*.parquet"), engine=engine)
        return {"rules": len(tilth.check(trips, f"Rules = [ {', '.join(rules)} ]", engine=engine).findings)}

    return work


def numbers_of(report: Any) -> list[float | None]:
    """One number for each rule: the share of conforming rows if the rule is on single rows, otherwise the measured value."""
    found = []
    for f in report.findings:
        rows = None if f.name.startswith("Uniqueness") else f.payload.rows  # a row whose key is null passes, and does not count there
        found.append(rows["passed"] / rows["total"] if rows else f.value)
    return found


def quoted(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{v}'" for v in values)


# ── by hand ──

ROW_AGGREGATES = {
    "rows": "count(*)",
    **{f"{c} there": f"count({c})" for c in ("passengers", "duration_s", "distance_km", "tip", "dropped_off_at", "comment")},
    "passengers in range": "count_if(passengers > 0 AND passengers < 7)",
    "rating in range": "count_if(rating > 0 AND rating < 6)",
    "duration_s in range": "count_if(duration_s >= 120)",
    "distance_km in range": "count_if(distance_km < 60)",
    "fare in range": "count_if(fare > 3)",
    "tip in range": "count_if(tip <= 2.5e0)",
    "surge in range": "count_if(surge > 0.5e0 AND surge < 2)",
    "tolls in range": "count_if(tolls >= 0)",
    "picked_up_at in range": "count_if(picked_up_at >= timestamp '2024-01-01 00:00:00')",
    "comment of length": "count_if(length(comment) > 8 AND length(comment) < 80)",
    **{f"extreme {w} {c}": f"{w}({c})" for c in ("passengers", "rating", "surge", "length(comment)") for w in ("min", "max")},
    **{
        f"extreme {c}": f"{w}({c})"
        for w, c in (("min", "duration_s"), ("max", "distance_km"), ("min", "fare"), ("max", "tip"), ("min", "tolls"))
    },
    "mean fare": "avg(fare)",
    "deviation distance_km": "stddev_pop(distance_km)",
    "sum tip": "sum(tip)",
    "mean duration_s": "avg(duration_s)",
    "correlation": "corr(distance_km, fare)",
}


def when(predicate: str) -> str:
    """SQL for the number of rows that meet a predicate, computed from groups."""
    return f"coalesce(sum(n) FILTER (WHERE {predicate}), 0)"


# DuckDB evaluates list_position for each entry of a Parquet dictionary, but IN for every row
FEW = {"city there": "count(city)"} | {
    f"{c} known": f"count_if(list_position([{quoted(SETS[c])}], {c}) > 0)" for c in ("city", "vehicle", "channel")
}

GROUPS = {  # column → aggregates over its groups, which have one row per value instead of one per row of the table
    "payment": {
        "payment there": when("payment IS NOT NULL"),
        "payment known": when(f"payment IN ({quoted(SETS['payment'])})"),
        "payment n ln n": "sum(n * ln(n)) FILTER (WHERE payment IS NOT NULL)",
    },
    "status": {"status known": when(f"status IN ({quoted(SETS['status'])})"), "status values": "count(*)"},
    "trip_id": {"trip_id unique": "count_if(n = 1 AND trip_id IS NOT NULL)", "trip_id there": when("trip_id IS NOT NULL")},
    "order_ref": {
        "order_ref unique": "count_if(n = 1 AND order_ref IS NOT NULL)",
        "order_ref there": when("order_ref IS NOT NULL"),
        "order_ref matches": when("{order}"),
        "order_ref of length": when("length(order_ref) = 13"),
    },
    "phone": {
        "phone unique": "count_if(n = 1 AND phone IS NOT NULL)",
        "phone there": when("phone IS NOT NULL"),
        "phone matches": when("{phone}"),
    },
    "driver_id": {"driver_id matches": when("{driver}"), "driver_id unknown": when("known IS NULL")},
}
DRIVERS = "LEFT JOIN (SELECT DISTINCT driver_id AS known FROM drivers) ON driver_id = known"


def by_hand(found: Mapping[str, Any]) -> list[float]:
    """The numbers of the forty rules, in their order, from counts; without the extremes, which Tilth also reports."""
    f = {name: float(value) for name, value in found.items() if not name.startswith("extreme")}
    rows = f["rows"]

    def share(*names: str) -> list[float]:
        return [f[name] / rows for name in names]

    return [
        rows,
        *share(
            *(
                f"{c} there"
                for c in ("city", "passengers", "duration_s", "distance_km", "tip", "dropped_off_at", "payment", "phone", "comment")
            )
        ),
        *share(
            *(
                f"{c} in range"
                for c in ("passengers", "rating", "duration_s", "distance_km", "fare", "tip", "surge", "tolls", "picked_up_at")
            )
        ),
        *share(*(f"{c} known" for c in ("payment", "city", "status", "vehicle", "channel"))),
        *share(*(f"{c} matches" for c in ("phone", "driver_id", "order_ref"))),
        *share("order_ref of length", "comment of length"),
        *(f[name] for name in ("mean fare", "deviation distance_km", "sum tip", "mean duration_s", "correlation")),
        *(f[f"{c} unique"] / f[f"{c} there"] for c in ("trip_id", "order_ref", "phone")),
        f["status values"],
        log(f["payment there"]) - f["payment n ln n"] / f["payment there"],
        f["driver_id unknown"],
    ]


def duckdb(folder: Path) -> Work:
    import duckdb

    con = duckdb.connect()
    con.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false; SET memory_limit = '2GiB'")
    patterns = {name: f"regexp_full_match({c}, '{p}')" for name, c, p in matched()}

    def work() -> dict[str, Any]:
        for table in ("trips", "drivers"):
            con.execute(f"CREATE OR REPLACE VIEW {table} AS SELECT * FROM read_parquet('{folder}/{table}/*.parquet')")
        return {"numbers": by_hand(answers(lambda query: con.execute(query).fetchall()[0], patterns, ROW_AGGREGATES | FEW, GROUPS))}

    return work


def spark(folder: Path) -> Work:
    """One wide SELECT. It includes the aggregates that DuckDB computes over groups, because this is cheaper on Spark."""
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[*]")
        .config("spark.driver.memory", "6g")
        .config("spark.sql.shuffle.partitions", "8")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.ansi.enabled", "false")
        .config("spark.log.level", "ERROR")
        .getOrCreate()
    )
    patterns = {name: f"regexp({c}, '^(?:{p})$')".replace("\\", "\\\\") for name, c, p in matched()}
    session.range(10).count()
    few = {f"{c} known": f"count_if({c} IN ({quoted(SETS[c])}))" for c in ("city", "vehicle", "channel")}
    wide = ROW_AGGREGATES | {"city there": "count(city)"} | few

    def work() -> dict[str, Any]:
        for table in ("trips", "drivers"):
            session.read.parquet(str(folder / table)).createOrReplaceTempView(table)
        return {"numbers": by_hand(answers(lambda query: session.sql(query).collect()[0], patterns, wide, GROUPS))}

    return work


def matched() -> tuple[tuple[str, str, str], ...]:
    return ("phone", "phone", PHONE), ("driver", "driver_id", DRIVER), ("order", "order_ref", ORDER)


def answers(ask: Any, patterns: Mapping[str, str], wide: Mapping[str, str], groups: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """The answers of one wide SELECT, and of one SELECT over the groups of each column."""
    found = dict(zip(wide, ask(f"SELECT {', '.join(wide.values())} FROM trips"), strict=True))
    for column, asked in groups.items():
        numbers = [sql.format_map(patterns) if "{" in sql else sql for sql in asked.values()]
        join = DRIVERS if column == "driver_id" else ""
        query = f"SELECT {', '.join(numbers)} FROM (SELECT {column}, count(*) AS n FROM trips GROUP BY {column}) {join}"
        found |= zip(asked, ask(query), strict=True)
    return found


def differences(results: Mapping[str, Any]) -> list[str]:
    """Rules with a number that differs from that of DuckDB by hand."""
    expected = results.get("duckdb", {}).get("numbers", [])
    lines = [line.strip().rstrip(",") for line in RULES.read_text("utf-8").split("Rules = [")[1].splitlines()]
    rules = [line for line in lines if line and line[0] not in "#]"]
    wrong = []
    for who in ("tilth", "spark"):
        found = results.get(who, {}).get("numbers", expected)
        wrong += [f"{who}: {len(found)} numbers, not {len(expected)}"] if len(found) != len(expected) else []
        wrong += [f"{who}: {rule}: {a}, by hand {b}" for rule, a, b in zip(rules, found, expected, strict=False) if not close(a, b)]
    return wrong


BENCHMARK = Benchmark(
    name="rules",
    title="Forty rules",
    about="`bench/forty_rules.dqdl` on 20 columns; the same numbers by hand. The libraries check these rules, or fewer.",
    candidates=(
        Candidate("tilth", tilth),
        Candidate("duckdb", duckdb, title="DuckDB by hand"),
        Candidate("spark", spark, runs=1, title="Spark SQL by hand"),
        *PEERS,
        Candidate("tilth_as_pointblank", tilth_as_pointblank, title="tilth, pointblank's 25 rules"),
    ),
    targets=(
        Target(
            "forty rules to DuckDB by hand",
            ratio("tilth", "duckdb"),
            0.8,
            why="one core sorts the hashes of two columns of texts that nearly all differ. By hand, one GROUP BY of `driver_id` serves "
            "both its pattern and the CustomSql; Tilth groups for the CustomSql and tests the pattern row by row. Its sums and moments do "
            "not depend on the order of the rows.",
        ),
        Target(
            "forty rules to the fastest library",
            ratio("tilth", *(p.name for p in PEERS)),
            0.5,
            why="pandera checks 21 rules and pointblank 25. pointblank checks none about keys, entropy or another table, which take two "
            "thirds of Tilth's time, and of the time of the SQL by hand. The libraries that check 31 rules or more are cuallee, Soda and "
            "Great Expectations.",
        ),
        Target(
            "pointblank's 25 rules to pointblank",
            ratio("tilth_as_pointblank", "pointblank"),
            0.6,
            why="for both, two patterns over 20 million texts take half of the time, and reading the columns most of the rest.",
        ),
        Target("forty rules to Spark SQL by hand", ratio("tilth", "spark"), 0.2, why="the cores were shared: see the core seconds."),
        Target("peak memory of forty rules", lambda f: f["tilth"].peak, 2.0, "GiB"),
    ),
    differences=differences,
)
