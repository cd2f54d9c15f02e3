"""Row-level results of thirty rules: all rows with the lists of passed, failed and skipped rules; by hand one projection."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work, out, ratio
from bench.data import PHONE
from bench.peers import SETS

COMPLETE = ("city", "passengers", "duration_s", "distance_km", "tip", "dropped_off_at", "payment", "phone", "comment")
PREDICATES = {  # rule → the predicate for a row, by hand
    **{f'Completeness "{c}" > 0.9': f"{c} IS NOT NULL" for c in COMPLETE},
    **{
        f'ColumnValues "{c}" {rule} with threshold > 0.5': f"coalesce({c} {sql}, false)"
        for c, rule, sql in (
            ("passengers", "in [1, 2, 3, 4, 5, 6]", "IN (1, 2, 3, 4, 5, 6)"),
            ("rating", "<= 5", "<= 5"),
            ("duration_s", ">= 120", ">= 120"),
            ("distance_km", "< 60", "< 60"),
            ("fare", "> 3", "> 3"),
            ("tip", "<= 2.5", "<= 2.5e0"),
            ("surge", "< 2", "< 2"),
            ("tolls", ">= 0", ">= 0"),
            ("picked_up_at", '>= "2024-01-01"', ">= DATE '2024-01-01'"),
            ("trip_id", "> 10", "> 10"),
            ("fare", "< 500", "< 500"),
        )
    },
    **{
        f'ColumnValues "{c}" in [{", ".join(f"{chr(34)}{v}{chr(34)}" for v in values)}]': f"coalesce({c} IN {values}, false)"
        for c, values in SETS.items()
    },
    **{
        f'ColumnValues "{c}" matches "{pattern}"': f"coalesce(regexp_full_match({c}, '{pattern}'), false)"
        for c, pattern in (("phone", PHONE), ("driver_id", "DRV-[0-9]{6}"), ("order_ref", "ORD-[0-9]{9}"))
    },
    'ColumnLength "order_ref" = 13': "coalesce(length(order_ref), 0) = 13",
    'ColumnLength "comment" > 8': "coalesce(length(comment), 0) > 8",
}


def tilth(folder: Path) -> Work:
    import tilth
    from tilth import formats
    from tilth.engine.duckdb import DuckDB
    from tilth.rules import parse
    from tilth.rules.evaluation import evaluate
    from tilth.rules.row_output import row_results

    engine, place = DuckDB(memory_limit="2GiB").session(), out(folder, "verdicts", "tilth").with_suffix(".parquet")
    ruleset = parse(f"Rules = [ {', '.join(PREDICATES)} ]")
    data = tilth.read(str(folder / "trips" / "*.parquet"), engine=engine)
    prepared = evaluate(engine.first(data, data.names, 1_000), ruleset, engine).prepared  # the conditions of the rules on rows

    def work() -> dict[str, Any]:
        formats.write(row_results(data, ruleset, prepared).all_rows(), place, engine=engine)
        return found(place)

    return work


def by_hand(folder: Path) -> Work:
    import duckdb

    place, con = out(folder, "verdicts", "duckdb").with_suffix(".parquet"), duckdb.connect()
    con.execute("SET enable_progress_bar = false; SET memory_limit = '2GiB'")
    rules = "[" + ", ".join("'" + rule.replace("'", "''") + "'" for rule in PREDICATES) + "]"
    query = f"""
    WITH judged AS (SELECT *, [{", ".join(PREDICATES.values())}] AS passes FROM read_parquet('{folder}/trips/*.parquet'))
    SELECT * EXCLUDE (passes), list_where({rules}, passes) AS DataQualityRulesPass,
      list_where({rules}, list_transform(passes, lambda x: NOT x)) AS DataQualityRulesFail, []::VARCHAR[] AS DataQualityRulesSkip,
      CASE WHEN list_contains(passes, false) THEN 'Failed' ELSE 'Passed' END AS DataQualityEvaluationResult
    FROM judged
    """

    def work() -> dict[str, Any]:
        con.execute(f"COPY ({query}) TO '{place}' (ROW_GROUP_SIZE 122880)")
        return found(place)

    return work


def found(place: Path) -> dict[str, Any]:
    """The number of failed rows, and of failed rules in all rows."""
    import duckdb

    query = (
        f"SELECT count_if(DataQualityEvaluationResult = 'Failed'), sum(len(DataQualityRulesFail)), count(*) FROM read_parquet('{place}')"
    )
    failed, failures, rows = duckdb.connect().sql(query).fetchall()[0]
    return {"failed": failed, "failures": int(failures), "rows": rows}


def differences(results: Mapping[str, Any]) -> list[str]:
    return [] if results["tilth"] == results["duckdb"] else [f"{results['tilth']}, by hand {results['duckdb']}"]


BENCHMARK = Benchmark(
    name="verdicts",
    title="What thirty rules say of each row",
    about="All rows with the lists of the rules that each passes, fails and skips, in one scan and one file; by hand one projection.",
    candidates=(Candidate("tilth", tilth), Candidate("duckdb", by_hand, title="DuckDB by hand")),
    targets=(
        Target(
            "verdicts on rows to one projection by hand",
            ratio("tilth", "duckdb", of="cpu"),
            1.3,
            why="the texts of the rules are most of what is written; Tilth besides makes nulls of NaN.",
        ),
        Target("peak memory of verdicts on rows", lambda f: f["tilth"].peak, 2.5, "GiB"),
    ),
    differences=differences,
)
