"""unpivot."""

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.made import dataset, fitted, made
from tilth.data import Roles
from tilth.errors import TilthError
from tilth.steps.rows.unpivot import Unpivot

WIDE = {"shop": ["a", "b"], "jan": [1, 2], "feb": [3.5, None], "area": [10, 20]}


def rows(found):
    return sorted(zip(*found.values(), strict=True), key=repr)


def test_columns_become_rows():
    found = made(Unpivot(("jan", "feb"), variable="month", value="sales"), WIDE)
    assert list(found) == ["shop", "area", "month", "sales"]
    assert rows(found) == rows({"s": "aabb", "a": [10, 10, 20, 20], "m": ["feb", "jan"] * 2, "v": [3.5, 1.0, None, 2.0]})


def test_nulls_may_be_left_out():
    assert len(made(Unpivot(("jan", "feb"), missing="drop"), WIDE)["value"]) == 3


def test_strings_and_no_rows():
    table = {"k": pa.array([], pa.int64()), "a": pa.array([], pa.string()), "b": pa.array([], pa.string())}
    assert made(Unpivot("string"), table) == {"k": [], "variable": [], "value": []}


@given(st.lists(st.tuples(*[st.none() | st.integers(-9, 9)] * 4), min_size=1, max_size=9), st.sets(st.sampled_from("abcd"), min_size=1))
def test_it_does_as_pandas(table, chosen):
    """`melt(id_vars, value_vars)`."""
    frame = pd.DataFrame(table, columns=list("abcd"), dtype="Int64")
    theirs = frame.melt(id_vars=[c for c in "abcd" if c not in chosen], value_vars=sorted(chosen))
    columns = [pa.array(v, pa.int64()) for v in zip(*table, strict=True)]
    ours = made(Unpivot(tuple(chosen)), pa.table(columns, list("abcd")))
    assert list(ours) == list(theirs)
    assert rows(ours) == rows({c: [None if pd.isna(v) else v if c == "variable" else int(v) for v in theirs[c]] for c in theirs})


def test_roles():
    roles = Roles.of(label="area", id="shop", facet="jan", private="feb")
    found = fitted(Unpivot(("jan", "feb")), WIDE, roles).apply(dataset(WIDE, roles)).roles
    assert (found.label, found.id, found.facet, found.private) == ("area", ("shop",), (), ("value",))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"columns": "no_such_*"}, "no column is selected"),
        ({"columns": ("shop", "jan")}, "columns of several kinds: 'shop' \\(string\\), 'jan' \\(integer\\)"),
        ({"columns": "list"}, "cannot stand under others"),
        ({"columns": "jan", "variable": "SHOP"}, "there is a column 'shop' already"),
        ({"columns": "jan", "variable": "x", "value": "x"}, "there is a column 'x' already"),
    ],
)
def test_what_is_refused(given, message):
    with pytest.raises(TilthError, match=message):
        made(Unpivot(**given), {**WIDE, "list": [[1], [2]]})
