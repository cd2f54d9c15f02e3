"""Columns that are asked the same are asked one under another; what is found is that of each column alone."""

from datetime import date

import pyarrow as pa
import pytest

from tilth.data import Dataset, Memory
from tilth.engine import answering, stacking
from tilth.engine.duckdb import DuckDB
from tilth.engine.expressions import col, gt, is_null, lit
from tilth.engine.spark import Spark
from tilth.metrics.columns import Completeness, Maximum, Mean, Minimum, Percentile, StandardDeviation
from tilth.metrics.keys import DistinctValues, Frequencies, MostFrequent, Uniqueness
from tilth.metrics.metric import Grouped, Where, measured
from tilth.testing.laws import same

WIDTH = 12
ROWS = 40
KINDS = {
    "f": lambda i, r: None if (i + r) % 7 == 0 else (i + 1) * 10.0 ** (i % 4) * ((r * 7 + i) % 13 - 5.5),
    "i": lambda i, r: None if i == 3 or (i * r) % 5 == 4 else (r * r + i) % 11,
    "s": lambda i, r: None if i == 5 or r % 9 == i else ["", " ", "a", "Ä", "b"][(r + i) % 5],
    "d": lambda i, r: date(2020, 1 + (r + i) % 12, 1),
}
TABLE = pa.table({f"{kind}{i}": [value(i, r) for r in range(ROWS)] for kind, value in KINDS.items() for i in range(WIDTH)})
NUMBERS = [f"{kind}{i}" for kind in "fi" for i in range(WIDTH)]
METRICS = [
    *(metric(c) for c in TABLE.column_names for metric in (Completeness, Minimum, Maximum, DistinctValues, MostFrequent)),
    *(metric((c,)) for c in TABLE.column_names for metric in (Frequencies, Uniqueness)),
    *(metric(c, finite=True) for c in NUMBERS for metric in (Mean, StandardDeviation)),
    *(Percentile(c, 0.3) for c in NUMBERS),
    *(Where(Mean(c), gt(col(c), lit(0))) for c in NUMBERS),
    *(Where(Uniqueness((c,)), gt(col(c), lit(2))) for c in NUMBERS),
    *(Grouped(Completeness(c), (is_null(col(c)),)) for c in NUMBERS),
    *(Grouped(Mean(c), ("s1",)) for c in NUMBERS),  # of two columns: not stacked
]


def of_kinds(kinds: str) -> pa.Table:
    return TABLE.select([c for c in TABLE.column_names if c[0] in kinds or c == "s1"])  # by which means are grouped


def found(table: pa.Table, engine) -> tuple[dict, int]:
    asked = [m for m in METRICS if {*m.subject} <= {*table.column_names}]
    with engine.session() as session:
        return measured(Dataset(Memory(table, tuple(table.column_names))), asked, session), len(session.scans)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rows", "engine"),
    [*((rows, DuckDB) for rows in (ROWS, 1, 0)), *(pytest.param(rows, Spark, marks=pytest.mark.spark) for rows in (ROWS, 0))],
)
def test_a_stack_finds_what_each_column_gives_alone(engine, rows, monkeypatch):
    kinds = "fisd" if engine is DuckDB else "fs" if rows else "f"  # Spark takes seconds for each kind
    table = of_kinds(kinds).slice(0, rows)
    together, few = found(table, engine())
    monkeypatch.setattr(stacking, "FEWEST", 1_000)
    alone, many = found(table, DuckDB())  # hundreds of queries, which take Spark half a minute
    assert together == alone if engine is DuckDB else same([*together.values()], [*alone.values()])
    assert list(together) == [m for m in METRICS if {*m.subject} <= {*table.column_names}]
    assert few < many or not rows


@pytest.mark.slow
def test_only_columns_of_small_tables_are_stacked(monkeypatch):
    _, few = found(of_kinds("i"), DuckDB())
    monkeypatch.setattr(stacking, "MOST_ROWS", ROWS - 1)
    _, many = found(of_kinds("i"), DuckDB())
    assert few < many


@pytest.mark.slow
def test_a_stack_has_a_bounded_number_of_cells(monkeypatch):
    whole, few = found(of_kinds("f"), DuckDB())
    monkeypatch.setattr(stacking, "MOST_CELLS", 5 * ROWS)
    monkeypatch.setattr(answering, "FIRST", ROWS)  # a sample counts as so many rows
    parts, more = found(of_kinds("f"), DuckDB())
    assert parts == whole and few < more
