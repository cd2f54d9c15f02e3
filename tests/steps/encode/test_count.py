"""count and frequency."""

import pandas as pd
import pytest

from tests.steps.made import applied, fitted, made
from tilth.errors import RequestError
from tilth.steps.encode.encode import Encode

WORDS = {"x": ["b", "a", "b", None, " ", "c", "b", "a"]}  # b 3, a 2, c 1, missing 2


def test_a_value_becomes_how_often_it_occurs():
    assert made(Encode("x", with_="count"), WORDS) == {"x": [3, 2, 3, 2, 2, 1, 3, 2]}
    assert made(Encode("x", with_="frequency"), WORDS) == {"x": [3 / 8, 2 / 8, 3 / 8, 2 / 8, 2 / 8, 1 / 8, 3 / 8, 2 / 8]}


def test_the_counts_are_those_of_pandas():
    values = [i * i % 11 for i in range(200)]
    column = pd.Series(values)
    assert made(Encode("x", with_="count"), {"x": values})["x"] == column.map(column.value_counts()).tolist()
    assert made(Encode("x", with_="frequency"), {"x": values})["x"] == column.map(column.value_counts(normalize=True)).tolist()


@pytest.mark.parametrize(("way", "unseen"), [("count", 0), ("frequency", 0.0)])
def test_an_unseen_value_occurs_never(way, unseen):
    assert applied(fitted(Encode("x", with_=way), WORDS), {"x": ["zz", "b"]})["x"][0] == unseen
    assert applied(fitted(Encode("x", with_=way, unseen="null", missing="null"), WORDS), {"x": ["zz", None]}) == {"x": [None, None]}
    with pytest.raises(RequestError, match="training has not seen"):
        applied(fitted(Encode("x", with_=way, unseen="error"), WORDS), {"x": ["zz"]})


def test_nothing_missing_in_training_counts_0_later():
    assert applied(fitted(Encode("x", with_="count"), {"x": ["a"]}), {"x": [None, "a"]}) == {"x": [0, 1]}
    assert made(Encode("x", with_="frequency"), {"x": ["", None]}) == {"x": [1.0, 1.0]}


def test_too_many_categories_are_rejected():
    with pytest.raises(RequestError, match="column 'x' has more than 2 categories"):
        made(Encode("x", with_="count", most=2), WORDS)
