"""lookups: a value's place in a list, or what stands there."""

import pyarrow as pa
import pytest

from tests.engine.operations.three import by_row, on_duckdb, on_spark
from tilth.engine import expressions as e
from tilth.engine.expressions import col
from tilth.engine.operations.lookups import FEW, LONG, at_place, lookup

TEXTS = ["a", "it's", 'quo"te', "\\", "", "日本", "\n", "\0", "\x1fkey"]
MANY = [f"v{i}" for i in range(FEW + 1)]
TABLE = pa.table({"s": [*TEXTS, None, "zz", "v7"], "i": [*range(11), None], "b": [True, False, None, *[True] * 9]})
FLOATS = [0.1 + 0.2, 5e-324, -1e308]
TREES = [
    lookup(col("s"), TEXTS),
    lookup(col("s"), TEXTS, [t * 2 for t in TEXTS]),
    lookup(col("s"), TEXTS + MANY),
    lookup(col("s"), TEXTS + MANY, list(range(100, 100 + len(TEXTS + MANY)))),
    lookup(col("i"), [3, 1, -1]),
    lookup(col("b"), [False, True]),
    lookup(col("s"), []),
    lookup(col("i"), []),
    lookup(col("b"), [], []),
    lookup(col("i"), [3, 1, -1], FLOATS),
    lookup(col("s"), TEXTS + MANY, [i / 7 for i in range(len(TEXTS + MANY))]),
    at_place(e.sub(col("i"), e.lit(1)), FLOATS),
    at_place(col("i"), [*FLOATS, *range(LONG)]),
]


def expected() -> list[tuple]:
    place = {t: i for i, t in enumerate(TEXTS + MANY)}
    rows = TABLE.to_pylist()
    return [
        (
            place.get(r["s"]) if r["s"] in TEXTS else None,
            r["s"] * 2 if r["s"] in TEXTS else None,
            place.get(r["s"]),
            None if r["s"] not in place else place[r["s"]] + 100,
            {3: 0, 1: 1}.get(r["i"]),
            {False: 0, True: 1}.get(r["b"]),
            None,
            None,
            None,
            {3: FLOATS[0], 1: FLOATS[1]}.get(r["i"]),
            None if r["s"] not in place else place[r["s"]] / 7,
            {1: FLOATS[0], 2: FLOATS[1], 3: FLOATS[2]}.get(r["i"]),
            None if r["i"] is None else [*FLOATS, *range(LONG)][r["i"]],
        )
        for r in rows
    ]


def test_places_and_values_are_found():
    assert on_duckdb(TABLE, TREES) == expected()
    assert by_row(TABLE, TREES) == expected()


@pytest.mark.spark
def test_spark_finds_the_same(spark):
    assert on_spark(spark, TABLE, TREES) == expected()


def test_a_column_called_like_the_lookup_would_be_is_no_trouble():
    table = pa.table({"key": ["a", "b"], "found": ["b", "a"], "keys": ["x", "a"]})
    trees = [lookup(col(c), ["a", "b"]) for c in table.column_names]
    assert on_duckdb(table, trees) == [(0, 1, None), (1, 0, 0)]
