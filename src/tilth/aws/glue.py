"""The report as the result of AWS Glue Data Quality's API."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tilth.report import Facts, Finding, Outcome, Report, jsonable
from tilth.rules.findings import AnalyzerNumbers, RuleVerdict

RESULTS = {Outcome.PASSED: "PASS", Outcome.FAILED: "FAIL", Outcome.ERROR: "ERROR"}
COUNTS = {"passed": "PassedCount", "failed": "FailedCount", "skipped": "SkippedCount", "total": "TotalCount"}


def to_glue_json(report: Report) -> str:
    """JSON with the field names of the service's API; unknown fields are omitted.

    Rules and analyzers are numbered from 1 in the order of the ruleset. There is a score only if there are rules, and a message only for
    a rule that did not pass; a metric without a finite value is absent.

    >>> payload = RuleVerdict(metrics={"Dataset.*.RowCount": 5})
    >>> finding = Finding("RowCount > 0", outcome=Outcome.PASSED, payload=payload)
    >>> json.loads(to_glue_json(Report("check", (finding,))))["RuleResults"]
    [{'Name': 'Rule_1', 'Description': 'RowCount > 0', 'Result': 'PASS', 'EvaluatedMetrics': {'Dataset.*.RowCount': 5.0}}]
    """
    rules, analyzers = report.of(RuleVerdict), report.of(AnalyzerNumbers)
    passed = sum(f.outcome is Outcome.PASSED for f in rules)
    result = {
        "ResultId": _id(report),
        "Score": passed / len(rules) if rules else None,
        "RulesetName": report.facts.more.get("ruleset"),
        "EvaluationContext": report.facts.more.get("context"),
        **_times(report.facts),
        "RuleResults": [_rule(k, f) for k, f in enumerate(rules, 1)],
        "AnalyzerResults": [_analyzer(k, f) for k, f in enumerate(analyzers, 1)],
        "AggregatedMetrics": _aggregated(report, len(rules), passed),
    }
    text = json.dumps(_known(result), indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode()


def _known(result: dict[str, Any]) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in result.items() if value is not None and value != "" and value != {} and value != []}


def _id(report: Report) -> str:
    """An id of this result: equal for equal findings of the same run."""
    identity = f"{report.title}\n{report.facts.started}\n{[(f.name, f.outcome, repr(f.value)) for f in report.findings]}"
    return "dqresult-" + hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _times(facts: Facts) -> dict[str, Any]:
    try:
        started = datetime.fromisoformat(facts.started)
    except ValueError:
        return {}
    return {"StartedOn": started.isoformat(), "CompletedOn": (started + timedelta(seconds=facts.seconds)).isoformat()}


def _rule(k: int, finding: Finding[RuleVerdict]) -> dict[str, Any]:
    counts = finding.payload.rows
    return _known(
        {
            "Name": f"Rule_{k}",
            "Description": finding.name,
            "EvaluationMessage": finding.message if finding.outcome is not Outcome.PASSED else "",
            "Result": RESULTS[finding.outcome or Outcome.ERROR],
            "EvaluatedMetrics": _metrics(finding.payload.metrics),
            "EvaluatedRule": finding.payload.evaluated,
            "RuleMetrics": {name: n for key, name in COUNTS.items() if (n := counts.get(key)) is not None},
            "Labels": {name: str(value) for name, value in finding.payload.labels.items()},
        }
    )


def _analyzer(k: int, finding: Finding[AnalyzerNumbers]) -> dict[str, Any]:
    distributions = {name: jsonable(v) for name, v in finding.payload.metrics.items() if isinstance(v, dict)}
    return _known(
        {
            "Name": f"Analyzer_{k}",
            "Description": finding.name,
            "EvaluationMessage": finding.message,
            "EvaluatedMetrics": _metrics(finding.payload.metrics),
            "EvaluatedDistributions": distributions,
        }
    )


def _metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    numbers = {name: value for name, value in metrics.items() if isinstance(value, int | float) and not isinstance(value, bool)}
    return {name: float(value) for name, value in numbers.items() if math.isfinite(value)}


def _aggregated(report: Report, rules: int, passed: int) -> dict[str, Any]:
    """How many rules passed, and how many rows passed all of them if that was counted."""
    more = report.facts.more
    rows: Sequence[tuple[str, Any]] = (
        ("TotalRowsProcessed", report.rows),
        ("TotalRowsPassed", more.get("rows_passed")),
        ("TotalRowsFailed", more.get("rows_failed")),
    )
    known = {name: n for name, n in rows if n is not None}
    return {**known, "TotalRulesProcessed": rules, "TotalRulesPassed": passed, "TotalRulesFailed": rules - passed} if rules or known else {}
