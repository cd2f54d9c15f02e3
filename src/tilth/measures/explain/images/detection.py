"""Detected objects: selects those to explain, scores how well one is detected again, and selects the superpixels around it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tilth.measures.explain.images.endpoint import Detection
from tilth.metrics.images.boxes import LEAST, overlap

Detector = Callable[[np.ndarray], list[list[Detection]]]
"""A function from images to the detections in each."""


@dataclass(frozen=True)
class FoundAgain:
    """For each image, the highest score of a detection of the object's class with an overlapping box; 0 without one.

    Boxes overlap if their intersection over union is `overlap` or more.
    """

    detector: Detector
    object: Detection
    overlap: float = LEAST

    def __call__(self, images: np.ndarray) -> np.ndarray:
        kind, box = self.object[0], self.object[2:]
        scores = (
            [score for k, score, *other in found if k == kind and overlap(box, other) >= self.overlap] for found in self.detector(images)
        )
        return np.array([[max(of, default=0.0)] for of in scores])


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
