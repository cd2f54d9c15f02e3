"""Planning: the cost must not depend on the number of rules, only on the statistics that they need."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work

RULES = 1_000
KEYS = ("city", "payment", "status")


def ruleset(n: int) -> str:
    """`n` rules on trips: ranges, means and completeness with different numbers, and keys among three columns."""
    numbers = ("fare", "tip", "tolls", "surge", "distance_km")
    kinds = (
        lambda i: f'ColumnValues "{numbers[i % 5]}" > -{i} with threshold > 0.5',
        lambda i: f'Completeness "{numbers[i % 5]}" > 0.{i % 90}',
        lambda i: f'Mean "{numbers[i % 5]}" < {1000 + i}',
        lambda i: f'Uniqueness "{KEYS[i % 3]}" < 0.{i % 90 + 1}',
    )
    return "Rules = [\n" + ",\n".join(kinds[i % 4](i) for i in range(n)) + "\n]"


def planned(folder: Path) -> Work:
    """From the parsed rules to the texts of the queries, without running them."""
    import tilth
    from tilth.engine.dry_run import DryRun
    from tilth.rules import parse
    from tilth.rules.evaluation import evaluate

    rules = parse(ruleset(RULES))
    data = tilth.read(str(folder / "trips" / "*.parquet"))

    def work() -> int:
        engine = DryRun(tilth.DuckDB().session())
        evaluate(data, rules, engine)
        return len(engine.scans)

    return work


def checked(folder: Path) -> Work:
    import tilth
    import tilth.rules
    import tilth.verbs

    trips, rules = str(folder / "trips" / "*.parquet"), ruleset(RULES)

    def work() -> int:
        return len(tilth.check(trips, rules).facts.scans)

    return work


def differences(results: Mapping[str, Any]) -> list[str]:
    return [f"{who}: {scans} scans, expected {1 + len(KEYS)}" for who, scans in results.items() if scans != 1 + len(KEYS)]


BENCHMARK = Benchmark(
    name="planning",
    title="Planning",
    about=f"{RULES:,} rules over eight columns, three of them keys: {1 + len(KEYS)} scans.",
    candidates=(
        Candidate("plan", planned, title=f"plan {RULES:,} rules"),
        Candidate("check", checked, runs=1, title=f"check {RULES:,} rules"),
    ),
    compared=False,
    targets=(Target(f"{RULES:,} rules are planned", lambda f: f["plan"].wall, 1.0, "s"),),
    differences=differences,
)
