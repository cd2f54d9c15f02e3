"""Background rows, which replace absent features: given rows, the mean row, a sample, or the centres of clusters."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

Generated: TypeAlias = Literal["kmeans", "mean", "sample"]
MOST_CLUSTERS = 12  # most clusters that are tried if their number is not given
CLEAR = 0.25  # the mean silhouette below which rows are one cluster
LOOKED_AT = 500  # rows that the silhouette is computed from
STEPS = 50  # most steps of Lloyd's algorithm
SAMPLED = 100  # default rows of a sample


def generated(how: Generated, rows: np.ndarray, categories: np.ndarray, count: int | None, seed: int) -> np.ndarray:
    """A background computed from rows, a matrix with NaN for null; `categories` marks the columns of codes.

    `mean`: one row with means and most frequent categories. `sample`: the first `count` rows. `kmeans`: such a mean row for each of `count`
    clusters; without `count`, for the number of clusters up to 12 with the best mean silhouette, or for one cluster if none is above 0.25.

    >>> generated("mean", np.array([[1.0, 0], [2, 0], [6, 1]]), np.array([False, True]), None, 0).tolist()
    [[3.0, 0.0]]
    """
    if how == "sample":
        return rows[: count or SAMPLED]
    cluster = np.zeros(len(rows), int) if how == "mean" else clusters(_points(rows, categories), count, seed)
    return np.unique([_centre(rows[cluster == c], categories) for c in np.unique(cluster)], axis=0)


def _centre(rows: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """The means of numbers and the most frequent categories, ignoring nulls unless there is nothing else."""
    found = np.full(rows.shape[1], np.nan)
    for i, column in enumerate(rows.T):
        known = column[~np.isnan(column)]
        if len(known):
            values, counts = np.unique(known, return_counts=True)
            found[i] = values[counts.argmax()] if categories[i] else known.mean()
    return found


def _points(rows: np.ndarray, categories: np.ndarray) -> np.ndarray:
    """Rows with comparable columns: standardised numbers, 0 for null; each category as 0 or √½, so that two have the distance 1."""
    columns = []
    for i, column in enumerate(rows.T):
        known = ~np.isnan(column)
        if categories[i]:
            columns += [(column == value) * 0.5**0.5 for value in np.unique(column[known])]
        elif known.any() and (deviation := column[known].std()) > 0:
            columns.append(np.where(known, (column - column[known].mean()) / deviation, 0.0))
    return np.stack(columns, axis=1) if columns else np.zeros((len(rows), 1))


def clusters(points: np.ndarray, count: int | None, seed: int) -> np.ndarray:
    """The cluster of each point, by k-means with distant starting points (k-means++).

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
    """The squared distance of each point in `a` to each point in `b`."""
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
    """The mean silhouette, from −1 to 1: how much nearer a point is to its own cluster than to the next one."""
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
