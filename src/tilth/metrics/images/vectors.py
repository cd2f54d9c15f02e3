"""Vectors of images, by colours and edges in a grid, for comparing images where no model gives better ones."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from tilth.errors import SourceError, extra
from tilth.metrics.images.features import LARGEST_FILE, LONGER_SIDE, luma
from tilth.metrics.images.pixels import decoded, shrunk
from tilth.store.documents import bytes_of
from tilth.store.uri import joined

GRID, BINS = 3, 8
SIZE = GRID * GRID * (6 + BINS)
SAYS = f"colours and directions of edges in a grid of {GRID} × {GRID}, standardised"


def grid_vector(pixels: np.ndarray) -> np.ndarray:
    """126 numbers. For each cell of a 3 × 3 grid: the means and the standard deviations of CIELAB's L*, a* and b*, and the shares of eight
    directions of edges, from 0 to 180 degrees, among the gradients of Y, weighted by their size; 0 without edges.

    The grid is one of the image on at most 512 pixels; an image with fewer than 3 rows or columns has cells that share pixels.

    >>> upright = np.tile(np.repeat([[0], [255]], 6, axis=0).T, (12, 1))[..., None].repeat(3, axis=2).astype(np.uint8)
    >>> grid_vector(upright).reshape(9, 14)[4].astype(int).tolist()
    [50, 0, 0, 50, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]
    """
    from skimage.color import rgb2lab

    small = shrunk(pixels, LONGER_SIDE)
    lab, y = rgb2lab(small), np.pad(luma(small), 1, "edge")
    down, right = (y[2:, 1:-1] - y[:-2, 1:-1]) / 2, (y[1:-1, 2:] - y[1:-1, :-2]) / 2
    size, direction = np.hypot(down, right), (np.arctan2(down, right) / np.pi * BINS).round(6) // 1 % BINS
    rows, columns = (_cells(n) for n in small.shape[:2])
    return np.concatenate([_cell(lab[r, c], size[r, c], direction[r, c]) for r in rows for c in columns])


def _cells(size: int) -> list[slice]:
    """Three parts of a side, none of them empty."""
    starts = [size * i // GRID for i in range(GRID)]
    return [slice(start, max(size * (i + 1) // GRID, start + 1)) for i, start in enumerate(starts)]


def _cell(lab: np.ndarray, size: np.ndarray, direction: np.ndarray) -> np.ndarray:
    colours = lab.reshape(-1, 3)
    edges = np.bincount(direction.astype(int).ravel(), size.ravel(), BINS)
    return np.concatenate([colours.mean(axis=0), colours.std(axis=0), edges / (edges.sum() or 1)])


def image_vectors(names: Sequence[str | None], folder: str = "") -> np.ndarray:
    """The vectors of images by their paths, which may be relative to a folder: each number less its mean, divided by its standard
    deviation; NaN where there is no image. Errors: `MissingExtra`."""
    with extra("images", "comparing images"):
        import skimage.color  # noqa: F401
    places = [name and (joined(folder, name) if folder else name) for name in names]
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        found = np.array(list(threads.map(_vector, places))).reshape(-1, SIZE)
    there = ~np.isnan(found[:, 0])
    if there.any():
        spread = found[there].std(axis=0)
        found = (found - found[there].mean(axis=0)) / np.where(spread > 0, spread, 1)
    return found


def _vector(place: str | None) -> np.ndarray:
    try:
        return np.full(SIZE, np.nan) if place is None else grid_vector(decoded(bytes_of(place, "image", LARGEST_FILE, SourceError), place))
    except SourceError:
        return np.full(SIZE, np.nan)
