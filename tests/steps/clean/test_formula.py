"""formula."""

import pytest

from tests.steps.made import fitted, made
from tilth.errors import ExpressionError, RequestError
from tilth.steps.clean.formula import Formula

TABLE = {"debt": [1, 4, None, 2], "income": [2, 0, 1, 8]}


def test_a_column_is_computed_from_its_row():
    assert made(Formula("ratio", "debt / income"), TABLE)["ratio"] == [0.5, None, None, 0.25]


def test_an_old_column_may_be_made_anew():
    assert made(Formula("debt", "coalesce(debt, 0) + 1"), TABLE) == {"debt": [2, 5, 1, 3], "income": [2, 0, 1, 8]}


def test_a_name_that_differs_in_case_only_is_rejected():
    with pytest.raises(RequestError, match="there is a column 'debt' already"):
        fitted(Formula("Debt", "1"), TABLE)
    with pytest.raises(RequestError, match="no name"):
        fitted(Formula("", "1"), TABLE)


@pytest.mark.parametrize("text", ["debt +", "dbt", "avg(debt)", "getenv('HOME')", "(SELECT 1)"])
def test_what_is_not_a_formula_is_rejected(text):
    with pytest.raises(ExpressionError):
        fitted(Formula("x", text), TABLE)


def test_it_touches_what_it_reads_and_makes():
    found = fitted(Formula("ratio", "debt / income"), TABLE)
    assert found.step.touches(found.schema, None) == {"ratio", "debt", "income"}
