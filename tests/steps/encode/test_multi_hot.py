"""multi_hot."""

import pandas as pd
import pyarrow as pa
import pytest

from tests.steps.made import applied, fitted, made
from tilth.errors import RequestError
from tilth.steps.encode.encode import Encode
from tilth.steps.encode.multi_hot import Parts
from tilth.testing.needs import check_need

LISTS = {"x": ["red, green", "green", "blue,red ,red", None, " ", ",", "redgreen"]}


def test_a_column_for_each_part():
    assert made(Encode("x", with_="multi_hot"), LISTS) == {
        "x_green": [1, 1, 0, 0, 0, 0, 0],
        "x_red": [1, 0, 1, 0, 0, 0, 0],
        "x_blue": [0, 0, 1, 0, 0, 0, 0],
        "x_redgreen": [0, 0, 0, 0, 0, 0, 1],
    }


@pytest.mark.parametrize("separator", [",", "|", ".", " ", "\\", "$1", "--", "a", "]", "^"])
def test_the_columns_are_those_of_pandas(separator):
    texts = [separator.join(parts) for parts in (["x", "y"], ["y"], ["z", "x", "w"], ["w"])]
    expected = pd.Series(texts).str.get_dummies(separator)
    found = made(Encode("c", with_="multi_hot", separator=separator, order="value"), {"c": texts})
    assert found == {f"c_{part}": expected[part].tolist() for part in expected}


def test_rare_parts_are_left_out_and_missing_ones_may_have_a_column():
    found = made(Encode("x", with_="multi_hot", max_categories=1, missing="slot", into="c"), LISTS)
    assert found == {**LISTS, "c_green": [1, 1, 0, 0, 0, 0, 0], "c_missing": [0, 0, 0, 1, 1, 0, 0]}
    assert fitted(Encode("x", with_="multi_hot", min_frequency=0.4), LISTS).learned["x"]["categories"] == ["green", "red"]  # 2 of 5
    assert applied(fitted(Encode("x", with_="multi_hot", categories=("b",)), LISTS), {"x": ["a,b", "a"]}) == {"x_b": [1, 0]}


def test_what_cannot_be_is_rejected():
    for wrong in ({"categories": ("a,b",)}, {"categories": (1,)}, {"separator": ""}, {"unseen": "slot"}):
        with pytest.raises(RequestError):
            Encode("x", with_="multi_hot", **wrong)
    with pytest.raises(RequestError, match="lists no categories"):
        made(Encode("x", with_="multi_hot"), {"x": [1]})
    with pytest.raises(RequestError, match="a missing value"):
        made(Encode("x", with_="multi_hot", missing="error"), LISTS)


def test_parts_are_counted_alike_in_any_order():
    check_need(Parts(("x",)), pa.table(LISTS))
