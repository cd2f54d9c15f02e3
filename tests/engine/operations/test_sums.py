"""Sums of doubles: rounded once, the same for every order, number of threads, division into files, and engine."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tilth.data import Dataset, Memory
from tilth.engine.duckdb import DuckDB
from tilth.engine.expressions import col, double, eq, gt, lit
from tilth.engine.operations.sums import CentralMoment2, DoubleSum
from tilth.engine.session import Session
from tilth.engine.statistics import central_moment, correlation, standard_moment, total

ENGINE = DuckDB().session()
SHAPE = [standard_moment(col("x"), 3), standard_moment(col("x"), 4)]
NEEDS = [total(col("x")), central_moment(col("x")), correlation(col("x"), col("y")), *SHAPE]
ALL = [*NEEDS, *(n.filtered(gt(col("y"), lit(0.5))) for n in NEEDS), *(n.grouped(col("k")) for n in NEEDS)]
FLOW = """
features:
  - impute: {columns: numeric, with: mean}
  - scale: {columns: numeric, with: standard}
"""
normal = random.Random(7).gauss
COLUMNS = {
    "usual": [normal(0, 1) * 1e3 for _ in range(500)],
    "tiny": [normal(0, 1) * 1e-30 for _ in range(500)],
    "huge": [normal(0, 1) * 1e25 for _ in range(500)],
    "far from zero": [normal(0, 1) + 2e6 for _ in range(500)],
    "of all sizes": [math.ldexp(normal(0, 1), i % 60 - 30) for i in range(500)],
    "equal": [0.1] * 500,
}


def answers(xs: list[float], engine: Session, needs: Any = ALL) -> list[Any]:
    table = pa.table({"x": xs, "y": [math.modf(x * 0.7 + i * 0.37)[0] for i, x in enumerate(sorted(xs))], "k": [x > 0 for x in xs]})
    return list(engine.answer(Dataset(Memory(table, ("x", "y", "k"), id(table))), needs).values())


@pytest.mark.parametrize("name", COLUMNS)
def test_the_sum_is_the_exact_one_rounded_once_and_moments_are_close(name):
    xs = COLUMNS[name]
    found, moment, _, *shape = answers(xs, ENGINE, NEEDS)
    mean = sum(map(Fraction, xs)) / len(xs)
    assert found == pytest.approx(math.fsum(xs), rel=2**-50, abs=2**-62 * max(map(abs, xs)))
    assert moment == pytest.approx(float(sum((Fraction(x) - mean) ** 2 for x in xs)), rel=1e-11)
    powers = {k: float(sum((Fraction(x) - mean) ** k for x in xs) / len(xs)) for k in (2, 3, 4)}
    expected = [powers[k] / powers[2] ** (k / 2) if len(set(xs)) > 1 else 0.0 for k in (3, 4)]
    assert shape == pytest.approx(expected, rel=1e-9, abs=1e-11)


@pytest.mark.slow
@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=30), st.randoms())
def test_the_order_of_rows_changes_no_bit(xs, chance):
    mixed = list(xs)
    chance.shuffle(mixed)
    assert answers(xs, ENGINE, NEEDS[:2] + SHAPE) == answers(mixed, ENGINE, NEEDS[:2] + SHAPE)


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=30))
def test_numbers_in_memory_give_what_an_engine_gives(xs):
    x = np.array(xs)
    assert [DoubleSum.of_array(x), CentralMoment2.of_array(x)] == answers(xs, ENGINE, NEEDS[:2])


@pytest.mark.parametrize("name", COLUMNS)
def test_numbers_of_any_size_in_memory_give_what_an_engine_gives(name):
    x = np.array(COLUMNS[name])
    assert [DoubleSum.of_array(x), CentralMoment2.of_array(x)] == answers(COLUMNS[name], ENGINE, NEEDS[:2])


def test_no_numbers_in_memory_have_no_sum():
    assert DoubleSum.of_array(np.array([])) is None


@pytest.mark.parametrize("narrower", [1, 2**4, 2**8, 2**9, 2**10, 2**20, 2**40])
def test_a_group_of_a_much_narrower_range_than_the_whole_is_as_precise(narrower):
    wide = [normal(0, 1) * 1e3 for _ in range(200)]
    narrow = [abs(normal(0, 1)) * 1e3 / narrower for _ in range(200)]
    table = pa.table({"x": wide + narrow, "k": [False] * 200 + [True] * 200})
    of_groups = [total(col("x")).grouped(col("k")), central_moment(col("x")).grouped(col("k"))]
    sums, moments = ENGINE.answer(Dataset(Memory(table, ("x", "k"))), of_groups).values()
    for key, xs in (((False,), wide), ((True,), narrow)):
        mean = sum(map(Fraction, xs)) / len(xs)
        assert sums[key] == pytest.approx(math.fsum(xs), rel=2**-50, abs=2**-60 * max(map(abs, xs)))
        assert moments[key] == pytest.approx(float(sum((Fraction(x) - mean) ** 2 for x in xs)), rel=1e-11)


def test_sums_of_small_groups_of_near_values_take_one_scan():
    xs = [50.0 + i // 2 / 10 + i % 2 / 1e6 for i in range(2_000)]
    table, engine = pa.table({"x": xs, "k": [i // 2 for i in range(2_000)]}), DuckDB().session()
    need = total(col("x")).grouped(col("k"))
    found = engine.answer(Dataset(Memory(table, ("x", "k"))), [need])[need]
    assert [found[(k,)] for k in range(1_000)] == pytest.approx([math.fsum(xs[2 * k : 2 * k + 2]) for k in range(1_000)], rel=2**-50)
    assert len(engine.scans) == 1


@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.spark)])
def test_groups_of_all_sizes_take_one_more_scan(engine, request):
    used = DuckDB().session() if engine == "duckdb" else tilth.Spark(request.getfixturevalue("spark")).session()
    n, groups = 2_000, dict[tuple[str | None, int], list[float]]()
    table = pa.table(
        {
            "x": [math.ldexp(1 + normal(0, 1) ** 2, i // 8 % 80 - 40) for i in range(n)],
            "k": [f"k{i // 8}" if i >= 8 else None for i in range(n)],
            "f": [i % 2 for i in range(n)],
        }
    )
    for row in table.to_pylist():
        groups.setdefault((row["k"], row["f"]), []).append(row["x"])
    needs = [total(col("x")).grouped(col("k"), col("f")), central_moment(col("x")).grouped(col("k"), col("f"))]
    sums, moments = used.answer(Dataset(Memory(table, ("x", "k", "f"))), needs).values()
    assert sums == {key: pytest.approx(math.fsum(xs), rel=2**-50) for key, xs in groups.items()}
    assert moments == {key: pytest.approx(CentralMoment2.of_array(np.array(xs)), rel=1e-11) for key, xs in groups.items()}
    assert len(used.scans) <= 3  # on the grids of the first rows, on those of all rows, and on those of each group


def test_parquet_footers_say_a_long_tail_so_that_one_scan_does(tmp_path):
    xs = [math.nan] + [1.0 + i % 2 for i in range(10_000)] + [1e9]
    pq.write_table(pa.table({"x": xs, "'x\"": xs, "s": ["a"] * len(xs)}), tmp_path / "t.parquet")
    engine = DuckDB().session()
    found = engine.answer(tilth.read(tmp_path / "t.parquet", engine=engine), [total(col("x")), total(col("'x\""))])
    assert list(found.values()) == [1e9 + 15_000.0] * 2 and len(engine.scans) == 1


@pytest.mark.parametrize("kind", ["held", "text", "memory"])
def test_a_table_of_rising_numbers_takes_one_scan(kind, tmp_path):
    """DuckDB knows the extremes of tables that it holds; of one in memory the last rows are looked at too."""
    n = 50_000
    columns = {"x": [float(i) for i in range(n)], "part": ["ab"[i % 5 == 0] for i in range(n)], "gone": [None] * n, "e": [math.inf] * n}
    table = pa.table(columns | {"f": pa.array(columns["x"], pa.float32()), "i": pa.array(range(n), pa.int32())})
    engine = DuckDB().session()
    if kind == "text":
        csv.write_csv(table, tmp_path / "t.csv")
        held = tilth.read(tmp_path / "t.csv", engine=engine)
    else:
        held = Dataset(Memory(table, tuple(table.column_names)))
        held = engine.checkpoint(held) if kind == "held" else held
    engine.answer(held, [total(col("x"))])
    before = len(engine.scans)
    asked = [total(double(col(c))).filtered(eq(col("part"), lit("a"))) for c in ("x", "f", "i")]
    assert list(engine.answer(held, asked).values()) == [math.fsum(i for i in range(n) if i % 5)] * 3
    assert len(engine.scans) == before + 1


def test_values_that_have_no_sum():
    inf = math.inf
    assert answers([1.0, inf], ENGINE, NEEDS[:1]) == [inf] and math.isnan(answers([inf, -inf], ENGINE, NEEDS[:1])[0])
    assert answers([1.7e308, 1.7e308], ENGINE, NEEDS[:1]) == [inf]
    assert answers([0.0, -0.0], ENGINE, NEEDS[:2]) == [0.0, 0.0]


@pytest.mark.spark
@pytest.mark.parametrize("name", COLUMNS)
def test_spark_gives_the_same_bits(spark, name):
    needs = ALL if name in ("usual", "of all sizes") else NEEDS  # filters and groups only choose rows
    assert answers(COLUMNS[name], ENGINE, needs) == answers(COLUMNS[name], tilth.Spark(spark).session(), needs)


def folder(place: Path, files: int, rows: int = 400_000) -> Path:
    """A table in some files."""
    chance = random.Random(3)
    table = pa.table({"a": [chance.gauss(50, 12) for _ in range(rows)], "b": [chance.expovariate(1e-3) for _ in range(rows)]})
    place.mkdir()
    step = -(-rows // files)
    for i in range(files):
        pq.write_table(table.slice(i * step, step), place / f"{files - i}.parquet", row_group_size=10_000)
    return place


def learned(place: Path, engine: Any) -> Any:
    return [dict(f.learned) for f in tilth.fit(tilth.Flow.parse(FLOW), place, engine=engine).need_learned().features]


@pytest.mark.slow
def test_a_fit_is_the_same_with_many_threads_and_files(tmp_path):
    one, seven = folder(tmp_path / "one", 1), folder(tmp_path / "seven", 7)
    expected = learned(one, DuckDB(threads=1))
    assert [learned(place, DuckDB(threads=8)) for place in (one, seven) for _ in range(4)] == [expected] * 8


@pytest.mark.spark
def test_a_fit_is_the_same_on_spark(spark, tmp_path):
    place = folder(tmp_path / "three", 3, rows=20_000)
    assert learned(place, tilth.Spark(spark)) == learned(place, DuckDB())
