"""explode."""

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.made import dataset, fitted, made
from tilth.data import Roles
from tilth.errors import TilthError
from tilth.steps.rows.explode import Explode

BASKETS = {"id": [1, 2, 3, 4], "items": [["a", "b"], [], None, ["c"]]}


def rows(found):
    return sorted(zip(*found.values(), strict=True), key=repr)


def test_elements_become_rows():
    assert rows(made(Explode("items"), BASKETS)) == [(1, "a"), (1, "b"), (2, None), (3, None), (4, "c")]


def test_a_new_column_and_the_places():
    found = made(Explode("items", into="item", place="n"), BASKETS)
    assert list(found) == ["id", "items", "item", "n"]
    assert sorted(zip(found["id"], found["item"], found["n"], strict=True), key=repr) == [
        (1, "a", 0),
        (1, "b", 1),
        (2, None, None),
        (3, None, None),
        (4, "c", 0),
    ]


def test_pieces_of_strings():
    table = {"id": [1, 2, 3], "tags": ["a.b..c", "", None]}
    assert rows(made(Explode("tags", separator="."), table)) == [(1, ""), (1, "a"), (1, "b"), (1, "c"), (2, ""), (3, None)]


MAPS = pa.table({"id": [1, 2, 3], "m": pa.array([[("a", 1), ("b", None)], None, []], pa.map_(pa.string(), pa.int64()))})


def test_pairs_of_maps():
    found = made(Explode("m", place="n"), MAPS)
    assert list(found) == ["id", "m_key", "m_value", "n"]
    assert rows(found) == [(1, "a", 1, 0), (1, "b", None, 1), (2, None, None, None), (3, None, None, None)]
    assert list(made(Explode("m", into="t"), MAPS)) == ["id", "m", "t_key", "t_value"]


def test_no_rows():
    assert made(Explode("l"), {"l": pa.array([], pa.list_(pa.int64()))}) == {"l": []}


@given(st.lists(st.none() | st.lists(st.none() | st.integers(-9, 9), max_size=4), min_size=1, max_size=8))
def test_it_does_as_pandas(lists):
    """`explode(column)`."""
    theirs = pd.DataFrame({"id": range(len(lists)), "l": lists}).explode("l")
    ours = made(Explode("l"), {"id": range(len(lists)), "l": pa.array(lists, pa.list_(pa.int64()))})
    assert rows(ours) == rows({"id": map(int, theirs["id"]), "l": [None if pd.isna(v) else int(v) for v in theirs["l"]]})


def test_elements_of_private_lists_are_private():
    roles = Roles.of(private="items")
    assert fitted(Explode("items", into="item"), BASKETS, roles).apply(dataset(BASKETS, roles)).roles.private == ("items", "item")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"column": "id"}, "has no elements"),
        ({"column": "word"}, "say what stands between their pieces"),
        ({"column": "items", "separator": ","}, "which have no separator"),
        ({"column": "items", "into": "ID"}, "there is a column 'id' already"),
        ({"column": "items", "into": "x", "place": "x"}, "there is a column 'x' already"),
        ({"column": "nothing"}, "there is no column 'nothing'"),
    ],
)
def test_what_is_refused(given, message):
    with pytest.raises(TilthError, match=message):
        made(Explode(**given), {**BASKETS, "word": ["a"] * 4})
