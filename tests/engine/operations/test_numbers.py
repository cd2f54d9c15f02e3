"""Numbers rounded as they are written, and integers rounded down."""

from __future__ import annotations

import math
import random
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import pyarrow as pa
import pytest

from tests.engine.operations.three import by_row, on_duckdb, on_spark
from tilth.engine.expressions import col, lit
from tilth.engine.operations.numbers import FloorDivide, Round

PLACES = (0, 2, 5, 15)
ROUNDED = [Round.of(col("x"), lit(n)) for n in PLACES]


def table() -> pa.Table:
    """Halves and numbers beside them, of all sizes, and what is not finite."""
    chance = random.Random(3)
    halves = [(2 * chance.randint(-(10**9), 10**9) + 1) * 5 / 10 ** chance.randint(1, 9) for _ in range(400)]
    others = [chance.uniform(-1, 1) * 10 ** chance.randint(-10, 18) for _ in range(100)]
    return pa.table({"x": [*halves, *others, 1.005, 2.675, -0.001, 1e300, -1e-300, math.inf, -math.inf, None]})


def rounded(x: float | None, n: int) -> float | None:
    """What Python's decimal makes of the shortest number that is read as this double."""
    if x is None or math.isinf(x):
        return x
    return float(Decimal(repr(x)).quantize(Decimal(1).scaleb(-n), ROUND_HALF_UP, Context(prec=400)))


def expected() -> list[tuple[Any, ...]]:
    return [tuple(rounded(x, n) for n in PLACES) for x in table()["x"].to_pylist()]


def test_halves_are_those_of_the_number_as_it_is_written() -> None:
    assert on_duckdb(table(), ROUNDED) == by_row(table(), ROUNDED) == expected()


@pytest.mark.spark
def test_they_are_on_spark(spark: Any) -> None:
    assert on_spark(spark, table(), ROUNDED) == expected()


WHOLE = (-(2**63), -(2**63) + 1, -8, -7, -6, -1, 0, 1, 6, 7, 8, 2**63 - 1, None)
DOWN = [FloorDivide.of(col("x"), lit(j)) for j in (1, 7, 3_600_000_000)]


def rounded_down() -> list[tuple[int | None, ...]]:
    """Python's own division of integers, which rounds down."""
    return [tuple(None if x is None else x // j for j in (1, 7, 3_600_000_000)) for x in WHOLE]


def test_integers_are_divided_and_rounded_down() -> None:
    whole = pa.table({"x": pa.array(WHOLE, pa.int64())})
    assert on_duckdb(whole, DOWN) == by_row(whole, DOWN) == rounded_down()


@pytest.mark.spark
def test_they_are_on_spark_too(spark: Any) -> None:
    assert on_spark(spark, pa.table({"x": pa.array(WHOLE, pa.int64())}), DOWN) == rounded_down()
