"""missing: null, and for strings blank too."""

import pyarrow as pa

from tests.engine.operations.three import by_row, on_duckdb
from tilth.data import Column, Kind
from tilth.steps.missing import is_missing, present, value_of


def test_null_and_blank_strings_are_missing():
    table = pa.table({"s": ["a", "", " \t", None], "x": [0.0, None, 1.0, None]})
    trees = [f(Column(n, k)) for n, k in (("s", Kind.STRING), ("x", Kind.FLOAT)) for f in (value_of, is_missing, present)]
    expected = [
        ("a", False, True, 0.0, False, True),
        (None, True, False, None, True, False),
        (None, True, False, 1.0, False, True),
        (None, True, False, None, True, False),
    ]
    assert on_duckdb(table, trees) == by_row(table, trees) == expected
