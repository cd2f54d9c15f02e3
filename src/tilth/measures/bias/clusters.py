"""Intervals for rows that belong together: draws whole clusters, such as all visits of a patient, or all objects in an image."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tilth.data import Dataset
from tilth.engine.session import Session
from tilth.engine.statistics import count, count_of, distinct
from tilth.errors import Mistake, RequestError
from tilth.measures.bias.values import category
from tilth.metrics.contrasts import Numbers
from tilth.metrics.intervals import resampled
from tilth.metrics.metric import measured

MOST = 200_000  # clusters; the cells of each are fetched into Python
MOST_NUMBERS = 50_000_000  # clusters times cells: 400 MB


@dataclass(frozen=True, eq=False)
class Members:
    """Rows counted by cluster. Each count has the number of its cluster, its place in a flat table of cells, and its sum of weights."""

    clusters: Numbers
    places: Numbers
    weights: Numbers

    @classmethod
    def of(cls, keys: Sequence[Any], places: Numbers, weights: Numbers) -> Members:
        """Number the clusters by their keys."""
        numbers = {key: i for i, key in enumerate(dict.fromkeys(keys))}
        return cls(np.array([numbers[key] for key in keys], dtype=int), places, weights)

    def resampled(self, merged: Numbers, shape: tuple[int, ...], draws: int, seed: Sequence[int]) -> Iterator[Numbers]:
        """Flat tables of this shape. Each is the sum of n clusters that are drawn with replacement from the n clusters.

        `merged` maps each key of the first axis to its place in the tables. Clusters with equal tables are interchangeable, so a draw is
        one multinomial draw over the distinct tables.
        """
        first, *rest = np.unravel_index(self.places, (len(merged), *shape[1:]))
        seen, cells = np.unique(np.ravel_multi_index((merged[first], *rest), shape), return_inverse=True)
        clusters = int(self.clusters.max(initial=-1)) + 1
        if clusters * len(seen) > MOST_NUMBERS:
            message = f"clusters: {clusters:,} clusters of rows in {len(seen):,} cells are too many to draw from"
            raise RequestError(message, hint="measure fewer facets, or without a group variable", code="too-many-clusters")
        at = self.clusters * len(seen) + cells.ravel()
        tables = np.bincount(at, weights=self.weights, minlength=clusters * len(seen)).reshape(clusters, len(seen))
        different, alike = (x[::-1] for x in np.unique(tables, axis=0, return_counts=True))  # single-row clusters: in the order of cells
        for drawn in resampled(alike, draws, seed):
            table = np.zeros((len(drawn), math.prod(shape)))
            table[:, seen] = drawn @ different
            yield table


def reject_unfit(column: str, data: Dataset, engine: Session) -> None:
    """Reject a column of clusters that has nulls, or too many clusters, in one scan."""
    key = category(column, engine.schema(data)[column].kind)
    rows, present, values = needs = count(), count_of(key), distinct(key)
    found = measured(data, needs, engine)
    if not engine.answers_are_real:
        return
    wrong = []
    if missing := found[rows] - found[present]:
        hint = "give each such row a cluster of its own, or leave it out"
        wrong.append(Mistake(f"clusters: {missing:,} rows have no {column!r}", hint=hint, code="no-cluster"))
    if found[values] > MOST:
        message = f"clusters: {column!r} has {found[values]:,} values"
        wrong.append(Mistake(message, accepted=f"up to {MOST:,} clusters", hint="measure a sample of them", code="too-many-clusters"))
    RequestError.reject(wrong)
