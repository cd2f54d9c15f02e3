"""Scores of predictions against the truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def r2(truth: np.ndarray, predicted: np.ndarray) -> float:
    """The coefficient of determination, 1 − Σ (y − ŷ)² / Σ (y − ȳ)²: 1 for perfect predictions, 0 for the mean, negative for worse ones.

    NaN if the truth is constant or empty, because there is no variance to explain.

    Source: Draper and Smith, Applied Regression Analysis, 1998.

    >>> import numpy as np
    >>> r2(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0])), r2(np.array([2.0, 2.0]), np.array([2.0, 2.0]))
    (0.5, nan)
    """
    around = float(((truth - truth.mean()) ** 2).sum()) if len(truth) else 0.0
    return 1 - float(((truth - predicted) ** 2).sum()) / around if around else math.nan


def auc(scores: np.ndarray, positive: np.ndarray) -> float:
    """The area under the ROC curve: the probability that a positive row has the larger score, with ties counted half. NaN for one class.

    >>> import numpy as np
    >>> auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    0.75
    """
    from tilth.metrics.order import ranks

    n = int(positive.sum())
    if not 0 < n < len(positive):
        return math.nan
    return float((ranks(scores)[positive].sum() - n * (n + 1) / 2) / (n * (len(positive) - n)))
