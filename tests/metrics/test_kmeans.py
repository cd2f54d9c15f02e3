"""Clusters by k-means."""

import numpy as np
import pytest

from tilth.metrics.kmeans import _silhouette, clusters

RANDOM = np.random.default_rng(5)
SPOTS = np.concatenate([RANDOM.normal(at, 0.3, (60, 2)) for at in ((0, 0), (9, 0), (0, 9))])


def test_clusters_are_found_and_their_number_too():
    found = clusters(SPOTS, None, seed=0)
    assert sorted(np.bincount(found)) == [60, 60, 60]
    assert all(len(set(found[i : i + 60])) == 1 for i in (0, 60, 120))


def test_points_without_clusters_are_one_unless_the_best_are_wanted():
    even = np.random.default_rng(1).uniform(size=(200, 8))
    assert set(clusters(even, None, 0)) == {0}
    assert 2 <= len(set(clusters(even, None, 0, most=4, clear=-1))) <= 4


def test_their_silhouette_is_that_of_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    of = RANDOM.integers(0, 4, len(SPOTS))
    apart = np.linalg.norm(SPOTS[:, None] - SPOTS, axis=2)
    assert _silhouette(apart, of) == pytest.approx(metrics.silhouette_score(SPOTS, of))
