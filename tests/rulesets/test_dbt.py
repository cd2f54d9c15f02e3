"""Tests of dbt become rules: case by case, with verdicts on a small table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import tilth
from tests.cases import cases
from tests.rulesets.conversions import reject_other_table
from tilth.errors import RequestError
from tilth.rules import lint
from tilth.rulesets.dbt import OWN

CASES = cases(Path(__file__).with_name("dbt.yaml"))


def schema(tests: list[tuple[str, bool, dict[str, Any]]]) -> dict[str, Any]:
    """A `schema.yml` of one model. JSON is YAML, too."""
    of_column, of_table = (
        [{name: given} if given else name for name, column, given in tests if column is wanted] for wanted in (True, False)
    )
    return {"version": 2, "models": [{"name": "m", "data_tests": of_table, "columns": [{"name": "age", "tests": of_column}]}]}


def converted(given: Any, folder: Path, **options: str) -> Any:
    (folder / "schema.yml").write_text(json.dumps(given))
    return tilth.convert(folder / "schema.yml", **options)


def test_every_test_of_the_table_becomes_its_rules_without_warnings(tmp_path: Path) -> None:
    conversion = converted(schema([case[:3] for case in CASES]), tmp_path)
    assert (conversion.left_out, lint(str(conversion))) == ((), [])
    types = [f"m.age, dbt_expectations.expect_column_values_to_be_{word}" for word in ("of_type", "in_type_list")]
    assert [note.partition(":")[0] for note in conversion.notes] == types
    in_order = sorted(CASES, key=lambda case: case[1])  # tests of the table stand first
    assert [list(item.rules) for item in conversion.items] == [rules for *_, rules in in_order]
    assert {name for name, *_ in CASES if not name.startswith("dbt_expectations.")} == set(OWN)


def test_what_no_rule_says_is_listed_with_the_reason_and_the_place(tmp_path: Path) -> None:
    left = {
        "my_own": ({}, "no rule is known for this test"),
        "unique": ({"config": {"error_if": ">5"}}, "error_if changes the verdict"),
        "relationships": ({"to": "people", "field": "id"}, "'people' is not a ref or a source"),
        "accepted_values": ({"values": []}, "[] is not a list of values"),
        "not_null": ({"where": "f(x"}, "f(x"),
        "dbt_expectations.expect_row_values_to_have_recent_data": ({"datepart": "month", "interval": 1}, "an age of 1 months"),
        "dbt_expectations.expect_column_values_to_be_within_n_stdevs": ({}, "no rule says this"),
        "dbt_utils.expression_is_true": ({"expression": "> '{{ var(\"low\") }}'"}, 'the value of {{ var("low") }} is not in the file'),
        "dbt_utils.at_least_one": ({"group_by_columns": ["b"]}, "group_by_columns has no counterpart"),
    }
    conversion = converted(schema([(name, True, given) for name, (given, _) in left.items()]), tmp_path)
    for line, (name, (_, reason)) in zip(conversion.left_out, left.items(), strict=True):
        assert line.startswith(f"m.age, {name}: ")
        assert reason in line


def test_a_test_that_warns_is_noted_and_one_of_several_tables_is_chosen(tmp_path: Path) -> None:
    given = schema([("unique", True, {"config": {"severity": "warn"}})])
    assert converted(given, tmp_path).notes == ("m.age, unique: it only warns there",)
    given["models"].append({"name": "other", "columns": [{"name": "a", "tests": ["unique"]}]})
    with pytest.raises(RequestError, match="a ruleset is for one: m, other"):
        converted(given, tmp_path)
    with pytest.raises(RequestError, match="has no checks of a table 'others'"):
        converted(given, tmp_path, table="others")
    assert str(converted(given, tmp_path, table="other").ruleset.rules[0]) == 'IsUnique "a"'
    columns = [{"name": "id", "tests": ["not_null"]}]
    given["sources"] = [{"name": "raw", "tables": [{"name": "m", "columns": columns}, {"name": "plain", "columns": columns}]}]
    for table, rule in (("m", 'IsUnique "age"'), ("raw.m", 'IsComplete "id"'), ("plain", 'IsComplete "id"')):
        assert [*map(str, converted(given, tmp_path, table=table).ruleset.rules)] == [rule]


def test_values_that_another_table_lacks_are_found_and_nulls_are_not_asked(tmp_path: Path) -> None:
    rules = converted(schema([("relationships", True, {"to": "ref('people')", "field": "id"})]), tmp_path).ruleset
    people = pa.table({"id": [1, 1, 2]})
    for ages, passed in (([1, 2, None], True), ([1, 3, None], False)):
        assert tilth.check(pa.table({"age": ages}), rules, sources={"people": people}).passed is passed


def test_the_page_shows_the_rules_of_each_test() -> None:
    reject_other_table("dbt", ((name, rules) for name, *_, rules in CASES if name in OWN))
