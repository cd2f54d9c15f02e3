"""The battery over every step in every way, on DuckDB; the same steps on Spark give the same. `test_laws.py` is a quick sample of it."""

from dataclasses import fields, replace

import pytest

from tests.engines import duckdb_session
from tests.steps.both import differences, differences_of_several
from tests.steps.cases import ALL, FEATURES, KEYLESS, ROWS
from tilth.errors import TilthError
from tilth.steps import STEPS
from tilth.steps.fitting import fit
from tilth.steps.step import Step, TablesStep
from tilth.testing.steps import check_step, dataset, rows_of, sample_table

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


NUMBERS: dict[str, list[float]] = {
    "int": [-1, 0, 10**7, 2**63 - 1],
    "float": [-1.0, 0.0, 1e308, float("inf"), float("nan")],
}


def numbered() -> list[tuple[Step, str]]:
    """Steps with the names of their numeric parameters, each way of a step once."""
    found = {}
    for step in ALL:
        for f in fields(step):
            if "[" not in str(f.type) and set(str(f.type).split(" | ")) & set(NUMBERS):
                found.setdefault((step.name, getattr(step, "with_", None), f.name), (step, f.name))
    return list(found.values())


@pytest.mark.slow
@pytest.mark.parametrize(("step", "parameter"), numbered(), ids=lambda x: x if isinstance(x, str) else str(x)[:40])
def test_any_number_as_a_parameter_works_or_is_refused(step: Step, parameter: str, engine):
    (type_,) = (str(f.type) for f in fields(step) if f.name == parameter)
    for value in (value for kind, values in NUMBERS.items() if kind in type_.split(" | ") for value in values):
        try:
            _, data = fit([replace(step, **{parameter: value})], dataset(sample_table()), engine)
            rows_of(data, engine)
        except TilthError as error:
            assert error.exit_code == 2
            assert not str(error).startswith("a value does not fit")  # words of the engine's own


@pytest.mark.spark
def test_spark_learns_and_gives_the_same(spark):
    from tilth.engine.spark import Spark

    duck, cluster = duckdb_session(), Spark(spark).session()
    several = [step for step in ALL if not isinstance(step, TablesStep)]
    wrong = [text for step in ALL if step not in several for text in differences(step, duck, cluster)]
    wrong += differences_of_several(several, duck, cluster)
    assert not wrong, "\n".join(wrong)
    assert len(FEATURES) > 30
