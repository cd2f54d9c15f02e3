"""The nearest rows: those of scikit-learn, whatever the numbers are like."""

from __future__ import annotations

import os

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from tilth.metrics.neighbours import Points, farthest, nearest

N = 3_000  # more rows than are looked at before any is left out
NO_CODES = np.empty((N, 0), int)
RNG = np.random.default_rng(0)
CLUSTERS = RNG.normal(size=(8, 3)).repeat(-(-N // 8), axis=0)[:N] * 1e6
SHAPES = {
    "normal": RNG.normal(size=(N, 30)),
    "one column": RNG.normal(size=(N, 1)),
    "long tails": np.exp(3 * RNG.normal(size=(N, 4))),
    "far from 0": 1e9 + RNG.normal(size=(N, 3)),
    "clusters far apart": CLUSTERS + RNG.normal(size=(N, 3)),
    "one far away": np.append(RNG.normal(size=(N - 1, 2)), [[1e15, -1e15]], axis=0),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("k", [1, 7])
def test_they_are_those_of_scikit_learn(name, k):
    x, rows = SHAPES[name], np.arange(N)
    squares, theirs = NearestNeighbors(n_neighbors=k + 1, algorithm="kd_tree").fit(x).kneighbors(x)
    places, ours = nearest(Points(x, NO_CODES), rows, rows, k)
    last = -1 if name == "one far away" else N  # all others are equally near it
    assert (places[:last] == theirs[:last, 1:]).all()
    assert np.sqrt(ours) == pytest.approx(squares[:, 1:], rel=1e-6)


def test_of_some_rows_among_others():
    x = SHAPES["normal"]
    places, _ = nearest(Points(x, NO_CODES), np.arange(5, 1400, 7), np.arange(1400, N), 3)
    theirs = NearestNeighbors(n_neighbors=3).fit(x[1400:]).kneighbors(x[5:1400:7], return_distance=False)
    assert (places == theirs + 1400).all()


def test_equally_near_rows_come_by_their_place():
    x = np.tile([[0.0], [1.0], [2.0]], (500, 1))
    places, squares = nearest(Points(x, NO_CODES), np.array([4, 900]), np.arange(1_500), 3)
    assert places.tolist() == [[1, 7, 10], [0, 3, 6]]
    assert not squares.any()


def test_many_equal_rows_of_which_all_are_asked():
    value = RNG.integers(0, 3, size=1_000)
    places, squares = nearest(Points(value[:, None].astype(float), NO_CODES[:1_000]), np.arange(1_000), np.arange(1_000), 3)
    first = [np.flatnonzero(value == v)[:4] for v in range(3)]
    assert not squares.any()
    assert places.tolist() == [[int(p) for p in first[v] if p != i][:3] for i, v in enumerate(value)]


@pytest.mark.slow
@pytest.mark.parametrize("columns", [4, 30])  # where bounds rule out many leaves, and where none
def test_neither_threads_nor_blocks_change_them(monkeypatch, columns):
    x = np.round(SHAPES["normal"][:, :columns], 1)
    found = [nearest(Points(x, NO_CODES), np.arange(N), np.arange(N), 5)[0]]
    for cores, leaf in ((1, 64), (8, 16), (3, 50)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        monkeypatch.setattr("tilth.metrics.neighbours.LEAF", leaf)
        found.append(nearest(Points(x, NO_CODES), np.arange(N), np.arange(N), 5)[0])
    assert all((f == found[0]).all() for f in found)


def test_categories_add_to_the_squares():
    codes = RNG.integers(0, 3, size=(N, 2))
    points = Points(SHAPES["long tails"], codes, (lambda a, b: np.where(a != b, 0.5, 0.0), lambda a, b: np.abs(a - b) / 3.0))
    exact = ((points.numbers[:50, None] - points.numbers) ** 2).sum(axis=2)
    exact += 0.5 * (codes[:50, None, 0] != codes[:, 0]) + np.abs(codes[:50, None, 1] - codes[:, 1]) / 3.0
    np.fill_diagonal(exact, np.inf)
    places, squares = nearest(points, np.arange(50), np.arange(N), 4)
    assert (places == np.argsort(exact, axis=1)[:, :4]).all()
    assert squares == pytest.approx(np.sort(exact, axis=1)[:, :4])


def test_there_are_fewer_where_there_are_fewer_rows():
    points = Points(np.array([[0.0], [1.0], [5.0]]), np.empty((3, 0), int))
    assert nearest(points, np.arange(3), np.arange(3), 9)[0].tolist() == [[1, 2], [0, 2], [1, 0]]
    assert nearest(points, np.array([0]), np.array([0]), 9)[0].shape == (1, 0)
    assert nearest(points, np.empty(0, int), np.arange(3), 1)[0].shape == (0, 1)


def test_the_farthest_rows():
    x, among = SHAPES["normal"], np.arange(100, 300)
    found = farthest(Points(x, NO_CODES), np.arange(60), among, 3)
    assert found == pytest.approx(np.sort(((x[:60, None] - x[among]) ** 2).sum(axis=2), axis=1)[:, -3:])
