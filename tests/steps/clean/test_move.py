"""move."""

import pyarrow as pa
import pytest

import tilth
from tests.steps.made import made
from tilth.errors import TilthError
from tilth.flow import Flow
from tilth.steps.clean.move import Move

TABLE = {"a": [1], "b": [2], "c": [3], "d": [4]}


@pytest.mark.parametrize(
    ("step", "order"),
    [
        (Move("c", to="start"), "cabd"),
        (Move("b", to="end"), "acdb"),
        (Move(("d", "a"), to=1), "badc"),
        (Move("a", to=99), "bcda"),
        (Move("a", after="c"), "bcad"),
        (Move("d", before="b"), "adbc"),
        (Move("a", to="start"), "abcd"),
        (Move("x*", to="end"), "abcd"),
    ],
)
def test_columns_stand_in_their_place(step, order):
    found = made(step, TABLE)
    assert "".join(found) == order
    assert found == TABLE


def test_a_served_row_has_the_same_order():
    flow = tilth.fit(
        Flow.parse("features:\n  - formula: {column: e, expression: a + d}\n  - move: {columns: e, before: b}\n"), pa.table(TABLE)
    )
    assert list(flow.row({"a": 1, "b": 2, "c": 3, "d": 4}).items()) == [("a", 1), ("e", 5), ("b", 2), ("c", 3), ("d", 4)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "one of `to`, `before` and `after`"),
        ({"to": 0, "before": "b"}, "one of `to`, `before` and `after`"),
        ({"to": -1}, "`start`, `end`, or a number from 0"),
        ({"to": "top"}, "`to` is 'top'"),
        ({"after": "e"}, "there is no column 'e'"),
        ({"after": "a"}, "column 'a' cannot be moved next to itself"),
    ],
)
def test_what_is_refused(given, message):
    with pytest.raises(TilthError, match=message):
        made(Move("a", **given), TABLE)
