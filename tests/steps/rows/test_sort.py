"""sort."""

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.made import dataset, fitted, made
from tilth.errors import ColumnError, RequestError
from tilth.steps.rows.sort import Sort

ROWS = st.lists(st.tuples(st.sampled_from(["a", "Z", "ä", None]), st.sampled_from([1, 2, None])), max_size=8)


@given(rows=ROWS, descending=st.sets(st.sampled_from("ab")), nulls=st.sampled_from(["first", "last"]))
def test_it_is_what_pandas_sorts(rows, descending, nulls):
    table = {"b": [b for _, b in rows], "a": [a for a, _ in rows], "n": list(range(len(rows)))}
    ours = made(Sort(("a", "b"), tuple(sorted(descending)), nulls), table)
    frame = pd.DataFrame(table | {"a": pd.array(table["a"], dtype="string")})  # rows that are equal in a and b are in the order of n
    ascending = [c not in descending for c in "ab"]
    assert ours["n"] == frame.sort_values(["a", "b"], ascending=ascending, na_position=nulls, kind="stable")["n"].tolist()


def test_columns_are_sorted_by_in_the_order_in_which_they_are_named():
    assert made(Sort(("b", "a")), {"a": [1, 2, 3], "b": [2, 1, 1]})["a"] == [2, 3, 1]


def test_rows_that_are_equal_in_them_are_ordered_by_the_others():
    assert made(Sort("a"), {"a": [1, 1, 0], "b": ["y", "x", "z"]})["b"] == ["z", "x", "y"]


def test_infinities_are_ends():
    assert made(Sort("a"), {"a": [math.inf, 1.5, -math.inf, None]})["a"] == [-math.inf, 1.5, math.inf, None]


def test_the_order_is_meant():
    assert fitted(Sort("a"), {"a": [2, 1]}).apply(dataset({"a": [2, 1]})).ordered


def test_what_it_refuses():
    with pytest.raises(RequestError, match="column 'b' is under `descending`, but not under `by`"):
        made(Sort("a", descending="b"), {"a": [1], "b": [1]})
    with pytest.raises(RequestError, match=r"column 'a' .* has no order"):
        made(Sort("a"), {"a": [[1], [2]]})
    with pytest.raises(RequestError, match="no column to sort by is selected"):
        made(Sort("x*"), {"a": [1]})
    with pytest.raises(ColumnError, match="no column, kind or role is called 'age'"):
        made(Sort("age"), {"a": [1]})
