"""Whether null meets a condition on a cell."""

import pytest

from tilth.rules.conditions import Criterion

CASES = [
    ("=", ("a",), False),
    ("in", ("a", None), True),
    ("=", (None,), True),
    ("!=", ("a",), True),
    ("!=", (None,), False),
    (">", (1,), False),
]


@pytest.mark.parametrize(("operator", "operands", "expected"), CASES)
def test_null_passes_where_it_is_listed(operator, operands, expected):
    criterion = Criterion("string", operator, operands)
    assert criterion.holds(None) is expected


def test_not_in_lets_null_pass_unless_it_is_listed():
    assert Criterion("string", "in", ("a",), negated=True).holds(None)
    assert not Criterion("string", "in", ("a", None), negated=True).holds(None)
    assert not Criterion("number", "between", (1, 2), negated=True).holds(None)
