"""The transforms as functions of arrays: scipy's and numpy's numbers, at the extremes too."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as matrices
from scipy import special

from tilth.steps.output import arrays

SCORES = matrices(np.float64, st.tuples(st.integers(1, 3), st.integers(2, 4)), elements=st.floats(-1e6, 1e6))
INF = math.inf


@given(SCORES)
def test_of_whole_rows(x):
    assert arrays.softmax(x) == pytest.approx(special.softmax(x, axis=-1), rel=1e-12, abs=1e-300)
    assert arrays.softmax(x, temperature=3.0) == pytest.approx(special.softmax(x / 3.0, axis=-1), rel=1e-12, abs=1e-300)
    assert arrays.log_softmax(x) == pytest.approx(special.log_softmax(x, axis=-1), rel=1e-9, abs=1e-9)
    assert arrays.argmax(x).tolist() == x.argmax(axis=-1).tolist()


@given(SCORES)
def test_of_each_number(x):
    assert arrays.sigmoid(x) == pytest.approx(special.expit(x), rel=1e-14, abs=0)
    assert arrays.log_sigmoid(x) == pytest.approx(special.log_expit(x), rel=1e-14, abs=1e-320)
    assert arrays.tanh(x) == pytest.approx(np.tanh(x), rel=1e-14, abs=0)
    assert (arrays.relu(x) == np.maximum(x, 0)).all()
    assert (arrays.relu(x, slope=0.01) == np.where(x > 0, x, x * 0.01)).all()
    assert arrays.elu(x, alpha=2.0) == pytest.approx(np.where(x > 0, x, 2 * special.expm1(np.minimum(x, 0))), rel=1e-14, abs=0)
    assert arrays.softplus(x) == pytest.approx(np.logaddexp(0, x), rel=1e-14, abs=1e-320)
    assert (arrays.temperature(x, 4.0) == x / 4).all()


EXTREMES = [
    (arrays.softmax, [1000.0, 1000.0], [0.5, 0.5]),
    (arrays.softmax, [-1000.0, 0.0, 1000.0], [0.0, 0.0, 1.0]),
    (arrays.softmax, [-INF, 0.0], [0.0, 1.0]),
    (arrays.softmax, [INF, 0.0], [1.0, 0.0]),
    (arrays.softmax, [-INF, -INF], [None, None]),
    (arrays.softmax, [INF, INF, 0.0], [None, None, None]),
    (arrays.softmax, [math.nan, INF, 0.0], [None, None, None]),
    (arrays.log_softmax, [-1000.0, 0.0], [-1000.0, 0.0]),
    (arrays.log_softmax, [INF, 0.0], [0.0, -INF]),
    (arrays.log_softmax, [-INF, 0.0], [-INF, 0.0]),
    (arrays.log_softmax, [-INF, -INF], [None, None]),
    (arrays.log_softmax, [math.nan, INF], [None, None]),
    (arrays.sigmoid, [-800.0, 800.0, -INF, INF, math.nan], [0.0, 1.0, 0.0, 1.0, None]),
    (arrays.log_sigmoid, [-800.0, 800.0, -INF, INF, math.nan], [-800.0, 0.0, -INF, 0.0, None]),
    (arrays.logit, [0.0, 0.5, 1.0], [pytest.approx(math.log(1e-12)), 0.0, pytest.approx(-math.log(1e-12))]),
    (arrays.logit, [-0.1, 1.1, math.nan, INF], [None, None, None, None]),
    (arrays.tanh, [-INF, INF, math.nan], [-1.0, 1.0, None]),
    (arrays.relu, [-INF, INF, math.nan, -0.0], [0.0, INF, None, 0.0]),
    (arrays.elu, [-INF, -800.0, INF, math.nan, -0.0], [-1.0, -1.0, INF, None, 0.0]),
    (arrays.softplus, [-800.0, 0.0, 800.0, -INF, INF, math.nan], [0.0, math.log(2), 800.0, 0.0, INF, None]),
    (arrays.argmax, [math.nan, 1.0], -1),
    (arrays.argmax, [2.0, 7.0, 7.0], 1),
]


@pytest.mark.parametrize(("function", "given", "expected"), EXTREMES, ids=[f"{f.__name__}{x}" for f, x, _ in EXTREMES])
def test_the_extremes(function, given, expected):
    with warnings.catch_warnings(action="error", category=RuntimeWarning):
        found = function(given).tolist()
    assert ([None if v != v else v for v in found] if isinstance(found, list) else found) == expected


def test_no_negative_zero():
    assert math.copysign(1, arrays.relu([-0.0])[0]) == 1


@given(st.floats(0, 1))
def test_logit_of_probabilities(p):
    assert arrays.logit([p])[0] == pytest.approx(special.logit(min(max(p, 1e-12), 1 - 1e-12)), rel=1e-12, abs=1e-15)


@given(st.floats(-20, 20))
def test_logit_undoes_sigmoid(z):
    """As far as a probability near 1 says what it was: its last bit is 3e-8 of z at 20, and less than 1e-9 up to 16."""
    assert arrays.logit(arrays.sigmoid([z]))[0] == pytest.approx(z, abs=1e-9 if z < 16 else 5e-8)
