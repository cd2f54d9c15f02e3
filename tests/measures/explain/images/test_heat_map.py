"""Heat maps: colours by sign and size, borders and boxes."""

import numpy as np

from tests.measures.explain.images.pictures import PARTS, QUARTERS
from tilth.measures.explain.images.heat_map import BOX, heat_map


def test_parts_have_the_colour_of_their_sign():
    made = heat_map(QUARTERS, PARTS, np.array([1.0, -1.0, 0.0, 0.1])).astype(int)
    red, blue = made[..., 0], made[..., 2]
    assert blue[3, 3] > red[3, 3] + 100
    assert red[3, 12] > blue[3, 12] + 100
    assert red[12, 3] == blue[12, 3]
    assert 0 < blue[12, 12] - red[12, 12] < 40
    assert made[3, 7].sum() < made[3, 6].sum() * 0.6  # the border


def test_the_box_of_an_object_is_drawn():
    made = heat_map(QUARTERS, np.where(PARTS == 0, 0, -1), np.array([1.0]), (0.0, 0.0, 0.5, 2.0))
    assert (made[:, 8] == BOX).all()
    assert made.dtype == np.uint8
    assert made[12, 12, 0] == made[12, 12, 2]  # of no part
