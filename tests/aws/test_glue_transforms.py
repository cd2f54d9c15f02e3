"""A Glue job's script with a data quality node, as its unit test would run it: on Arrow, pandas and Spark."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from tilth.aws import glue_transforms
from tilth.aws.glue_transforms import DynamicFrame, EvaluateDataQuality
from tilth.errors import RequestError

ORDERS = pa.table({"id": [1, 2, 3], "customer": [10, 20, 70], "qty": [5, None, 1]})
CUSTOMERS = pa.table({"id": [10, 20]})
SCRIPT = '''
from awsglue.dynamicframe import DynamicFrame
from awsglue.transforms import *
from awsgluedq.transforms import EvaluateDataQuality

RULES = """
    # what the loader relies on
    Rules = [
        IsComplete "qty" labels=["team"="stock"],
        ColumnValues "customer" < 50 where "id > 1",
        ReferentialIntegrity "customer" "customers.id" > 0.5,
        RowCount > 2
    ]
"""

def job(orders, customers, glue, results, load):
    orders = DynamicFrame.fromDF(orders, glue, "orders")
    quality = EvaluateDataQuality().process_rows(
        frame=orders,
        additional_data_sources={"customers": DynamicFrame.fromDF(customers, glue, "customers")},
        ruleset=RULES,
        publishing_options={
            "dataQualityEvaluationContext": "orders", "enableDataQualityCloudWatchMetrics": True,
            "enableDataQualityResultsPublishing": True, "resultsS3Prefix": results,
        },
        additional_options={
            "dataQualityResultsPublishing.strategy": "BEST_EFFORT", "observations.scope": "ALL", "performanceTuning.caching": "CACHE_INPUT",
            "rowLevelConfiguration.filteredRowLabel": "SKIPPED", "publishAggregatedMetrics.status": "ENABLED",
        },
    )
    load("rows", SelectFromCollection.apply(dfc=quality, key="rowLevelOutcomes", transformation_ctx="rows").toDF())
    load("metrics", SelectFromCollection.apply(dfc=quality, key="aggregatedMetrics").toDF())
    outcomes = quality[EvaluateDataQuality.DATA_QUALITY_RULE_OUTCOMES_KEY]
    load("rules", outcomes.toDF())
    assert quality["originalData"] is orders and outcomes.filter(lambda rule: rule["Outcome"] == "Passed").count() == 2
    assert outcomes.filter(lambda rule: rule["Outcome"] == "Skipped").count() == 0
    assert outcomes.filter(lambda rule: rule["Outcome"] == "Failed").count() == 0, "rules failed for node: orders"
    load("target", orders.toDF())
'''


def run_job(monkeypatch: pytest.MonkeyPatch, orders: Any, customers: Any, results: str) -> dict[str, Any]:
    """What the job loads until its data stops it."""
    for name in ("awsgluedq", "awsgluedq.transforms", "awsglue", "awsglue.transforms", "awsglue.dynamicframe"):
        monkeypatch.setitem(sys.modules, name, glue_transforms)
    script: dict[str, Any] = {}
    exec(SCRIPT, script)
    assert script.keys() - {"__builtins__", "RULES", "job"} == set(glue_transforms.__all__)
    loaded: dict[str, Any] = {}
    with pytest.raises(AssertionError, match="rules failed for node: orders"):
        script["job"](orders, customers, SimpleNamespace(), results, loaded.__setitem__)
    return loaded


def assert_loaded(rows: list[dict[str, Any]], rules: list[dict[str, Any]], metrics: list[dict[str, Any]]) -> None:
    """The verdicts are worked out by hand."""
    complete, below, known, count = (rule["Rule"] for rule in rules)
    assert [rule["Outcome"] for rule in rules] == ["Failed", "Failed", "Passed", "Passed"]
    assert dict(rules[0]["EvaluatedMetrics"]) == {"Column.qty.Completeness": pytest.approx(2 / 3)}
    assert [dict(rule["Labels"]) for rule in rules] == [{"team": "stock"}, {}, {}, {}]
    assert [(rule["PassedCount"], rule["FailedCount"]) for rule in rules[:2]] == [(2, 1), (1, 1)]
    found = {row["id"]: [list(row[f"DataQualityRules{kind}"]) for kind in ("Pass", "Fail", "Skip")] for row in rows}
    assert found == {
        1: [[complete, known], [], [below, count]],
        2: [[below, known], [complete], [count]],
        3: [[complete], [below, known], [count]],
    }
    assert {row["id"]: row["DataQualityEvaluationResult"] for row in rows} == {1: "Passed", 2: "Failed", 3: "Failed"}
    assert metrics == [
        {"TotalRowsProcessed": 3, "PassedRows": 1, "FailedRows": 2, "TotalRulesProcessed": 4, "RulesPassed": 2, "RulesFailed": 2}
    ]


def test_a_job_stops_before_it_loads(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    loaded = run_job(monkeypatch, ORDERS, CUSTOMERS, str(tmp_path))
    assert_loaded(*(loaded.pop(name).to_pylist() for name in ("rows", "rules", "metrics")))
    assert not loaded
    assert [json.loads(line)["Result"] for line in (tmp_path / "orders.jsonl").read_text().splitlines()] == ["FAIL", "FAIL", "PASS", "PASS"]


def test_a_job_on_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = run_job(monkeypatch, ORDERS.to_pandas(), CUSTOMERS.to_pandas(), "s3://a-bucket-that-nobody-writes-to/results/")
    assert_loaded(*(loaded.pop(name).to_dict("records") for name in ("rows", "rules", "metrics")))
    assert not loaded


@pytest.mark.spark
def test_a_job_on_spark(monkeypatch: pytest.MonkeyPatch, spark: Any) -> None:
    from tilth.engine.spark import Spark

    loaded = run_job(monkeypatch, *map(Spark(spark).frame, (ORDERS, CUSTOMERS)), "")
    frames = [loaded.pop(name) for name in ("rows", "rules", "metrics")]
    assert not loaded
    assert all(frame.sparkSession is spark for frame in frames)
    assert_loaded(*([row.asDict() for row in frame.collect()] for frame in frames))


def test_frames_without_a_wrapper() -> None:
    rules = 'Rules = [ IsComplete "qty" ]'
    with pytest.warns(UserWarning, match="did you mean 'resultsS3Prefix'"):
        outcomes = EvaluateDataQuality.apply(frame=ORDERS, ruleset=rules, publishing_options={"resultS3Prefix": "x"})
    assert outcomes.column_names == ["Rule", "Outcome", "FailureReason", "EvaluatedMetrics", "EvaluatedRule"]
    dynamic = 'Rules = [ RowCount > avg(last(5)) * 0.9, RowCount < last(), DetectAnomalies "RowCount" ]'  # the history has no values yet
    assert EvaluateDataQuality.apply(frame=ORDERS, ruleset=dynamic)["Outcome"].to_pylist() == ["Passed", "Failed", "Passed"]
    quality = EvaluateDataQuality().process_rows(frame=ORDERS, ruleset=rules)
    assert list(quality.keys()) == ["originalData", "ruleOutcomes", "rowLevelOutcomes"]
    with pytest.raises(RequestError, match="no frame 'aggregatedMetrics'"):
        quality["aggregatedMetrics"]
    with pytest.raises(RequestError, match="a value of type list does not name the further tables"):
        EvaluateDataQuality.apply(frame=ORDERS, ruleset="Rules = [ RowCount > 1 ]", additional_data_sources=[CUSTOMERS])
    assert "aggregatedMetrics" not in quality.keys() and quality.get("aggregatedMetrics") is None  # noqa: SIM118 -- as scripts write it
    with pytest.raises(RequestError, match="has a column DataQualityRulesPass already"):
        EvaluateDataQuality().process_rows(frame=quality["rowLevelOutcomes"], ruleset=rules)
    again = EvaluateDataQuality.apply(frame=DynamicFrame(quality["rowLevelOutcomes"]), ruleset=rules)  # which adds no columns
    assert again.count() == 1
