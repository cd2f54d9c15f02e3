"""The battery over every step in every way, on DuckDB; the same steps on Spark give the same."""

import math

import pyarrow as pa
import pytest
from sqlglot import exp

from tests.engines import duckdb_session
from tests.steps.cases import ALL, FEATURES, KEYLESS, ROWS
from tilth.steps import STEPS
from tilth.steps.fitting import fit
from tilth.steps.step import Step
from tilth.testing.steps import CLOSE, ROLES, check_step, close, dataset, difference, rows_of, same_rows, sample_table

ROUNDED = (
    "power",
    "quantile",
)  # Java's power and logarithm differ from C's in the last digit, and what is left after a subtraction in more
UNKEYED = ("shuffle()", "balance(with='over')")  # the rest do the same with the hash of a row


def test_every_step_is_among_the_cases():
    elsewhere = {"python", "unnest"}  # one runs only where it is allowed, one reads nested values: test_python.py, test_unnest.py
    assert {step.name for step in ALL} == set(STEPS.built_in) - elsewhere


@pytest.fixture(scope="module")
def engine():
    return duckdb_session()


@pytest.mark.parametrize("step", ALL, ids=str)
def test_a_step_keeps_its_promises(step: Step, engine):
    check_step(step, engine=engine)


@pytest.mark.parametrize("step", [s for s in ROWS if str(s) in UNKEYED], ids=str)
def test_rows_without_an_id(step: Step, engine):
    check_step(step, roles=KEYLESS, engine=engine)


def near(a, b, key: int) -> bool:
    """Whether two lists hold the same rows by their key, floats to the last digits."""
    pairs = zip(*(sorted(rows, key=lambda row: row[key]) for rows in (a, b)), strict=True)
    return all(x == y or (isinstance(x, float) and math.isclose(x, y, rel_tol=CLOSE)) for one in pairs for x, y in zip(*one, strict=True))


@pytest.mark.spark
def test_spark_learns_and_gives_the_same(spark):
    from tilth.engine.spark import Spark

    duck, cluster = duckdb_session(), Spark(spark).session()
    table, wrong = sample_table(), []
    table = table.set_column(6, "moment", table["moment"].cast(pa.timestamp("us", "UTC")))  # Spark reads naive timestamps as timestamptz
    for step in ALL:
        data = dataset(table, ROLES)
        (found,), made = fit([step], data, duck)
        (again,), _ = fit([step], data, cluster)
        if not close(found.learned, again.learned):
            wrong.append(f"{step} learns {again.learned}, not {found.learned}")
        ours, theirs = rows_of(made, duck), rows_of(found.apply(data, exp.true()), cluster)
        if made.ordered and [row[-1] for row in ours] != [row[-1] for row in theirs]:
            wrong.append(f"{step}: another order")
        if not (near(ours, theirs, made.names.index("id")) if step.name in ROUNDED else same_rows(ours, theirs)):
            wrong.append(f"{step}: {difference(ours, theirs)}")
    assert not wrong, "\n".join(wrong)
    assert len(FEATURES) > 30
