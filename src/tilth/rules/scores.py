"""Scores: the share of rules that passed, of a table, of each column that rules are about, and of each label."""

from __future__ import annotations

from collections.abc import Iterable

from tilth.report import Finding, Outcome
from tilth.rules.findings import RuleVerdict


def scores(findings: Iterable[Finding]) -> dict[str, float]:
    """The name of each score → passed rules / rules, in [0, 1]; an Error counts as not passed. Empty without rules.

    Names: `Dataset.*.Score` for all rules, `Column.NAME.Score` for those about a column, `Label.KEY=VALUE.Score` for those with a label.
    A history records them with the metrics of a check. Source: the score of AWS Glue Data Quality.

    >>> a = Finding("IsComplete", ("age",), outcome=Outcome.PASSED, payload=RuleVerdict(labels={"team": "sales"}))
    >>> b = Finding("IsUnique", ("age",), outcome=Outcome.FAILED, payload=RuleVerdict())
    >>> scores([a, b])
    {'Dataset.*.Score': 0.5, 'Column.age.Score': 0.5, 'Label.team=sales.Score': 1.0}
    """
    outcomes: dict[str, list[bool]] = {}
    for finding in findings:
        if isinstance(finding.payload, RuleVerdict):
            columns = [f"Column.{column}" for column in finding.subject]
            labels = [f"Label.{key}={value}" for key, value in finding.payload.labels.items()]
            for of in ("Dataset.*", *columns, *labels):
                outcomes.setdefault(f"{of}.Score", []).append(finding.outcome is Outcome.PASSED)
    return {name: sum(passed) / len(passed) for name, passed in outcomes.items()}
