"""map."""

import pandas as pd
import pytest

import tilth
from tests.steps.made import fitted, made
from tilth.errors import RequestError
from tilth.steps.clean.map import Map

SIZES = {"x": ["S", "M", None, "", "XL", "s"]}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"values": {"S": "small", "M": "medium"}}, ["small", "medium", None, "", "XL", "s"]),
        ({"values": {"S": 1, "M": 2}, "others": "null"}, [1, 2, None, None, None, None]),
        ({"values": {"S": 1, "M": 2.5}, "others": "null"}, [1.0, 2.5, None, None, None, None]),
        ({"values": {"S": True}, "default": False}, [True, False, None, False, False, False]),
        ({"values": {"": "none"}}, ["S", "M", None, "none", "XL", "s"]),
    ],
)
def test_values_become_others(parameters, expected):
    assert made(Map("x", **parameters), SIZES) == {"x": expected}


def test_numbers_and_booleans_become_others():
    assert made(Map("n", values={1: 10, 2: 20}), {"n": [1, 2, 3, None]}) == {"n": [10, 20, 3, None]}
    assert made(Map("n", values={1: 0.5}), {"n": [1, 3]}) == {"n": [0.5, 3.0]}
    assert made(Map("b", values={True: "yes", False: "no"}, others="error"), {"b": [True, False, None]}) == {"b": ["yes", "no", None]}
    assert made(Map("x", values={1: "one"}), {"x": ["1", "2"]}) == {"x": ["one", "2"]}


def test_the_values_are_those_of_pandas():
    column, table = pd.Series(["a", "b", "c", "a"]), {"a": "x", "c": "y"}
    assert made(Map("c", values=table), {"c": column.tolist()})["c"] == column.replace(table).tolist()
    expected = column.map(table)
    assert made(Map("c", values=table, others="null"), {"c": column.tolist()})["c"] == [None if pd.isna(v) else v for v in expected]


def test_a_value_that_is_not_in_the_table_may_be_an_error():
    step = Map("x", values={"S": "small"}, others="error")
    assert made(step, {"x": ["S", None]}) == {"x": ["small", None]}
    with pytest.raises(RequestError, match="has a value that is not in `values`"):
        made(step, SIZES)


def test_a_flow_file_writes_the_table_as_a_mapping():
    flow = tilth.Flow.parse("features: [{map: {columns: x, values: {S: 1, M: 2}, default: 0, into: size}}]")
    assert tilth.fit(flow, pd.DataFrame(SIZES)).row({"x": "M"}) == {"x": "M", "size": 2}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"values": {}}, "`values` is empty"),
        ({"values": {"S": 1, "M": "two"}}, "several kinds"),
        ({"values": (("S", 1), ("S", 2))}, "twice"),
        ({"values": {"S": "a"}, "default": "b", "others": "null"}, "leave one of them out"),
        ({"values": {"S": 1}}, "cannot become values of kind integer and keep others"),
    ],
)
def test_a_table_that_means_nothing_is_rejected(parameters, message):
    with pytest.raises(RequestError, match=message):
        made(Map("x", **parameters), SIZES)


def test_columns_of_other_kinds_are_rejected():
    with pytest.raises(RequestError, match="has no values that a table could hold"):
        made(Map("x", values={1: 2}), {"x": [0.5]})
    with pytest.raises(RequestError, match="its own are of kind integer"):
        made(Map("x", values={"a": 2}), {"x": [1]})


def test_mapped_cells_are_counted():
    assert [reason for _, reason in fitted(Map("x", values={"S": "small"}), SIZES).reasons()] == ["value in the table"]
    assert len(fitted(Map("x", values={"S": "small"}, others="null"), SIZES).reasons()) == 2
