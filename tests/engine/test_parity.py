"""One meaning: DuckDB, Spark and the row function give the same for every formula over the nasty table.

Equal means equal: null and NaN alike, with the sign of zero; exp, ln and powers within 4 units in the last place (law 9).
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from tilth.data import Change, Dataset, Memory
from tilth.engine.duckdb import DuckDB
from tilth.engine.engine import Engine, everything
from tilth.engine.row import row_function

from . import nasty

LOOSE = ("exp(", "ln(", "power(")
ROWS = nasty.nasty_rows()


def same(a: Any, b: Any, formula: str) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        if formula.startswith(LOOSE) and math.isfinite(a) and math.isfinite(b):
            return abs(a - b) <= 4 * math.ulp(max(abs(a), abs(b)))
        return a == b and math.copysign(1, a) == math.copysign(1, b)
    return type(a) is type(b) and a == b


def by_engine(engine: Engine) -> dict[str, list[Any]]:
    table = nasty.nasty_table()
    trees = nasty.trees()
    data = (
        Dataset(Memory(table, tuple(table.column_names))).change({f"={f}": tree for f, tree in trees.items()}).keep(f"={f}" for f in trees)
    )
    columns = list(zip(*engine.rows(data, everything()), strict=True))
    return dict(zip(trees, columns, strict=True))


@pytest.fixture(scope="module")
def duck() -> dict[str, list[Any]]:
    return by_engine(DuckDB())


def differences(formula: str, expected: list[Any], found: list[Any]) -> list[str]:
    return [f"{r}: {a!r} and {b!r}" for r, a, b in zip(ROWS, expected, found, strict=True) if not same(a, b, formula)]


@pytest.mark.parametrize("formula", nasty.FORMULAS)
def test_a_row_alone_is_that_row_of_the_whole(formula, duck):
    tree = nasty.trees()[formula]
    one = row_function([Change((("=", tree),))], nasty.SCHEMA.names)
    assert not differences(formula, duck[formula], [one(row)["="] for row in ROWS])[:5]


@pytest.mark.spark
def test_spark_gives_what_duckdb_gives(spark, duck):
    from tilth.engine.spark import Spark

    found = by_engine(Spark(spark))
    wrong = {f: differences(f, duck[f], found[f])[:3] for f in nasty.FORMULAS}
    assert not {f: d for f, d in wrong.items() if d}
