"""Scores of predictions are those of scikit-learn, where it gives them a meaning."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.metrics.predictions import auc, r2

pairs = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=40)


@given(pairs.filter(lambda found: len({y for _, y in found}) == 2))
def test_the_auc_is_that_of_scikit_learn(found):
    metrics = pytest.importorskip("sklearn.metrics")
    scores, y = np.array([s for s, _ in found], float), np.array([y for _, y in found])
    assert auc(scores, y) == pytest.approx(metrics.roc_auc_score(y, scores), abs=1e-12)


def test_the_auc_of_one_class_is_none():
    assert np.isnan(auc(np.array([0.1, 0.2]), np.array([True, True])))


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=2, max_size=40))
def test_r2_is_that_of_scikit_learn_and_there_is_none_of_one_value(found):
    metrics = pytest.importorskip("sklearn.metrics")
    truth, predicted = np.array(found, float).T
    if len({*truth}) == 1:
        assert np.isnan(r2(truth, predicted))
    else:
        assert r2(truth, predicted) == pytest.approx(metrics.r2_score(truth, predicted), abs=1e-9)
