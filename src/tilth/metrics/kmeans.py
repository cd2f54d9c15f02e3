"""Clusters of points by k-means, and their number by silhouettes."""

from __future__ import annotations

import numpy as np

MOST_CLUSTERS = 12  # most clusters that are tried if their number is not given
CLEAR = 0.25  # the mean silhouette below which points are one cluster
LOOKED_AT = 500  # points that the silhouette is computed from
STEPS = 50  # most steps of Lloyd's algorithm


def clusters(points: np.ndarray, count: int | None, seed: int, most: int = MOST_CLUSTERS, clear: float = CLEAR) -> np.ndarray:
    """The cluster of each point, by k-means with distant starting points (greedy k-means++, as in scikit-learn).

    Without `count`, the number of clusters up to `most` with the best mean silhouette, or one cluster if none is above `clear`.

    Source: Arthur and Vassilvitskii, k-means++, 2007; Rousseeuw, Silhouettes, 1987.
    """
    if count is not None:
        return _lloyd(points, min(count, len(points)), seed)
    some = points[:LOOKED_AT]
    apart = np.sqrt(np.maximum(_squares(some, some), 0))
    best, found = clear, np.zeros(len(points), int)
    for k in range(2, min(most, len(np.unique(points, axis=0)) - 1) + 1):
        cluster = _lloyd(points, k, seed)
        if (mean := _silhouette(apart, cluster[:LOOKED_AT])) > best:
            best, found = mean, cluster
    return found


def _squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The squared distance of each point in `a` to each point in `b`."""
    found: np.ndarray = np.einsum("ij,ij->i", a, a)[:, None] - 2 * (a @ b.T) + np.einsum("ij,ij->i", b, b)
    return found


def _lloyd(points: np.ndarray, k: int, seed: int) -> np.ndarray:
    centres = points[_starts(points, k, np.random.default_rng(seed))]
    cluster = np.full(len(points), -1)
    for _ in range(STEPS):
        nearest = _squares(points, centres).argmin(axis=1)
        if (nearest == cluster).all():
            break
        cluster = nearest
        centres = np.stack([points[cluster == c].mean(axis=0) if (cluster == c).any() else centres[c] for c in range(k)])
    return cluster


def _starts(points: np.ndarray, k: int, random: np.random.Generator) -> list[int]:
    """The starting points: each is the best of several that are drawn by their squared distance to the nearest one so far."""
    tried = 2 + int(np.log(k))
    found = [int(random.integers(len(points)))]
    far = np.maximum(_squares(points[found], points)[0], 0)
    while len(found) < k:
        drawn = random.choice(len(points), tried, p=far / far.sum() if far.sum() > 0 else None)
        nearer = np.minimum(far, np.maximum(_squares(points[drawn], points), 0))
        best = int(nearer.sum(axis=1).argmin())
        found.append(int(drawn[best]))
        far = nearer[best]
    return found


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
