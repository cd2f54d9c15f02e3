"""Images that tests make, and models of them."""

import numpy as np
from PIL import Image

QUARTERS = np.zeros((16, 16, 3), np.uint8)  # four plain squares
QUARTERS[:8, :8], QUARTERS[:8, 8:], QUARTERS[8:, :8], QUARTERS[8:, 8:] = (250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0)
PARTS = np.repeat(np.repeat([[0, 1], [2, 3]], 8, axis=0), 8, axis=1)
BLACK = np.zeros_like(QUARTERS)
OBJECT = (1, 0.9, 0.0, 0.0, 0.5, 0.5)  # the upper left quarter


def mean_colours(images):
    """The mean of each colour: additive in the pixels, so that the values of parts are known."""
    return images.mean(axis=(1, 2)) / 255


def detector(images):
    """The upper left quarter, with a score by how red it is; and something of another class."""
    scores = images[:, :8, :8, 0].mean(axis=(1, 2)) / 255
    return [[(1, s, 0.0, 0.0, 0.5, 0.5), (0, 0.99, 0.5, 0.5, 1.0, 1.0)] for s in scores]


def saved(folder, images):
    """A folder of PNG files by name."""
    for name, pixels in images.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(folder / name)
    return folder
