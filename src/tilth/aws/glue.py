"""The report in the forms of AWS Glue Data Quality: the result of its API, the frames of its jobs, its files and its event."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tilth.report import Facts, Finding, Outcome, Report, jsonable
from tilth.rules.findings import AnalyzerNumbers, RuleVerdict
from tilth.rules.observations import Observation

if TYPE_CHECKING:
    import pyarrow as pa

RESULTS = {Outcome.PASSED: "PASS", Outcome.FAILED: "FAIL", Outcome.ERROR: "ERROR"}
AGGREGATED = {  # the result's field → the frame's column
    "TotalRowsProcessed": "TotalRowsProcessed",
    "TotalRowsPassed": "PassedRows",
    "TotalRowsFailed": "FailedRows",
    "TotalRulesProcessed": "TotalRulesProcessed",
    "TotalRulesPassed": "RulesPassed",
    "TotalRulesFailed": "RulesFailed",
}
TIMES = ("StartedOn", "CompletedOn")
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
    result = {
        "ResultId": _id(report),
        "Score": _score(report),
        "DataSource": _source(report.facts),
        "RulesetName": report.facts.more.get("ruleset"),
        "EvaluationContext": report.facts.more.get("context"),
        **dict(zip(TIMES, report.facts.times, strict=True)),
        "RuleResults": [_rule(k, f) for k, f in enumerate(rules, 1)],
        "AnalyzerResults": [_analyzer(k, f) for k, f in enumerate(analyzers, 1)],
        "Observations": [_observation(f) for f in report.of(Observation)],
        "AggregatedMetrics": _aggregated(report),
    }
    return _json(_known(result), indent=2)


def to_glue_lines(report: Report) -> str:
    """JSON Lines with an object for each rule of the run, as an evaluation with `resultsS3Prefix` leaves them.

    >>> to_glue_lines(Report("check"))
    ''
    """
    facts = report.facts
    run = {"ResultId": _id(report), "DataSource": _source(facts), "RulesetName": facts.more.get("ruleset")}
    run |= dict(zip(TIMES, facts.times, strict=True))
    return "".join(f"{_json(_known(run | _rule(k, f)))}\n" for k, f in enumerate(report.of(RuleVerdict), 1))


def to_glue_event(report: Report) -> str:
    """The message on completion that the service sends to an event bus, with the documented names. An Error counts as a failed rule.

    >>> json.loads(to_glue_event(Report("check")))["detail"]["state"]
    'SUCCEEDED'
    """
    rules = report.of(RuleVerdict)
    failed = sum(f.outcome is not Outcome.PASSED for f in rules)
    ruleset = report.facts.more.get("ruleset")
    detail = {
        "context": _event_context(report),
        "resultID": _id(report),
        "rulesetNames": [ruleset] if ruleset else [],
        "state": "FAILED" if failed else "SUCCEEDED",
        **({} if (score := _score(report)) is None else {"score": score}),
        "rulesSucceeded": len(rules) - failed,
        "rulesFailed": failed,
        "rulesSkipped": 0,
    }
    event: dict[str, Any] = {
        "version": "0",
        "source": "aws.glue-dataquality",
        "detail-type": "Data Quality Evaluation Results Available",
        "time": report.facts.times[1],
        "resources": [],
        "detail": detail,
    }
    return _json({name: value for name, value in event.items() if value is not None}, indent=2)


# ── frames ──


def rule_outcomes(report: Report) -> pa.Table:
    """The frame `ruleOutcomes` of Glue's job transform: a row for each rule, in the order of the ruleset.

    Columns: `Rule`, `Outcome` (an Error is Failed), `FailureReason`, `EvaluatedMetrics` (a map), `EvaluatedRule`, and `Labels` if a rule
    has any; where rows were parted, `PassedCount`, `FailedCount`, `SkippedCount` and `TotalCount` of the rules that count rows.

    >>> finding = Finding("RowCount > 9", outcome=Outcome.FAILED, payload=RuleVerdict(metrics={"Dataset.*.RowCount": 5}))
    >>> rule_outcomes(Report("check", (finding,))).to_pylist()[0]["EvaluatedMetrics"]
    [('Dataset.*.RowCount', 5.0)]
    """
    import pyarrow as pa

    rules = report.of(RuleVerdict)
    columns: dict[str, tuple[pa.DataType, list[Any]]] = {
        "Rule": (pa.string(), [f.name for f in rules]),
        "Outcome": (pa.string(), [str(Outcome.PASSED if f.outcome is Outcome.PASSED else Outcome.FAILED) for f in rules]),
        "FailureReason": (pa.string(), [None if f.outcome is Outcome.PASSED else f.message or None for f in rules]),
        "EvaluatedMetrics": (pa.map_(pa.string(), pa.float64()), [list(_metrics(f.payload.metrics).items()) for f in rules]),
        "EvaluatedRule": (pa.string(), [f.payload.evaluated or None for f in rules]),
    }
    if any(f.payload.labels for f in rules):
        columns["Labels"] = (pa.map_(pa.string(), pa.string()), [list(f.payload.labels.items()) for f in rules])
    if "rows_passed" in report.facts.more:
        columns |= {name: (pa.int64(), [_count(f, key) for f in rules]) for key, name in COUNTS.items()}
    return pa.table({name: pa.array(values, kind) for name, (kind, values) in columns.items()})


def _count(finding: Finding[RuleVerdict], key: str) -> int | None:
    rows = finding.payload.rows
    return rows.get(key, 0 if rows and key == "skipped" else None)


def aggregated_metrics(report: Report) -> pa.Table:
    """The frame `aggregatedMetrics` of Glue's job transform: one row, the counts of rows and rules.

    How many rows pass and fail is null unless rows were parted.

    >>> aggregated_metrics(Report("check")).column_names[:3]
    ['TotalRowsProcessed', 'PassedRows', 'FailedRows']
    """
    import pyarrow as pa

    found = _aggregated(report)
    return pa.table({name: pa.array([found.get(key)], pa.int64()) for key, name in AGGREGATED.items()})


def _score(report: Report) -> float | None:
    """The share of rules that passed; None without any."""
    outcomes = [f.outcome for f in report.of(RuleVerdict)]
    return outcomes.count(Outcome.PASSED) / len(outcomes) if outcomes else None


def _json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False).encode("utf-8", "backslashreplace").decode()


def _known(result: dict[str, Any]) -> dict[str, Any]:
    """The fields that have a value."""
    return {name: value for name, value in result.items() if value is not None and value != "" and value != {} and value != []}


def _id(report: Report) -> str:
    """An id of this result: equal for equal findings of the same run."""
    identity = f"{report.title}\n{report.facts.started}\n{[(f.name, f.outcome, repr(f.value)) for f in report.findings]}"
    return "dqresult-" + hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _source(facts: Facts) -> dict[str, Any] | None:
    """The catalog table, with its name as id; None for other data."""
    if "catalog" not in facts.more:
        return None
    names = {"DatabaseName": "database", "TableName": "table", "CatalogId": "catalog"}
    return {"GlueTable": {name: facts.more[key] for name, key in names.items()}}


def _event_context(report: Report) -> dict[str, Any]:
    """The checked data: a catalog table, or data of a job."""
    more = report.facts.more
    if "catalog" in more:
        names = {"catalogId": more["catalog"], "databaseName": more["database"], "tableName": more["table"]}
        return {"contextType": "GLUE_DATA_CATALOG", "runId": _id(report), **names}
    return {"contextType": "GLUE_JOB", "jobName": report.title, "evaluationContext": more.get("context", "default_context")}


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


def _observation(finding: Finding[Observation]) -> dict[str, Any]:
    found = finding.payload
    values = {"ActualValue": finding.value, "ExpectedValue": found.expected, "LowerLimit": found.low, "UpperLimit": found.high}
    numbers = {name: value for name, value in values.items() if isinstance(value, int | float) and math.isfinite(value)}
    about = {"MetricName": finding.name, "MetricValues": numbers, "NewRules": [found.rule] if found.rule else []}
    return {"Description": finding.message, "MetricBasedObservation": _known(about)}


def _metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    numbers = {name: value for name, value in metrics.items() if isinstance(value, int | float) and not isinstance(value, bool)}
    return {name: float(value) for name, value in numbers.items() if math.isfinite(value)}


def _aggregated(report: Report) -> dict[str, int]:
    """How many rules passed, and how many rows passed all of them if that was counted."""
    more, outcomes = report.facts.more, [f.outcome for f in report.of(RuleVerdict)]
    rows = {"TotalRowsProcessed": report.rows, "TotalRowsPassed": more.get("rows_passed"), "TotalRowsFailed": more.get("rows_failed")}
    known = {name: n for name, n in rows.items() if n is not None}
    if not outcomes and not known:
        return {}
    passed = outcomes.count(Outcome.PASSED)
    return {**known, "TotalRulesProcessed": len(outcomes), "TotalRulesPassed": passed, "TotalRulesFailed": len(outcomes) - passed}
