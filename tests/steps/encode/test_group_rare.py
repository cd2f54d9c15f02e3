"""group_rare."""

import pytest

from tests.steps.made import applied, fitted, made
from tilth.data import Roles
from tilth.errors import RequestError
from tilth.steps.encode.group_rare import GroupRare

WORDS = {"x": ["b", "a", "b", None, " ", "c", "b", "a"]}  # b 3, a 2, c 1, missing 2


@pytest.mark.parametrize(
    ("parameters", "kept"),
    [
        ({"min_frequency": 2}, "ba"),
        ({"min_frequency": 0.5}, "b"),
        ({"min_frequency": 0.34}, "b"),
        ({"min_frequency": 0.33}, "ba"),
        ({"max_categories": 1}, "b"),
        ({"max_categories": 2, "min_frequency": 3}, "b"),
        ({"min_frequency": 9}, ""),
    ],
)
def test_rare_categories_become_one(parameters, kept):
    found = made(GroupRare("x", **parameters), WORDS)["x"]
    assert found == [x if x is None or x == " " or x in kept else "other" for x in WORDS["x"]]


def test_later_values_and_missing_ones():
    assert applied(fitted(GroupRare("x", min_frequency=2), WORDS), {"x": ["new", "a", None]})["x"] == ["other", "a", None]
    grouped = fitted(GroupRare("x", min_frequency=2, value="?", missing="group"), WORDS)
    assert applied(grouped, {"x": ["new", "a", None, " "]})["x"] == ["?", "a", "?", "?"]
    assert made(GroupRare("n", max_categories=1, value=0), {"n": [5, 5, 7, None]})["n"] == [5, 5, 0, None]


def test_of_equally_frequent_ones_the_smaller_stays():
    assert fitted(GroupRare("x", max_categories=1), {"x": ["z", "b"]}).learned == {"x": {"categories": ["b"]}}


def test_a_column_without_values_has_no_category_that_stays():
    assert applied(fitted(GroupRare("x", min_frequency=0.1), {"x": ["", None]}), {"x": ["a", ""]})["x"] == ["other", ""]


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({}, "does not say which categories are rare"),
        ({"min_frequency": 0}, "must be above 0"),
        ({"max_categories": 0}, "must be from 1"),
        ({"min_frequency": 2, "value": 7}, "cannot have the `value` 7"),
    ],
)
def test_what_cannot_be_is_rejected(parameters, message):
    with pytest.raises(RequestError, match=message):
        made(GroupRare("x", **parameters), WORDS)


def test_floats_and_private_columns_are_rejected():
    with pytest.raises(RequestError, match="has no categories"):
        made(GroupRare("x", min_frequency=2), {"x": [0.5]})
    with pytest.raises(RequestError, match="is private"):
        made(GroupRare("x", min_frequency=2), WORDS, Roles.of(private="x"))
