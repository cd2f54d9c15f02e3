"""random and shuffle."""

import pytest

from tests.steps.keys import KEY
from tests.steps.made import made
from tilth.data import Roles
from tilth.errors import RequestError
from tilth.steps.protect.redact import Redact

IDS = Roles.of(id="id")


def test_a_shuffled_column_has_the_same_values_in_other_rows():
    table = {"id": list(range(50)), "a": [None, *range(49)], "b": [None, *range(49)]}
    found = made(Redact(("a", "b"), with_="shuffle"), table, IDS)
    rows = sorted(zip(found["id"], found["a"], found["b"], strict=True))
    assert sorted(a for _, a, _ in rows[1:]) == list(range(49))
    assert rows[0] == (0, None, None)
    assert all(a != i - 1 for i, a, _ in rows[1:])
    assert any(a != b for _, a, b in rows)
    assert made(Redact("a", with_="shuffle", key=KEY), table, IDS)["a"] != found["a"]


def test_random_values_are_between_the_bounds_and_depend_on_the_row_alone():
    table = {"id": list(range(200)), "a": [None, *range(199)]}
    step = Redact("a", with_="random", low=3, high=5)
    found = dict(zip(*made(step, table, IDS).values(), strict=True))
    assert found[0] is None
    assert {found[i] for i in range(1, 200)} == {3, 4, 5}
    assert made(step, {"id": [7, 3], "a": [1, 1]}, IDS)["a"] == [found[7], found[3]]


def test_what_does_not_identify_a_row_is_refused():
    with pytest.raises(RequestError, match="cannot identify"):
        made(Redact("a", with_="shuffle", by="x"), {"a": [1], "x": [0.5]})
