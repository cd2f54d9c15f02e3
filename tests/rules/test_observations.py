"""Observations: numbers that the history does not let expect, whatever the verdicts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.engines import duckdb_session
from tests.rules.test_evaluate import TABLE, dataset
from tilth.aws.glue import to_glue_json
from tilth.report import Finding, Report
from tilth.report.text import to_plain_text
from tilth.rules import parse
from tilth.rules.evaluation import evaluate
from tilth.rules.observations import Observation

NOW = datetime(2026, 3, 1, tzinfo=UTC)
USUAL = [100.0, 101.0, 99.0, 100.0]  # limits: 100 ± 8.8915 · 1.4826 · 0.5 · √(1 + 1/4)


def observed(rules: str, earlier: list[float] = USUAL, **options: Any) -> list[Finding[Observation]]:
    """The observations on a table, if each metric has the same earlier values, shares of rows hundredths of them."""

    def history(name: str, most: int) -> list[tuple[datetime, float]]:
        share = 0.01 if name.split(" where")[0].endswith(("Completeness", "Compliance", "Uniqueness")) else 1
        return [(NOW - timedelta(days=k + 1), value * share) for k, value in enumerate(earlier[:most])]

    done = evaluate(dataset(TABLE), parse(rules), duckdb_session(), history=history, now=NOW, **options)
    return [f for f in done.findings if isinstance(f.payload, Observation)]


BETWEEN = "between 92.6 and 108"
RULES = """Rules = [
    RowCount > 0, Completeness "qty" > 0.1 where "id > 1", ColumnValues "id" in [1, 2] with threshold > 0.1, Mean "qty" > 1,
    IsComplete "id", DetectAnomalies "ColumnLength" "code" ]
    Analyzers = [ RowCount, ColumnLength "code", AllStatistics "price", Mean "qty", ColumnCount ]"""


def test_each_metric_is_observed_once_with_the_rule_that_its_limits_suggest() -> None:
    found = observed(RULES)
    assert {f.payload.rule: f.name for f in found} == {
        f"RowCount {BETWEEN}": "Dataset.*.RowCount",
        'Completeness "qty" between 0.926 and 1.01 where "id > 1"': "Column.qty.Completeness",
        'ColumnValues "id" in [1,2] with threshold > 0.926': "Column.id.ColumnValues.Compliance",
        'ColumnLength "code" > 92.6': "Column.code.MinimumLength",
        'ColumnLength "code" < 108': "Column.code.MaximumLength",
        f"ColumnCount {BETWEEN}": "Dataset.*.ColumnCount",
        f'DistinctValuesCount "price" {BETWEEN}': "Column.price.DistinctValuesCount",
        'ColumnValues "price" > 92.6': "Column.price.Minimum",
        'ColumnValues "price" < 108': "Column.price.Maximum",
        **{f'{word} "price" {BETWEEN}': f"Column.price.{word}" for word in ("Mean", "StandardDeviation", "Sum", "Entropy")},
        f'Mean "qty" {BETWEEN}': "Column.qty.Mean",
    }
    assert {f.subject for f in found} == {(), ("qty",), ("id",), ("code",), ("price",)}
    for f in found:
        assert str(parse(f"Rules = [ {f.payload.rule} ]").rules[0]) == f.payload.rule
    assert observed(RULES, observe=False) == observed(RULES, USUAL[:2]) == []


def test_observations_are_in_the_json_of_glue_and_change_no_verdict() -> None:
    report = Report("check", tuple(observed("Rules = [ RowCount > 0 ]")))
    assert report.passed
    (found,) = json.loads(to_glue_json(report))["Observations"]
    values = found["MetricBasedObservation"].pop("MetricValues")
    assert found["MetricBasedObservation"] == {"MetricName": "Dataset.*.RowCount", "NewRules": ["RowCount between 92.6 and 108"]}
    assert (values["ActualValue"], values["ExpectedValue"]) == (5, 100)
    assert "RowCount between 92.6 and 108" in to_plain_text(report)
