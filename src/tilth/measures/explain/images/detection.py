"""Detected objects: selects those to explain, scores how well one is detected again, and selects the superpixels around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tilth.measures.explain.images.endpoint import Detection

Detector = Callable[[np.ndarray], list[list[Detection]]]
"""A function from images to the detections in each."""


@dataclass(frozen=True)
class FoundAgain:
    """For each image, the highest score of a detection of the object's class with an overlapping box; 0 without one.

    Boxes overlap if their intersection over union is `overlap` or more.
    """

    detector: Detector
    object: Detection
    overlap: float = 0.5

    def __call__(self, images: np.ndarray) -> np.ndarray:
        kind, box = self.object[0], self.object[2:]
        scores = (
            [score for k, score, *other in found if k == kind and overlap(box, other) >= self.overlap] for found in self.detector(images)
        )
        return np.array([[max(of, default=0.0)] for of in scores])


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """The intersection over union of two boxes.

    >>> overlap((0, 0, 1, 1), (0.5, 0, 1.5, 1))
    0.3333333333333333
    """
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    both = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)) - shared
    return shared / both if both > 0 else 0.0


def objects(found: Sequence[Detection], most: int = 3, threshold: float = 0.5) -> list[Detection]:
    """The objects to explain: those with the highest scores, at or above the threshold."""
    return sorted((d for d in found if d[1] >= threshold), key=lambda d: -d[1])[:most]


def around(segments: np.ndarray, box: Sequence[float], context: float) -> np.ndarray:
    """Renumber the superpixels that take part: those in the box, and the nearest others, a share of `context`; the rest become -1.

    >>> around(np.array([[0, 1, 2, 3]]), (0, 0, 0.25, 1), 0.34).tolist()
    [[0, 1, -1, -1]]
    """
    height, width = segments.shape
    left, upper, right, lower = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    y, x = np.mgrid[:height, :width] + 0.5
    apart = np.hypot(np.maximum(np.maximum(left - x, x - right), 0), np.maximum(np.maximum(upper - y, y - lower), 0))
    nearest = np.full(int(segments.max()) + 1, np.inf)
    np.minimum.at(nearest, segments, apart)
    inside = int((nearest == 0).sum())
    kept = np.argsort(nearest, kind="stable")[: inside + round(context * (len(nearest) - inside))]
    number = np.full(len(nearest), -1)
    number[np.sort(kept)] = range(len(kept))
    found: np.ndarray = number[segments]
    return found
