"""over, under."""

from collections import Counter

from tests.steps.made import made
from tilth.data import Roles
from tilth.steps.balance.balance import Balance

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
