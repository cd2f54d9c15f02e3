"""Skin tones: the worked value, their limits, and what has none."""

import numpy as np
import pytest

from tilth.metrics.images.skin import MONK, tones


def of(colour, rows=20):
    return tones(np.full((rows, 10, 3), colour, np.uint8))


def test_the_worked_tone():
    """L* is 66.10 and b* is 23.13: atan2(16.10, 23.13) is 34.8 degrees."""
    assert (of((200, 150, 120))["skin_angle"], of((200, 150, 120))["skin_tone"]) == (34.8, "intermediate")


@pytest.mark.parametrize(
    ("colour", "tone"),
    [
        ((245, 215, 195), "very light"),
        ((212, 165, 138), "light"),
        ((190, 140, 105), "tan"),
        ((150, 100, 70), "brown"),
        ((90, 55, 40), "dark"),
    ],
)
def test_each_class(colour, tone):
    assert of(colour)["skin_tone"] == tone


def test_colours_of_the_scale_are_nearest_to_themselves():
    found = [of(tuple(int(tone[i : i + 2], 16) for i in (1, 3, 5))).get("monk_tone") for tone in MONK]
    assert [tone for tone in found if tone] == [i for i, tone in enumerate(found, 1) if tone]
    assert sum(map(bool, found)) >= 5  # the others are no pixels of skin by their chroma


def test_few_pixels_and_other_colours_have_none():
    assert of((200, 150, 120), rows=19) == {}
    assert of((0, 0, 255)) == {}
