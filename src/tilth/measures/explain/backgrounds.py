"""Rows that stand for the data where a feature is absent: given ones, the mean row, a sample, or the centres of clusters."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

Generated: TypeAlias = Literal["kmeans", "mean", "sample"]
MOST_CLUSTERS = 12  # that are tried where their number is not given
CLEAR = 0.25  # the mean silhouette below which rows are one cluster
LOOKED_AT = 500  # rows of which the silhouette is computed
STEPS = 50  # of Lloyd's algorithm
SAMPLED = 100  # rows of a sample whose size is not given


def generated(how: Generated, rows: np.ndarray, categories: np.ndarray, count: int | None, seed: int) -> np.ndarray:
    """A background made of rows, a matrix with NaN for null; `categories` marks the columns whose numbers are codes.

    `mean`: one row, of means and most frequent categories. `sample`: the first `count` rows. `kmeans`: the same as `mean` of each of
    `count` clusters; without `count` as many, up to 12, as have the best mean silhouette, and one if that is not above 0.25.

    >>> generated("mean", np.array([[1.0, 0], [2, 0], [6, 1]]), np.array([False, True]), None, 0).tolist()
    [[3.0, 0.0]]
    """
    if how == "sample":
        return rows[: count or SAMPLED]
    cluster = np.zeros(len(rows), int) if how == "mean" else clusters(_points(rows, categories), count, seed)
    return np.unique([_centre(rows[cluster == c], categories) for c in np.unique(cluster)], axis=0)


def _centre(rows: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """Means of numbers and most frequent categories, without nulls where there is anything else."""
    found = np.full(rows.shape[1], np.nan)
    for i, column in enumerate(rows.T):
        known = column[~np.isnan(column)]
        if len(known):
            values, counts = np.unique(known, return_counts=True)
            found[i] = values[counts.argmax()] if categories[i] else known.mean()
    return found


def _points(rows: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """Rows with comparable columns: numbers by their deviation, 0 for null; each category as 0 or √½, so that two are 1 apart."""
    columns = []
    for i, column in enumerate(rows.T):
        known = ~np.isnan(column)
        if categories[i]:
            columns += [(column == value) * 0.5**0.5 for value in np.unique(column[known])]
        elif known.any() and (deviation := column[known].std()) > 0:
            columns.append(np.where(known, (column - column[known].mean()) / deviation, 0.0))
    return np.stack(columns, axis=1) if columns else np.zeros((len(rows), 1))


def clusters(points: np.ndarray, count: int | None, seed: int) -> np.ndarray:
    """The cluster of each point, by k-means from starts far apart (k-means++).

    Source: Arthur and Vassilvitskii, k-means++, 2007; Rousseeuw, Silhouettes, 1987.
    """
    if count is not None:
        return _lloyd(points, min(count, len(points)), seed)
    some = points[:LOOKED_AT]
    apart = np.sqrt(np.maximum(_squares(some, some), 0))
    best, found = CLEAR, np.zeros(len(points), int)
    for k in range(2, min(MOST_CLUSTERS, len(np.unique(points, axis=0)) - 1) + 1):
        cluster = _lloyd(points, k, seed)
        if (clear := _silhouette(apart, cluster[:LOOKED_AT])) > best:
            best, found = clear, cluster
    return found


def _squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The squared distance of each point of one to each of the other."""
    found: np.ndarray = (a**2).sum(axis=1)[:, None] - 2 * a @ b.T + (b**2).sum(axis=1)
    return found


def _lloyd(points: np.ndarray, k: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    centres = points[[random.integers(len(points))]]
    while len(centres) < k:
        far = np.maximum(_squares(points, centres).min(axis=1), 0)
        chance = far / far.sum() if far.sum() > 0 else None
        centres = np.concatenate([centres, points[[random.choice(len(points), p=chance)]]])
    cluster = np.full(len(points), -1)
    for _ in range(STEPS):
        nearest = _squares(points, centres).argmin(axis=1)
        if (nearest == cluster).all():
            break
        cluster = nearest
        centres = np.stack([points[cluster == c].mean(axis=0) if (cluster == c).any() else centres[c] for c in range(k)])
    return cluster


def _silhouette(apart: np.ndarray, cluster: np.ndarray) -> float:
    """The mean over points of how much nearer the points of its own cluster are than those of the next one, from −1 to 1."""
    names, of = np.unique(cluster, return_inverse=True)
    if len(names) < 2:
        return -1.0
    sizes = np.bincount(of)
    sums = np.stack([apart[:, of == c].sum(axis=1) for c in range(len(names))], axis=1)
    own = np.arange(len(of)), of
    inside = sums[own] / np.maximum(sizes[of] - 1, 1)
    means = sums / sizes
    means[own] = np.inf
    outside = means.min(axis=1)
    larger = np.maximum(np.maximum(inside, outside), 1e-300)
    return float(np.where(sizes[of] > 1, (outside - inside) / larger, 0.0).mean())
