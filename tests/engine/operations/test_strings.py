"""texts: blanks, and membership."""

import pyarrow as pa
import pytest

from tests.engine.operations.three import by_row, on_duckdb, on_spark
from tilth.engine.expressions import col, lit
from tilth.engine.operations.strings import BlankToNull, Contains, HasZeroByte, OneOf

VALUES = [None, "", " ", "\t \r\n", "\u00a0", "a", " a", "!", "\x1f", " \0", "日本", "~"]
KEPT = [None, None, None, None, "\u00a0", "a", " a", "!", "\x1f", " \0", "日本", "~"]  # by hand: space, tab, CR and LF are blank


def test_blank_texts_become_null():
    table = pa.table({"x": VALUES})
    trees = [BlankToNull.of(col("x"))]
    assert [r[0] for r in on_duckdb(table, trees)] == [r[0] for r in by_row(table, trees)] == KEPT


@pytest.mark.spark
def test_spark_says_the_same(spark):
    assert [r[0] for r in on_spark(spark, pa.table({"x": VALUES}), [BlankToNull.of(col("x"))])] == KEPT


TEXTS = [None, "", " ", "a", "A", "b", "it's", "ß", "ss", "a\\"]
MEMBERS = [("a",), ("a", "b", ""), ("it's", "ß", "a\\"), ("a", "a"), (" ",)]


def one_of():
    return pa.table({"x": TEXTS}), [OneOf.of(col("x"), *(lit(m) for m in members)) for members in MEMBERS]


def test_a_text_is_one_of_some():
    table, trees = one_of()
    assert on_duckdb(table, trees) == by_row(table, trees) == [tuple(x in members for members in MEMBERS) for x in TEXTS]


@pytest.mark.spark
def test_spark_finds_the_same_members(spark):
    assert on_spark(spark, *one_of()) == [tuple(x in members for members in MEMBERS) for x in TEXTS]


SEARCHED = [None, "", "aa", "aaa", "baab", "日本日本", "\x1faa\x1e\x1faa\x1e", "a\0b", "\0"]
PARTS = ("aa", "日本", "\x1faa\x1e")


def contained():
    return pa.table({"x": SEARCHED}), [*(Contains.of(col("x"), lit(part)) for part in PARTS), HasZeroByte.of(col("x"))]


FOUND = [tuple(None if x is None else part in x for part in (*PARTS, "\0")) for x in SEARCHED]


def test_parts_are_found():
    table, trees = contained()
    assert on_duckdb(table, trees) == by_row(table, trees) == FOUND


@pytest.mark.spark
def test_spark_finds_the_same_parts(spark):
    assert on_spark(spark, *contained()) == FOUND
