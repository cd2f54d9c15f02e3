"""Aggregations that steps share: what they make of bad values, and of rows in any order."""

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engines import duckdb_session
from tests.steps.made import dataset
from tilth.data import Column, Kind
from tilth.engine.session import everything
from tilth.steps.rows.aggregations import Aggregates, Asked, magnitudes

X = Column("x", Kind.FLOAT)
HOWS = ("sum", "mean", "std", "var", "median", "count", "distinct", "mode", "min", "max")


def aggregated(values):
    """Aggregation → its result over one group."""
    data, asked, engine = (
        dataset({"k": [1] * len(values), "x": pa.array(values, pa.float64())}),
        [Asked(X, h, h) for h in HOWS],
        duckdb_session(),
    )
    needs = magnitudes(asked)["x"]
    found = engine.answer(data, needs)
    aggregates = Aggregates({"x": [found[n] for n in needs]}, len(values))
    select = aggregates.grouped(asked, ["k"])
    (row,) = engine.rows(aggregates.below(data, asked).rows(select, out=("k", *HOWS)), everything())
    return dict(zip(HOWS, row[1:], strict=True))


@pytest.mark.slow
@given(st.lists(st.none() | st.floats(-1e6, 1e6, allow_subnormal=False), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_no_digit(values, chance):
    found = aggregated(values)
    assert aggregated(chance.sample(values, len(values))) == found
    x = np.array([v for v in values if v is not None])
    assert (found["count"], found["distinct"]) == (len(x), len(set(x)))
    if len(x):
        assert found["sum"] == pytest.approx(math.fsum(x), rel=1e-15, abs=1e-290)
        assert found["median"] == pytest.approx(np.median(x))
    if len(x) > 1:
        assert found["std"] == pytest.approx(np.std(x, ddof=1), rel=1e-9, abs=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("values", "how", "expected"),
    [
        ([None, None], "sum", None),
        ([None, None], "distinct", 0),
        ([0.1], "std", None),
        ([0.1] * 10, "std", 0.0),
        ([1e9 + 0.1] * 3, "var", 0.0),
        ([math.inf, 1.0], "mean", math.inf),
        ([math.inf, -math.inf], "mean", None),
        ([math.inf, math.inf], "std", None),
        ([math.inf, 1.0], "median", math.inf),
        ([2.0, 1.0, 2.0, 1.0], "mode", 1.0),
    ],
)
def test_bad_values(values, how, expected):
    assert aggregated(values)[how] == expected


def test_what_has_no_aggregation():
    assert "not numeric" in Asked(Column("s", Kind.STRING), "sum", "s").unfit
    assert "no order" in Asked(Column("l", Kind.LIST), "max", "l").unfit
    assert not Asked(Column("l", Kind.LIST), "count", "l").unfit
