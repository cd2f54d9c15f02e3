"""What a function of the user's takes, and what is made of what it returns."""

from __future__ import annotations

from functools import partial

import pyarrow as pa
import pytest

from tests.steps import functions
from tilth.data import Kind
from tilth.errors import RequestError
from tilth.steps.functions import UserFunction, form_of


@pytest.mark.parametrize(
    ("function", "form"),
    [
        (functions.length, "pyarrow.Array"),
        (functions.table, "pyarrow.Table"),
        (functions.series, "pandas.Series"),
        (functions.frame, "pandas.DataFrame"),
        (functions.kept, "polars.Series"),
        (functions.doubled, "polars.DataFrame"),
        (lambda x: x, "pyarrow.Array"),
        (partial(functions.doubled), "polars.DataFrame"),
        (max, "pyarrow.Array"),
    ],
)
def test_the_annotation_says_what_it_takes(function, form):
    assert form_of("f", function) == form


def called(function, makes, *columns):
    names = tuple(f"x{i}" for i in range(len(columns)))
    return UserFunction(function, "python f", form_of("f", function), names, makes, 0, False)(*columns)


def test_no_rows_are_not_handed_to_it():
    assert called(functions.broken, (("n", Kind.INTEGER),), pa.array([], pa.string())).type == pa.int64()


def test_several_columns_are_the_fields_of_one():
    def both(rows: pa.Table) -> pa.Table:
        return pa.table({"b": rows["x0"], "a": pa.nulls(2)})

    assert called(both, (("a", Kind.DATE), ("b", Kind.FLOAT)), pa.array([1, 2])).to_pylist() == [
        {"f0": None, "f1": 1.0},
        {"f0": None, "f1": 2.0},
    ]


def test_a_time_of_day_does_not_become_a_date():
    def noon(days: pa.Array) -> pa.Array:
        return pa.array([43_200], pa.timestamp("s"))

    with pytest.raises(RequestError, match="that are not of kind date"):
        called(noon, (("n", Kind.DATE),), pa.array([1]))
