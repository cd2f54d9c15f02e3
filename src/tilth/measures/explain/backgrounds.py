"""Background rows, which replace absent features: given rows, the mean row, a sample, or the centres of clusters."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

from tilth.metrics.kmeans import clusters

Generated: TypeAlias = Literal["kmeans", "mean", "sample"]
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
