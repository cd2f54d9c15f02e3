"""weights."""

import pytest

from tests.steps.made import made
from tilth.data import Roles
from tilth.steps.balance.balance import Balance
from tilth.steps.balance.weigh import weighed

KEYED = Roles.of(label="y", id="k")
TABLE = {"y": ["no"] * 90 + ["yes"] * 10, "k": list(range(100)), "x": [0.5] * 100}


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


def test_weights_that_are_given():
    assert weighed({"a": 8, "b": 2}, "cost", 100, {"a": 1, "b": 5}) == pytest.approx({"a": 5 / 9, "b": 25 / 9})  # times 10 / 18
    shares = weighed({"a": 6, "b": 3, "c": 1}, "share", 100, {"a": 0.5, "b": 0.3, "c": 0.2})
    assert shares == pytest.approx({"a": 5 / 6, "b": 1, "c": 2})  # the weights of the classes add up to 5, 3 and 2
    found = made(Balance("weights", weights="cost", per_class={"no": 1, "yes": 9}), TABLE, KEYED)["weight"]
    assert (found[0], found[-1]) == (pytest.approx(100 / 180), pytest.approx(900 / 180))
