"""Which strings can be read as a type, on both engines."""

from __future__ import annotations

import math
from decimal import Decimal

import pyarrow as pa
import pytest
from sqlglot import exp

from tests.engines import duckdb_session
from tests.rules.test_evaluate import cases, dataset
from tilth.data import Column, Kind
from tilth.engine.expressions import alias, col
from tilth.engine.session import Session
from tilth.errors import RulesError
from tilth.rules.types.datatypes import reads_as

READ = [(name, yes.split("|"), no.split("|")) for name, yes, no in cases("datatypes.tsv")]
CELLS = sorted({cell for _, yes, no in READ for cell in (*yes, *no)})


def assert_read(engine: Session) -> None:
    """All cells are asked for all types at once; null is read as none of them."""
    x = Column("x", Kind.STRING)
    types = [reads_as(x, name, layout or None) for name, _, layout in (read[0].partition(":") for read in READ)]
    select = exp.Select(expressions=[alias(col("x"), "x"), *(alias(tree, f"t{i}") for i, tree in enumerate(types))])
    found = {row[0]: row[1:] for row in engine.rows(dataset(pa.table({"x": [*CELLS, None]})), select)}
    wrong = [
        (name, cell)
        for i, (name, yes, no) in enumerate(READ)
        for cells, expected in ((yes, True), (no, False))
        for cell in cells
        if found[cell][i] is not expected
    ]
    assert (wrong, any(found[None])) == ([], False)


TYPED = pa.table(
    {
        "i": [1, 1_000, -(2**31) - 1, None],
        "d": pa.array([Decimal("9.994"), Decimal("9.995"), Decimal("-0.5"), None], pa.decimal128(12, 3)),
        "f": [1.005, 999.995, math.inf, None],
        "b": [True, False, True, None],
    }
)
FITS = [  # column, type, and whether the three values can be read as it
    ("i", "Integer", (True, True, False)),
    ("i", "Integral", (True, True, False)),
    ("i", "Long", (True, True, True)),
    ("i", "Decimal(3,0)", (True, False, False)),
    ("i", "Decimal(12, 2)", (True, True, True)),
    ("d", "Decimal(3,2)", (True, False, True)),
    ("d", "Decimal(12,3)", (True, True, True)),
    ("d", "Integer", (True, True, True)),
    ("f", "Decimal(5,2)", (True, False, False)),
    ("f", "Integral", (True, True, False)),
    ("b", "Decimal(1,0)", (True, True, True)),
    ("b", "Decimal(1,1)", (False, True, False)),
]


def assert_typed(engine: Session) -> None:
    """What is typed already conforms where its values fit."""
    data = dataset(TYPED)
    schema = engine.schema(data)
    select = exp.Select(expressions=[alias(reads_as(schema[c], name, None), f"t{i}") for i, (c, name, _) in enumerate(FITS)])
    rows = {row[-1]: row for row in engine.rows(data, select.select(alias(col("i"), "i")))}
    found = [(c, name, tuple(rows[n][i] for n in (1, 1_000, -(2**31) - 1))) for i, (c, name, _) in enumerate(FITS)]
    assert (found, any(rows[None])) == (FITS, False)


def test_a_decimal_has_digits() -> None:
    for name in ("Decimal(0,0)", "Decimal(3,4)", "Decimal(39,0)"):
        with pytest.raises(RulesError, match="1 to 38 digits, and as many or fewer after the point"):
            reads_as(Column("x", Kind.STRING), name, None)


@pytest.mark.slow
def test_what_can_be_read_as_a_type() -> None:
    assert_read(duckdb_session())
    assert_typed(duckdb_session())


@pytest.mark.spark
def test_on_spark_too(spark) -> None:
    from tilth.engine.spark import Spark

    assert_read(Spark(spark).session())
    assert_typed(Spark(spark).session())
