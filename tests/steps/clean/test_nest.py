"""nest."""

import json
import math
from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tests.steps.made import dataset, fitted, made
from tilth.data import Roles
from tilth.errors import TilthError
from tilth.flow import Flow
from tilth.steps.clean.nest import Nest
from tilth.steps.clean.unnest import Unnest

TABLE = {"id": [1, 2], "a": [1, None], "b": [0.5, math.inf], "s": ['say "x"', None], "d": [date(2024, 2, 29), None]}


def test_structs():
    assert made(Nest(("a", "s"), into="both"), TABLE) == {
        "id": [1, 2],
        "b": [0.5, math.inf],
        "d": TABLE["d"],
        "both": [{"a": 1, "s": 'say "x"'}, {"a": None, "s": None}],
    }


def test_lists():
    found = made(Nest(("a", "b"), into="a", as_="list"), TABLE)
    assert list(found) == ["id", "a", "s", "d"]
    assert found["a"] == [[1.0, 0.5], [None, math.inf]]


def test_json():
    found = made(Nest(("!id",), into="j", as_="json", keep=True), TABLE)
    assert list(found) == [*TABLE, "j"]
    assert [json.loads(x) for x in found["j"]] == [
        {"a": 1, "b": 0.5, "s": 'say "x"', "d": "2024-02-29"},
        {"a": None, "b": None, "s": None, "d": None},
    ]


ROWS = st.lists(st.tuples(st.integers(0, 9), st.text(max_size=3), st.floats(-9, 9)), min_size=1, max_size=5)
FLOW = "features: [{nest: {columns: [a, s], into: x, as: json}}, {nest: {columns: [id, b], into: y}}]"


@given(ROWS, st.sampled_from(["json", "struct"]))
def test_unnest_gives_back_what_was_nested(rows, way):
    columns = dict(zip("abc", map(list, zip(*rows, strict=True)), strict=True))
    nested = made(Nest(("a", "b", "c"), into="x", as_=way), columns)
    assert made(Unnest("x"), pa.table({"x": nested["x"]})) == {f"x_{c}": v for c, v in columns.items()}


def test_a_row_is_served():
    flow = tilth.fit(Flow.parse(FLOW), pa.table(TABLE))
    row = flow.row({"id": 3, "a": 1, "b": None, "s": "é", "d": None})
    assert row == {"d": None, "x": '{"a": 1, "s": "é"}', "y": {"id": 3, "b": None}}


def test_what_holds_private_values_is_private():
    roles = Roles.of(private="s")
    assert "x" in fitted(Nest(("a", "s"), into="x"), TABLE, roles).apply(dataset(TABLE, roles)).roles.private


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"columns": "no_such_*"}, "no column is selected"),
        ({"columns": ("a", "s"), "as_": "list"}, "a list of several kinds: 'a' \\(integer\\), 's' \\(string\\)"),
        ({"columns": ("l",), "as_": "json"}, "has no JSON"),
        ({"columns": ("a", "s"), "into": "id"}, "there is a column 'id' already"),
    ],
)
def test_what_is_refused(given, message):
    with pytest.raises(TilthError, match=message):
        made(Nest(**{"into": "x", **given}), {**TABLE, "l": [[1], [2]]})
