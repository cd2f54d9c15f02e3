"""A Glue job's options: known ones mean the same here, others are warned of."""

from __future__ import annotations

import pyarrow as pa
import pytest

import tilth
from tilth.aws.glue_options import OPTIONS, check_options


def test_every_option_is_an_argument_of_check() -> None:
    table, rules = pa.table({"a": [2, 0], "b": [1, 3]}), 'Rules = [ (ColumnValues "a" > 1) OR (ColumnValues "b" > 2) ]'
    for key, values in OPTIONS.items():
        for value in values:
            passed = tilth.check(table, rules, **check_options({key: value.lower()})).passed
            assert passed == (value == "ROW")
    assert check_options({"ruleEvaluation.scope": "ROW"}) == {"composites": "row"}


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("compositeRuleEvaluation.methods", "ROW", "did you mean 'compositeRuleEvaluation.method'"),
        ("nothing", "x", "known are compositeRuleEvaluation.method"),
        ("compositeRuleEvaluation.method", "ROWS", "accepted are COLUMN or ROW"),
        ("publishAggregatedMetrics.status", True, "is True, it is ignored; accepted are DISABLED or ENABLED"),
    ],
)
def test_what_is_not_known_is_ignored_with_a_warning(key: str, value: str, words: str) -> None:
    with pytest.warns(UserWarning, match=words):
        assert check_options({key: value}) == {}
