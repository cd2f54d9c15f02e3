"""Skin tones in marked regions of images: for comparing error rates, never a guess at where somebody comes from.

Exposure and white balance change them, so they are compared with the brightness of the images.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from tilth.data import Kind
from tilth.engine.arrow import arrow_type
from tilth.errors import SourceError
from tilth.metrics.images.features import LARGEST_FILE, state_of
from tilth.metrics.images.pixels import decoded
from tilth.metrics.images.shown import FACES, PERSONS
from tilth.store.documents import bytes_of
from tilth.store.uri import joined

BOX = ("class", "left", "top", "width", "height")  # the columns of a region
PEOPLE = PERSONS | FACES  # its class
LEAST_PIXELS = 200
ITA = ((55, "very light"), (41, "light"), (28, "intermediate"), (10, "tan"), (-30, "brown"), (-math.inf, "dark"))
"""Angles above which a tone has a name (Chardon, Cretois and Hourseau 1991; Del Bino and Bernerd 2013)."""
MONK = ("#f6ede4", "#f3e7db", "#f7ead0", "#eadaba", "#d7bd96", "#a07e56", "#825c43", "#604134", "#3a312a", "#292420")
"""The ten tones of Monk's scale, from 1 to 10."""
TONES: Mapping[str, tuple[Kind, str]] = {
    "skin_angle": (Kind.FLOAT, "individual typology angle of the skin of people marked in {}, in degrees"),
    "skin_tone": (Kind.STRING, "class of the individual typology angle of the skin of people marked in {}"),
    "monk_tone": (Kind.INTEGER, "nearest of the ten tones of Monk's scale to the skin of people marked in {}"),
}
"""Feature → its kind and its meaning, with `{}` for the image."""
LIGHT = "; exposure and white balance change it: compare it with @brightness"


def tones(pixels: np.ndarray) -> dict[str, Any]:
    """The skin tones of a region, from the median of its pixels of skin; nothing if there are fewer than 200 of them.

    Pixels of skin have 77 ≤ Cb ≤ 127 and 133 ≤ Cr ≤ 173 (BT.601, full range). ITA = atan2(L* − 50, b*) · 180 / π, in CIELAB with D65. The
    Monk tone is the nearest by ΔE 2000.

    >>> tones(np.full((20, 10, 3), (200, 150, 120), np.uint8))
    {'skin_angle': 34.8, 'skin_tone': 'intermediate', 'monk_tone': 6}
    """
    from skimage.color import deltaE_ciede2000, rgb2lab

    r, g, b = np.moveaxis(pixels.reshape(-1, 3).astype(float), -1, 0)
    blue, red = 128 - 0.168736 * r - 0.331264 * g + 0.5 * b, 128 + 0.5 * r - 0.418688 * g - 0.081312 * b
    skin = pixels.reshape(-1, 3)[(blue >= 77) & (blue <= 127) & (red >= 133) & (red <= 173)]
    if len(skin) < LEAST_PIXELS:
        return {}
    lab = np.median(rgb2lab(skin[None])[0], axis=0)
    angle = math.degrees(math.atan2(lab[0] - 50, lab[2]))
    scale = rgb2lab(np.array([[int(tone[i : i + 2], 16) for i in (1, 3, 5)] for tone in MONK], np.uint8)[None])[0]
    nearest = int(np.argmin(deltaE_ciede2000(scale, np.broadcast_to(lab, scale.shape))))
    return {"skin_angle": round(angle, 1), "skin_tone": next(name for least, name in ITA if angle > least), "monk_tone": nearest + 1}


@dataclass(frozen=True)
class OfRegions:
    """A skin tone of regions, from the paths of their images, their classes and their boxes; null if a region is not one of a person."""

    feature: str
    folder: str = ""

    def __call__(self, names: pa.Array, classes: pa.Array, *box: pa.Array) -> pa.Array:
        rows = zip(names.to_pylist(), classes.to_pylist(), *(x.to_pylist() for x in box), strict=True)
        return pa.array([self._of(*row) for row in rows], arrow_type(TONES[self.feature][0]))

    def _of(self, name: str | None, word: str | None, *box: float | None) -> Any:
        if name is None or word is None or word.casefold() not in PEOPLE or None in box:
            return None
        left, top, width, height = (max(0, round(x or 0)) for x in box)
        place = joined(self.folder, name) if self.folder else name
        try:
            return tones(_image(place, state_of(place))[top : top + height, left : left + width]).get(self.feature)
        except SourceError:
            return None


@lru_cache(maxsize=4)  # the objects of an image follow each other
def _image(place: str, state: tuple[int, int]) -> np.ndarray:
    return decoded(bytes_of(place, "image", LARGEST_FILE, SourceError), place)
