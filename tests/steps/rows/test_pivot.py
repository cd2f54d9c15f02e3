"""pivot."""

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.steps.made import applied, dataset, fitted, made
from tilth.data import Roles
from tilth.errors import TilthError
from tilth.steps.rows.pivot import Pivot

SALES = {
    "shop": ["a", "a", "a", "b", None],
    "month": ["jan", "feb", "jan", "feb", None],
    "sales": [1.0, 2.0, 3.0, 4.0, 5.0],
    "item": ["x", "y", "z", "x", "x"],
}


def by_key(found, key="shop"):
    return {k: row for k, *row in zip(found[key], *(v for n, v in found.items() if n != key), strict=True)}


def test_values_become_columns():
    found = made(Pivot("month", by="shop", values="sales", with_="sum"), SALES)
    assert list(found) == ["shop", "sales_feb", "sales_jan"]
    assert by_key(found) == {"a": [2, 4], "b": [4, None], None: [None, None]}


def test_cells_count_rows():
    found = made(Pivot("month", by="shop"), SALES)
    assert list(found) == ["shop", "month_feb", "month_jan"]
    assert by_key(found) == {"a": [1, 2], "b": [1, 0], None: [0, 0]}


def test_several_values_and_stated_categories():
    step = Pivot("month", by="shop", values=("sales", "item"), with_="last", order="sales", categories=("jan", "mar"))
    found = made(step, SALES)
    assert list(found) == ["shop", "sales_jan", "sales_mar", "item_jan", "item_mar"]
    assert by_key(found)["a"] == [3, None, "z", None]


def test_columns_are_those_that_were_learned():
    found = fitted(Pivot("month", by="shop"), SALES)
    other = {"shop": ["c"], "month": ["dec"], "sales": [1.0], "item": [""]}
    assert applied(found, other) == {"shop": ["c"], "month_feb": [0], "month_jan": [0]}


THEIRS = ["mean", "sum", "min", "max", "median", "std", "count", "distinct"]
ROWS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), st.floats(-1e5, 1e5)), min_size=1, max_size=20)


@pytest.mark.slow
@given(ROWS, st.sampled_from(THEIRS))
def test_it_does_as_pandas(rows, how):
    """`pivot_table(values, by, column, aggfunc)`; counts of no rows are 0 here."""
    frame = pd.DataFrame(rows, columns=["k", "c", "x"])
    theirs = frame.pivot_table("x", "k", "c", aggfunc="nunique" if how == "distinct" else how, dropna=False)
    ours = made(Pivot("c", by="k", values="x", with_=how), pa.Table.from_pandas(frame))
    found = by_key(ours, "k")
    for key in found:
        for i, category in enumerate(sorted(set(frame.c))):
            there = theirs.loc[key, category] if category in theirs else float("nan")
            assert found[key][i] in (None, 0) if pd.isna(there) else found[key][i] == pytest.approx(there, rel=1e-9, abs=1e-6)


def test_what_is_made_of_private_values_is_private():
    roles = Roles.of(private="sales", id="shop")
    found = fitted(Pivot("month", by="shop", values="sales"), SALES, roles).apply(dataset(SALES, roles)).roles
    assert (found.private, found.id) == (("sales_feb", "sales_jan"), ("shop",))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"by": "no_such_*"}, "no column is selected for the key"),
        ({"by": "shop", "values": "no_such_*"}, "no column is selected for the cells"),
        ({"by": "shop", "values": "item"}, "has no mean: it is not numeric"),
        ({"by": "shop", "column": "sales"}, "only strings, integers and booleans"),
        ({"by": "shop", "categories": (1,)}, "cannot have the categories 1"),
        ({"by": "shop", "values": "item", "with_": "last"}, "nothing orders the rows"),
        ({"by": "month", "values": "sales"}, "'month' is chosen for two purposes"),
        ({"by": ("shop", "sales_jan"), "values": "sales"}, "there is a column 'sales_jan' already"),
        ({"by": "shop", "most": 1}, "more than 1 different values, which would be as many columns"),
        ({"by": "shop", "most": 0}, "`most` must be from 1 to 999,999"),
        ({"by": "shop", "column": "nothing"}, "there is no column 'nothing'"),
    ],
)
def test_what_is_refused(given, message):
    with pytest.raises(TilthError, match=message):
        made(Pivot(**{"column": "month", **given}), {**SALES, "sales_jan": [1] * 5})


@pytest.mark.slow
def test_a_million_values_are_refused():
    table = pa.table({"k": pa.array([1] * 1_000_000), "c": pa.array(range(1_000_000))})
    with pytest.raises(TilthError, match="column 'c' has more than 1,000 different values"):
        made(Pivot("c", by="k"), table)


def test_private_values_do_not_become_names():
    with pytest.raises(TilthError, match="column 'month' is private"):
        fitted(Pivot("month", by="shop"), SALES, Roles.of(private="month"))
