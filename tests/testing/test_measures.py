"""The battery of measures, on all of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tilth.engine.duckdb import DuckDB
from tilth.engine.session import everything
from tilth.measures.balance import Balance
from tilth.measures.bias.measure import Bias
from tilth.measures.bias_variance.measure import BiasVarianceOfLearner
from tilth.measures.explain.pdp import Pdp
from tilth.measures.explain.shap import Shap
from tilth.measures.importance import Importance
from tilth.measures.insights.measure import Insights
from tilth.measures.measure import Measured
from tilth.measures.profile import Profile
from tilth.report import Finding
from tilth.testing.measures import check_measure

TABLE = pa.table({"age": [30, 50, None, 41] * 15, "sex": ["f", "m", "m"] * 20, "hired": ["yes", "no", "yes", None, "no"] * 12})
ROLES = {"label": "hired", "positive": "yes", "facet": ["sex"]}
AGES = Shap(lambda rows: np.nan_to_num(rows["age"].to_numpy()) + [sex == "f" for sex in rows["sex"].to_pylist()])
ALL = (
    Profile(),
    Balance(),
    Bias(bootstrap=0),
    Importance(lambda rows: np.full(len(rows), "yes"), repeats=2),
    AGES,
    Pdp(AGES.model),
    Insights(),
    BiasVarianceOfLearner(replicates=5),
)


@pytest.mark.slow
@pytest.mark.parametrize("measure", ALL, ids=lambda m: m.name)
def test_every_measure_keeps_the_laws(measure):
    check_measure(measure, tilth.read(TABLE, roles=ROLES), (DuckDB().session(), DuckDB().session()))


@pytest.mark.spark
@pytest.mark.parametrize("measure", ALL, ids=lambda m: m.name)
def test_both_engines_find_the_same(measure, spark):
    from tilth.engine.spark import Spark

    check_measure(measure, tilth.read(TABLE, roles=ROLES), (DuckDB().session(), Spark(session=spark).session()))


def test_a_measure_with_changing_findings_fails():
    class Fickle(Profile):
        """Has other findings each time."""

        count = 0

        def measure(self, table, originals, session, before=None) -> Measured:
            Fickle.count += 1
            return [Finding("n", value=Fickle.count)], None

    with pytest.raises(AssertionError, match="both engines"):
        check_measure(Fickle(), tilth.read(TABLE), (DuckDB().session(), DuckDB().session()))


def test_a_measure_of_the_first_row_fails():
    class First(Profile):
        """The first value."""

        def measure(self, table, originals, session, before=None) -> Measured:
            return [Finding("first", value=next(iter(session.batches(session.query(table, everything())))).column(0)[0].as_py())], None

    with pytest.raises(AssertionError, match="the order of rows"):
        check_measure(First(), tilth.read(TABLE), (DuckDB().session(),))
