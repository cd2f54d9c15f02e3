"""Models of images in ONNX files: bytes of sRGB in, a number for each label."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tilth.errors import RequestError
from tilth.measures.model_file import model_bytes
from tilth.steps.models import Onnx

CHANNELS = 3


@dataclass(frozen=True, eq=False)
class OnnxImages:
    """An ONNX model with one input of four dimensions, images × 3 × height × width or images × height × width × 3, of colours from 0 to 1.

    From each channel `mean` is subtracted, and it is divided by `deviation`. The last output is explained. Errors: `RequestError` for
    another file or other inputs, `MissingExtra`.
    """

    file: str
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    deviation: tuple[float, ...] = (1.0, 1.0, 1.0)
    model: Onnx = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "model", Onnx(model_bytes(self.file)))
        shape = self.model.input.shape
        if len(shape) != 4 or CHANNELS not in (shape[1], shape[3]):
            accepted = "images × 3 × height × width, or images × height × width × 3"
            message = f"the input of {self.file!r} is {' × '.join(map(str, shape))}"
            raise RequestError(message, accepted=accepted, hint="explain a function of images in Python", code="model-inputs")

    @property
    def channels_first(self) -> bool:
        """Whether the channels come before rows and columns."""
        return bool(self.model.input.shape[1] == CHANNELS)

    @property
    def size(self) -> tuple[int, int] | None:
        """The height and width that it takes; None for any."""
        height, width = self.model.input.shape[2:] if self.channels_first else self.model.input.shape[1:3]
        return (height, width) if isinstance(height, int) and isinstance(width, int) else None

    def __call__(self, images: np.ndarray) -> np.ndarray:
        scaled = (images / 255.0 - np.array(self.mean)) / np.array(self.deviation)
        given = scaled.transpose(0, 3, 1, 2) if self.channels_first else scaled
        one = self.model.input.shape[0] == 1
        parts = (given[i : i + 1] for i in range(len(given))) if one else (given,)
        return np.concatenate([self.model.probabilities(part) for part in parts])
