"""People, faces and texts in images: as they are marked in annotations, or as a detector of the user finds them."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from tilth.data import Kind
from tilth.engine.arrow import arrow_type
from tilth.errors import RequestError, SourceError, listed
from tilth.metrics.images.boxes import covered
from tilth.metrics.images.features import LARGEST_FILE, LONGER_SIDE
from tilth.metrics.images.pixels import decoded, resized, shrunk
from tilth.metrics.onnx import onnx_session
from tilth.store.documents import bytes_of
from tilth.store.uri import joined

MOST_BYTES = 256 * 2**20  # of a detector
LEAST_SCORE = 0.5  # of a detection that counts
MODEL = ".onnx"
DETECTIONS = "a row for each detection: class, score, left, upper, right, lower"
PERSONS = frozenset({"person", "people", "pedestrian", "human", "man", "woman", "child", "boy", "girl"})
FACES = frozenset({"face", "head"})
CLASSES: Mapping[str, frozenset[str]] = {"persons": PERSONS, "faces": FACES, "text_share": frozenset({"text", "word"})}
"""Feature → the classes of the objects that it is computed from."""
SHOWN: Mapping[str, tuple[Kind, str]] = {
    "persons": (Kind.INTEGER, "number of people in {}"),
    "faces": (Kind.INTEGER, "number of faces in {}"),
    "text_share": (Kind.FLOAT, "share of {} that texts cover"),
}
"""Feature → its kind and its meaning, with `{}` for the image."""


@dataclass(frozen=True)
class OfAnnotations:
    """A feature of images from their annotations, JSON objects as in augmented manifests, and the metadata of these.

    Null if an image has no annotations, if the class of an object has no name, or, for a share, if the image's size is not known.

    >>> box = '{"class_id": 0, "left": 0, "top": 0, "width": 5, "height": 2}'
    >>> boxes = f'{{"image_size": [{{"width": 10, "height": 10}}], "annotations": [{box}]}}'
    >>> about = '{"class-map": {"0": "Text"}}'
    >>> [OfAnnotations(f)(pa.array([boxes, None]), pa.array([about, None])).to_pylist() for f in SHOWN]
    [[0, None], [0, None], [0.1, None]]
    """

    feature: str

    def __call__(self, members: pa.Array, metadata: pa.Array) -> pa.Array:
        found = [self._of(*row) for row in zip(members.to_pylist(), metadata.to_pylist(), strict=True)]
        return pa.array(found, arrow_type(SHOWN[self.feature][0]))

    def _of(self, member: str | None, about: str | None) -> float | None:
        try:
            value, names = json.loads(member or ""), json.loads(about or "")["class-map"]
            boxes = [b for b in value["annotations"] if names[str(b["class_id"])].casefold() in CLASSES[self.feature]]
            if self.feature != "text_share":
                return len(boxes)
            width, height = (float(value["image_size"][0][k]) for k in ("width", "height"))
            places = [[float(b[k]) for k in ("left", "top", "width", "height")] for b in boxes]
            return covered([(x / width, y / height, (x + w) / width, (y + h) / height) for x, y, w, h in places])
        except (ValueError, KeyError, IndexError, TypeError, AttributeError, ZeroDivisionError):
            return None


@dataclass(frozen=True)
class OfDetector:
    """A feature of images, from their paths, by an ONNX model that detects people, faces or texts; null if there is no image.

    The model takes the 8-bit pixels of an image, (height, width, 3) or (1, height, width, 3), scaled to its size if that is fixed, else to
    at most 512 pixels on the longer side. Its last output has a row for each detection: class, score, and the left, upper, right and lower
    end as shares of the image, as in explanations of detectors. Detections with a score of 0.5 or more count, whatever their class.
    """

    feature: str
    content: bytes
    folder: str = ""

    @classmethod
    def of(cls, feature: str, file: str, folder: str = "") -> OfDetector:
        """The detector in a file. Errors: `RequestError` for a model that does not take an image; `MissingExtra`."""
        model = cls(feature, bytes_of(file, "detector", MOST_BYTES), folder)
        _session(model.content)
        return model

    def __call__(self, names: pa.Array) -> pa.Array:
        places = [name and (joined(self.folder, name) if self.folder else name) for name in names.to_pylist()]
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            return pa.array(list(threads.map(self._of, places)), arrow_type(SHOWN[self.feature][0]))

    def _of(self, place: str | None) -> float | None:
        if place is None:
            return None
        try:
            pixels = decoded(bytes_of(place, "image", LARGEST_FILE, SourceError), place)
        except SourceError:
            return None
        session = _session(self.content)
        (given,), last = session.get_inputs(), session.get_outputs()[-1]
        height, width = given.shape[-3:-1]
        fixed = isinstance(height, int) and isinstance(width, int)
        pixels = resized(pixels, height, width) if fixed else shrunk(pixels, LONGER_SIDE)
        rows = np.asarray(session.run([last.name], {given.name: pixels if len(given.shape) == 3 else pixels[None]})[0], float)
        if rows.size % 6:
            found = " × ".join(map(str, rows.shape))
            raise RequestError(f"the detector's last output is {found} numbers", accepted=DETECTIONS, code="model-outputs")
        rows = rows.reshape(-1, 6)
        boxes = rows[rows[:, 1] >= LEAST_SCORE, 2:].tolist()
        return covered(boxes) if self.feature == "text_share" else len(boxes)


@lru_cache(maxsize=4)
def _session(content: bytes) -> Any:
    session = onnx_session(content)
    inputs = session.get_inputs()
    if [i.type for i in inputs] != ["tensor(uint8)"] or len(inputs[0].shape) not in (3, 4) or inputs[0].shape[-1] != 3:
        found = listed(f"{i.name} {i.type} {i.shape}" for i in inputs)
        accepted = "one of 8-bit pixels, (height, width, 3) or (1, height, width, 3)"
        raise RequestError(f"the detector's inputs are {found}", accepted=accepted, code="model-inputs")
    return session
