"""Which strings can be read as a type, on both engines."""

from __future__ import annotations

import pyarrow as pa
import pytest
from sqlglot import exp

from tests.engines import duckdb_session
from tests.rules.test_evaluate import cases, dataset
from tilth.data import Column, Kind
from tilth.engine.expressions import alias, col
from tilth.engine.session import Session
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


@pytest.mark.slow
def test_what_can_be_read_as_a_type() -> None:
    assert_read(duckdb_session())


@pytest.mark.spark
def test_on_spark_too(spark) -> None:
    from tilth.engine.spark import Spark

    assert_read(Spark(spark).session())
