"""What columns are for a training algorithm, and their numbers."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from tests.engines import duckdb_session
from tilth.data import Roles
from tilth.errors import ColumnError, RequestError
from tilth.formats import read
from tilth.formats.layout import Layout, matrix, numbers, rounded

FLOAT = np.dtype(np.float32)
ROLES = Roles.of(label="paid", weight="w", id="no", facet=["sex", "age"], time="at")
TABLE = {
    "no": pa.array([1, 2]),
    "sex": pa.array(["f", "m"]),
    "age": pa.array([30, None]),
    "at": pa.array([0, 1], pa.date32()),
    "embedding": pa.FixedSizeListArray.from_arrays(pa.array([1.0, 2.0, 3.0, 4.0], pa.float32()), 2),
    "paid": pa.array([True, False]),
    "w": pa.array([Decimal("0.5"), Decimal("2.0")]),
}


def layout_of(table, roles=ROLES, **options):
    engine = duckdb_session()
    return Layout.of(roles, engine.schema(read(table, engine=engine)), "sagemaker_csv", **options)


def test_label_weight_and_features_by_roles():
    layout = layout_of(pa.table(TABLE))
    assert (layout.columns, layout.width, list(layout.names())) == (
        ("paid", "w", "age", "embedding"),
        3,
        ["age", "embedding[0]", "embedding[1]"],
    )
    batch = pa.RecordBatch.from_pydict(TABLE)
    assert [c.to_pylist() for c in numbers(batch, layout, "csv")] == [[1, 0], [Decimal("0.5"), Decimal("2.0")], [30, None], [1, 3], [2, 4]]
    np.testing.assert_array_equal(matrix(batch, layout, FLOAT), np.array([[30, 1, 2], [np.nan, 3, 4]], np.float32))


def test_a_weight_is_written_after_a_label_only():
    assert layout_of(pa.table({"x": [1], "w": [1]})).columns == ("x",)


def test_what_is_not_a_number_is_refused_with_the_step_that_makes_numbers_of_it():
    table = pa.table({"paid": ["yes"], "job": ["a"], "born": pa.array([0], pa.date32()), "tags": [["x"]], "sex": ["f"], "age": ["young"]})
    with pytest.raises(ColumnError) as error:
        layout_of(table)
    assert [m.message for m in error.value.mistakes] == [
        "label 'paid' is string, and sagemaker_csv holds numbers only",
        "column 'job' is string, and sagemaker_csv holds numbers only",
        "column 'born' is date, and sagemaker_csv holds numbers only",
        "column 'tags' is list[] of string, and sagemaker_csv holds numbers only",
    ]
    assert [m.hint.partition(", take")[0] for m in error.value.mistakes] == [
        "add `encode: {columns: paid, with: ordinal}` to `features`",
        "add `encode: {columns: job, with: one_hot}` to `features`",
        "add `featurize: born` to `features`",
        "make numbers of it in `features`",
    ]


def test_a_table_needs_a_feature():
    with pytest.raises(ColumnError, match="no column is a feature"):
        layout_of(pa.table({"paid": [1], "no": [2]}))


def test_two_lists_are_sparse_rows_where_the_format_holds_them():
    table = pa.table({"paid": [1], "keys": [[0, 7]], "values": [[1.0, 2.0]]})
    assert layout_of(table) == Layout("paid", None, ("keys", "values"), sparse=True)
    with pytest.raises(ColumnError, match=r"column 'keys' is list\[\] of integer"):
        layout_of(table, sparse=False)


def test_numbers_that_do_not_fit_are_refused_or_named():
    layout = Layout(None, None, ("x",), (1,))
    with pytest.raises(RequestError, match="column 'x' has numbers that are too large for float32"):
        matrix(pa.RecordBatch.from_pydict({"x": [1e300]}), layout, FLOAT)
    with pytest.raises(RequestError, match="column 'x' holds infinity, which libsvm cannot hold"):
        numbers(pa.RecordBatch.from_pydict({"x": [float("inf")]}), layout, "libsvm")
    assert matrix(pa.RecordBatch.from_pydict({"x": [float("inf")]}), layout, FLOAT).item() == np.inf
    batch = pa.RecordBatch.from_pydict({"x": [2**24 + 1, None], "y": [2**24, 2]})
    assert (rounded(batch, ["x", "y"], FLOAT), rounded(batch, ["x", "y"], np.dtype(np.float64))) == (["x"], [])
    lists = pa.RecordBatch.from_pydict({"x": pa.array([[1.0, 2.0], None], pa.list_(pa.float64(), 2))})
    with pytest.raises(RequestError, match="column 'x' has rows without a list of 2 numbers"):
        matrix(lists, Layout(None, None, ("x",), (2,)), FLOAT)
