"""Intervals cover what they promise, tests equal those of scipy, draws repeat."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.metrics import intervals


def draws(counts, n=1000, seed=(0,), **more):
    return np.concatenate(list(intervals.resampled(counts, n, seed, **more)))


def test_the_same_seed_gives_the_same_draws_and_another_seed_others():
    assert (draws([30, 20, 50]) == draws([30, 20, 50])).all()
    assert (draws([30, 20, 50]) != draws([30, 20, 50], seed=(1,))).any()


def test_these_draws_are_the_same_on_every_machine():
    """The streams of `SFC64` and of `RandomState` are frozen (NEP 19), so the numbers can stand here: made once by this function."""
    assert draws([30, 20, 50], n=3).tolist() == PINNED


PINNED = [[26, 21, 53], [29, 19, 52], [32, 21, 47]]


def test_a_draw_has_as_many_rows_and_leaves_empty_cells_empty():
    found = draws([10**9, 0, 3, 20_000_000], n=200)
    assert (found.sum(axis=1) == 10**9 + 3 + 20_000_000).all()
    assert (found[:, 1] == 0).all()
    assert abs(found[:, 3].mean() / 20_000_000 - 1) < 1e-3


def test_draws_of_large_cells_are_whole_and_have_the_quantiles_of_the_multinomial_distribution(monkeypatch):
    """Seeded, against draws of that distribution itself; the leeway is four standard errors of a quantile of 20,000 draws."""
    counts, numbers = [1_500, 40, 2_000, 9_000, 0, 300], 20_000
    found = draws(counts, n=numbers)
    assert (found == np.rint(found)).all() and (found >= 0).all() and (found.sum(axis=1) == sum(counts)).all()
    monkeypatch.setattr(intervals, "LARGE", math.inf)
    expected, quantiles = draws(counts, n=numbers, seed=(1,)), (0.025, 0.5, 0.975)
    of_pair = [(x[:, 0] / (x[:, 0] + x[:, 2]), x[:, 1] + x[:, 3]) for x in (found, expected)]
    for one, other in [*zip(found.T, expected.T, strict=True), *zip(*of_pair, strict=True)]:
        assert np.quantile(one, quantiles) == pytest.approx(np.quantile(other, quantiles), abs=0.11 * other.std())


def test_no_rows_give_draws_of_no_rows():
    assert draws([0, 0], n=5).sum() == 0


def test_few_draws_at_a_time_are_the_same_draws(monkeypatch):
    whole = draws(range(100), n=250)
    monkeypatch.setattr(intervals, "AT_ONCE", 700)
    assert (draws(range(100), n=250) == whole).all()


def test_a_table_of_many_empty_cells_is_drawn_a_few_draws_at_a_time(monkeypatch):
    monkeypatch.setattr(intervals, "MOST_AT_ONCE", 3_000)
    parts = [*intervals.resampled([*[0] * 999, 5], 10, [0])]
    assert [part.shape for part in parts] == [(3, 1000), (3, 1000), (3, 1000), (1, 1000)]


def test_weights_are_drawn_with_their_rows():
    rows, weights, squares = [100, 300], [50.0, 900.0], [25.0, 2700.0]
    found = draws(rows, n=2000, weights=(weights, squares))
    assert found.mean(axis=0) == pytest.approx(weights, rel=0.02)
    # one row's weight times its presence: variance N·(E[w²·1] − E[w·1]²) with N = 400
    expected = [math.sqrt(400 * (s / 400 - (w / 400) ** 2)) for w, s in zip(weights, squares, strict=True)]
    assert found.std(axis=0) == pytest.approx(expected, rel=0.06)


def test_a_percentile_interval_of_few_draws_or_of_none_is_none():
    assert intervals.percentile_interval(range(10)) is None
    assert intervals.percentile_interval([math.nan] * 600 + [1.0] * 400) is None


def test_draws_may_be_infinite():
    assert intervals.percentile_interval([1.0] * 900 + [math.inf] * 100) == (1.0, math.inf)


@pytest.mark.parametrize(("p_a", "p_d", "n"), [(0.7, 0.4, 80), (0.3, 0.25, 200)])
def test_intervals_of_a_difference_have_their_nominal_coverage(p_a, p_d, n):
    """Seeded: of 300 tables drawn from known shares, about 95 % of the intervals hold the difference; 4 standard errors of leeway."""
    random = np.random.default_rng(7)
    covered = {"bootstrap": 0, "normal": 0}
    for trial in range(300):
        a, d = random.binomial(n, p_a), random.binomial(n, p_d)
        drawn = draws([a, n - a, d, n - d], n=400, seed=(trial,))
        difference = drawn[:, 0] / drawn[:, :2].sum(axis=1) - drawn[:, 2] / drawn[:, 2:].sum(axis=1)
        low, high = intervals.percentile_interval(difference)
        covered["bootstrap"] += low <= p_a - p_d <= high
        low, high = intervals.normal_interval(a / n - d / n, intervals.error_of_difference(a / n, n, d / n, n))
        covered["normal"] += low <= p_a - p_d <= high
    assert all(abs(c / 300 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 300) for c in covered.values())


TABLES = st.tuples(st.integers(1, 60), st.integers(1, 60)).flatmap(
    lambda n: st.tuples(st.integers(0, n[0]), st.just(n[0]), st.integers(0, n[1]), st.just(n[1]))
)


def test_wilson_equals_that_of_scipy():
    scipy = pytest.importorskip("scipy.stats")
    for hits, rows in [(0, 7), (7, 7), (1, 3), (90, 100), (30_725, 32_561)]:
        theirs = scipy.binomtest(hits, rows).proportion_ci(0.95, "wilson")
        assert intervals.wilson_interval(hits, rows) == pytest.approx((theirs.low, theirs.high), rel=1e-12, abs=1e-15)


@given(TABLES)
def test_fisher_equals_that_of_scipy(table):
    scipy = pytest.importorskip("scipy.stats")
    hits_a, n_a, hits_d, n_d = table
    expected = scipy.fisher_exact([[hits_a, n_a - hits_a], [hits_d, n_d - hits_d]]).pvalue
    assert intervals.fisher_exact(*table) == pytest.approx(expected, rel=1e-6)


@given(TABLES)
def test_the_z_test_is_the_chi_square_test_without_correction(table):
    scipy = pytest.importorskip("scipy.stats")
    hits_a, n_a, hits_d, n_d = table
    misses = n_a + n_d - hits_a - hits_d
    if min(n_a, n_d) * min(hits_a + hits_d, misses) / (n_a + n_d) < 5:
        return
    expected = scipy.chi2_contingency([[hits_a, n_a - hits_a], [hits_d, n_d - hits_d]], correction=False).pvalue
    assert intervals.p_of_difference(*table) == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_small_cells_are_judged_exactly_and_empty_groups_not_at_all():
    assert intervals.p_of_difference(3, 4, 1, 4) == intervals.fisher_exact(3, 4, 1, 4)
    assert intervals.p_of_difference(0, 0, 1, 4) is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_adjusted_p_values_equal_those_of_scipy(p_values):
    scipy = pytest.importorskip("scipy.stats")
    assert intervals.adjusted(p_values) == pytest.approx(scipy.false_discovery_control(p_values).tolist(), rel=1e-12)
