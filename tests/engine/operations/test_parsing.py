"""Numbers, days and times as people write them: the same on every engine and for one row."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import cases
from tests.engine.operations.three import by_row, on_duckdb, on_engine, on_spark
from tests.engines import duckdb_session
from tests.house.tree import ROOT
from tilth.data import Kind
from tilth.engine.expressions import col, lit
from tilth.engine.operations.conversions import ToTimestamp
from tilth.engine.operations.parsing import ParseNumber, ParseTime, number_form
from tilth.engine.operations.timeformats import TimeFormat

CASES = cases(ROOT / "tests/engine/operations/parsing.yaml")
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


PIECES = st.sampled_from(
    [*"0123456789", *"/-.,:()$%+ZTkg '_", "12", "31", "2012", "Feb", "sep", "AM", "pm", "\u00a0", "\n", "e3", "٣", "−"]
)
WRITTEN = st.sampled_from(["{:,.2f}", "${:,.0f}", "({:.1f})", "{:.3e}", "{:_}", "{}%"])
LIKE_ONE = st.one_of(
    st.lists(PIECES, max_size=12).map("".join),
    st.builds(lambda time, text: time.strftime(text), st.datetimes(), st.sampled_from(CASES["formats"])),
    st.builds(lambda x, form: form.format(x), st.floats(-1e7, 1e7), WRITTEN),
)


def differences(texts, found, expected):
    return [
        (x, tree.expressions[1:] or tree, a, b)
        for x, *rows in zip(texts, found, expected, strict=True)
        for tree, a, b in zip(TREES, *rows, strict=True)
        if repr(a) != repr(b)
    ]


def test_duckdb_gives_what_the_row_gives():
    assert differences(TEXTS, on_duckdb(TABLE, TREES), by_row(TABLE, TREES))[:5] == []


@pytest.mark.slow
@given(st.lists(LIKE_ONE, min_size=1, max_size=20))
def test_duckdb_gives_what_the_row_gives_of_any_string(texts):
    table = pa.table({"x": pa.array(texts, pa.string())})
    assert differences(texts, on_engine(duckdb_session(), table, TREES), by_row(table, TREES))[:5] == []


@pytest.mark.spark
def test_spark_gives_what_the_row_gives(spark):
    assert differences(TEXTS, on_spark(spark, TABLE, TREES), by_row(TABLE, TREES))[:5] == []
