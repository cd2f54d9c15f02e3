"""encode."""

import re

import pytest

from tests.steps.made import applied, fitted, made
from tilth.errors import RequestError
from tilth.steps.encode.encode import Encode
from tilth.steps.step import Fitted

WORDS = {"x": ["b", "a", "b", None, " ", "c", "b", "a"]}  # b 3, a 2, c 1, missing 2


def test_one_hot_makes_a_column_for_each_category_the_most_frequent_first():
    assert made(Encode("x"), WORDS) == {
        "x_b": [1, 0, 1, 0, 0, 0, 1, 0],
        "x_a": [0, 1, 0, 0, 0, 0, 0, 1],
        "x_c": [0, 0, 0, 0, 0, 1, 0, 0],
    }


def test_ordinal_counts_categories_from_0():
    assert made(Encode("x", with_="ordinal"), WORDS) == {"x": [0, 1, 0, None, None, 2, 0, 1]}


def test_equally_frequent_categories_are_ordered_by_value():
    assert fitted(Encode("x"), {"x": ["z", "b", "a"]}).learned["x"]["categories"] == ["a", "b", "z"]


@pytest.mark.parametrize(
    ("step", "unseen", "missing"),
    [
        (Encode("x", with_="ordinal"), -1, None),
        (Encode("x", with_="ordinal", unseen="null", missing=-1), None, -1),
        (Encode("x", with_="ordinal", unseen="null", missing="null"), None, None),
        (Encode("x", with_="ordinal", unseen="slot", missing="slot"), 3, 4),
        (Encode("x", with_="ordinal", missing="slot"), -1, 3),
    ],
)
def test_unseen_and_missing_numbers(step, unseen, missing):
    assert applied(fitted(step, WORDS), {"x": ["zz", None, "", "a"]}) == {"x": [unseen, missing, missing, 1]}


def test_one_hot_slots():
    found = applied(fitted(Encode("x", unseen="slot", missing="slot", max_categories=1), WORDS), {"x": ["zz", None, " ", "b", "a"]})
    assert found == {"x_b": [0, 0, 0, 1, 0], "x_other": [1, 0, 0, 0, 1], "x_missing": [0, 1, 1, 0, 0]}


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


def test_a_category_may_be_dropped():
    assert list(made(Encode("x", drop="first"), WORDS)) == ["x_a", "x_c"]
    assert list(made(Encode("x", drop="binary"), WORDS)) == ["x_b", "x_a", "x_c"]
    assert list(made(Encode("x", drop="binary"), {"x": [True, False, True]})) == ["x_false"]


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


def test_a_large_vocabulary_is_learned_and_applied():
    values = [f"v{i:06}" for i in range(200_000)]
    found = fitted(Encode("x", with_="ordinal"), {"x": values})
    assert applied(found, {"x": ["v199999", "v000000", "no"]}) == {"x": [199_999, 0, -1]}


def test_a_made_column_may_not_be_called_like_another():
    with pytest.raises(RequestError, match="of column 'x' it would make 'x_A', but there is a column 'X_a' already"):
        made(Encode("x"), {"x": ["A"], "X_a": [1]})
    with pytest.raises(RequestError, match="there is a column 'a_b_c' already"):
        made(Encode(("a", "a_b")), {"a": ["b_c"], "a_b": ["c"]})


def test_floats_have_no_categories():
    with pytest.raises(RequestError, match=r"column 'x' \(DOUBLE\) cannot be encoded"):
        made(Encode("x"), {"x": [1.5]})


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"unseen": "null"}, "`unseen: null` means nothing to one_hot"),
        ({"with_": "ordinal", "missing": "zeros"}, "`missing: zeros` means nothing to ordinal"),
        ({"unseen": "error", "max_categories": 3}, "would reject the rare categories"),
        ({"with_": "ordinal", "drop": "first"}, "`drop` is for one_hot"),
        ({"max_categories": 0}, "must be 1 or more"),
        ({"min_frequency": 0}, "must be above 0"),
        ({"categories": ("a", "a")}, "twice"),
    ],
)
def test_contradictory_parameters_are_rejected(parameters, message):
    with pytest.raises(RequestError, match=message):
        Encode("x", **parameters)


def test_changed_cells_are_counted_by_reason():
    found = fitted(Encode("x"), WORDS)
    assert set(found.reasons()) == {("x", "missing category"), ("x", "unseen category")}
    assert isinstance(found, Fitted)
