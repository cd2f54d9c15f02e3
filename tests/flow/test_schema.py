"""The JSON Schema of the flow file: it takes what the loader takes, and points at what is wrong."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tilth.flow.schema import flow_schema
from tilth.steps import STEPS
from tilth.yaml import parse


@cache
def schema() -> dict[str, Any]:
    return flow_schema()


def wrong(text: str) -> list[str]:
    return [error.json_path for error in Draft202012Validator(schema()).iter_errors(parse(text).value)]


@pytest.mark.slow
def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(schema())
    assert schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"


GOOD = """
data: {read: a.csv, nulls: ["?"], roles: {label: y, positive: "yes", facet: [sex, age]}}
check: 'Rules = [ IsComplete "a" ]'
split: {train: 0.8, test: 0.2, by: hash(customer), seed: 3}
features:
  - impute: {columns: age, with: median}
  - scale: {columns: [a, b], ddof: 1}
  - scale: numeric
  - scale: [a, b]
measure: [bias]
deliver: {to: out, format: csv}
"""

BAD = [
    ("dta: {}", "$"),
    ("data: {roles: {lable: y}}", "$.data.roles"),
    ("features: [{imput: {columns: a}}]", "$.features[0]"),
    ("features: [{impute: {columns: a}, scale: {columns: a}}]", "$.features[0]"),
    ("features: [{impute: {columns: a, with: medain}}]", "$.features[0].impute.with"),
    ("features: [{impute: {with: mean}}]", "$.features[0].impute"),
    ("features: [imput]", "$.features[0]"),
    ("rows: [{impute: {columns: a}}]", "$.rows[0]"),
    ("split: {test: 0.2}", "$.split"),
    ("split: {train: 2, test: 0.2}", "$.split.train"),
    ("split: {train: a < 1, test: rest}", "$.split.train"),
    ("split: {train: {a: 1}, test: rest, by: rule}", "$.split.train"),
    ("deliver: {format: parket}", "$.deliver.format"),
]


def test_a_flow_without_mistakes_is_valid() -> None:
    assert not wrong(GOOD)


@pytest.mark.parametrize(("text", "where"), BAD)
def test_a_bad_flow_is_not(text: str, where: str) -> None:
    assert where in wrong(text)


def test_each_part_offers_its_steps_one_in_each_object() -> None:
    for part in ("rows", "features", "training"):
        items = schema()["properties"][part]["items"]
        assert set(items["properties"]) == {name for name, kind in STEPS.items() if part in kind.parts}
        assert items["maxProperties"] == 1


def test_everything_is_described() -> None:
    def lacking(schema: dict[str, Any], path: str) -> list[str]:
        found = [] if "description" in schema or "$ref" in schema else [path]
        return found + [p for name, inner in schema.get("properties", {}).items() for p in lacking(inner, f"{path}.{name}")]

    assert not [p for name, part in schema()["properties"].items() for p in lacking(part, name)]
