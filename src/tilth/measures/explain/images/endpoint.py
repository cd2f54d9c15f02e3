"""Models of images behind an HTTP endpoint, called like SageMaker's image algorithms: an image is the body of a request."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from tilth.measures.endpoint.answers import Unreadable, numbers
from tilth.measures.endpoint.model import EndpointModel
from tilth.measures.endpoint.records import JSON
from tilth.metrics.images.pixels import NPY, PNG, encoded
from tilth.web.jmespath import path

Detection: TypeAlias = tuple[float, ...]
"""Class, score, and the left, upper, right and lower end of a box, as shares of the image's width and height."""
AT_ONCE = 16  # images per NPY request
MEMBERS = ("predictions", "prediction", "probabilities", "scores")
DETECTED = 6  # numbers of a detection


@dataclass(frozen=True, eq=False)
class ImageEndpoint:
    """The scores or detections that a server returns for images, with a request per image, or, as NPY, per 16 images.

    An answer is JSON: the list of scores, a list of such lists for several images, or an object that has it at the JMESPath `probability`,
    or as `predictions`, `prediction`, `probabilities` or `scores`. It may also be a line of CSV. Errors: those of `EndpointModel`.
    """

    model: EndpointModel

    def scores(self, images: np.ndarray) -> np.ndarray:
        """The scores of the images: a row per image, a column per score."""
        return self.model.matrix(self._batches(images), self._body, lambda a, n: _scores(self._found(a), n), "scores for images")

    def detections(self, images: np.ndarray) -> list[list[Detection]]:
        """The detections in each image."""
        return self.model.rows(self._batches(images), self._body, lambda answer, n: _detections(self._found(answer), n))

    def _batches(self, images: np.ndarray) -> list[np.ndarray]:
        size = AT_ONCE if self.model.content_type == NPY else 1
        return [images[i : i + size] for i in range(0, len(images), size)]

    def _body(self, images: np.ndarray) -> bytes:
        kind = self.model.content_type
        return encoded(images if kind == NPY else images[0], kind)

    def _found(self, answer: bytes) -> Any:
        """The list in an answer."""
        try:
            text = answer.decode()
            document = json.loads(text if text.lstrip()[:1] in ("[", "{") else f"[{text.strip()}]")
        except ValueError:
            raise Unreadable("the answer is neither JSON nor a line of numbers") from None
        if self.model.probability is not None:
            return path(str(self.model.probability))(document)
        return next((document[m] for m in MEMBERS if m in document), None) if isinstance(document, dict) else document


def of_images(model: EndpointModel) -> EndpointModel:
    """A model that takes images, as PNG unless it has another image type."""
    return (
        model
        if model.content_type.startswith("image/") or model.content_type == NPY
        else replace(model, content_type=PNG, accept_type=JSON)
    )


def _scores(found: Any, images: int) -> list[list[float]]:
    """A list of numbers for each image; for one image the outer list may be missing."""
    rows = [found] if isinstance(found, list) and images == 1 and not any(isinstance(x, list) for x in found) else found
    if not _lists(rows, images) or not all(map(numbers, rows)):
        raise Unreadable(f"the answer is not a list of scores for each of {images} images")
    return [[float(x) for x in row] for row in rows]


def _detections(found: Any, images: int) -> list[list[Detection]]:
    """A list of detections for each image; for one image the outer list may be missing."""
    bare = images == 1 and isinstance(found, list) and all(numbers(x) for x in found)
    rows = [found] if bare else found
    if not _lists(rows, images) or not all(isinstance(of, list) and all(numbers(d) and len(d) == DETECTED for d in of) for of in rows):
        raise Unreadable("the answer is not a list of detections, each [class, score, left, upper, right, lower]")
    return [[tuple(map(float, d)) for d in of] for of in rows]


def _lists(found: Any, images: int) -> bool:
    return isinstance(found, list) and len(found) == images
