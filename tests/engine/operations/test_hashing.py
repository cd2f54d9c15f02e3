"""hashing: canonical texts and hashes are the same on DuckDB, on Spark and in Python."""

import hashlib
import math
import random
import struct
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.operations.three import by_row, on_duckdb, on_spark
from tilth.data import Column, Kind
from tilth.engine.duckdb import kind_of
from tilth.engine.expressions import col
from tilth.engine.operations.hashing import FloatString, canonical_string, has_string, key_hash, threshold


def any_double(bits: int) -> float:
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


def doubles() -> list[float | None]:
    """Every power of two, the neighbours of some, and doubles of random bits."""
    chance = random.Random(20240229)
    powers = [2.0**e for e in range(-1074, 1024)]
    edges = [2.0**e for e in (-1022, 52, 53, *(60 * j for j in range(-17, 18)))]
    beside = [f(x, way) for f in (math.nextafter,) for x in edges for way in (0.0, math.inf)]
    nasty = [None, 0.0, -0.0, 0.1, -1.5, 38.5816, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan]
    return nasty + powers + beside + [any_double(chance.getrandbits(64)) for _ in range(2_000)]


TABLE = pa.table(
    {
        "boolean": [True, False, None],
        "integer": pa.array([0, -(2**63), None], pa.int64()),
        "float": [0.5, 38.5816, None],
        "decimal": pa.array([Decimal("1.50"), Decimal("-0.25"), None], pa.decimal128(10, 2)),
        "string": ["", "a\x1fb ß’日\n", None],
        "date": [date(1969, 12, 31), date(9999, 1, 1), None],
        "timestamp": pa.array([datetime(2024, 2, 29, 12, 30), datetime(1, 1, 1, 0, 0, 0, 1), None], pa.timestamp("us")),
        "timestamp with time zone": pa.array(
            [datetime(2024, 2, 29, 12, 30, tzinfo=UTC), datetime(1969, 1, 1, tzinfo=UTC), None], pa.timestamp("us", "UTC")
        ),
        "binary": pa.array([b"", b"\x00\xff", None], pa.binary()),
    }
)
COLUMNS = [Column(name, Kind(name)) for name in TABLE.column_names]
EXPECTED = [  # by hand; the digits of 38.5816 are those of C's printf
    ("true", "0", "0x1p-1", "1.5", "", "1969-12-31", "2024-02-29T12:30:00.000000", "2024-02-29T12:30:00.000000Z", ""),
    (
        "false",
        "-9223372036854775808",
        "0x1.34a71de69ad43p5",
        "-0.25",
        "a\x1fb ß’日\n",
        "9999-01-01",
        "0001-01-01T00:00:00.000001",
        "1969-01-01T00:00:00.000000Z",
        "00FF",
    ),
    (None,) * 9,
]


def test_each_kind_has_its_canonical_text():
    trees = [canonical_string(c) for c in COLUMNS]
    assert on_duckdb(TABLE, trees) == by_row(TABLE, trees[:1] + trees[1:]) == EXPECTED


def test_the_hash_is_the_md5_of_the_seed_and_the_fields():
    tree = key_hash(COLUMNS[:2], 7)
    expected = [hashlib.md5(text.encode()).hexdigest()[:15] for text in ("7\x1ftrue\x1f0", f"7\x1ffalse\x1f{-(2**63)}", "7\x1f\0\x1f\0")]
    assert [row[0] for row in on_duckdb(TABLE, [tree])] == [row[0] for row in by_row(TABLE, [tree])] == expected


def test_every_double_has_a_text_of_its_own():
    table = pa.table({"x": pa.array(doubles(), pa.float64())})
    found = [row[0] for row in on_duckdb(table, [FloatString.of(col("x"))])]
    assert found == [row[0] for row in by_row(table, [FloatString.of(col("x"))])]
    there = [x for x in table["x"].to_pylist() if x is not None]
    assert len({t for t in found if t is not None}) == len({x for x in there if x == x}) + any(x != x for x in there)


@given(st.floats())
def test_a_double_can_be_had_back_from_its_text(x):
    text = FloatString.row(x)
    back = float.fromhex(text) if "x" in text else float(text)
    assert back == x or (math.isnan(back) and math.isnan(x))


@given(st.integers(-(2**60) + 1, 2**60 - 1))
def test_a_whole_double_has_the_text_of_its_integer(x):
    if float(x) == x:
        assert FloatString.row(float(x)) == str(x)


def test_kinds_without_a_canonical_text_are_known():
    assert not any(has_string(Column("x", kind)) for kind in (Kind.LIST, Kind.STRUCT, Kind.MAP, Kind.TIME, Kind.OTHER))


@pytest.mark.parametrize(("share", "expected"), [(0, "0" * 15), (0.5, "8" + "0" * 14), (0.8, "c" * 15), (1, "g"), (1.0, "g")])
def test_a_threshold_stands_above_its_share_of_all_hashes(share, expected):
    assert threshold(share) == expected


@pytest.mark.spark
def test_spark_writes_the_same(spark):
    trees = [canonical_string(c) for c in COLUMNS] + [key_hash([c], 0) for c in COLUMNS]
    assert on_spark(spark, TABLE, trees) == on_duckdb(TABLE, trees)
    table = pa.table({"x": pa.array(doubles(), pa.float64())})
    assert on_spark(spark, table, [FloatString.of(col("x"))]) == on_duckdb(table, [FloatString.of(col("x"))])


def test_the_kinds_are_those_of_the_engine():
    assert [kind_of(t) for t in ("BOOLEAN", "BIGINT", "DOUBLE", "DECIMAL(10,2)", "VARCHAR", "DATE", "TIMESTAMP")] == [
        c.kind for c in COLUMNS[:7]
    ]
