"""The service's shape: its field names, and nothing that is not known."""

from __future__ import annotations

import json
import tempfile

import pyarrow as pa
import pytest

import tilth
from tests.report.samples import REPORTS
from tilth.aws.glue import aggregated_metrics, rule_outcomes, to_glue_event, to_glue_json, to_glue_lines
from tilth.report import Facts, Finding, Outcome, Report
from tilth.rules.findings import AnalyzerNumbers, RuleVerdict

FIELDS = {  # of the service's API
    "ResultId", "ProfileId", "Score", "DataSource", "RulesetName", "EvaluationContext", "StartedOn", "CompletedOn", "JobName", "JobRunId",
    "RulesetEvaluationRunId", "RuleResults", "AnalyzerResults", "Observations", "AggregatedMetrics",
}  # fmt: skip
RULE_FIELDS = {"Name", "Description", "EvaluationMessage", "Result", "EvaluatedMetrics", "EvaluatedRule", "RuleMetrics", "Labels"}


def result(report: Report) -> dict:
    return json.loads(to_glue_json(report), parse_constant=pytest.fail)


@pytest.mark.parametrize("name", REPORTS)
def test_only_the_service_s_fields(name):
    found = result(REPORTS[name])
    assert set(found) <= FIELDS
    for rule in found.get("RuleResults", ()):
        assert set(rule) <= RULE_FIELDS
        assert all(isinstance(v, float) for v in rule.get("EvaluatedMetrics", {}).values())
        assert all(isinstance(v, str) for v in rule.get("Labels", {}).values())


def test_the_whole_result():
    rules = (
        Finding(
            'IsComplete "qty"',
            ("qty",),
            0.8,
            Outcome.FAILED,
            "Value: 0.8 does not meet the constraint requirement!",
            payload=RuleVerdict(
                'IsComplete "qty"',
                {"Column.qty.Completeness": 0.8},
                {"team": "sales"},
                rows={"passed": 4, "failed": 1, "skipped": 0, "total": 5},
            ),
        ),
        Finding(
            "RowCount > 3",
            value=5,
            outcome=Outcome.PASSED,
            message="Value: 5",
            payload=RuleVerdict(metrics={"Dataset.*.RowCount": 5}),
        ),
        Finding('Mean "x" > 1', outcome=Outcome.ERROR, message="Column x does not exist in the dataset", payload=RuleVerdict()),
        Finding('Mean "price"', payload=AnalyzerNumbers({"Column.price.Mean": 32.0, "Column.price.Sum": float("nan")})),
    )
    facts = Facts(rows=5, started="2026-03-02T09:14:07+00:00", seconds=1.5, more={"ruleset": "orders", "rows_passed": 2, "rows_failed": 3})
    found = result(Report("check", rules, facts))
    assert found.pop("ResultId").startswith("dqresult-")
    assert found == {
        "Score": 1 / 3,
        "RulesetName": "orders",
        "StartedOn": "2026-03-02T09:14:07+00:00",
        "CompletedOn": "2026-03-02T09:14:08.500000+00:00",
        "RuleResults": [
            {
                "Name": "Rule_1",
                "Description": 'IsComplete "qty"',
                "EvaluationMessage": "Value: 0.8 does not meet the constraint requirement!",
                "Result": "FAIL",
                "EvaluatedMetrics": {"Column.qty.Completeness": 0.8},
                "EvaluatedRule": 'IsComplete "qty"',
                "RuleMetrics": {"PassedCount": 4, "FailedCount": 1, "SkippedCount": 0, "TotalCount": 5},
                "Labels": {"team": "sales"},
            },
            {"Name": "Rule_2", "Description": "RowCount > 3", "Result": "PASS", "EvaluatedMetrics": {"Dataset.*.RowCount": 5.0}},
            {
                "Name": "Rule_3",
                "Description": 'Mean "x" > 1',
                "EvaluationMessage": "Column x does not exist in the dataset",
                "Result": "ERROR",
            },
        ],
        "AnalyzerResults": [{"Name": "Analyzer_1", "Description": 'Mean "price"', "EvaluatedMetrics": {"Column.price.Mean": 32.0}}],
        "AggregatedMetrics": {
            "TotalRowsProcessed": 5,
            "TotalRowsPassed": 2,
            "TotalRowsFailed": 3,
            "TotalRulesProcessed": 3,
            "TotalRulesPassed": 1,
            "TotalRulesFailed": 2,
        },
    }


def test_without_rules_there_is_no_score():
    assert set(result(Report("x"))) == {"ResultId"}


def checked() -> Report:
    table = pa.table({"id": [1, 2, 3], "qty": [2, None, 4]})
    rules = 'Rules = [ IsComplete "qty" labels=["team"="stock"], RowCount = 3, Mean "no" > 1, IsComplete "qty" ]'
    with tempfile.TemporaryDirectory() as folder:
        return tilth.check(table, rules, failed=f"{folder}/failed.csv")


def test_the_frames_of_a_job():
    report = checked()
    outcomes = rule_outcomes(report)
    assert outcomes.column_names == [
        "Rule", "Outcome", "FailureReason", "EvaluatedMetrics", "EvaluatedRule", "Labels",
        "PassedCount", "FailedCount", "SkippedCount", "TotalCount",
    ]  # fmt: skip
    rows = outcomes.to_pylist()
    assert [row["Outcome"] for row in rows] == ["Failed", "Passed", "Failed", "Failed"]  # in order, a rule that is written twice twice
    assert rows[0]["FailureReason"].startswith("Value: 0.6666666666666666 does not meet the constraint requirement!")
    assert rows[0]["EvaluatedMetrics"] == [("Column.qty.Completeness", 2 / 3)]
    assert (rows[0]["Labels"], rows[1]["Labels"]) == ([("team", "stock")], [])
    assert [rows[0][c] for c in outcomes.column_names[6:]] == [2, 1, 0, 3]
    assert (rows[1]["FailureReason"], rows[2]["EvaluatedMetrics"], rows[2]["TotalCount"]) == (None, [], None)
    assert aggregated_metrics(report).to_pylist() == [
        {"TotalRowsProcessed": 3, "PassedRows": 2, "FailedRows": 1, "TotalRulesProcessed": 4, "RulesPassed": 1, "RulesFailed": 3}
    ]
    plain = tilth.check(pa.table({"a": [1]}), "Rules = [ RowCount = 1 ]")
    assert rule_outcomes(plain).column_names == ["Rule", "Outcome", "FailureReason", "EvaluatedMetrics", "EvaluatedRule"]


def test_the_lines_and_the_event_of_a_run():
    report = checked()
    lines = [json.loads(line) for line in to_glue_lines(report).splitlines()]
    assert [line["Result"] for line in lines] == ["FAIL", "PASS", "ERROR", "FAIL"]
    assert {line["ResultId"] for line in lines} == {result(report)["ResultId"]}
    event = json.loads(to_glue_event(report))
    assert (event["source"], event["detail-type"]) == ("aws.glue-dataquality", "Data Quality Evaluation Results Available")
    detail = event["detail"]
    assert detail.keys() == {
        "context", "resultID", "rulesetNames", "state", "score", "rulesSucceeded", "rulesFailed", "rulesSkipped",
    }  # fmt: skip
    assert (detail["state"], detail["score"], detail["rulesSucceeded"], detail["rulesFailed"]) == ("FAILED", 0.25, 1, 3)
