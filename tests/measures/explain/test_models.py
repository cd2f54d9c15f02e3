"""Rows as matrices, and which columns a model can be given."""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tilth.data import Kind
from tilth.errors import RequestError
from tilth.measures.explain.models import Rows
from tilth.measures.explain.shap import Shap

TABLE = pa.table(
    {
        "n": pa.array([3, None], pa.int64()),
        "x": [0.5, None],
        "b": [True, None],
        "s": ["a", None],
        "d": [datetime.date(2020, 1, 1), None],
    }
)
KINDS = (Kind.INTEGER, Kind.FLOAT, Kind.BOOLEAN, Kind.STRING, Kind.DATE)


def test_a_matrix_becomes_the_table_again():
    rows = Rows(TABLE, KINDS)
    assert rows.decoded(rows.matrix).equals(TABLE)
    assert rows.matrix[0].tolist() == [3, 0.5, 1, 0, 0]
    assert np.isnan(rows.matrix[1]).all()
    assert rows.categories.tolist() == [False, False, True, True, True]
    given = [(7, 1.5, False, "new", None)]
    assert rows.decoded(rows.coded(given)).to_pylist() == [dict(zip(TABLE.column_names, given[0], strict=True))]


@pytest.mark.parametrize(
    ("table", "measure", "said"),
    [
        ({"x": [1.0]}, Shap(), "shap needs a model"),
        ({"x": [1.0]}, Shap(len, columns=("x", "y")), "the model takes 'y', which the data does not have"),
        ({"x": [[1.0]]}, Shap(len), "'x' is a column of kind list"),
        ({"x": [1.0]}, Shap(lambda rows: ["yes"] * len(rows)), "explains numbers"),
    ],
)
def test_what_cannot_be_asked_is_refused(table, measure, said):
    with pytest.raises(RequestError, match=said):
        tilth.measure(pa.table(table), measure)
