"""Bias before training: three facets, a label, strata for CDDL; everything is computed from one table of counts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from bench.benchmark import Benchmark, Candidate, Target, Work, close, ratio

OLD = 40  # the facet group of older people begins above this age
FACETS = {"sex": ("Female", "Male"), "race": ("A", "B", "C", "D", "E")}

SMCLARIFY = ("smclarify==0.5", "pandas==3.1.1", "aiobotocore==3.10.0", "boto3==1.43.117", "s3fs==2026.9.0")  # pip takes long to find these

CELLS = f"SELECT sex, race, age > {OLD} AS old, region, approved, count(*) AS n FROM loans GROUP BY ALL"


def tilth(folder: Path, draws: int = 1000) -> Work:
    import tilth
    import tilth.verbs
    from tilth.engine.duckdb import DuckDB
    from tilth.measures.bias import BiasRequest, Facet, bias_findings

    facets = (Facet("sex"), Facet("race"), Facet("age", (f"({OLD}, 87]",)))
    request = BiasRequest(facets, label="approved", positive=(1,), group="region", bootstrap=draws)
    engine = DuckDB().session()

    def work() -> dict[str, float]:
        data = tilth.read(str(folder / "loans" / "*.parquet"), engine=engine)
        findings = list(bias_findings(data, request, engine=engine))
        return {key(f): f.value for f in findings if f.name in ("CI", "DPL", "CDDL")}

    def key(f: Any) -> str:
        return f"{f.name} {f.subject[0]} {f.payload.facet_value}"

    return work


def measures(cells: Mapping[tuple[Any, ...], int]) -> dict[str, float]:
    """CI, DPL and CDDL of every group, computed by hand from (facet values …, region, label) → number of rows."""
    found: dict[str, float] = {}
    for position, (facet, groups) in enumerate([*FACETS.items(), ("age", (True,))]):
        for group in groups:
            name = f"({OLD}, 87]" if facet == "age" else group
            counts: dict[tuple[bool, Any, bool], int] = {}
            for key, n in cells.items():
                if key[position] is not None:
                    place = (key[position] == group, key[3], key[4] == 1)
                    counts[place] = counts.get(place, 0) + n
            found |= {f"{metric} {facet} {name}": v for metric, v in of_group(counts).items()}
    return found


def of_group(counts: Mapping[tuple[bool, Any, bool], int]) -> dict[str, float]:
    def total(d: bool | None = None, region: Any = None, good: bool | None = None) -> int:
        wanted = (d, region, good)
        return sum(n for key, n in counts.items() if all(w is None or w == k for w, k in zip(wanted, key, strict=True)))

    def disparity(region: Any) -> float:
        return total(True, region, False) / max(1, total(None, region, False)) - total(True, region, True) / max(
            1, total(None, region, True)
        )

    d, a = total(True), total(False)
    regions = {key[1] for key in counts}
    return {
        "CI": (a - d) / (a + d),
        "DPL": total(False, None, True) / a - total(True, None, True) / d,
        "CDDL": sum(total(None, r) * disparity(r) for r in regions) / (a + d),
    }


def duckdb(folder: Path) -> Work:
    import duckdb

    con = duckdb.connect()
    con.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")

    def work() -> dict[str, float]:
        con.execute(f"CREATE OR REPLACE VIEW loans AS SELECT * FROM read_parquet('{folder}/loans/*.parquet')")
        return measures({row[:-1]: row[-1] for row in con.execute(CELLS).fetchall()})

    return work


def pandas(folder: Path) -> Work:
    """Metric by metric with masks, as in a notebook."""
    import pandas as pd

    def work() -> dict[str, float]:
        loans = pd.read_parquet(folder / "loans", columns=["sex", "race", "age", "region", "approved"])
        good = loans["approved"] == 1
        found: dict[str, float] = {}
        sides = [(facet, g, loans[facet] == g, loans[facet].notna()) for facet, groups in FACETS.items() for g in groups]
        sides.append(("age", f"({OLD}, 87]", loans["age"] > OLD, loans["age"].notna()))
        for facet, name, d, known in sides:
            a = known & ~d
            n_d, n_a = d.sum(), a.sum()
            found[f"CI {facet} {name}"] = float((n_a - n_d) / (n_a + n_d))
            found[f"DPL {facet} {name}"] = float(good[a].mean() - good[d].mean())
            total = 0.0
            for region in sorted(loans["region"].unique()):
                here = known & (loans["region"] == region)
                rejected, accepted = (here & ~good).sum(), (here & good).sum()
                total += here.sum() * ((d & here & ~good).sum() / rejected - (d & here & good).sum() / accepted)
            found[f"CDDL {facet} {name}"] = float(total / (n_a + n_d))
        return found

    return work


def smclarify(folder: Path) -> Work:
    """The library of SageMaker Clarify: all eight metrics, a report for each facet, no intervals. On fewer rows, so it is not compared."""
    import pandas as pd
    from smclarify.bias import report

    pd.options.future.infer_string = False  # it supports strings only as objects

    def work() -> dict[str, float]:
        loans = pd.read_parquet(folder / "loans", columns=["sex", "race", "age", "region", "approved"])
        label, before = report.LabelColumn("approved", loans["approved"], [1]), report.StageType.PRE_TRAINING
        for facet in (report.FacetColumn("sex"), report.FacetColumn("race"), report.FacetColumn("age", [OLD])):
            report.bias_report(loans, facet, label, stage_type=before, group_variable=loans["region"])
        return {}

    return work


def differences(results: Mapping[str, dict[str, float]]) -> list[str]:
    by_hand = results.get("duckdb", {})
    return [
        f"{who}: {name} is {found.get(name)}, by hand {value}"
        for who, found in results.items()
        if found
        for name, value in by_hand.items()
        if not close(found.get(name), value)
    ]


BENCHMARK = Benchmark(
    name="bias",
    title="Bias",
    about="Three facets (sex, race, age over 40), a label and twenty strata. Tilth finds all eight metrics with intervals; "
    "the others CI, DPL and CDDL.",
    candidates=(
        Candidate("tilth", tilth),
        Candidate("closed forms", partial(tilth, draws=0), title="tilth without draws for intervals"),
        Candidate("duckdb", duckdb, title="one GROUP BY, DuckDB"),
        Candidate("pandas", pandas, runs=1),
        Candidate("smclarify", smclarify, needs=SMCLARIFY, rows=100_000, runs=1),
    ),
    targets=(
        Target(
            "bias report to one hand-written GROUP BY",
            ratio("tilth", "duckdb"),
            1.2,
            why="the scan is the same; Tilth also makes a thousand draws for the intervals, and inspects 10,000 rows to choose a plan.",
        ),
        Target("bias report to the same without draws for intervals", ratio("tilth", "closed forms", of="cpu"), 1.1),
        Target("bias report to smclarify", ratio("tilth", "smclarify"), 1 / 50),
        Target("bias report to pandas", ratio("tilth", "pandas"), 1 / 40, why="the same work in addition to the scan."),
    ),
    differences=differences,
)
