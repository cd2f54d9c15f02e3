"""Boxes around objects in images: how far two overlap, which object a detection is of, and how many people and texts there are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

LEAST = 0.5  # overlap of a right detection with its object
DECIMALS = 4
ANNOTATED, DETECTED = "annotated", "detected"  # columns of objects that are compared with detections: 1 or 0
NOWHERE = (0.0, 0.0, 0.0, 0.0)


def overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """The intersection over union of two boxes, each given by its left, upper, right and lower end.

    >>> overlap((0, 0, 1, 1), (0.5, 0, 1.5, 1))
    0.3333333333333333
    """
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(width, 0.0) * max(height, 0.0)
    both = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)) - shared
    return shared / both if both > 0 else 0.0


def matched(objects: Sequence[tuple[Any, Sequence[float]]], detections: Sequence[tuple[Any, Sequence[float], float]]) -> list[int | None]:
    """For each detection (class, box, score) the index of its object (class, box); None if it is wrong.

    Detections choose in the order of their scores. Each takes the object of its class that it overlaps most, among those that no other
    has taken and that it overlaps by 0.5 or more; of equal ones the first.

    >>> matched([("dog", (0, 0, 4, 4))], [("dog", (0, 0, 4, 3), 0.6), ("dog", (0, 0, 4, 4), 0.9), ("cat", (0, 0, 4, 4), 1.0)])
    [None, 0, None]
    """
    free, found = set(range(len(objects))), list[int | None]([None] * len(detections))
    for i in sorted(range(len(detections)), key=lambda i: -detections[i][2]):
        kind, box, _ = detections[i]
        share, first = max(((overlap(box, objects[j][1]), -j) for j in free if objects[j][0] == kind), default=(0.0, 0))
        if share >= LEAST:
            found[i] = -first
            free.remove(-first)
    return found


def compared(label: str | None, prediction: str | None) -> bool:
    """Whether label and prediction say which objects are annotated and which are detected, so that there are no true negatives.

    >>> compared("boxes.annotated", "boxes.detected"), compared("hired", "predicted")
    (True, False)
    """
    member = (label or "").removesuffix(f".{ANNOTATED}")
    return member != (label or "") and prediction == f"{member}.{DETECTED}"


def covered(boxes: Sequence[Sequence[float]]) -> float:
    """The share of an image that boxes cover together, given by their ends as shares of its width and height.

    >>> covered([(0, 0, 0.5, 0.5), (0.25, 0, 0.75, 0.5), (0.9, 0.9, 2, 2)])
    0.385
    """
    import numpy as np

    ends = np.clip(np.array(boxes, float).reshape(-1, 4), 0, 1)
    x, y = np.unique(ends[:, [0, 2]]), np.unique(ends[:, [1, 3]])
    inside = np.zeros((max(len(y) - 1, 0), max(len(x) - 1, 0)))
    for left, upper, right, lower in ends:
        inside[np.searchsorted(y, upper) : np.searchsorted(y, lower), np.searchsorted(x, left) : np.searchsorted(x, right)] = 1
    return round(float(np.diff(y) @ inside @ np.diff(x)), DECIMALS)
