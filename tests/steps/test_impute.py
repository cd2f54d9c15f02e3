"""impute."""

import pyarrow as pa
import pytest

from tilth.data import Dataset, Memory
from tilth.engine.duckdb import DuckDB
from tilth.engine.engine import everything
from tilth.errors import RequestError
from tilth.steps.impute import Impute
from tilth.steps.step import fit


def filled(step, **columns):
    table = pa.table(columns)
    engine = DuckDB()
    _, data = fit([step], Dataset(Memory(table, tuple(table.column_names))), engine)
    return [row[0] for row in engine.rows(data, everything())]


@pytest.mark.parametrize(
    ("way", "expected"),
    [("mean", 7 / 3), ("median", 2.0), ("mode", 1)],  # by hand, of 1, 2, 4; equally frequent, so the smallest
)
def test_the_fill_is_learned(way, expected):
    assert filled(Impute("x", with_=way), x=[1, 2, None, 4])[2] == expected


def test_blank_text_is_missing():
    assert filled(Impute("x", with_="mode"), x=["b", " ", None, "b", "a"]) == ["b", "b", "b", "b", "a"]


def test_a_column_without_values_cannot_be_learned():
    with pytest.raises(RequestError, match="has no value in the training part"):
        filled(Impute("x", with_="mean"), x=pa.array([None, None], pa.float64()))


def test_text_has_no_median():
    with pytest.raises(RequestError, match="has no median"):
        filled(Impute("x"), x=["a"])
