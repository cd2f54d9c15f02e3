"""Images as arrays of pixels, height × width × 3 bytes of sRGB, and their files."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tilth.errors import RequestError, SourceError, extra

MOST_PIXELS = 50_000_000  # of an image, because a small file may unpack to any size
JPEG, PNG, NPY = "image/jpeg", "image/png", "application/x-npy"
QUALITY = 95  # of JPEG
OF_CAMERA, OF_POSITION = 34665, 34853  # the EXIF sections on how and where an image was taken


@dataclass(frozen=True, eq=False)
class Picture:
    """An image: its pixels, the format of its file in lower case, its channels (1, 3, or 4 with transparency), its EXIF data, where the
    position has its own section.

    `quantization` is the JPEG table for brightness; empty for other formats.
    """

    pixels: np.ndarray
    format: str
    channels: int
    exif: Mapping[int, Any] = field(default_factory=dict)
    quantization: Sequence[int] = ()


def decoded(content: bytes, name: str) -> np.ndarray:
    """The pixels of a file. Errors: as for `picture`."""
    return picture(content, name).pixels


def picture(content: bytes, name: str) -> Picture:
    """The image in a file, rotated by its EXIF data, with transparent pixels on white.

    Errors: `SourceError`, which names the image, for other or truncated bytes, pixels of 32 bits, and more than 50 million pixels;
    `MissingExtra`.
    """
    with extra("images", "an image"):
        from PIL import Image, ImageOps
    try:
        with Image.open(io.BytesIO(content)) as image:
            if image.width * image.height > MOST_PIXELS:
                message = f"{name} has {image.width:,} × {image.height:,} pixels"
                raise SourceError(message, accepted=f"up to {MOST_PIXELS:,}", hint="make it smaller", code="too-large")
            exif = image.getexif()
            more = {**exif, **exif.get_ifd(OF_CAMERA), OF_POSITION: exif.get_ifd(OF_POSITION)}
            clear = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
            channels = 4 if clear else 1 if image.mode in ("1", "L") or image.mode.startswith("I;16") else 3
            turned = ImageOps.exif_transpose(image)
            if image.mode in ("I", "F"):
                raise SourceError(f"{name} has pixels of 32 bits", accepted="8 or 16 bits for each channel", code="bad-image")
            if image.mode.startswith("I;16"):  # Pillow would cut larger values off
                turned = Image.fromarray((np.asarray(turned) / 257).round().astype(np.uint8))
            turned = turned.convert("RGBA")
            white = Image.new("RGBA", turned.size, "white")
            pixels = np.asarray(Image.alpha_composite(white, turned).convert("RGB"))
            tables = getattr(image, "quantization", None) or {}
            return Picture(pixels, (image.format or "").lower(), channels, more, tuple(tables.get(0, ())))
    except SourceError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise SourceError(f"{name} is not a valid image", accepted="JPEG, PNG, GIF, BMP, WebP, TIFF", code="bad-image") from error


def encoded(pixels: np.ndarray, content_type: str = PNG) -> bytes:
    """The file of an image as JPEG or PNG, or of one or more images as NPY. Errors: `RequestError` for another type, `MissingExtra`."""
    file = io.BytesIO()
    if content_type == NPY:
        np.save(file, pixels, allow_pickle=False)
        return file.getvalue()
    if content_type not in (JPEG, PNG):
        raise RequestError(f"an image is not sent as {content_type}", accepted=f"{JPEG}, {PNG}, {NPY}", code="bad-value")
    with extra("images", "an image"):
        from PIL import Image
    Image.fromarray(pixels).save(file, content_type.rpartition("/")[2], quality=QUALITY)
    return file.getvalue()


def shrunk(pixels: np.ndarray, longer: int) -> np.ndarray:
    """The image, scaled down so that the longer side has at most `longer` pixels, each the mean of those that it replaces."""
    from PIL import Image

    height, width = pixels.shape[:2]
    if max(height, width) <= longer:
        return pixels
    share = longer / max(height, width)
    size = max(1, round(width * share)), max(1, round(height * share))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX))


def resized(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """The image scaled to another size."""
    from PIL import Image

    return np.asarray(Image.fromarray(pixels).resize((width, height)))
