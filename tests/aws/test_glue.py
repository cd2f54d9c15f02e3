"""The service's shape: its field names, and nothing that is not known."""

from __future__ import annotations

import json

import pytest

from tests.report.samples import REPORTS
from tilth.aws.glue import to_glue_json
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
