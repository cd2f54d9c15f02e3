"""Texts to values: the same on every engine and for one row."""

from datetime import datetime

import pytest

from tests.engines import duckdb_session
from tilth.engine.expressions import col, lit
from tilth.engine.operations.casts import (
    EmptyToNull,
    FitsForm,
    IsToken,
    StringToBoolean,
    StringToDate,
    StringToDouble,
    StringToInteger,
    StringToTimestamp,
    StringToTimestampTz,
)
from tilth.engine.operations.operation import lower
from tilth.engine.operations.strings import LowerAscii, Trim

NUMBERS = (
    "1|007|+5|-0|-12|1.5|1e3|0x10|0b1|1_000|.5|5.|1d|1.5f|NaN|inf|-Infinity|1e999|1e-400|--1|1e|1e+|.|+.5e-3|1,5|١٢|12\v|\f12|1 2|"
    "9223372036854775807|9223372036854775808|-9223372036854775808|00000000000000000000000000000000000001"
)
WORDS = "true|TRUE|Yes|n|0|t|F|é|İ|K|ｔrue|?|n/a|N/A|nan|Nancy|a.c|abc|ß"
TIMES = (
    "2024-01-05|2024-02-30|0000-01-01|0001-01-01|9999-12-31|2024/01/05|epoch|2024|2024-1-5|12:30:00|"
    "2024-01-05 12:30|2024-01-05T12:30:59.123456|2024-01-05 12:30:59.1|2024-01-05 12:30:59.1234567|2024-01-05 24:00:00|2024-01-05 12:30:60|"
    "2024-01-05 12:30+02:00|2024-01-05 12:30:15+02|2024-01-05 12:30+2|2024-01-05T23:30:00Z|2024-01-05 12:30-17:59|2024-01-05 12:30+18:00|"
    "0001-01-01 00:00+10:00|9999-12-31 23:59-10:00"
)
PLAIN = [t for texts in (NUMBERS, WORDS, TIMES) for t in texts.split("|")] + ["", " ", "1" + "0" * 400]
NASTY = [before + t + after for t in PLAIN for before, after in (("", ""), (" ", " "), ("\t", "\r\n"), ("\u00a0", ""))]
OPERATIONS = {
    **{
        op.__name__: op.of(col("x"))
        for op in (StringToInteger, StringToDouble, StringToBoolean, StringToDate, StringToTimestamp, StringToTimestampTz)
    },
    **{op.__name__: op.of(col("x")) for op in (EmptyToNull, Trim, LowerAscii)},
    "IsToken": IsToken.of(col("x"), lit("N/A"), lit(" ? "), lit("a.c"), lit("")),
    "FitsForm": FitsForm.of(col("x"), lit("[0-9]+(?:-[0-9]+)*")),
}


def expected(tree):
    return [tree.row(x, *(a.name for a in tree.expressions[1:])) for x in NASTY]


def same(a, b):
    return a == b and repr(a + 0) == repr(b + 0) if isinstance(a, float) else a == b and (isinstance(a, datetime) or type(a) is type(b))


@pytest.mark.parametrize("name", OPERATIONS)
def test_duckdb_gives_what_the_row_gives(name):
    import pyarrow as pa

    engine = duckdb_session()
    engine._connection.register("nasty", pa.table({"x": NASTY, "i": range(len(NASTY))}))
    found = [r[0] for r in engine.run(f"SELECT {lower(OPERATIONS[name], 'duckdb')} FROM nasty ORDER BY i")]
    assert [(x, a, b) for x, a, b in zip(NASTY, found, expected(OPERATIONS[name]), strict=True) if not same(a, b)] == []


@pytest.mark.spark
def test_spark_gives_what_the_row_gives(spark):
    import pyarrow as pa

    frame = spark.createDataFrame(pa.table({"x": NASTY, "i": range(len(NASTY))}))
    frame.createOrReplaceTempView("nasty_casts")
    texts = {name: lower(tree, "spark") for name, tree in OPERATIONS.items()}
    texts["StringToTimestampTz"] = f"CAST(({texts['StringToTimestampTz']}) AS TIMESTAMP_NTZ)"  # PySpark gives no instant of the year 1
    rows = spark.sql(f"SELECT {', '.join(texts.values())} FROM nasty_casts ORDER BY i").toArrow()
    for i, (name, tree) in enumerate(OPERATIONS.items()):
        wanted = [v.replace(tzinfo=None) if isinstance(v, datetime) else v for v in expected(tree)]
        assert [(x, a, b) for x, a, b in zip(NASTY, rows.column(i).to_pylist(), wanted, strict=True) if not same(a, b)] == [], name
