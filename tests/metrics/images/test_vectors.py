"""Vectors of images."""

import numpy as np
import pytest
from skimage.color import rgb2lab

from tests.measures.explain.images.pictures import saved
from tilth.metrics.images.vectors import GRID, SIZE, grid_vector, image_vectors

RANDOM = np.random.default_rng(2).integers(0, 256, (31, 47, 3), np.uint8)


def test_colours_are_those_of_each_cell():
    cell = rgb2lab(RANDOM)[10:20, 31:47].reshape(-1, 3)  # the second row of cells, the third column
    found = grid_vector(RANDOM).reshape(GRID * GRID, -1)[5]
    assert found[:6] == pytest.approx([*cell.mean(axis=0), *cell.std(axis=0)])
    assert found[6:].sum() == pytest.approx(1)


@pytest.mark.parametrize(("degrees", "direction"), [(0, 0), (180, 0), (33.75, 1), (90, 4), (146.25, 6), (-33.75, 6), (-11.25, 7)])
def test_directions_of_edges(degrees, direction):
    """Brightness that grows in one direction, in degrees downwards from the right."""
    y, x = np.mgrid[:30, :30]
    along = x * np.cos(np.radians(degrees)) + y * np.sin(np.radians(degrees))
    pixels = np.rint(128 + 4 * (along - along.mean()))[..., None].repeat(3, axis=2).astype(np.uint8)
    histogram = grid_vector(pixels).reshape(GRID * GRID, -1)[4, 6:]
    near = [direction] if degrees % 45 else [direction, (direction - 1) % 8]  # rounded pixels, at the border of two parts
    assert histogram[near].sum() > 0.8


def test_plain_and_tiny_images_have_vectors():
    assert (grid_vector(np.zeros((9, 9, 3), np.uint8)) == 0).all()
    assert grid_vector(np.full((1, 2, 3), 200, np.uint8)).shape == (SIZE,)


def test_vectors_are_standardised_and_broken_images_have_none(tmp_path):
    folder = saved(tmp_path / "images", {f"{i}.png": np.random.default_rng(i).integers(0, 256, (12, 12, 3), np.uint8) for i in range(5)})
    (folder / "broken.png").write_bytes(b"no image")
    found = image_vectors([*(f"{i}.png" for i in range(5)), "broken.png", None], str(folder))
    assert np.isnan(found[5:]).all()
    assert found[:5].mean(axis=0) == pytest.approx(0)
    assert found[:5].std(axis=0) == pytest.approx(1)
    assert np.isnan(image_vectors([None])).all()
