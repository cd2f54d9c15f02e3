"""What all ways of balance do: the sizes of classes, and what is wrong with them."""

from collections import Counter

import pytest

from tests.steps.made import fitted, made
from tilth.data import Roles
from tilth.errors import RequestError
from tilth.steps.balance.balance import Balance

LABEL = Roles.of(label="y")
KEYED = Roles.of(label="y", id="k")


@pytest.mark.parametrize(
    ("step", "sizes"),
    [
        (Balance("over", classes="minority"), [60, 30, 60]),
        (Balance("over", per_class={3: 40}), [60, 30, 40]),
        (Balance("under", classes="majority"), [10, 30, 10]),
        (Balance("under", classes="not minority", ratio=0.5), [20, 20, 10]),
        (Balance("under", per_class={1: 31, 2: 5}), [31, 5, 10]),
    ],
    ids=str,
)
def test_the_classes_that_are_meant(step, sizes):
    table = {"y": [1] * 60 + [2] * 30 + [3] * 10, "k": list(range(100))}
    assert list(Counter(made(step, table, KEYED)["y"]).values()) == sizes


@pytest.mark.parametrize(
    ("step", "table", "roles", "message"),
    [
        (Balance("over"), {"y": ["a", "b", None, " "]}, LABEL, r"2 rows have no label \('y'\)"),
        (Balance("over"), {"y": ["a", "a"]}, LABEL, "has one class in the training part"),
        (Balance("weights"), {"y": ["a", None]}, LABEL, "1 rows have no label"),
        (Balance("under"), {"y": list(range(1001))}, LABEL, "1,001 classes"),
        (Balance("over"), {"y": ["a"]}, Roles(), "no column has the role label"),
        (Balance("weights"), {"y": ["a", "b"], "weight": [1, 1]}, LABEL, "a column 'weight' already"),
        (Balance("weights"), {"y": ["a", "b"], "Weight": [1, 1]}, LABEL, "a column 'Weight' already"),
        (Balance("over", per_class={"c": 1}), {"y": ["a", "b"]}, LABEL, "'c' in `per_class` are not classes of 'y'"),
        (Balance("over", per_class={"b": 1}), {"y": ["a", "b", "b"]}, LABEL, "the class 'b' has 2 rows, and `over` gives it more"),
        (Balance("under", per_class={"b": 4}), {"y": ["a", "b", "b"]}, LABEL, "the class 'b' has 2 rows, and `under` gives it fewer"),
        (Balance("weights", weights="cost", per_class={"b": 4}), {"y": ["a", "b"]}, LABEL, "`per_class` has nothing for 'a'"),
        (Balance("over", origin=True), {"y": ["a", "b"]}, LABEL, "not one column of the role id"),
        (Balance("over", origin=True), {"y": ["a", "b"], "k": [1, 2], "_Origin": [1, 2]}, KEYED, "a column '_Origin' already"),
    ],
)
def test_what_cannot_be_balanced_is_rejected(step, table, roles, message):
    with pytest.raises(RequestError, match=message):
        fitted(step, table, roles)
