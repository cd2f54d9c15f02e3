"""Conditions on single cells: what null does, by hand from the truth table of ColumnValues."""

import pytest

from tilth.rules.cells import null_passes
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
    assert null_passes(criterion) is expected


def test_not_in_lets_null_pass_unless_it_is_listed():
    assert null_passes(Criterion("string", "in", ("a",), negated=True))
    assert not null_passes(Criterion("string", "in", ("a", None), negated=True))
    assert not null_passes(Criterion("number", "between", (1, 2), negated=True))
