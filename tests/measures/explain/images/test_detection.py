"""Detected objects: found again, and their surroundings."""

import numpy as np
import pytest

from tests.measures.explain.images.pictures import BLACK, OBJECT, PARTS, QUARTERS, detector
from tilth.measures.explain.images.detection import FoundAgain, around, objects


def test_an_object_is_found_again_by_its_class_and_place():
    again = FoundAgain(detector, OBJECT)
    assert again(np.stack([QUARTERS, BLACK])).tolist() == [[pytest.approx(250 / 255)], [0.0]]
    assert FoundAgain(detector, (1, 0.9, 0.4, 0.4, 1.0, 1.0))(QUARTERS[None]).tolist() == [[0.0]]


def test_the_objects_with_the_highest_scores_are_explained():
    found = [(0, s, 0, 0, 1, 1) for s in (0.2, 0.9, 0.6, 0.7)]
    assert [d[1] for d in objects(found, 2)] == [0.9, 0.7]
    assert [d[1] for d in objects(found, 9, 0.5)] == [0.9, 0.7, 0.6]


@pytest.mark.parametrize(("context", "kept"), [(0.0, {0}), (0.34, {0, 1}), (1.0, {0, 1, 2, 3})])
def test_the_context_says_which_parts_take_part(context, kept):
    found = around(PARTS, OBJECT[2:], context)
    assert {*PARTS[found >= 0].tolist()} == kept
    assert sorted({*found[found >= 0].tolist()}) == [*range(len(kept))]
