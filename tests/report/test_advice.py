"""What to look at first: the gravest first, and nothing where there is nothing."""

from __future__ import annotations

import pytest

from tests.report.samples import REPORTS
from tilth.measures.balance import ClassBalance
from tilth.measures.bias.payload import BiasNumber
from tilth.measures.insights.flaws import Insight
from tilth.measures.profile import ColumnProfile
from tilth.measures.table_profile import TableProfile
from tilth.report import Finding, Outcome, Report
from tilth.report.blocks import plain
from tilth.report.page import MOST_ADVICE, page
from tilth.rules.findings import RuleVerdict


def told(*findings: Finding) -> list[str]:
    return [plain(words) for words, _ in page(Report("x", findings)).advice]


def test_the_order_is_the_gravity():
    assert [key for _, key in page(REPORTS["loans"]).advice] == ["rules", "rules", "rules", "rules", "split", "bias", "columns", "warnings"]


def test_the_rules_that_most_rows_fail_come_first():
    rules = [
        Finding(name, outcome=Outcome.FAILED, payload=RuleVerdict(rows={"failed": n, "total": 100}))
        for name, n in (("a", 1), ("b", 9), ("c", 3), ("d", 2), ("e", 1))
    ]
    assert told(*rules) == [
        "Look at b: 9 of 100 rows fail (9 %).",
        "Look at c: 3 of 100 rows fail (3 %).",
        "Look at d: 2 of 100 rows fail (2 %). 2 other rules failed too.",
    ]


def test_a_failed_rule_without_counts_is_named():
    assert told(Finding("RowCount > 5", outcome=Outcome.FAILED, payload=RuleVerdict())) == ["Look at RowCount > 5, which failed."]


@pytest.mark.parametrize(
    ("value", "low", "high", "lines"),
    [(0.2, 0.1, 0.3, 1), (-0.2, -0.3, -0.1, 1), (0.2, -0.1, 0.5, 0), (0.005, 0.004, 0.006, 0), (0.2, None, None, 1), (None, None, None, 0)],
)
def test_only_a_large_and_significant_difference_is_advised_on(value, low, high, lines):
    assert len(told(Finding("DPL", ("sex",), value, low=low, high=high, part="train", payload=BiasNumber()))) == lines


def test_bias_is_reported_for_the_training_part():
    found = [
        Finding("DPL", ("sex",), v, group="sex=f", part=p, payload=BiasNumber()) for p, v in (("raw", 0.5), ("train", 0.2), ("train", 0.3))
    ]
    assert told(*found) == [
        "sex=f gets the favourable label less often than the others: by 50 percentage points in raw and 30 in train. "
        "Decide whether a model may learn that."
    ]


def test_a_difference_reversed_by_preparation_is_reported_for_the_training_part_only():
    found = [Finding("DPL", ("sex",), v, group="sex=f", part=p, payload=BiasNumber()) for p, v in (("raw", 0.5), ("train", -0.2))]
    assert told(*found) == [
        "sex=f gets the favourable label more often than the others: by 20 percentage points in train. "
        "Decide whether a model may learn that."
    ]


def test_a_small_class_and_missing_values_are_advised_on():
    balance = Finding("y", ("y",), part="train", payload=ClassBalance(counts={"no": 990, "yes": 10}))
    gap = Finding("age", ("age",), part="train", payload=ColumnProfile(rows=9, valid=8, missing=1))
    assert told(balance, gap) == [
        "The class yes is 1 % of the rows of train: a model may ignore it.",
        "Values are still missing in the training part: age.",
    ]


@pytest.mark.parametrize("name", REPORTS)
def test_it_is_short(name):
    assert len(page(REPORTS[name]).advice) <= MOST_ADVICE


def test_nothing_asks_for_nothing():
    assert told(Finding("r", outcome=Outcome.PASSED, payload=RuleVerdict())) == []


def test_advice_that_another_section_gives_is_given_once():
    repeated = Finding("rows", payload=TableProfile(rows=10, duplicates=5, patterns=((("a",), 1),)))
    assert told(repeated) == ["50 % of the rows are duplicates of an earlier row: the step dedupe drops them."]
    flaw = Finding("duplicate-rows", message="5 rows are duplicates of an earlier row", payload=Insight("high", "rows", "- dedupe: {}"))
    assert told(repeated, flaw) == ["5 rows are duplicates of an earlier row."]
