"""Images in superpixels, and their Shapley values: each superpixel is a player, an absent one shows the background."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from tilth.errors import MissingExtra
from tilth.measures.explain.kernel import Game, Link, linked

Images: TypeAlias = np.ndarray
"""Images of one size: bytes by image, row, column and channel."""
ImageModel: TypeAlias = Callable[[Images], np.ndarray]
"""A function from images to numbers, a row for each image and a column for each output."""
AT_ONCE = 2**25  # bytes of images that a model is given at once


@dataclass(frozen=True, eq=False)
class SegmentValues:
    """`values` by superpixel and output; by output the value of the background, `expected`, and that of the image, `predicted`.

    `segments` is the number of the superpixel that each pixel is in; `exact`: whether the model was asked about all sets of them.
    """

    segments: np.ndarray
    values: np.ndarray
    expected: np.ndarray
    predicted: np.ndarray
    coalitions: int
    exact: bool


def superpixels(pixels: np.ndarray, number: int = 20, compactness: float = 5.0) -> np.ndarray:
    """The superpixel of each pixel, from 0: SLIC, k-means of colours and places, which makes about so many, connected ones.

    A greater `compactness` counts places more and makes them more even. Source: Achanta et al., SLIC Superpixels, 2012.

    Errors: `MissingExtra`.

    >>> quarters = np.zeros((16, 16, 3), np.uint8)
    >>> quarters[:8, 8:], quarters[8:] = 255, 128
    >>> superpixels(quarters, 4)[::6, ::5].tolist()
    [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3]]
    """
    try:
        from skimage.segmentation import slic
    except ImportError as error:
        raise MissingExtra.named("images", "superpixels") from error
    found: np.ndarray = slic(pixels, n_segments=number, compactness=compactness, start_label=0)
    return np.unique(found, return_inverse=True)[1].reshape(found.shape)


def shap_of(
    pixels: np.ndarray, background: np.ndarray, segments: np.ndarray, model: ImageModel, samples: int | None, link: Link, seed: int
) -> SegmentValues:
    """The Shapley values of the superpixels of an image, by Kernel SHAP. Those of `segments` below 0 always show the background.

    The values of an output add up to what is predicted of the image less what is expected.
    """
    game = Game.of(int(segments.max(initial=-1)) + 1, samples, seed)
    found = linked(np.concatenate([*_asked(pixels, background, segments, model, game.members)]), link)
    values = game.solved(found) if game.members.shape[1] else np.zeros((0, found.shape[1]))
    return SegmentValues(segments, values, found[0], found[1], len(game.members) - 2, game.exact)


def _asked(
    pixels: np.ndarray, background: np.ndarray, segments: np.ndarray, model: ImageModel, members: np.ndarray
) -> Iterator[np.ndarray]:
    """The model's predictions for the image with the superpixels of each coalition, many images at a time."""
    shown = np.column_stack([members, np.zeros(len(members), bool)])  # the last one is that of pixels of no superpixel
    step = max(1, AT_ONCE // max(1, pixels.nbytes))
    for part in (shown[i : i + step] for i in range(0, len(shown), step)):
        yield model(np.where(part[:, segments][..., None], pixels, background))
