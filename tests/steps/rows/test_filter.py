"""filter."""

import pytest

from tests.steps.made import dataset, fitted, made
from tilth.errors import ExpressionError
from tilth.steps.rows.filter import Filter
from tilth.steps.rows.shuffle import Shuffle

TABLE = {"age": [17, 18, None, 40], "job": ["a", "b", "b", None]}


def test_rows_for_which_the_condition_is_true_stay():
    assert made(Filter("age >= 18 AND job = 'b'"), TABLE) == {"age": [18], "job": ["b"]}
    assert made(Filter("age <> 18"), TABLE)["age"] == [17, 40]


def test_rows_for_which_it_is_unknown_may_stay():
    assert made(Filter("age <> 18", unknown="keep"), TABLE)["age"] == [17, None, 40]


def test_the_order_of_the_rows_is_kept():
    shuffled = fitted(Shuffle(), TABLE).apply(dataset(TABLE))
    assert fitted(Filter("age > 1"), TABLE).apply(shuffled).ordered
    assert not fitted(Filter("age > 1"), TABLE).apply(dataset(TABLE)).ordered


@pytest.mark.parametrize("where", ["agee > 1", "age +", "age", "(SELECT 1) = 1", "read_text('x') = 'y'"])
def test_what_is_not_a_condition_is_rejected(where):
    with pytest.raises(ExpressionError):
        fitted(Filter(where), TABLE)
