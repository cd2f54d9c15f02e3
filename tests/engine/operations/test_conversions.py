"""conversions: the same on DuckDB, on Spark and in Python."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from tests.engine.operations.three import by_row, on_duckdb, on_spark
from tilth.data import Kind
from tilth.engine.expressions import col
from tilth.engine.operations.conversions import CONVERSIONS

TABLE = pa.table(
    {
        "string": [" 7", "0.5", "yes", "2024-02-29", "2024-02-29T12:30:00.5", "2024-02-29T12:30:00Z", "", None, "x"],
        "boolean": [True, False, None, True, True, True, True, True, True],
        "integer": [0, 1, 2, None, -1, 2**53 + 1, -(2**63), 2**63 - 1, 5],
        "float": [0.0, 1.0, -1.5, 2.5, 1e300, None, -0.0, 9.2e18, 0.1],
        "decimal": [Decimal(v) if v else None for v in ("0.00", "1.00", "2.50", "-2.50", None, "123456789.99", "0.99", "-0.99", "100.10")],
        "date": [date(2024, 2, 29), date(1, 1, 1), date(9999, 12, 31), None, *[date(1970, 1, 1)] * 5],
        "timestamp": [datetime(2024, 2, 29, 23, 59, 59, 999999), datetime(1, 1, 1), None, *[datetime(1969, 12, 31, 12)] * 6],
        "timestamp with time zone": pa.array(
            [datetime(2024, 2, 29, 23, 59, tzinfo=UTC), None, *[datetime(1900, 1, 1, tzinfo=UTC)] * 7], pa.timestamp("us", "UTC")
        ),
    }
)
PAIRS = [pair for pair in CONVERSIONS if pair[0] in TABLE.column_names]
TREES = [CONVERSIONS[source, to](col(source)) for source, to in PAIRS]


def test_every_kind_but_the_odd_ones_is_converted():
    assert {source for source, _ in PAIRS} == set(TABLE.column_names)


def test_a_row_is_converted_as_duckdb_does():
    found, expected = by_row(TABLE, TREES), on_duckdb(TABLE, TREES)
    for i, (source, to) in enumerate(PAIRS):
        assert [r[i] for r in found] == [r[i] for r in expected], f"{source} to {to}"


def test_values_of_each_kind_by_hand():
    first = dict(zip(PAIRS, on_duckdb(TABLE, TREES)[2], strict=True))
    assert first[Kind.FLOAT, Kind.INTEGER] == -1
    assert first[Kind.DECIMAL, Kind.INTEGER] == 2
    assert first[Kind.STRING, Kind.BOOLEAN] is True
    assert first[Kind.DATE, Kind.STRING] == "9999-12-31"


@pytest.mark.spark
def test_spark_converts_the_same(spark):
    found, expected = on_spark(spark, TABLE, TREES), on_duckdb(TABLE, TREES)
    for i, (source, to) in enumerate(PAIRS):
        assert [r[i] for r in found] == [r[i] for r in expected], f"{source} to {to}"
