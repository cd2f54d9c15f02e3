"""Sums of products of columns, for covariances, correlations and principal axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tilth.engine.arrow import as_numpy
from tilth.engine.needs import Fold


@dataclass(frozen=True)
class Products(Fold):
    """Sums for each pair (i, j) of numeric columns, over the rows with finite numbers in both: four square arrays.

    n, the number of rows; Σ xᵢ; Σ xᵢ²; Σ xᵢ xⱼ. The column's centre is subtracted first, so that the sums do not lose digits.

    >>> n, _, _, products = Products(("x", "y"), (1.0, 0.0)).update(np.zeros((4, 2, 2)), pa.record_batch({"x": [2, 3], "y": [5.0, None]}))
    >>> n.tolist(), products.tolist()
    ([[2.0, 1.0], [1.0, 1.0]], [[5.0, 5.0], [5.0, 25.0]])
    """

    centres: tuple[float, ...]

    def start(self) -> np.ndarray:
        return np.zeros((4, len(self.columns), len(self.columns)))

    def update(self, state: np.ndarray, batch: pa.RecordBatch) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):  # sums beyond all doubles are infinite, or NaN
            x = np.column_stack([as_numpy(column.cast(pa.float64(), safe=False)) for column in batch.columns]) - self.centres
            there = np.isfinite(x).astype(float)
            x = np.where(there, x, 0.0)
            state += [there.T @ there, x.T @ there, (x * x).T @ there, x.T @ x]
        return state

    def merge(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        a += b
        return a
