"""encoder: the vocabulary that encoders learn."""

import re

import pytest

from tests.steps.made import applied, fitted, made
from tilth.errors import RequestError
from tilth.steps.encode.encode import Encode
from tilth.steps.step import Fitted

WORDS = {"x": ["b", "a", "b", None, " ", "c", "b", "a"]}  # b 3, a 2, c 1, missing 2


def test_equally_frequent_categories_are_ordered_by_value():
    assert fitted(Encode("x"), {"x": ["z", "b", "a"]}).learned["x"]["categories"] == ["a", "b", "z"]


@pytest.mark.parametrize("with_", ["one_hot", "ordinal"])
@pytest.mark.parametrize(("word", "value"), [("unseen", "zz"), ("missing", None)])
def test_the_policy_error_rejects(with_, word, value):
    found = fitted(Encode("x", with_=with_, **{word: "error"}), WORDS)
    applied(found, {"x": ["a"]})
    with pytest.raises(RequestError, match=rf"encode: column 'x' has .*, and its policy is `{word}: error`"):
        applied(found, {"x": ["a", value]})


@pytest.mark.parametrize(("least", "kept"), [(2, ["b", "a"]), (0.5, ["b"]), (0.34, ["b"]), (0.33, ["b", "a"]), (9, [])])
def test_rare_categories_are_left_out(least, kept):
    assert fitted(Encode("x", min_frequency=least), WORDS).learned["x"]["categories"] == kept


def test_given_categories_need_no_data():
    step = Encode("x", categories=("c", "a"))
    assert made(step, WORDS) == {"x_c": [0, 0, 0, 0, 0, 1, 0, 0], "x_a": [0, 1, 0, 0, 0, 0, 0, 1]}
    with pytest.raises(RequestError, match="its values are of kind integer"):
        made(step, {"x": [1]})


def test_integers_and_booleans_are_categories_too():
    assert made(Encode("x", order="value"), {"x": [3, 1, None]}) == {"x_1": [0, 1, 0], "x_3": [1, 0, 0]}
    assert made(Encode("x", with_="ordinal"), {"x": [True, False, True, None]}) == {"x": [0, 1, 0, None]}


def test_a_column_without_values_has_no_categories():
    assert made(Encode("x"), {"x": ["", None], "y": [1, 2]}) == {"y": [1, 2]}
    assert applied(fitted(Encode("x", with_="ordinal"), {"x": ["", " "]}), {"x": ["a", ""]}) == {"x": [-1, None]}


def test_a_vocabulary_is_bounded():
    with pytest.raises(RequestError, match=re.escape("encode: column 'x' has more than 5 categories")) as error:
        made(Encode("x", most=5), {"x": [str(i) for i in range(6)]})
    assert "max_categories" in str(error.value)
    assert len(made(Encode("x", most=6), {"x": [str(i) for i in range(6)]})) == 6


def test_floats_have_no_categories():
    with pytest.raises(RequestError, match=r"column 'x' \(float\) cannot be encoded"):
        made(Encode("x"), {"x": [1.5]})


def test_changed_cells_are_counted_by_reason():
    found = fitted(Encode("x"), WORDS)
    assert set(found.reasons()) == {("x", "missing category"), ("x", "unseen category")}
    assert isinstance(found, Fitted)
