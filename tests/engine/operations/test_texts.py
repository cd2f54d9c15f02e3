"""texts: blanks."""

import pyarrow as pa
import pytest

from tests.engine.operations.three import by_row, on_duckdb, on_spark
from tilth.engine.expressions import col
from tilth.engine.operations import BlankToNull

VALUES = [None, "", " ", "\t \r\n", "\u00a0", "a", " a", "!", "\x1f", " \0", "日本", "~"]
KEPT = [None, None, None, None, "\u00a0", "a", " a", "!", "\x1f", " \0", "日本", "~"]  # by hand: space, tab, CR and LF are blank


def test_blank_texts_become_null():
    table = pa.table({"x": VALUES})
    trees = [BlankToNull.of(col("x"))]
    assert [r[0] for r in on_duckdb(table, trees)] == [r[0] for r in by_row(table, trees)] == KEPT


@pytest.mark.spark
def test_spark_says_the_same(spark):
    assert [r[0] for r in on_spark(spark, pa.table({"x": VALUES}), [BlankToNull.of(col("x"))])] == KEPT
