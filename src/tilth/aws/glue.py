"""The report in the shape of AWS Glue Data Quality's service, so that what reads that reads this."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from tilth.report.report import Facts, Finding, FindingKind, Outcome, Report, jsonable
from tilth.report.sections import given
from tilth.report.sections.rules import text_of

RESULTS = {Outcome.PASSED: "PASS", Outcome.FAILED: "FAIL", Outcome.ERROR: "ERROR"}
COUNTS = {"passed": "PassedCount", "failed": "FailedCount", "skipped": "SkippedCount", "total": "TotalCount"}


def to_glue_json(report: Report) -> str:
    """JSON with the field names of the service's API; what is not known here is left out.

    Rules and analyzers are numbered from 1 in the order of the ruleset. A score is there only where there are rules; a message only where
    a rule did not pass; a metric without a finite value is absent.

    >>> finding = Finding(FindingKind.RULE, "RowCount > 0", outcome=Outcome.PASSED, details={"metrics": {"Dataset.*.RowCount": 5}})
    >>> json.loads(to_glue_json(Report("check", (finding,))))["RuleResults"]
    [{'Name': 'Rule_1', 'Description': 'RowCount > 0', 'Result': 'PASS', 'EvaluatedMetrics': {'Dataset.*.RowCount': 5.0}}]
    """
    rules, analyzers = report.of(FindingKind.RULE), report.of(FindingKind.ANALYZER)
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
    """The fields that hold something."""
    return {name: value for name, value in result.items() if value is not None and value != "" and value != {} and value != []}


def _id(report: Report) -> str:
    """A name for this result: equal for equal findings of the same run."""
    told = f"{report.title}\n{report.facts.started}\n{[(f.name, f.outcome, repr(f.value)) for f in report.findings]}"
    return "dqresult-" + hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _times(facts: Facts) -> dict[str, Any]:
    try:
        started = datetime.fromisoformat(facts.started)
    except ValueError:
        return {}
    return {"StartedOn": started.isoformat(), "CompletedOn": (started + timedelta(seconds=facts.seconds)).isoformat()}


def _rule(k: int, finding: Finding) -> dict[str, Any]:
    counts = given.mapping(finding, "rows")
    return _known(
        {
            "Name": f"Rule_{k}",
            "Description": text_of(finding),
            "EvaluationMessage": finding.message if finding.outcome is not Outcome.PASSED else "",
            "Result": RESULTS[finding.outcome or Outcome.ERROR],
            "EvaluatedMetrics": _metrics(finding),
            "EvaluatedRule": given.words(finding, "evaluated"),
            "RuleMetrics": {name: n for key, name in COUNTS.items() if (n := given.count(counts, key)) is not None},
            "Labels": {name: str(value) for name, value in given.mapping(finding, "labels").items()},
        }
    )


def _analyzer(k: int, finding: Finding) -> dict[str, Any]:
    distributions = {name: jsonable(v) for name, v in given.mapping(finding, "metrics").items() if isinstance(v, dict)}
    return _known(
        {
            "Name": f"Analyzer_{k}",
            "Description": text_of(finding),
            "EvaluationMessage": finding.message,
            "EvaluatedMetrics": _metrics(finding),
            "EvaluatedDistributions": distributions,
        }
    )


def _metrics(finding: Finding) -> dict[str, float]:
    known = {name: given.as_number(value) for name, value in given.mapping(finding, "metrics").items()}
    return {name: float(value) for name, value in known.items() if value is not None and math.isfinite(value)}


def _aggregated(report: Report, rules: int, passed: int) -> dict[str, Any]:
    """How many rules passed, and how many rows passed all of them where that was counted."""
    more = report.facts.more
    rows: Sequence[tuple[str, Any]] = (
        ("TotalRowsProcessed", report.facts.rows),
        ("TotalRowsPassed", more.get("rows_passed")),
        ("TotalRowsFailed", more.get("rows_failed")),
    )
    known = {name: n for name, n in rows if n is not None}
    return {**known, "TotalRulesProcessed": rules, "TotalRulesPassed": passed, "TotalRulesFailed": rules - passed} if rules or known else {}
