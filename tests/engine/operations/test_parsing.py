"""Numbers, days and times as people write them: the same on every engine and for one row."""

import pyarrow as pa
import pytest
import yaml

from tests.engine.operations.three import by_row, on_duckdb, on_spark
from tests.house.tree import ROOT
from tilth.data import Kind
from tilth.engine.expressions import col, lit
from tilth.engine.operations.conversions import ToTimestamp
from tilth.engine.operations.parsing import ParseNumber, ParseTime, number_form
from tilth.engine.operations.timeformats import TimeFormat

CASES = yaml.safe_load((ROOT / "tests/engine/operations/parsing.yaml").read_text())
TEXTS = [before + t + after for t in CASES["texts"] for before, after in (("", ""), (" ", "\t\n"), ("\u00a0", ""), ("", "x"))] + [None]
FORMS = [
    ParseNumber.of(col("x"), *map(lit, (number_form(decimal, thousands, units, scaled), decimal, thousands, exponent)))
    for decimal, thousands in ((".", ","), (",", "."), (",", " "), (".", "'"), (".", ""))
    for units, scaled, exponent in (((), (), "0"), (("$", "kg", "€"), (), "0"), (("$",), ("%", "k"), "-2"))
]


def read(text):
    """The value of a format; an instant as a clock in UTC shows it, because PySpark gives none of the year 1."""
    found = ParseTime.of(col("x"), lit(text))
    return ToTimestamp.of(found) if TimeFormat.parse(text).kind is Kind.TIMESTAMP_TZ else found


TREES = [*FORMS, *map(read, CASES["formats"])]
TABLE = pa.table({"x": pa.array(TEXTS, pa.string())})


def differences(found, expected):
    return [
        (x, tree.expressions[1:] or tree, a, b)
        for x, *rows in zip(TEXTS, found, expected, strict=True)
        for tree, a, b in zip(TREES, *rows, strict=True)
        if repr(a) != repr(b)
    ]


def test_duckdb_gives_what_the_row_gives():
    assert differences(on_duckdb(TABLE, TREES), by_row(TABLE, TREES))[:5] == []


@pytest.mark.spark
def test_spark_gives_what_the_row_gives(spark):
    assert differences(on_spark(spark, TABLE, TREES), by_row(TABLE, TREES))[:5] == []
