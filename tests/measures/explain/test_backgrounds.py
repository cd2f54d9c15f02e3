"""Rows that stand for the data."""

from __future__ import annotations

import numpy as np
import pytest

from tilth.measures.explain.backgrounds import generated

RANDOM = np.random.default_rng(5)
SPOTS = np.concatenate([RANDOM.normal(at, 0.3, (60, 2)) for at in ((0, 0), (9, 0), (0, 9))])
NUMBERS = np.array([False, False])


def test_the_centres_of_clusters():
    centres = generated("kmeans", SPOTS, NUMBERS, None, seed=0)
    assert centres == pytest.approx(np.unique([SPOTS[i : i + 60].mean(axis=0) for i in (0, 60, 120)], axis=0))


def test_rows_without_clusters_are_one():
    even = np.random.default_rng(1).uniform(size=(200, 8))
    assert generated("kmeans", even, np.zeros(8, bool), None, 0) == pytest.approx(even.mean(axis=0, keepdims=True))


def test_a_given_number_of_clusters_is_made():
    assert len(generated("kmeans", SPOTS, NUMBERS, 5, 0)) == 5
    assert len(generated("kmeans", SPOTS[:2], NUMBERS, 5, 0)) == 2


def test_nulls_and_categories():
    rows = np.array([[1.0, 2, np.nan], [np.nan, 2, np.nan], [3, 0, np.nan]])
    categories = np.array([False, True, False])
    np.testing.assert_array_equal(generated("mean", rows, categories, None, 0), [[2, 2, np.nan]])
    assert len(generated("kmeans", rows, categories, 2, 0)) == 2
    np.testing.assert_array_equal(generated("sample", rows, categories, 2, 0), rows[:2])
