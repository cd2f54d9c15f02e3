"""rows: copies of rows, and refusals."""

from collections import Counter

import pyarrow as pa
import pytest
from sqlglot import exp

from tests.engine.operations.three import by_row, on_duckdb, on_spark
from tests.engines import duckdb_session
from tilth.data import Dataset, Memory
from tilth.engine.expressions import alias, case, col, eq, lit
from tilth.engine.operations.rows import Copies, Refuse, refusal
from tilth.errors import RequestError

TABLE = pa.table({"n": [0, 1, 3, None]})
REFUSE_3 = case((eq(col("n"), lit(3)), Refuse.of(lit("it's 3"))), otherwise=col("n"))


def copied(engine):
    rows = engine.rows(Dataset(Memory(TABLE, ("n",))), exp.Select(expressions=[col("n"), alias(Copies.of(col("n")), "copy")]))
    return Counter(rows)


def test_rows_are_copied_as_often_as_told_and_numbered():
    assert copied(duckdb_session()) == {(1, 0): 1, (3, 0): 1, (3, 1): 1, (3, 2): 1}


def test_a_refusal_stops_the_query_and_the_row():
    for run in (on_duckdb, by_row):
        with pytest.raises(RequestError, match=r"^it's 3 \[refused-value\]$"):
            run(TABLE, [REFUSE_3])
        assert run(TABLE.slice(0, 2), [REFUSE_3]) == [(0,), (1,)]


def test_other_errors_are_no_refusals():
    assert refusal("Out of Memory Error: x") is None


@pytest.mark.spark
def test_spark_does_the_same(spark):
    from tilth.engine.spark import Spark

    assert copied(Spark(spark).session()) == {(1, 0): 1, (3, 0): 1, (3, 1): 1, (3, 2): 1}
    with pytest.raises(RequestError, match=r"^it's 3 \[refused-value\]$"):
        on_spark(spark, TABLE, [REFUSE_3])
