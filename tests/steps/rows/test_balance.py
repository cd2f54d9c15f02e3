"""balance."""

from collections import Counter

import pytest

from tests.steps.made import fitted, made
from tilth.data import Roles
from tilth.errors import ColumnError, RequestError
from tilth.steps.rows.balance import Balance, weighed

LABEL = Roles.of(label="y")
KEYED = Roles.of(label="y", id="k")
TABLE = {"y": ["no"] * 90 + ["yes"] * 10, "k": list(range(100)), "x": [0.5] * 100}


def test_over_repeats_the_smaller_class_evenly():
    found = made(Balance("over", ratio=0.5), TABLE, KEYED)
    assert Counter(found["y"]) == {"no": 90, "yes": 45}
    assert {4, 5} == set(Counter(k for k, y in zip(found["k"], found["y"], strict=True) if y == "yes").values())
    assert list(found) == ["y", "k", "x"]


def test_under_leaves_rows_of_the_larger_class_out():
    found = made(Balance("under", ratio=0.5), TABLE, KEYED)
    assert Counter(found["y"]) == {"no": 20, "yes": 10}
    assert len(set(found["k"])) == 30


def test_equal_rows_are_cut_to_the_row():
    found = made(Balance("under"), {"y": ["a"] * 50 + ["b"] * 7, "x": [1] * 57}, LABEL)
    assert Counter(found["y"]) == {"a": 7, "b": 7}
    found = made(Balance("over"), {"y": ["a"] * 50 + ["b"] * 7, "x": [1] * 57}, LABEL)
    assert Counter(found["y"]) == {"a": 50, "b": 50}


def test_rows_that_share_a_key_are_chosen_by_their_content():
    rows = [("a", 1, x) for x in range(9)] + [("b", 1, 0)] * 4
    chosen = []
    for order in (rows, rows[::-1]):
        found = made(Balance("under"), dict(zip("ykx", zip(*order, strict=True), strict=True)), KEYED)
        chosen.append(Counter(zip(found["y"], found["x"], strict=True)))
    assert chosen[0] == chosen[1] == {("a", 0): 1, ("a", 1): 1, ("a", 2): 1, ("a", 3): 1, ("b", 0): 4}


def test_what_is_balanced_stays():
    table = {"y": [True, False] * 5, "k": list(range(10))}
    for way in ("over", "under"):
        assert sorted(made(Balance(way), table, KEYED)["k"]) == list(range(10))


def test_many_classes():
    table = {"y": [1] * 8 + [2] * 4 + [3] * 2, "k": list(range(14))}
    assert Counter(made(Balance("over", ratio=0.5), table, KEYED)["y"]) == {1: 8, 2: 4, 3: 4}
    assert Counter(made(Balance("under", ratio=0.5), table, KEYED)["y"]) == {1: 4, 2: 4, 3: 2}


def test_weights_add_up_to_the_rows():
    found = made(Balance("weights"), TABLE, KEYED)["weight"]
    assert sum(found) == pytest.approx(100)
    assert (found[0], found[-1]) == (pytest.approx(100 / (2 * 90)), pytest.approx(100 / (2 * 10)))  # n / (K · n of the class)


def test_weights_are_multiplied_with_those_that_are_there():
    roles = Roles.of(label="y", weight="w")
    assert made(Balance("weights"), {"y": ["a", "a", "a", "b"], "w": [1, 2, 3, 4]}, roles)["w"] == pytest.approx([2 / 3, 4 / 3, 2, 8])


def test_schemes_of_weights():
    assert weighed({"a": 4, "b": 1}, "root", 100) == pytest.approx({"a": 5 / 6, "b": 10 / 6})  # 1/2 and 1/1, times 5 / 3
    assert weighed({"a": 1000, "b": 1}, "balanced", 10)["b"] / weighed({"a": 1000, "b": 1}, "balanced", 10)["a"] == pytest.approx(10)
    effective = weighed({"a": 1000, "b": 10}, "effective", 1000)
    assert effective["b"] / effective["a"] == pytest.approx((1 - 0.999**1000) / (1 - 0.999**10))


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
    ],
)
def test_what_cannot_be_balanced_is_rejected(step, table, roles, message):
    with pytest.raises(RequestError, match=message):
        fitted(step, table, roles)


def test_a_label_that_is_not_there():
    with pytest.raises(ColumnError, match="did you mean 'y'"):
        fitted(Balance("over", label="Y"), {"y": ["a"]})


@pytest.mark.parametrize("more", [{"ratio": 0}, {"ratio": 1.5}, {"cap": 0.5}])
def test_contradictory_parameters_are_rejected(more):
    with pytest.raises(RequestError, match="balance: `"):
        Balance("over", **more)


def test_it_is_allowed_in_training_only():
    assert Balance.parts == {"training"}
