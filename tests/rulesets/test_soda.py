"""Checks and contracts of Soda become rules: case by case, and with verdicts that pandas gives, too."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import tilth
from tests.cases import cases
from tests.rulesets.conversions import reject_other_table, verdicts_on
from tilth.rules import lint
from tilth.rulesets.soda import METRICS

GIVEN = cases(Path(__file__).with_name("soda.yaml"))


def converted(given: Any, folder: Path) -> Any:
    """JSON is YAML, too."""
    (folder / "checks.yml").write_text(json.dumps(given))
    return tilth.convert(folder / "checks.yml")


def metric_of(text: str) -> str:
    return re.findall(r"\w+", text)[0]


def checks(found: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    return {"checks for loans": [{text: config} if config else text for text, config in found]}


def test_every_check_becomes_its_rules_without_warnings(tmp_path: Path) -> None:
    conversion = converted(checks([(text, config) for text, config, _ in GIVEN["checks"]]), tmp_path)
    assert (conversion.left_out, conversion.notes, lint(str(conversion))) == ((), (), [])
    assert [list(item.rules) for item in conversion.items] == [rules for *_, rules in GIVEN["checks"]]
    assert {metric_of(text) for text, *_ in GIVEN["checks"]} - {*METRICS} == {"freshness", "schema", "failed", "values"}


def test_what_no_rule_says_is_listed_with_the_reason_and_the_place(tmp_path: Path) -> None:
    conversion = converted(checks([(text, config) for text, config, _ in GIVEN["left"]]), tmp_path)
    for i, (line, (text, _, reason)) in enumerate(zip(conversion.left_out, GIVEN["left"], strict=True)):
        assert line.startswith(f"loans, check {i + 1}, {text}: ")
        assert reason in line


def test_a_filter_of_a_part_holds_for_its_checks_and_a_warning_is_noted(tmp_path: Path) -> None:
    part = {"filter loans [daily]": {"where": "day = 1"}, "checks for loans [daily]": [{"row_count": {"warn": "when < 5"}}]}
    conversion = converted(part, tmp_path)
    assert [str(rule) for rule in conversion.ruleset.rules] == ['RowCount >= 5 where "day = 1"']
    assert conversion.notes == ("loans, check 1, row_count: a check that warns there fails here",)
    part.pop("filter loans [daily]")
    assert "is not in the file" in converted(part, tmp_path).left_out[0]


def test_a_variable_is_not_taken_for_a_value(tmp_path: Path) -> None:
    part = {"filter loans [daily]": {"where": "day >= '${start}'"}, "checks for loans [daily]": ["row_count > 0"]}
    contract = {"dataset": "loans", "filter": "day = '${var.day}'", "checks": [{"row_count": None}]}
    for given, variable in ((part, "${start}"), (contract, "${var.day}")):
        (line,) = converted(given, tmp_path).left_out
        assert line.endswith(f": the value of {variable} is not in the file")


def test_checks_for_each_dataset_are_those_of_the_tables_that_it_means(tmp_path: Path) -> None:
    given = {
        "for each dataset D": {"datasets": ["lo%", "exclude lost", "people"], "checks": ["row_count > 0"]},
        **{f"checks for {table}": [f"missing_count({column}) = 0"] for table, column in (("loans", '"First Name"'), ("lost", "id"))},
    }
    (tmp_path / "checks.yml").write_text(json.dumps(given))
    made = {table: tilth.convert(tmp_path / "checks.yml", table=table).ruleset for table in ("loans", "lost", "people")}
    rules = {table: [*map(str, ruleset.rules)] for table, ruleset in made.items()}
    assert rules == {"loans": ['IsComplete "First Name"', "RowCount > 0"], "lost": ['IsComplete "id"'], "people": ["RowCount > 0"]}


def test_queries_over_the_table_become_queries_over_primary(tmp_path: Path) -> None:
    frame = pd.DataFrame({"age": [17, 40], "code": ["A", "B"]})
    found = [
        ("failed rows", {"fail query": "select * from loans where loans.age < 18"}, False),
        ("failed rows", {"fail query": "select l.age from db.loans l where l.age < 17;"}, True),
        ("years > 60", {"years query": "select sum(age) from loans"}, False),
        ("spread between 22 and 24", {"spread expression": "max(age) - min(age)"}, True),
        ("row_count same as loans_before", {}, True),
        ("freshness using at < 1d", {}, False),
    ]
    conversion = converted(checks([(text, config) for text, config, _ in found]), tmp_path)
    passed = verdicts_on(frame.assign(at=datetime(2020, 1, 1)), conversion, loans_before=frame)
    assert [(*case[:2], verdict) for case, verdict in zip(found, passed, strict=True)] == found


def test_a_contract_becomes_its_rules(tmp_path: Path) -> None:
    conversion = converted(GIVEN["contract"], tmp_path)
    assert [list(item.rules) for item in conversion.items] == GIVEN["contract rules"]
    assert conversion.left_out == ("code, own: no rule says this",)
    assert conversion.notes == ("the table, schema: types and order of columns are not checked",)
    assert lint(str(conversion)) == []


@pytest.mark.slow
def test_verdicts_are_those_of_pandas(tmp_path: Path) -> None:
    now = datetime.now()
    frame = pd.DataFrame(
        {"age": [17.0, None, 44.5, 71.0, -1.0], "code": ["A", "B", None, "A", "zz"], "at": [now - timedelta(hours=30)] * 5}
    )
    age, code = frame.age, frame.code
    values = {  # the metric of a check → its value
        "missing_count(age)": age.isna().sum(),
        "missing_percent(age)": 100 * age.isna().mean(),
        "invalid_count(code)": (~code.dropna().isin(["A", "B"])).sum(),
        "invalid_percent(code)": 100 * (~code.dropna().isin(["A", "B"])).sum() / len(frame),
        "duplicate_count(code)": (code.value_counts() > 1).sum(),
        "avg(age)": age.mean(),
        "max(age)": age.max(),
        "stddev_samp(age)": age.std(),
        "avg_length(code)": code.str.len().mean(),
    }
    found = [
        (f"{metric} {operator} {limit}", {"valid values": ["A", "B"]} if "invalid" in metric else {}, verdict)
        for metric, value in values.items()
        for operator, limit, verdict in (
            ("<=", float(value) + 0.01, True),
            (">=", float(value) + 0.01, False),
            ("between", f"{float(value) - 1} and {float(value) + 1}", True),
        )
    ]
    found += [("freshness(at) < 31h", {}, True), ("freshness(at) < 1d", {}, False)]
    passed = verdicts_on(frame, converted(checks([(text, config) for text, config, _ in found]), tmp_path))
    assert [(*case[:2], verdict) for case, verdict in zip(found, passed, strict=True)] == found


def test_the_page_shows_the_rules_of_each_metric() -> None:
    reject_other_table("Soda", ((metric_of(text), rules) for text, _, rules in GIVEN["checks"]))
