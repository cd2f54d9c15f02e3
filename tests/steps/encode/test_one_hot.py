"""one_hot."""

import pyarrow as pa
import pytest

import tilth
from tests.steps.made import applied, fitted, made
from tilth.errors import RequestError
from tilth.flow import Flow
from tilth.steps.encode.encode import Encode

WORDS = {"x": ["b", "a", "b", None, " ", "c", "b", "a"]}  # b 3, a 2, c 1, missing 2


def test_one_hot_makes_a_column_for_each_category_the_most_frequent_first():
    assert made(Encode("x"), WORDS) == {
        "x_b": [1, 0, 1, 0, 0, 0, 1, 0],
        "x_a": [0, 1, 0, 0, 0, 0, 0, 1],
        "x_c": [0, 0, 0, 0, 0, 1, 0, 0],
    }


def test_one_hot_slots():
    found = applied(fitted(Encode("x", unseen="slot", missing="slot", max_categories=1), WORDS), {"x": ["zz", None, " ", "b", "a"]})
    assert found == {"x_b": [0, 0, 0, 1, 0], "x_other": [1, 0, 0, 0, 1], "x_missing": [0, 1, 1, 0, 0]}


def test_a_category_may_be_dropped():
    assert list(made(Encode("x", drop="first"), WORDS)) == ["x_a", "x_c"]
    assert list(made(Encode("x", drop="binary"), WORDS)) == ["x_b", "x_a", "x_c"]
    assert list(made(Encode("x", drop="binary"), {"x": [True, False, True]})) == ["x_false"]


def test_a_made_column_may_not_be_called_like_another():
    with pytest.raises(RequestError, match="of column 'x' it would make 'x_A', but there is a column 'X_a' already"):
        made(Encode("x"), {"x": ["A"], "X_a": [1]})
    with pytest.raises(RequestError, match="there is a column 'a_b_c' already"):
        made(Encode(("a", "a_b")), {"a": ["b_c"], "a_b": ["c"]})


def test_a_row_is_served_whose_policies_are_errors():
    flow = tilth.fit(Flow.parse("features: [{encode: {columns: x, unseen: error, missing: error}}]"), pa.table({"x": ["a", "b"]}))
    assert flow.row({"x": "b"}) == {"x_a": 0, "x_b": 1}
    for value, message in (("c", "training has not seen"), (None, "a missing value")):
        with pytest.raises(RequestError, match=message):
            flow.row({"x": value})
