"""Numbers rounded as they are written."""

from __future__ import annotations

import math
import random
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import pyarrow as pa
import pytest

from tests.engine.operations.three import by_row, on_duckdb, on_spark
from tilth.engine.expressions import col, lit
from tilth.engine.operations.numbers import Round

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
