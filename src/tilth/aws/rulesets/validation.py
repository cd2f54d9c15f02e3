"""A report of a check by a ruleset of DataBrew, as the validation report of a profile job."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tilth.aws.rulesets.given import RuleGiven, RulesetGiven
from tilth.report import Finding, Outcome, Report, jsonable
from tilth.rules.findings import RuleVerdict

SUCCEEDED, FAILED, ERROR = "SUCCEEDED", "FAILED", "ERROR"
VERSION = "1.0"
OF_SHARES: Mapping[str, Callable[[float], float]] = {
    "MISSING_VALUES_PERCENTAGE": lambda share: 100 - 100 * share,
    "VALID_VALUES_PERCENTAGE": lambda share: 100 * share,
}
"""Statistics that the share of values which are there decides → what they are for it."""


def validation_json(ruleset: RulesetGiven, report: Report) -> str:
    """JSON with the field names of the service; unknown fields, such as the name of the job, are omitted.

    A rule without a value to judge, for instance over no rows, has the status ERROR. `observed`, which the service does not have, is the
    value of a statistic, or the share of rows that pass.
    """
    by_rule: dict[str, list[Finding[RuleVerdict]]] = {}
    for finding in report.of(RuleVerdict):
        by_rule.setdefault(finding.payload.labels["rule"], []).append(finding)
    rules = [_rule(rule, by_rule[rule.Name], report.rows) for rule in ruleset.Rules if rule.Name in by_rule]
    named = {
        "name": ruleset.Name or None,
        "description": ruleset.Description or None,
        "arn": ruleset.ResourceArn or None,
        "lastModifiedDate": ruleset.LastModifiedDate,
    }
    result = {"status": _worst([r["status"] for r in rules]), "ruleResults": rules}
    times = zip(("startedOn", "writtenOn"), report.facts.times, strict=True)
    written = {"version": VERSION, **dict(times), "sampleSize": report.rows, "rulesetResults": [{**_known(named), **result}]}
    return json.dumps(jsonable(_known(written)), indent=2, ensure_ascii=False, allow_nan=False)


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _rule(rule: RuleGiven, findings: Sequence[Finding[RuleVerdict]], rows: int | None) -> dict[str, Any]:
    results = [_result(rule, finding, rows) for finding in findings]
    head = {"name": rule.Name, "definition": rule.model_dump(exclude_unset=True)}
    if not rule.ColumnSelectors:
        return {**head, **results[0]}
    columns = [{"name": f.payload.labels["column"], **r} for f, r in zip(findings, results, strict=True)]
    return {**head, "status": _worst([r["status"] for r in results]), "columnResults": columns}


def _result(rule: RuleGiven, finding: Finding[RuleVerdict], rows: int | None) -> dict[str, Any]:
    """The status of a rule, or of a column of it; of a rule on rows also how many fail it."""
    judged = finding.payload.metrics or finding.payload.broken
    status = SUCCEEDED if finding.outcome is Outcome.PASSED else FAILED if finding.outcome is Outcome.FAILED and judged else ERROR
    failed = finding.payload.rows.get("failed")
    if rule.counts_rows and rows is not None and judged:
        failed = rows - finding.value
    return _known({"status": status, "failedCount": None if rule.aggregate else failed, "observed": _observed(rule, finding)})


def _observed(rule: RuleGiven, finding: Finding[RuleVerdict]) -> Any:
    """The value of the statistic that the rule names, which its rule in DQDL may measure otherwise; the share of rows that pass."""
    value, rows = finding.value, finding.payload.rows
    if not rule.aggregate:
        return value if rule.counts_rows or not rows else rows["passed"] / rows["total"]
    if value is None or (finding.name.startswith("DuplicateRowCount") and value):  # it counts all members of a group
        return None
    of_share = OF_SHARES.get(rule.tests[0].left.statistic)
    return of_share(value) if of_share else value


def _worst(statuses: Sequence[str]) -> str:
    return next((s for s in (ERROR, FAILED) if s in statuses), SUCCEEDED)
