"""The table of features of images, used by facets. An image is decoded once for all features."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tilth.data import Dataset, Files, Kind
from tilth.engine.arrow import arrow_type
from tilth.errors import SourceError
from tilth.metrics.images.hashes import SIDE, perceptual_hash
from tilth.metrics.images.pixels import OF_POSITION, Picture, picture, resized, shrunk
from tilth.store.documents import bytes_of
from tilth.store.uri import is_local, joined, local_path

LARGEST_FILE = 64 * 2**20  # bytes
HELD = 100_000  # most images with features kept in memory
LONGER_SIDE = 512  # light, colours and sharpness are measured on an image shrunk to this size
DECIMALS = 4
DARK, BRIGHT, COLOURLESS = 16, 239, 10  # on a scale to 255
LIKE_BACKGROUND = 10  # ΔE 1976
FEW_PIXELS, CLUSTERS, ROUNDS = 64, 5, 50
COLOURS = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "grey": (128, 128, 128),
    "red": (255, 0, 0),
    "green": (0, 128, 0),
    "blue": (0, 0, 255),
    "yellow": (255, 255, 0),
    "orange": (255, 165, 0),
    "brown": (165, 42, 42),
    "pink": (255, 192, 203),
    "purple": (128, 0, 128),
}
"""The eleven basic colours of English (Berlin and Kay 1969), with the values of CSS."""
STANDARD = 3688  # the sum of the luminance table in annex K of the JPEG standard, which has the quality 50
LAPLACIAN = ((0, 1, 0), (1, -4, 1), (0, 1, 0))
NOISE = ((1, -2, 1), (-2, 4, -2), (1, -2, 1))
DATE, MAKE, MODEL, FLASH = 36867, 271, 272, 37385  # tags of EXIF
SOUTH_NORTH, LATITUDE, EAST_WEST, LONGITUDE = 1, 2, 3, 4  # tags of its section on the position
CELL = 10  # degrees
CLUSTER = "near_duplicate_cluster"  # of an image alone, its perceptual hash; `metrics.content.compared` compares them


FEATURES: Mapping[str, tuple[Kind, str, bool]] = {
    "width": (Kind.INTEGER, "columns of pixels of {}", False),
    "height": (Kind.INTEGER, "rows of pixels of {}", False),
    "megapixels": (Kind.FLOAT, "millions of pixels of {}", False),
    "aspect": (Kind.FLOAT, "width of {} for its height", False),
    "orientation": (Kind.STRING, "whether {} is portrait, square or landscape", False),
    "format": (Kind.STRING, "format of the file of {}", False),
    "channels": (Kind.INTEGER, "channels of {}: 1, 3, or 4 with transparency", False),
    "bytes_per_pixel": (Kind.FLOAT, "bytes of the file of {} for each pixel", False),
    "brightness": (Kind.FLOAT, "mean brightness of {}, 0 to 1", False),
    "contrast": (Kind.FLOAT, "standard deviation of the brightness of {}", False),
    "contrast_range": (Kind.FLOAT, "range of the brightness of {}, from its 1st to its 99th percentile", False),
    "under_exposed": (Kind.FLOAT, "share of nearly black pixels of {}", False),
    "over_exposed": (Kind.FLOAT, "share of nearly white pixels of {}", False),
    "saturation": (Kind.FLOAT, "mean saturation of {}, 0 to 1", False),
    "colourfulness": (Kind.FLOAT, "colourfulness of {} (Hasler and Süsstrunk)", False),
    "is_grey": (Kind.INTEGER, "whether {} has no colours: 1 or 0", True),
    "sharpness": (Kind.FLOAT, "sharpness of {}: the variance of its Laplacian", False),
    "noise": (Kind.FLOAT, "noise of {} (Immerkær)", False),
    "entropy": (Kind.FLOAT, "entropy of the brightness of {}, in bits", False),
    "dominant_colour": (Kind.STRING, "basic colour of the largest part of {}", False),
    "background": (Kind.FLOAT, "share of the border of {} that has one colour", False),
    "jpeg_quality": (Kind.INTEGER, "quality at which {} was saved as JPEG, 1 to 100, as estimated", False),
    "capture_device": (Kind.STRING, "camera of {}", False),
    "capture_hour": (Kind.INTEGER, "hour of the day in which {} was taken", False),
    "flash": (Kind.INTEGER, "whether the flash fired for {}: 1 or 0", True),
    "gps_region": (Kind.STRING, "where {} was taken: the south-western corner of ten degrees of latitude and longitude", False),
    CLUSTER: (Kind.STRING, "near-duplicates of {}: a perceptual hash that differs in at most six of 64 bits", False),
}
"""Feature of an image → its kind, its meaning, with `{}` for the image, and whether it is 1 or 0.

Null paths, and files that are not images, have null features.
"""
OF_SOME = ("sharpness", "noise", "jpeg_quality", "capture_device", "capture_hour", "flash", "gps_region")
OF_ALL = tuple(name for name in FEATURES if name not in OF_SOME)
"""Features of every image, whatever its size and origin."""


@dataclass(frozen=True)
class OfImages:
    """A feature of images, from their paths, which may be relative to a folder; null if there is no image."""

    feature: str
    folder: str = ""

    def __call__(self, names: pa.Array) -> pa.Array:
        places = [name and (joined(self.folder, name) if self.folder else name) for name in names.to_pylist()]
        with ThreadPoolExecutor(os.cpu_count()) as threads:  # decoding releases Python's lock
            values = list(threads.map(self._of, places))
        return pa.array([None if v == "" else v for v in values], arrow_type(FEATURES[self.feature][0]))

    def _of(self, place: str | None) -> Any:
        return place and _features(place, state_of(place)).get(self.feature)


def folder_of(table: Dataset) -> str:
    """The folder of images behind a table, or the folder of its manifest; empty for another table."""
    source = table.source
    place = source.copies.place if isinstance(source, Files) and source.copies else ""
    return os.path.dirname(place) if place and is_local(place) and os.path.isfile(place) else place  # noqa: PTH113, PTH120 -- a URI stays one


def state_of(place: str) -> tuple[int, int]:
    """Time and size of a file, which reveal a change."""
    try:
        found = Path(local_path(place)).stat() if is_local(place) else None
    except OSError:
        return 0, 0
    return (found.st_mtime_ns, found.st_size) if found else (0, 0)


@lru_cache(maxsize=HELD)
def _features(place: str, state: tuple[int, int]) -> Mapping[str, Any]:
    try:
        content = bytes_of(place, "image", LARGEST_FILE, SourceError)
        return features(picture(content, place), len(content))
    except SourceError:
        return {}


def features(image: Picture, size: int) -> dict[str, Any]:
    """All features of an image; `size` is its file's number of bytes.

    >>> two = np.array([[[200, 150, 120], [60, 40, 30]]], np.uint8)
    >>> found = features(Picture(two, "png", 3), 90)
    >>> found["brightness"], found["colourfulness"], found["bytes_per_pixel"], found["orientation"]
    (0.4046, 38.4376, 45.0, 'landscape')
    """
    height, width = image.pixels.shape[:2]
    aspect = width / height
    small = shrunk(image.pixels, LONGER_SIDE)
    made: dict[str, Any] = {
        "width": width,
        "height": height,
        "megapixels": width * height / 1e6,
        "aspect": aspect,
        "orientation": "portrait" if aspect < 0.95 else "landscape" if aspect > 1.05 else "square",
        "format": image.format,
        "channels": image.channels,
        "bytes_per_pixel": size / (width * height),
        **_light(small),
        **_colours(small),
        "dominant_colour": _dominant(shrunk(image.pixels, FEW_PIXELS)),
        "background": _background(small),
        "jpeg_quality": _quality(image.quantization),
        **_camera(image.exif),
        "gps_region": _region(image.exif.get(OF_POSITION, {})),
        CLUSTER: perceptual_hash(luma(resized(image.pixels, SIDE, SIDE))),
    }
    return {name: round(float(x), DECIMALS) if isinstance(x, float) else x for name, x in made.items()}


def luma(pixels: np.ndarray) -> np.ndarray:
    """The brightness of each pixel, 0 to 255."""
    y: np.ndarray = pixels @ np.array([0.299, 0.587, 0.114])
    return y


def _light(pixels: np.ndarray) -> dict[str, float | None]:
    y = luma(pixels)
    counts = np.bincount(np.rint(y).astype(int).ravel(), minlength=256)
    shares = counts[counts > 0] / y.size
    edges, noise = (_convolved(y, kernel) for kernel in (LAPLACIAN, NOISE))
    inner = bool(edges.size)
    return {
        "brightness": float(y.mean() / 255),
        "contrast": float(y.std() / 255),
        "contrast_range": float(np.ptp(np.percentile(y, (1, 99))) / 255),
        "under_exposed": float((y < DARK).mean()),
        "over_exposed": float((y > BRIGHT).mean()),
        "entropy": float(-(shares * np.log2(shares)).sum()) + 0.0,
        "sharpness": float(edges.var()) if inner else None,
        "noise": float(math.sqrt(math.pi / 2) / 6 * np.abs(noise).mean()) if inner else None,
    }


def _convolved(y: np.ndarray, kernel: tuple[tuple[int, ...], ...]) -> np.ndarray:
    """The inner pixels, convolved with a symmetric 3 × 3 kernel."""
    height, width = y.shape
    parts = (k * y[i : height - 2 + i, j : width - 2 + j] for i, row in enumerate(kernel) for j, k in enumerate(row) if k)
    return sum(parts, np.zeros((max(height - 2, 0), max(width - 2, 0)))) if min(height, width) > 2 else np.zeros((0, 0))


def _colours(pixels: np.ndarray) -> dict[str, float | int]:
    r, g, b = np.moveaxis(pixels.astype(float), -1, 0)
    most, spread = pixels.max(axis=-1).astype(float), np.ptp(pixels, axis=-1).astype(float)
    red_green, yellow_blue = r - g, (r + g) / 2 - b
    deviation = math.hypot(red_green.std(), yellow_blue.std())
    return {
        "saturation": float(np.divide(spread, most, out=np.zeros_like(most), where=most > 0).mean()),
        "colourfulness": deviation + 0.3 * math.hypot(red_green.mean(), yellow_blue.mean()),
        "is_grey": int(np.percentile(spread, 99) < COLOURLESS),
    }


def _dominant(pixels: np.ndarray) -> str:
    """The basic colour nearest to the centre of the largest of five clusters of colours, by k-means in CIELAB."""
    from skimage.color import rgb2lab

    lab = rgb2lab(pixels).reshape(-1, 3)
    centres = lab[np.argsort(lab[:, 0], kind="stable")][np.linspace(0, len(lab) - 1, CLUSTERS).astype(int)]
    for _ in range(ROUNDS):
        nearest = ((centres**2).sum(axis=1) - 2 * lab @ centres.T).argmin(axis=1)  # squared distances, without the common term
        members = (nearest == np.arange(CLUSTERS)[:, None]).astype(float)
        sizes = members.sum(axis=1, keepdims=True)
        moved = np.where(sizes > 0, members @ lab / np.maximum(sizes, 1), centres)
        if np.array_equal(moved, centres):
            break
        centres = moved
    largest = centres[np.bincount(nearest, minlength=CLUSTERS).argmax()]
    basic = rgb2lab(np.array([*COLOURS.values()], np.uint8)[None])[0]
    return list(COLOURS)[int(np.linalg.norm(basic - largest, axis=-1).argmin())]


def _quality(quantization: Sequence[int]) -> int | None:
    """The quality whose quantization table has the same sum, by libjpeg's scale; too high below 20, because values are clipped there."""
    if not quantization:
        return None
    scale = 100 * sum(quantization) / STANDARD
    return int(np.clip(round((200 - scale) / 2 if scale <= 100 else 5000 / scale), 1, 100))


def _background(pixels: np.ndarray) -> float:
    """The share of border pixels with a colour like the border's median."""
    from skimage.color import rgb2lab

    border = np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])
    lab = rgb2lab(border)
    return float((np.linalg.norm(lab - np.median(lab, axis=0), axis=-1) <= LIKE_BACKGROUND).mean())


def _region(position: Mapping[int, Any]) -> str | None:
    """The cell of ten degrees of a position, such as `40N 10W`; None without a position.

    >>> _region({SOUTH_NORTH: "N", LATITUDE: (48.0, 30.0, 0.0), EAST_WEST: "W", LONGITUDE: (4.0, 0.0, 0.0)})
    '40N 10W'
    """
    degrees = []
    for reference, value, behind in ((SOUTH_NORTH, LATITUDE, "S"), (EAST_WEST, LONGITUDE, "W")):
        try:
            whole, minutes, seconds = map(float, position[value])
        except (KeyError, TypeError, ValueError, ZeroDivisionError):
            return None
        size = whole + minutes / 60 + seconds / 3600
        degrees.append(-size if str(position.get(reference, "")).strip("\0 ").upper() == behind else size)
    if not all(map(math.isfinite, degrees)):
        return None
    south, west = (int(CELL * (x // CELL)) for x in degrees)
    return f"{abs(south)}{'S' if south < 0 else 'N'} {abs(west)}{'W' if west < 0 else 'E'}"


def _camera(exif: Mapping[int, Any]) -> dict[str, Any]:
    """The features from EXIF data."""
    device = " ".join(str(exif[tag]).strip("\0 ") for tag in (MAKE, MODEL) if exif.get(tag))
    hour = str(exif.get(DATE, ""))[11:13]
    flash = exif.get(FLASH)
    return {
        "capture_device": device or None,
        "capture_hour": int(hour) if hour.isdigit() and int(hour) < 24 else None,
        "flash": flash & 1 if isinstance(flash, int) else None,
    }
