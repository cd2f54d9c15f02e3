"""Shared by the converters of scikit-learn's transformers: names in groups, and values of numpy as Python's."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from tilth.pipelines.plan import Feature

Names = Sequence[str] | None
Features = list[Feature]


def each(names: Names, counts: Sequence[int]) -> list[list[str]] | None:
    """Names in groups of these sizes."""
    if names is None:
        return None
    ends = np.cumsum([0, *counts]).tolist()
    return [list(names[a:b]) for a, b in pairwise(ends)]


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN or pandas' NA."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and math.isnan(value)


def plain(value: Any) -> Any:
    """A value of numpy as Python's."""
    return value.item() if isinstance(value, np.generic) else value
