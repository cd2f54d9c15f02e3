"""The laws of steps on tables drawn by chance: whatever rows there are, in whatever order, how often."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from tests.engines import duckdb_session
from tests.steps.cases import ALL, FEATURES
from tilth.data import BELOW
from tilth.engine.expressions import col, eq, lit
from tilth.engine.layers import table
from tilth.errors import TilthError
from tilth.steps.fitting import fit
from tilth.testing.steps import ROLES, check_laws, close, dataset, rows_of, same_rows, sample_table

TABLE = sample_table()
ROWS = st.lists(st.integers(0, TABLE.num_rows - 1), max_size=30)


def taken(rows):
    return TABLE.take(pa.array(rows, pa.int64()))


@pytest.fixture(scope="module")
def engine():
    return duckdb_session()


@given(rows=ROWS, step=st.sampled_from(ALL))
def test_a_step_keeps_its_promises_on_any_rows(rows, step, engine):
    try:
        check_laws(step, taken(rows), engine=engine)
    except TilthError as error:
        assert error.exit_code == 2


@given(rows=ROWS, later=ROWS, step=st.sampled_from(FEATURES))
def test_a_step_learns_of_training_rows_only(rows, later, step, engine):
    """Fitted on the training part of a table, it has learned what it learns of a table that holds nothing else."""
    both = taken(rows + later)
    both = both.append_column("part", pa.array(["train"] * len(rows) + ["test"] * len(later), pa.string()))
    train = exp.Select(expressions=[exp.Star()]).from_(table(BELOW)).where(eq(col("part"), lit("train")))
    outcomes = []
    for data in (dataset(both, ROLES).rows(train).change({"part": None}), dataset(taken(rows), ROLES)):
        try:
            (found,), _ = fit([step], data, engine)
        except TilthError as error:
            outcomes.append(str(error))
        else:
            outcomes.append(found.learned)
    assert close(*outcomes)


@given(rows=ROWS, others=ROWS, step=st.sampled_from(FEATURES))
def test_a_row_does_not_depend_on_the_rows_beside_it(rows, others, step, engine):
    (found,), _ = fit([step], dataset(TABLE, ROLES), engine)
    apart = [r for part in (rows, others) for r in rows_of(found.apply(dataset(taken(part), ROLES)), engine)]
    assert same_rows(apart, rows_of(found.apply(dataset(taken(rows + others), ROLES)), engine))
