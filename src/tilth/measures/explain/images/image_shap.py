"""The measure `image_shap`: what each part of an image adds to a model's predictions."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tilth.data import Dataset
from tilth.engine.needs import Sample
from tilth.engine.session import Session
from tilth.errors import Mistake, RequestError, SourceError, listed
from tilth.measures.measure import Measured, ModelMeasure, Predictor
from tilth.metrics.images.features import LARGEST_FILE, folder_of
from tilth.metrics.images.pixels import decoded, encoded, resized
from tilth.metrics.metric import measured
from tilth.report import Finding, warning
from tilth.report.blocks import counted
from tilth.shelf import PYTHON_ONLY
from tilth.store.documents import bytes_of
from tilth.store.uri import joined

if TYPE_CHECKING:
    from tilth.measures.explain.images.endpoint import Detection
    from tilth.measures.explain.images.findings import ShapImage
    from tilth.measures.explain.images.superpixels import SegmentValues

PATH = "path"  # the column of a folder of images


@dataclass(frozen=True, eq=False)
class ExplainedImage:
    """The values of the parts of an image for one output: a label, or an object with its `box`."""

    name: str
    output: str
    pixels: np.ndarray
    box: tuple[float, ...]
    values: np.ndarray
    expected: float
    predicted: float
    of: SegmentValues

    def heat_map(self) -> np.ndarray:
        """The image with its parts coloured by their values."""
        from tilth.measures.explain.images.heat_map import heat_map

        return heat_map(self.pixels, self.of.segments, self.values, self.box)


@dataclass(frozen=True)
class ImageShap(ModelMeasure):
    """What each part of an image adds to a model's predictions: Shapley values of superpixels by Kernel SHAP, shown as heat maps.

    The data has a row for each image, such as a folder of images. SLIC divides an image into connected parts of similar colour; an absent
    part shows the background. The values of an output add up to its value for the image minus its value for the background.

    The model is a function from an array of images, n × height × width × 3 bytes of sRGB, to a number, or a number for each label; an ONNX
    model of images; or an HTTP endpoint that takes an image as the body of a request. With `detect` it returns for each image a list of
    detections `[class, score, left, upper, right, lower]`, with the ends of boxes as shares of width and height; an object's value is the
    highest score of a detection of its class with an overlapping box. A warning names images that cannot be read; the others are explained.
    Without images there are no findings.

    Errors: `RequestError` without a model, for a private column of images, because they would be shown, for labels that do not fit the
    model's outputs, and for a background that is not an image; `MissingExtra`; those of the model.

    Source: Lundberg and Lee, A Unified Approach to Interpreting Model Predictions, 2017; Achanta et al., SLIC Superpixels, 2012.
    """

    name = "image_shap"
    of_columns = False
    of_images = True

    images: int = 20
    """How many images are explained: a sample."""
    segments: int = 20
    """About how many parts an image has."""
    compactness: float = 5.0
    """How much places count against colours: greater makes more even parts."""
    samples: int | None = None
    """How many sets of parts are asked about for each image. Default: 2 · parts + 2048; never more than there are."""
    background: str = "noise"
    """What absent parts show: `noise`, `mean`, the image's mean colour, or an image file, which is scaled."""
    link: Literal["identity", "logit"] = "identity"
    """`logit`: the logarithms of the odds of probabilities are explained."""
    labels: tuple[str, ...] = ()
    """The names of the numbers that the model gives, or of the classes 0, 1 … of detections. Default: their numbers."""
    outputs: tuple[str, ...] = ()
    """The labels that are explained. Default: the one with the highest number, for each image."""
    detect: bool = False
    """Whether the model detects objects."""
    objects: int = 3
    """`detect`: how many objects of an image are explained, those with the highest scores."""
    threshold: float = 0.5
    """`detect`: the least score of an object."""
    overlap: float = 0.5
    """`detect`: the least overlap (intersection over union) of boxes of the same object."""
    context: float = 1.0
    """`detect`: the share of the parts outside an object's box that take part, the nearest ones; the others always show the background."""
    folder: str = field(default="", metadata=PYTHON_ONLY)
    """Where the paths of the images begin. Default: the folder of images that is the data."""
    seed: int = 0
    """Seed of the sample, of noise and of the sets of parts."""

    def measure(self, table: Dataset, originals: Dataset, session: Session, before: Any = None) -> Measured:
        broken: list[str] = []
        found = [finding_of(one) for one in self.explained(table, session, broken)]
        return [*found, *broken_images(broken)], None

    def explained(self, table: Dataset, session: Session, broken: list[str]) -> Iterator[ExplainedImage]:
        """Explain image after image, output after output; unreadable images are appended to `broken`."""
        column, predict = self._column(table), self._model()
        need = Sample((column,), self.images, self.seed)
        folder = self.folder or folder_of(table)
        for name in sorted(filter(None, measured(table, [need], session)[need][column].to_pylist())):
            try:
                pixels = decoded(bytes_of(joined(folder, name) if folder else name, "image", LARGEST_FILE, SourceError), name)
            except SourceError:
                broken.append(name)
            else:
                yield from self._of_image(name, pixels, predict)

    def _column(self, table: Dataset) -> str:
        """The column with the paths of images. Errors: `RequestError` with every mistake."""
        column = next(iter(table.roles.image), PATH)
        wrong = [*self.without_model()]
        if isinstance(self.model, Predictor):
            hint = "measure it apart from the flow, with a model of images"
            wrong.append(Mistake(f"{self.name}: the model takes numbers, not images", hint=hint, code="model-inputs"))
        if column not in table.names:
            hint = "name the column of their paths: roles {image: COLUMN}"
            wrong.append(Mistake(f"{self.name}: the data has no column of images", hint=hint, code="no-images"))
        if column in table.roles.private:
            wrong.append(Mistake(f"{self.name}: {column!r} is private, and its images would be in the report", code="private"))
        if self.detect and self.outputs:
            wrong.append(Mistake(f"{self.name}: detected objects are explained, not labels", hint="leave outputs out", code="bad-value"))
        RequestError.reject(wrong)
        return column

    def _model(self) -> Callable[[np.ndarray], Any]:
        """The function from images to numbers or detections."""
        from tilth.measures.endpoint.model import EndpointModel
        from tilth.measures.explain.images.endpoint import ImageEndpoint, of_images

        if isinstance(self.model, EndpointModel):
            endpoint = ImageEndpoint(of_images(self.model))
            return endpoint.detections if self.detect else endpoint.scores
        if self.detect:
            return lambda images: [[tuple(map(float, d)) for d in found] for found in self.model(images)]
        return lambda images: np.asarray(self.model(images), float).reshape(len(images), -1)

    def _of_image(self, name: str, pixels: np.ndarray, predict: Callable[[np.ndarray], Any]) -> Iterator[ExplainedImage]:
        from tilth.measures.explain.images.detection import FoundAgain, around, objects
        from tilth.measures.explain.images.superpixels import shap_of, superpixels

        if size := getattr(self.model, "size", None):
            pixels = resized(pixels, *size)
        segments, background = superpixels(pixels, self.segments, self.compactness), self._background(pixels)
        options = (self.samples, self.link, self.seed)
        if not self.detect:
            of = shap_of(pixels, background, segments, predict, *options)
            for i in self._outputs(of.predicted):
                yield _explained(name, self._label(i, len(of.predicted)), pixels, (), of, i)
            return
        for found in objects(predict(pixels[None])[0], self.objects, self.threshold):
            there = around(segments, found[2:], self.context)
            of = shap_of(pixels, background, there, FoundAgain(predict, found, self.overlap), *options)
            yield _explained(name, self._object(found), pixels, found[2:], of, 0)

    def _background(self, pixels: np.ndarray) -> np.ndarray:
        """The image that absent parts show."""
        if self.background == "noise":
            return np.random.default_rng(self.seed).integers(0, 256, pixels.shape, np.uint8)
        if self.background == "mean":
            return np.broadcast_to(np.rint(pixels.mean(axis=(0, 1))).astype(np.uint8), pixels.shape)
        given = decoded(bytes_of(self.background, "background", LARGEST_FILE), self.background)
        return resized(given, *pixels.shape[:2])

    def _outputs(self, predicted: np.ndarray) -> list[int]:
        """The indices of the outputs to explain."""
        if not self.outputs:
            return [int(predicted.argmax())]
        names = [self._label(i, len(predicted)) for i in range(len(predicted))]
        wrong = [o for o in self.outputs if o not in names]
        RequestError.reject(Mistake(f"{self.name}: the model has no output {o!r}", accepted=listed(names), code="bad-value") for o in wrong)
        return [names.index(o) for o in self.outputs]

    def _label(self, i: int, width: int) -> str:
        """The name of an output."""
        if self.labels and len(self.labels) != width:
            message = f"{self.name}: {len(self.labels)} labels, and the model gives {width} numbers for an image"
            raise RequestError(message, accepted="a label for each", code="label-headers")
        return self.labels[i] if self.labels else str(i)

    def _object(self, found: Detection) -> str:
        kind = int(found[0])
        return self.labels[kind] if 0 <= kind < len(self.labels) else str(kind)


def broken_images(names: Sequence[str]) -> list[Finding]:
    """The warning about unreadable images, if any."""
    message = f"{counted(len(names), 'image')} cannot be read: {listed(names, most=5)}; the others are explained"
    return [warning("BROKEN_IMAGES", message, measure=ImageShap.name)] if names else []


def _explained(name: str, output: str, pixels: np.ndarray, box: tuple[float, ...], of: SegmentValues, i: int) -> ExplainedImage:
    return ExplainedImage(name, output, pixels, box, of.values[:, i], float(of.expected[i]), float(of.predicted[i]), of)


def finding_of(one: ExplainedImage, pictured: bool = True) -> Finding[ShapImage]:
    """The finding of an image, with its heat map if `pictured`."""
    from tilth.measures.explain.images.findings import ShapImage

    segments = one.of.segments
    payload = ShapImage(
        output=one.output,
        values=tuple(one.values.tolist()),
        pixels=tuple(np.bincount(segments[segments >= 0], minlength=len(one.values)).tolist()),
        expected=one.expected,
        predicted=one.predicted,
        box=tuple(map(float, one.box)),
        coalitions=one.of.coalitions,
        exact=one.of.exact,
        heat_map=_picture(one.heat_map()) if pictured else "",
    )
    return Finding(ShapImage.KIND, (one.name,), one.predicted - one.expected, payload=payload)


def _picture(pixels: np.ndarray) -> str:
    """The image as PNG in base64, scaled down if large."""
    from tilth.measures.explain.images.findings import LARGEST

    height, width = pixels.shape[:2]
    if (scale := LARGEST / max(height, width)) < 1:
        pixels = resized(pixels, max(1, round(height * scale)), max(1, round(width * scale)))
    return base64.b64encode(encoded(pixels)).decode()
