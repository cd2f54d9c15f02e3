"""The forty rules by libraries for checking data. Each checks the rules that it can express, and never more than Tilth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bench.benchmark import Candidate, Work

DRIVER, ORDER = "DRV-[0-9]{6}", "ORD-[0-9]{9}"
COMPLETE = ("city", "order_ref", "fare", "status")
NEARLY = ("passengers", "duration_s", "distance_km", "tip", "phone", "comment")  # complete except for a few percent
RANGES: dict[str, tuple[float, float]] = {
    "passengers": (1, 6), "rating": (1, 5), "duration_s": (120, 100_000), "distance_km": (0, 200),
    "fare": (3, 1000), "tip": (0, 3), "surge": (0, 10), "tolls": (0, 12),
}  # fmt: skip
SETS = {
    "payment": ("card", "cash", "app", "voucher", "invoice"),
    "city": ("Aachen", "Bern", "Cork", "Delft", "Evora", "Faro", "Ghent"),
    "status": ("done", "cancelled", "open", "disputed"),
    "vehicle": ("car", "van", "bike"),
    "channel": ("web", "phone", "kiosk", "partner", "api", "street"),
}
PATTERNS = {"driver_id": DRIVER, "order_ref": ORDER}
UNIQUE = "order_ref"
NAMES = tuple(dict.fromkeys((*COMPLETE, *NEARLY, *RANGES, *SETS, *PATTERNS)))


def pandera(folder: Path) -> Work:
    import pandera.polars as pa
    import polars as pl

    def column(name: str) -> Any:
        checks = [pa.Check.in_range(*RANGES[name])] if name in RANGES else []
        checks += [pa.Check.isin(SETS[name])] if name in SETS else []
        checks += [pa.Check.str_matches(f"^{PATTERNS[name]}$")] if name in PATTERNS else []
        checks += [pa.Check.str_length(13, 13)] if name == UNIQUE else []
        return pa.Column(checks=checks, nullable=name not in COMPLETE, unique=name == UNIQUE)

    schema = pa.DataFrameSchema({name: column(name) for name in NAMES})

    def work() -> dict[str, Any]:
        schema.validate(pl.read_parquet(folder / "trips" / "*.parquet", columns=list(NAMES)), lazy=True)
        return {"rules": len(COMPLETE) + len(RANGES) + len(SETS) + len(PATTERNS) + 2}

    return work


def pointblank(folder: Path) -> Work:
    import pointblank as pb
    import polars as pl

    def work() -> dict[str, Any]:
        plan = pb.Validate(pl.scan_parquet(folder / "trips" / "*.parquet"))
        for c in (*COMPLETE, *NEARLY):
            plan = plan.col_vals_not_null(c)
        for c, (low, high) in RANGES.items():
            plan = plan.col_vals_between(c, low, high, na_pass=True)
        for c, values in SETS.items():
            plan = plan.col_vals_in_set(c, [*values, None])
        for c, pattern in PATTERNS.items():
            plan = plan.col_vals_regex(c, f"^{pattern}$")
        return {"rules": len(plan.interrogate(collect_extracts=False).n())}

    return work


def cuallee(folder: Path) -> Work:
    import polars as pl
    from cuallee import Check, CheckLevel

    def work() -> dict[str, Any]:
        check = Check(CheckLevel.WARNING, "trips")
        for c in (*COMPLETE, *NEARLY):
            check = check.is_complete(c)
        for c, limits in RANGES.items():
            check = check.is_between(c, limits)
        for c, values in SETS.items():
            check = check.is_contained_in(c, values)
        for c, pattern in PATTERNS.items():
            check = check.has_pattern(c, f"^{pattern}$")
        check = check.has_mean("fare", 15.0).has_std("distance_km", 6.0).has_sum("tip", 0.0).has_mean("duration_s", 1500.0)
        check = check.is_unique("trip_id").is_unique(UNIQUE)
        return {"rules": check.validate(pl.read_parquet(folder / "trips" / "*.parquet")).height}

    return work


def soda(folder: Path) -> Work:
    """A contract on DuckDB: checks per column; the library combines them into few queries."""
    import json

    import duckdb
    from soda_core.common.yaml import ContractYamlSource
    from soda_core.contracts.contract_verification import ContractVerificationSession
    from soda_duckdb.common.data_sources.duckdb_data_source import DuckDBDataSourceImpl

    def checks(c: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = [{"missing": {} if c in COMPLETE else {"threshold": {"metric": "percent", "must_be_less_than": 10}}}]
        if c in RANGES:
            found.append({"invalid": {"valid_min": RANGES[c][0], "valid_max": RANGES[c][1]}})
        if c in SETS:
            found.append({"invalid": {"valid_values": list(SETS[c])}})
        if c in PATTERNS:
            found.append({"invalid": {"valid_format": {"regex": f"^{PATTERNS[c]}$", "name": c}}})
        if c == UNIQUE:
            found.append({"duplicate": {}})
        if c in ("fare", "duration_s"):
            found.append({"aggregate": {"function": "avg", "threshold": {"must_be_greater_than": 1}}})
        return found

    columns = [{"name": c, "checks": checks(c)} for c in NAMES]
    contract = {"dataset": "bench/memory/main/trips", "columns": columns, "checks": [{"row_count": {}}]}
    con = duckdb.connect()
    con.execute("SET enable_progress_bar = false")
    source = DuckDBDataSourceImpl.from_existing_cursor(con, "bench")

    def work() -> dict[str, Any]:
        con.execute(f"CREATE OR REPLACE VIEW trips AS SELECT * FROM read_parquet('{folder}/trips/*.parquet')")
        text = ContractYamlSource.from_str(json.dumps(contract))
        done = ContractVerificationSession.execute(contract_yaml_sources=[text], data_source_impls=[source])
        results = done.contract_verification_results[0].check_results
        return {"rules": len(results), "passed": sum(r.is_passed for r in results), "words": done.get_errors_str()}

    return work


def great_expectations(folder: Path) -> Work:
    import great_expectations as gx
    import great_expectations.expectations as gxe
    import pandas as pd

    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("bench").add_dataframe_asset("trips")
    batch = asset.add_batch_definition_whole_dataframe("all")
    expected: list[Any] = [gxe.ExpectColumnValuesToNotBeNull(column=c, mostly=1 if c in COMPLETE else 0.9) for c in (*COMPLETE, *NEARLY)]
    expected += [gxe.ExpectColumnValuesToBeBetween(column=c, min_value=low, max_value=high) for c, (low, high) in RANGES.items()]
    expected += [gxe.ExpectColumnValuesToBeInSet(column=c, value_set=list(values)) for c, values in SETS.items()]
    expected += [gxe.ExpectColumnValuesToMatchRegex(column=c, regex=f"^{pattern}$") for c, pattern in PATTERNS.items()]
    expected += [gxe.ExpectColumnMeanToBeBetween(column=c, min_value=0) for c in ("fare", "duration_s")]
    expected += [
        gxe.ExpectColumnStdevToBeBetween(column="distance_km", min_value=0),
        gxe.ExpectColumnSumToBeBetween(column="tip", min_value=0),
    ]
    expected += [gxe.ExpectColumnValueLengthsToEqual(column=UNIQUE, value=13), gxe.ExpectColumnValuesToBeUnique(column=UNIQUE)]
    suite = gx.ExpectationSuite(name="trips", expectations=expected)

    def work() -> dict[str, Any]:
        trips = pd.read_parquet(folder / "trips", columns=list(NAMES))
        done = batch.get_batch(batch_parameters={"dataframe": trips}).validate(suite, result_format="BOOLEAN_ONLY")
        return {"rules": len(done.results), "passed": sum(bool(r.success) for r in done.results)}

    return work


PEERS = (
    Candidate("pandera", pandera, needs=("pandera[polars]==0.35.0", "pandas==3.1.1", "polars==2.1.0"), runs=1),
    Candidate("pointblank", pointblank, needs=("pointblank==1.1.1", "polars==2.1.0", "pyarrow==26.0.1"), runs=1),
    Candidate("cuallee", cuallee, needs=("cuallee[polars]==0.15.4", "numpy", "pandas==3.1.1", "polars==2.1.0", "pyarrow==26.0.1"), runs=1),
    Candidate("soda", soda, needs=("soda-duckdb==4.28.0", "duckdb==2.0.0"), runs=1),
    Candidate("great_expectations", great_expectations, needs=("great_expectations==1.24.1", "pandas==3.1.1", "pyarrow==26.0.1"), runs=1),
)
