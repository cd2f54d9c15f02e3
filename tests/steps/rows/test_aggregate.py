"""aggregate."""

import math

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tests.steps.made import dataset, fitted, made
from tilth.data import Roles
from tilth.errors import TilthError
from tilth.flow import Flow
from tilth.steps.rows.aggregate import Aggregate

SALES = {
    "shop": ["a", "a", "b", None, "b", None],
    "day": [3, 1, 1, 2, 5, 2],
    "amount": [30.0, 10.0, 7.0, None, 9.0, None],
    "item": ["x", "y", "x", "x", "x", "z"],
}


def by_key(found, key="shop"):
    names = [n for n in found if n != key]
    return {k: row if len(names) > 1 else row[0] for k, *row in zip(found[key], *(found[n] for n in names), strict=True)}


def test_a_row_for_each_key():
    found = made(Aggregate("shop", with_={"amount": ("sum", "mean"), "item": "distinct"}, count="n"), SALES)
    assert list(found) == ["shop", "amount_sum", "amount_mean", "item_distinct", "n"]
    assert by_key(found) == {"a": [40, 20, 2, 2], "b": [16, 8, 1, 2], None: [None, None, 2, 2]}


def test_first_and_last_are_those_of_the_order():
    found = made(Aggregate("shop", with_={"amount": ("first", "last"), "item": "first"}, order="day"), SALES)
    assert by_key(found) == {"a": [10, 30, "y"], "b": [7, 9, "x"], None: [None, None, "x"]}


def test_rows_without_an_order_are_neither_first_nor_last():
    table = {"k": [1, 1, 1], "t": [None, 2, 1], "x": ["a", "b", "c"]}
    assert by_key(made(Aggregate("k", with_={"x": ("first", "last")}, order="t"), table), "k") == {1: ["c", "b"]}


def test_a_pattern_names_several_columns():
    found = made(Aggregate("shop", with_={"numeric": "max", "d*": "min"}), SALES)
    assert list(found) == ["shop", "day_max", "amount_max", "day_min"]


def test_a_mode_is_the_smallest_of_equally_frequent_values():
    assert by_key(made(Aggregate("shop", with_={"item": "mode"}), SALES)) == {"a": "x", "b": "x", None: "x"}


def test_no_rows_are_no_groups():
    table = {"k": pa.array([], pa.string()), "x": pa.array([], pa.float64())}
    assert made(Aggregate("k", with_={"x": ("sum", "std", "count")}), table) == {"k": [], "x_sum": [], "x_std": [], "x_count": []}


THEIRS = ["mean", "sum", "min", "max", "median", "std", "var", "count", "distinct"]
ROWS = st.lists(st.tuples(st.none() | st.sampled_from("ab"), st.integers(0, 1), st.none() | st.floats(-1e5, 1e5)), min_size=1, max_size=25)


@pytest.mark.slow
@given(ROWS, st.randoms(use_true_random=False))
def test_it_does_as_pandas_whatever_the_order_of_rows(rows, chance):
    """`groupby(by, dropna=False)[x].agg(…)`, sums with `min_count=1`, `nunique` for distinct."""
    frame = pd.DataFrame(rows, columns=["k", "l", "x"]).astype({"x": "float64"})
    groups = frame.groupby(["k", "l"], dropna=False)["x"]
    expected = {how: groups.sum(min_count=1) if how == "sum" else groups.agg("nunique" if how == "distinct" else how) for how in THEIRS}
    step = Aggregate(("k", "l"), with_={"x": tuple(THEIRS)})
    kinds = (pa.string(), pa.int64(), pa.float64())

    def of(rows):
        columns = zip(*rows, strict=True)
        found = made(step, pa.table([pa.array(c, kind) for c, kind in zip(columns, kinds, strict=True)], ["k", "l", "x"]))
        return {(k, n): row for k, n, *row in zip(*found.values(), strict=True)}

    ours = of(rows)
    assert of(chance.sample(rows, len(rows))) == ours
    assert len(ours) == len(groups)
    for key, row in ours.items():
        for how, value in zip(THEIRS, row, strict=True):
            there = next(v for k, v in expected[how].items() if (None if pd.isna(k[0]) else k[0], k[1]) == key)
            assert value is None if pd.isna(there) else value == pytest.approx(there, rel=1e-9, abs=1e-6), (key, how)


def test_roles_pass_to_what_has_the_values_of_their_column():
    roles = Roles.of(label="item", id="shop", time="day", private=["amount", "day"])
    step = Aggregate("shop", with_={"item": "last", "amount": ("mean", "count"), "day": "max"})
    found = fitted(step, SALES, roles).apply(dataset(SALES, roles)).roles
    assert (found.label, found.id, found.time, found.private) == ("item_last", ("shop",), "day_max", ("day_max", "amount_mean"))


FLOW = """
rows:
  - aggregate: {by: shop, with: {amount: [sum, std]}}
features:
  - impute: {columns: amount_std, with: constant, value: 0}
"""


def test_a_flow_serves_groups(tmp_path):
    flow = tilth.fit(Flow.parse(FLOW), pa.table(SALES))
    flow.save(tmp_path / "f.tilth")
    flow = Flow.load(tmp_path / "f.tilth")
    assert flow.row({"shop": "c", "amount_sum": 3, "amount_std": None}) == {"shop": "c", "amount_sum": 3.0, "amount_std": 0.0}
    ready = tilth.apply(flow, pa.table({"shop": ["c"], "amount_sum": [1.5], "amount_std": [math.nan]}))
    assert tilth.write(ready).to_pylist() == [{"shop": "c", "amount_sum": 1.5, "amount_std": 0.0}]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"by": ()}, "`by` names no column"),
        ({"by": "shop"}, "nothing is aggregated"),
        ({"by": "no_such_*", "count": "n"}, "no column is selected for the key"),
        ({"by": "shop", "with_": {"item": "sum"}}, "has no sum: it is not numeric"),
        ({"by": "shop", "with_": {"item": "last"}}, "has no last value: nothing orders the rows"),
        ({"by": "shop", "with_": {"shop": "count"}}, "is part of the key"),
        ({"by": "shop", "with_": {"nothing": "sum"}}, "no column, kind or role is called 'nothing'"),
        ({"by": "list", "count": "n"}, "cannot be a key"),
        ({"by": "shop", "with_": {"amount": "sum"}, "count": "Amount_Sum"}, "there is a column 'amount_sum' already"),
        ({"by": "shop", "count": "shop"}, "there is a column 'shop' already"),
        ({"by": "shop", "with_": {"list": "max"}}, "its values have no order"),
    ],
)
def test_what_is_refused(given, message):
    with pytest.raises(TilthError, match=message):
        made(Aggregate(**given), {**SALES, "list": [[1]] * 6})
