"""Fields of structs, on DuckDB and in a row; on Spark as it is written."""

import duckdb

from tilth.engine.expressions import col, lit
from tilth.engine.operations.operation import lower
from tilth.engine.operations.structs import Field


def test_a_field():
    tree = Field.of(col("s"), lit("a b"))
    assert duckdb.sql(f"""SELECT {lower(tree, "duckdb")} FROM (SELECT {{'a b': 1}} AS s)""").fetchall() == [(1,)]
    assert lower(tree, "spark") == "`s`.`a b`"
    assert Field.row({"a b": 1}, "a b") == 1
