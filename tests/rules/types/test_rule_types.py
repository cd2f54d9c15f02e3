"""The shelf has every type of the language, and its rows agree with each other."""

from __future__ import annotations

import pytest

from tilth.rules import RULE_TYPES, parse
from tilth.rules.language.tags import TAG_VALUES
from tilth.rules.language.validate import PARAMETER_CHECKS
from tilth.rules.types import respelled
from tilth.rules.types.rule_type import GLUE, NO, TILTH, RuleType

ROWS = list(RULE_TYPES.values())


def test_the_counts() -> None:
    assert len(ROWS) == 40
    assert sum(row.rule for row in ROWS) == 38
    assert sum(row.analyzer is GLUE for row in ROWS) == 16
    assert [row.name for row in ROWS if row.glue is TILTH and row.rule] == [
        "Range",
        "InterquartileRange",
        "Skewness",
        "Kurtosis",
        "ZerosCount",
    ]


def test_names_differ_in_more_than_case() -> None:
    assert len({name.casefold() for name in RULE_TYPES}) == len(RULE_TYPES)
    assert respelled("ROWCOUNT") == "RowCount"
    assert respelled("Rows") is None


@pytest.mark.parametrize("row", [row for row in ROWS if row.rule], ids=lambda row: row.name)
def test_the_usage_is_valid(row: RuleType) -> None:
    leaves = list(parse(f"Rules = [ {row.usage} ]").leaves)
    assert {leaf.type for leaf in leaves} == {row.name}
    assert len(leaves) == 2 if row.name in ("CustomSql", "FileMatch") else 1


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_agrees_with_itself(row: RuleType) -> None:
    most = max(9 if form.most is None else form.most for form in row.forms)
    assert bool(row.kinds) == bool(most)
    assert set(row.tags) <= set(TAG_VALUES)
    assert set(row.kinds) <= {*PARAMETER_CHECKS, "column", "columns", "sql", "pattern", "inner", "path"}
    assert not (row.boolean and row.dynamic)
    assert row.rule or row.analyzer is not NO


def test_every_tag_has_a_type_that_takes_it() -> None:
    assert {tag for row in ROWS for tag in row.tags} == set(TAG_VALUES)


def test_what_can_be_watched_has_a_number() -> None:
    assert not [row.name for row in ROWS if row.watchable and row.boolean]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("RowCount", "no parameter"),
        ("Mean", "1 parameter"),
        ("ColumnCorrelation", "2 parameters"),
        ("DatasetMatch", "2 to 3 parameters"),
        ("DuplicateRowCount", "any number of parameters"),
        ("IsUnique", "any number of parameters, 1 at least"),
    ],
)
def test_forms_in_words(name: str, expected: str) -> None:
    assert RULE_TYPES[name].forms[0].count == expected
