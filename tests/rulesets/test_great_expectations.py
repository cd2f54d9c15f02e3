"""Suites of Great Expectations become rules: case by case, and with verdicts that pandas gives, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import tilth
from tests.cases import cases
from tests.rulesets.conversions import reject_other_table, verdicts_on
from tilth.rules import lint
from tilth.rulesets.expectations import DIFFERS, EXPECTATIONS, rules_of

CASES = cases(Path(__file__).with_name("great_expectations.yaml"))


def converted(expectations: list[tuple[str, dict[str, Any]]], folder: Path, key: str = "type") -> Any:
    path = folder / "suite.json"
    path.write_text(json.dumps({"name": "s", "meta": {}, "expectations": [{key: n, "kwargs": k, "meta": {}} for n, k in expectations]}))
    return tilth.convert(path)


def test_every_expectation_of_the_table_has_a_case_and_becomes_its_rules() -> None:
    assert {name for name, *_ in CASES} == set(EXPECTATIONS)
    assert [(name, rules_of(name, given)) for name, given, _ in CASES] == [(name, rules) for name, _, rules in CASES]


@pytest.mark.parametrize("key", ["type", "expectation_type"])
def test_a_suite_is_a_ruleset_without_warnings(key: str, tmp_path: Path) -> None:
    conversion = converted([(name, given) for name, given, _ in CASES], tmp_path, key)
    assert conversion.left_out == ()
    assert [note.partition(": ")[2] for note in conversion.notes] == [DIFFERS[name] for name, *_ in CASES if name in DIFFERS]
    assert lint(str(conversion)) == []
    assert [str(rule) for rule in conversion.ruleset.rules] == [rule for *_, rules in CASES for rule in rules]


LEFT = [
    ("expect_column_values_to_be_increasing", {"column": "a"}, "rows have no order"),
    ("expect_column_kl_divergence_to_be_less_than", {"column": "a"}, "no rule says this"),
    ("expect_column_values_to_be_between", {"column": "a", "min_value": {"$PARAMETER": "low"}}, "known only when the suite runs"),
    ("expect_column_values_to_be_between", {"column": "a"}, "it has no bound"),
    ("expect_column_values_to_be_between", {"column": "a", "min_value": "z"}, "neither a number nor a day"),
    ("expect_column_values_to_be_in_set", {"column": "a", "value_set": ["x", 1]}, "not all numbers, or all strings"),
    ("expect_column_values_to_be_in_set", {"column": "a", "value_set": [1], "odd": 2}, "the argument odd has no counterpart"),
    ("expect_column_values_to_match_regex", {"column": "a", "regex": "(?=x)y"}, "lookahead"),
    ("expect_column_values_to_be_of_type", {"column": "a", "type_": "str"}, "every column can be read as 'str'"),
    ("expect_column_to_exist", {"column": "a", "column_index": 2}, "columns have no places"),
    ("expect_column_to_exist", {}, "it has no column"),
    ("expect_column_to_exist", {"column": "a", "row_condition": "b > 1", "condition_parser": "spark"}, "for some rows only"),
    ("expect_column_values_to_be_unique", {"column": "a", "row_condition": 'b=="x"', "condition_parser": "pandas"}, "not SQL"),
]


def test_what_no_rule_says_is_listed_with_the_reason_and_the_place(tmp_path: Path) -> None:
    conversion = converted([(name, given) for name, given, _ in LEFT], tmp_path)
    assert len(conversion.left_out) == len(LEFT)
    for i, (line, (name, _, reason)) in enumerate(zip(conversion.left_out, LEFT, strict=True)):
        assert line.startswith(f"expectation {i + 1}, {name}")
        assert reason in line
        assert f"# Not converted: {line}" in str(conversion)


FRAME = pd.DataFrame(
    {
        "id": [1, 2, 3, 4, 4, 6],
        "age": [17.0, 30.0, None, 44.5, 71.0, 120.0],
        "sex": ["f", "m", "m", None, "x", "f"],
        "code": ["AB", "A1", None, "ABCD", "B", "AB"],
        "low": [1.0, None, 3.0, 4.0, None, 5.0],
        "high": [2.0, 2.0, 3.0, None, None, 6.0],
    }
)


def verdicts() -> list[tuple[str, dict[str, Any], bool]]:
    """Expectations with the verdicts of pandas: nulls are not asked, and `mostly` is the share of the values that are there."""
    age, sex, code, pairs = FRAME.age.dropna(), FRAME.sex.dropna(), FRAME.code.dropna(), FRAME[FRAME.low.notna() | FRAME.high.notna()]
    found: list[tuple[str, dict[str, Any], bool]] = []
    for mostly in (0.2, 0.5, 0.6, 0.8, 1.0):
        for low, high in ((17, 120), (18, 71), (0, 44.5)):
            given = {"column": "age", "min_value": low, "max_value": high, "mostly": mostly}
            found.append(("expect_column_values_to_be_between", given, age.between(low, high).mean() >= mostly))
        shares = {
            ("in_set", "sex", "value_set", ("f", "m")): sex.isin(["f", "m"]).mean(),
            ("not_be_in_set", "sex", "value_set", ("f",)): (~sex.isin(["f"])).mean(),
            ("match_regex", "code", "regex", "^A.$"): code.str.contains("^A.$").mean(),
            ("match_regex", "code", "regex", "[0-9]"): code.str.contains("[0-9]").mean(),
            ("be_unique", "id", None, None): (~FRAME.id.duplicated(keep=False)).mean(),
            ("not_be_null", "low", None, None): FRAME.low.notna().mean(),
        }
        for (name, column, argument, value), share in shares.items():
            name = f"expect_column_values_to_{'be_' if name == 'in_set' else ''}{name}"
            given = {"column": column, "mostly": mostly} | (
                {} if argument is None else {argument: list(value) if argument == "value_set" else value}
            )
            found.append((name, given, share >= mostly))
        lengths = {"column": "code", "min_value": 2, "max_value": 3, "mostly": mostly}
        found.append(("expect_column_value_lengths_to_be_between", lengths, code.str.len().between(2, 3).mean() >= mostly))
        pair = {"column_A": "high", "column_B": "low", "mostly": mostly}
        found.append(("expect_column_pair_values_a_to_be_greater_than_b", pair, (pairs.high > pairs.low).mean() >= mostly))
    for low in (30, 40, 60):
        for statistic, value in (("mean", age.mean()), ("stdev", age.std()), ("max", age.max()), ("min", age.min()), ("sum", age.sum())):
            found.append(
                (f"expect_column_{statistic}_to_be_between", {"column": "age", "min_value": low, "max_value": 99}, low <= value <= 99)
            )
    return found


@pytest.mark.slow
def test_verdicts_are_those_of_pandas(tmp_path: Path) -> None:
    expected = verdicts()
    passed = verdicts_on(FRAME, converted([(name, given) for name, given, _ in expected], tmp_path))
    assert [(*case[:2], verdict) for case, verdict in zip(expected, passed, strict=True)] == expected
    assert {verdict for *_, verdict in expected} == {True, False}


def test_the_page_shows_the_rules_of_each_expectation() -> None:
    reject_other_table("Great Expectations", ((name, rules) for name, _, rules in CASES))
