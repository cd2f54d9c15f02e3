"""normalize, beside scikit-learn's Normalizer."""

import math

import numpy as np
import pytest
from sklearn.preprocessing import Normalizer

from tests.steps.made import made
from tilth.errors import RequestError
from tilth.steps.scale.normalize import Normalize

X = np.vstack([np.random.default_rng(2).normal(0, 3, (20, 3)), np.zeros(3), [3.0, 0.0, -4.0]])


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_the_rows_are_those_of_scikit_learn(norm):
    found = made(Normalize(("a", "b", "c"), with_=norm), {name: X[:, i].tolist() for i, name in enumerate("abc")})
    np.testing.assert_allclose(np.array([found[c] for c in "abc"]).T, Normalizer(norm).fit_transform(X), rtol=1e-12)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@pytest.mark.parametrize("odd", [None, math.inf, -math.inf])
def test_a_null_or_infinite_number_leaves_no_length(norm, odd):
    assert made(Normalize("numeric", with_=norm), {"a": [1.0, 0.0], "b": [odd, 2.0]}) == {"a": [None, 0.0], "b": [None, 1.0]}


@pytest.mark.parametrize(("columns", "message"), [("no_*", "no column is chosen"), (("a", "w"), "column 'w' .* is not numeric")])
def test_what_has_no_length_is_rejected(columns, message):
    with pytest.raises(RequestError, match=message):
        made(Normalize(columns), {"a": [1], "w": ["x"]})
