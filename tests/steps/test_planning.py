"""Every step can be planned, without data; what cannot be known before there are any is left out, and named."""

import pytest

from tests.engines import duckdb_session
from tests.steps.cases import ALL, first_quick
from tilth.engine.dry_run import DryRun
from tilth.errors import ColumnError
from tilth.steps import STEPS
from tilth.steps.fitting import fit
from tilth.testing.steps import ROLES, dataset, sample_table

LEARN_CLASSES = ("encode", "prior", "balance")  # some of their ways ask of the data what the classes are
OTHERS = ("outliers", "scale", "quantile", "reduce")  # and these refuse data of one value


def planned(*steps):
    session = DryRun(duckdb_session())
    fit(steps, dataset(sample_table(), ROLES), session)
    return session


@pytest.mark.parametrize("step", first_quick(ALL), ids=str)
def test_a_step_can_be_planned(step):
    left_out = planned(step).left_out
    assert not left_out or step.name in (*LEARN_CLASSES, *OTHERS)
    assert all(name.startswith(step.name) for name in left_out)


def test_a_step_that_names_a_column_which_an_earlier_one_learns_is_left_out():
    """What `pivot` and `unnest` call their columns is known only once there are data; a name that nothing makes is still a mistake."""
    pivot = STEPS["pivot"]("word", by="label", values="number")
    imputed, made, scaled = STEPS["impute"]("number_a"), STEPS["formula"]("x", "number_a + 1"), STEPS["scale"]("price")
    assert planned(pivot, imputed, made).left_out == ["impute number_a", "formula"]
    assert planned(STEPS["unnest"]("word"), STEPS["impute"]("word_a"), scaled).left_out == ["impute word_a"]
    session = planned(pivot)  # the part `rows` is fitted ahead of `features`
    fit([imputed], dataset(sample_table(), ROLES), session)
    assert session.left_out == ["impute number_a"]
    with pytest.raises(ColumnError, match="no column, kind or role is called 'number_a'"):
        planned(scaled, imputed)


def test_what_follows_a_step_that_is_left_out_is_planned():
    target, imputed = STEPS["encode"]("word", with_="target"), STEPS["impute"]("number", with_="mean")
    session = planned(target, imputed, STEPS["scale"]("number"))
    assert session.left_out == ["encode word"]
    assert any("number" in scan.query for scan in session.scans)
