"""Elements of lists: a step that reads them runs on both engines in the battery; here, what they are."""

import duckdb

from tilth.engine.expressions import col, lit
from tilth.engine.operations.lists import Element, Length, Split
from tilth.engine.operations.operation import lower


def test_an_element_is_counted_from_zero():
    text = lower(Element.of(col("l"), lit(1)), "duckdb")
    assert duckdb.sql(f"SELECT {text} FROM (SELECT ['a', 'b'] AS l)").fetchall() == [("b",)]
    assert lower(Element.of(col("l"), lit(1)), "spark") == "GET(`l`, 1::INT)"


def test_the_pieces_of_a_string():
    pieces = Split.of(col("s"), lit("."))
    text = f"SELECT {lower(pieces, 'duckdb')}, {lower(Length.of(pieces), 'duckdb')} FROM (SELECT 'a..b' AS s)"
    assert duckdb.sql(text).fetchall() == [(["a", "", "b"], 3)]
    assert lower(pieces, "spark") == "SPLIT(`s`, '\\\\.', -1)"
