"""The formulas against scipy, against each other, and on the edges of what they are defined for."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.metrics import contrasts

COUNTS = st.lists(st.integers(0, 10**6), min_size=2, max_size=6).filter(sum)


def pair(width):
    one = st.lists(st.integers(0, 1000), min_size=width, max_size=width).filter(sum)
    return st.tuples(one, one)


@given(st.integers(2, 6).flatmap(pair))
def test_distances_equal_those_of_scipy(counts):
    scipy = pytest.importorskip("scipy.spatial.distance")
    entropy = pytest.importorskip("scipy.stats").entropy
    p, q = map(contrasts.shares, counts)
    assert contrasts.jensen_shannon(p, q) == pytest.approx(scipy.jensenshannon(p, q) ** 2, rel=1e-9, abs=1e-9)
    assert contrasts.euclidean(p, q) == pytest.approx(scipy.euclidean(p, q), rel=1e-12, abs=1e-12)
    assert contrasts.total_variation(p, q) == pytest.approx(scipy.cityblock(p, q) / 2, rel=1e-12, abs=1e-12)
    assert contrasts.largest_gap(p, q) == pytest.approx(scipy.chebyshev(p, q), rel=1e-12, abs=1e-12)
    assert contrasts.kullback_leibler(p, q) == pytest.approx(entropy(p, q), rel=1e-9, abs=1e-12)


@given(st.integers(2, 6).flatmap(pair))
def test_distances_keep_to_their_bounds(counts):
    p, q = map(contrasts.shares, counts)
    tvd, js = contrasts.total_variation(p, q), contrasts.jensen_shannon(p, q)
    assert 0 <= js <= math.log(2)
    assert 0 <= tvd <= 1 + 1e-12
    assert js <= tvd * math.log(2) + 1e-12
    assert 0 <= contrasts.euclidean(p, q) <= math.sqrt(2) + 1e-12
    assert contrasts.kullback_leibler(p, q) >= -1e-12
    assert js == pytest.approx(contrasts.jensen_shannon(q, p), rel=1e-12, abs=1e-15)


@given(st.lists(st.tuples(*[st.integers(0, 50)] * 4), min_size=1, max_size=8))
def test_one_stratum_is_the_plain_disparity_and_strata_keep_to_the_bounds(strata):
    d = np.array([(a, c) for a, _, c, _ in strata])
    both = d + np.array([(b, e) for _, b, _, e in strata])
    found = contrasts.conditional_disparity(d[:, 0], both[:, 0], d[:, 1], both[:, 1])
    assert np.isnan(found) if not both.sum() else -1 - 1e-12 <= found <= 1 + 1e-12
    if both[0].sum():
        alone = contrasts.conditional_disparity(d[:1, 0], both[:1, 0], d[:1, 1], both[:1, 1])
        assert alone == pytest.approx(contrasts.disparity(d[0, 0], both[0, 0], d[0, 1], both[0, 1]), rel=1e-12, abs=1e-15)


@given(st.lists(st.integers(0, 40), min_size=3, max_size=3), st.sampled_from([-1, 0, 0.5, 1, 1.5, 2, 3]))
def test_generalized_entropy_is_the_mean_over_rows(counts, alpha):
    """The definition, row by row; of order 2 it is half the squared coefficient of variation."""
    benefits = [b for b, n in enumerate(counts) for _ in range(n)]
    found = contrasts.generalized_entropy(counts, (0, 1, 2), alpha)
    if not sum(benefits):
        assert np.isnan(found)
        return
    ratios = [b / (sum(benefits) / len(benefits)) for b in benefits]
    if alpha <= 0 and 0 in benefits:
        assert found == np.inf
        return
    terms = {0: lambda r: -math.log(r), 1: lambda r: r * math.log(r) if r else 0.0}.get(
        alpha, lambda r: (r**alpha - 1) / (alpha**2 - alpha)
    )
    assert found == pytest.approx(sum(map(terms, ratios)) / len(ratios), rel=1e-9, abs=1e-12)
    if alpha == 2:
        assert found == pytest.approx(np.var(ratios) / 2, rel=1e-9, abs=1e-12)


def test_many_tables_at_once_are_the_tables_one_by_one():
    counts = np.random.default_rng(1).integers(0, 100, (50, 2, 4)) + 1
    p, q = contrasts.shares(counts[:, 0]), contrasts.shares(counts[:, 1])
    for formula in (
        contrasts.kullback_leibler,
        contrasts.jensen_shannon,
        contrasts.euclidean,
        contrasts.total_variation,
        contrasts.largest_gap,
    ):
        assert formula(p, q) == pytest.approx([float(formula(a, b)) for a, b in zip(p, q, strict=True)], rel=1e-12)


def test_shares_of_nothing_are_nan():
    assert np.isnan(contrasts.shares([0, 0])).all()


def test_an_outcome_that_one_side_lacks():
    assert contrasts.kullback_leibler([0.5, 0.5], [1.0, 0.0]) == math.inf
    assert contrasts.kullback_leibler([1.0, 0.0], [0.5, 0.5]) == pytest.approx(math.log(2))
    assert contrasts.jensen_shannon([1.0, 0.0], [0.0, 1.0]) == math.log(2)


@given(COUNTS.map(lambda c: [float(x) / 7 for x in c]), st.randoms(use_true_random=False))
def test_the_sum_of_one_table_does_not_depend_on_the_order(terms, random):
    shuffled = random.sample(terms, len(terms))
    assert contrasts.exact_sum(terms) == contrasts.exact_sum(shuffled)
