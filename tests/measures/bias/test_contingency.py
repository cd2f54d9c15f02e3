"""The table of two sides: what is known along which axes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.measures.bias.test_metrics import tables
from tilth.measures.bias import BIAS_METRICS
from tilth.measures.bias.contingency import Contingency


def test_an_axis_that_is_asked_for_leaves_out_what_is_unknown_along_it():
    t = Contingency(np.arange(2 * 2 * 3 * 3, dtype=float).reshape(1, 2, 2, 3, 3))
    assert t.known()[0].tolist() == t.numbers[0].sum(axis=(1, 2, 3)).tolist()
    assert t.known("label")[0].tolist() == t.numbers[0, :, :, :2].sum(axis=(1, 3)).tolist()
    assert t.known("stratum", "prediction")[0].tolist() == t.numbers[0, :, :1, :, :2].sum(axis=2).tolist()


def test_an_axis_that_is_not_counted_is_unknown_throughout():
    t = Contingency(np.ones((1, 2, 1, 3, 1)))
    assert t.known("prediction").shape == (1, 2, 0)
    assert t.known("label").tolist() == [[[1, 1], [1, 1]]]


@given(tables(), tables())
def test_parts_add_up_to_the_whole(t, u):
    s = min(t.numbers.shape[2], u.numbers.shape[2])
    a, b = (Contingency(x.numbers[:, :, -s:]) for x in (t, u))
    whole = Contingency(a.numbers + b.numbers)
    for m in BIAS_METRICS.values():
        assert (whole.known(*m.axes) == a.known(*m.axes) + b.known(*m.axes)).all()


@given(tables(), st.permutations([0, 1]))
def test_the_sides_are_independent(t, order):
    assert (Contingency(t.numbers[:, order]).known("label") == t.known("label")[:, order]).all()
