"""Heat maps: an image with superpixels in blue if they raise the model's value, in red if they lower it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RAISES, LOWERS = np.array([33, 102, 222]), np.array([214, 39, 40])
STRONGEST = 0.75  # opacity of the colour for the greatest value
BORDER, BOX = 0.55, np.array([255, 214, 0])


def heat_map(pixels: np.ndarray, segments: np.ndarray, values: np.ndarray, box: Sequence[float] = ()) -> np.ndarray:
    """The image in grey, with its superpixels coloured on the same scale for both signs, and with their borders.

    `box`, the ends of an object's box as shares of width and height, is drawn, too. Pixels without a superpixel (-1) stay grey.
    """
    grey = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2) * 0.6 + 255 * 0.4
    scaled = np.append(values / (np.abs(values).max(initial=0) or 1.0), 0.0)[segments][..., None]
    share = np.abs(scaled) * STRONGEST
    made = grey * (1 - share) + np.where(scaled > 0, RAISES, LOWERS) * share
    made[_borders(segments)] *= BORDER
    if box:
        made[_edge(segments.shape, box)] = BOX
    found: np.ndarray = np.rint(made).astype(np.uint8)
    return found


def _borders(segments: np.ndarray) -> np.ndarray:
    """Marks pixels whose neighbour to the right or below is in another superpixel."""
    found = np.zeros(segments.shape, bool)
    found[:, :-1] |= segments[:, :-1] != segments[:, 1:]
    found[:-1] |= segments[:-1] != segments[1:]
    return found


def _edge(shape: Sequence[int], box: Sequence[float]) -> np.ndarray:
    height, width = shape
    left, right = (min(max(round(x * width), 0), width - 1) for x in (box[0], box[2]))
    upper, lower = (min(max(round(y * height), 0), height - 1) for y in (box[1], box[3]))
    found = np.zeros((height, width), bool)
    found[upper : lower + 1, [left, right]] = True
    found[[upper, lower], left : right + 1] = True
    return found
