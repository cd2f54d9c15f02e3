"""target: the mean of the label in the rows with the value."""

from __future__ import annotations

import numpy as np

from tilth.steps.encode.supervised import Counted, Supervised


class TargetMean(Supervised):
    """The mean of the label among the training rows with the value, drawn to the mean of all rows.

    (Σ y + m · ȳ) / (n + m) with m = `smooth`; `auto` takes m = σ² / τ² from the variances σ² within the category and τ² of all rows.
    """

    @property
    def spread(self) -> bool:
        return self.step.smooth in (None, "auto")

    def numbers(self, counted: Counted) -> tuple[np.ndarray, float]:
        rows, sums, moments = counted
        all_rows = max(rows.sum(), 1.0)
        mean = float(sums.sum() / all_rows)
        own = np.divide(sums, rows, out=np.full(rows.shape, mean), where=rows > 0)
        if moments is not None:
            variance = (moments.sum() + (rows * (own - mean) ** 2).sum()) / all_rows
            within = np.divide(moments, rows, out=np.zeros(rows.shape), where=rows > 0)
            weight = variance * rows + within
            trust = np.divide(variance * rows, weight, out=np.zeros(rows.shape), where=weight > 0)
            return trust * own + (1 - trust) * mean, mean
        smooth = float(self.step.smooth or 0)
        return np.divide(sums + smooth * mean, rows + smooth, out=np.full(rows.shape, mean), where=rows + smooth > 0), mean
