"""The battery over every step in every way, on DuckDB; the same steps on Spark give the same. `test_laws.py` is a quick sample of it."""

import pytest

from tests.engines import duckdb_session
from tests.steps.both import differences, differences_of_several
from tests.steps.cases import ALL, FEATURES, KEYLESS, ROWS
from tilth.steps import STEPS
from tilth.steps.step import Step, TablesStep
from tilth.testing.steps import check_step

UNKEYED = ("shuffle()", "balance(with='over')")  # the rest do the same with the hash of a row


def test_every_step_is_among_the_cases():
    elsewhere = {"python", "unnest"}  # one runs only where it is allowed, one reads nested values: test_python.py, test_unnest.py
    assert {step.name for step in ALL} == set(STEPS.built_in) - elsewhere


@pytest.fixture(scope="module")
def engine():
    return duckdb_session()


@pytest.mark.slow
@pytest.mark.parametrize("step", ALL, ids=str)
def test_a_step_keeps_its_promises(step: Step, engine):
    check_step(step, engine=engine)


@pytest.mark.slow
@pytest.mark.parametrize("step", [s for s in ROWS if str(s) in UNKEYED], ids=str)
def test_rows_without_an_id(step: Step, engine):
    check_step(step, roles=KEYLESS, engine=engine)


@pytest.mark.spark
def test_spark_learns_and_gives_the_same(spark):
    from tilth.engine.spark import Spark

    duck, cluster = duckdb_session(), Spark(spark).session()
    several = [step for step in ALL if not isinstance(step, TablesStep)]
    wrong = [text for step in ALL if step not in several for text in differences(step, duck, cluster)]
    wrong += differences_of_several(several, duck, cluster)
    assert not wrong, "\n".join(wrong)
    assert len(FEATURES) > 30
