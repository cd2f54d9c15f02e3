"""Conditions in JMESPath."""

from __future__ import annotations

import pytest

from tilth.errors import RequestError
from tilth.web.conditions import condition

ROW = {"p": 0.7, "label": "yes", "odd name": [1, 2], "none": None, "zero": 0, "empty": ""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("`true`", True),
        ("p>`0.5`", True),
        ("p > `0.5` && label == 'no'", False),
        ("label=='no' || !(p<`0.5`)", True),
        ('"odd name"[1] >= `2`', True),
        ('label == `"yes"`', True),
        ("label > `1`", None),  # as in the specification of JMESPath: only numbers are ordered
        ("none", None),
        ("!none", True),
        ("!zero", False),  # 0 is true in JMESPath
        ("empty || `false`", False),
        ("p == `0.7` || p > `1` && `false`", True),
        ("'it\\'s' != label", True),
    ],
)
def test_a_condition_of_a_document(text, expected):
    assert condition(text)(ROW) is expected


@pytest.mark.parametrize("text", ["", "p >", "p > 0.5 `1`", "(p", "`nope`", "p = `1`", "length(p)", "&& p", "p > `1` )"])
def test_what_is_not_a_condition_is_refused(text):
    with pytest.raises(RequestError, match="is not a"):
        condition(text)
