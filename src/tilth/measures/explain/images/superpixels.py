"""Splits images into superpixels, and computes their Shapley values: each superpixel is a player; an absent one shows the background."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from tilth.errors import extra
from tilth.measures.explain.kernel import Game, Link, linked

Images: TypeAlias = np.ndarray
"""Images of the same size: bytes by image, row, column and channel."""
ImageModel: TypeAlias = Callable[[Images], np.ndarray]
"""A function from images to numbers: a row for each image, a column for each output."""
AT_ONCE = 2**25  # most bytes of images per call of a model


@dataclass(frozen=True, eq=False)
class SegmentValues:
    """`values` by superpixel and output; by output, the value of the background (`expected`) and of the image (`predicted`).

    `segments` has the superpixel number of each pixel; `exact`: whether all sets of superpixels were predicted.
    """

    segments: np.ndarray
    values: np.ndarray
    expected: np.ndarray
    predicted: np.ndarray
    coalitions: int
    exact: bool


def superpixels(pixels: np.ndarray, number: int = 20, compactness: float = 5.0) -> np.ndarray:
    """The superpixel of each pixel, from 0, by SLIC: k-means of colours and positions, with about `number` connected superpixels.

    A greater `compactness` weights positions more and makes shapes more even. Source: Achanta et al., SLIC Superpixels, 2012.

    Errors: `MissingExtra`.

    >>> quarters = np.zeros((16, 16, 3), np.uint8)
    >>> quarters[:8, 8:], quarters[8:] = 255, 128
    >>> superpixels(quarters, 4)[::6, ::5].tolist()
    [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3]]
    """
    with extra("images", "superpixels"):
        from skimage.segmentation import slic
    found: np.ndarray = slic(pixels, n_segments=number, compactness=compactness, start_label=0)
    return np.unique(found, return_inverse=True)[1].reshape(found.shape)


def shap_of(
    pixels: np.ndarray, background: np.ndarray, segments: np.ndarray, model: ImageModel, samples: int | None, link: Link, seed: int
) -> SegmentValues:
    """The Shapley values of the superpixels of an image, by Kernel SHAP. Pixels with `segments` below 0 always show the background.

    The values of an output add up to its prediction for the image minus its expected value.
    """
    game = Game.of(int(segments.max(initial=-1)) + 1, samples, seed)
    found = linked(np.concatenate([*_asked(pixels, background, segments, model, game.members)]), link)
    values = game.solved(found) if game.members.shape[1] else np.zeros((0, found.shape[1]))
    return SegmentValues(segments, values, found[0], found[1], len(game.members) - 2, game.exact)


def _asked(
    pixels: np.ndarray, background: np.ndarray, segments: np.ndarray, model: ImageModel, members: np.ndarray
) -> Iterator[np.ndarray]:
    """The model's predictions for the image with the superpixels of each coalition, in batches."""
    shown = np.column_stack([members, np.zeros(len(members), bool)])  # the last column is for pixels without a superpixel
    step = max(1, AT_ONCE // max(1, pixels.nbytes))
    for part in (shown[i : i + step] for i in range(0, len(shown), step)):
        yield model(np.where(part[:, segments][..., None], pixels, background))
