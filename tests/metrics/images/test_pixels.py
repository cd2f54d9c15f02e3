"""Files of images, read and written."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tests.measures.explain.images.pictures import QUARTERS
from tilth.errors import RequestError, SourceError
from tilth.metrics.images.pixels import JPEG, NPY, PNG, decoded, encoded, resized


def png(width, height):
    """The head of a PNG file of a size, without its pixels."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + head + struct.pack(">I", zlib.crc32(b"IHDR" + head))


def test_files_give_their_pixels():
    assert np.array_equal(decoded(encoded(QUARTERS), "q.png"), QUARTERS)
    assert np.abs(decoded(encoded(QUARTERS, JPEG), "q.jpg").astype(int) - QUARTERS).mean() < 20
    assert np.array_equal(np.load(io.BytesIO(encoded(QUARTERS[None], NPY)), allow_pickle=False), QUARTERS[None])
    assert resized(QUARTERS, 4, 8).shape == (4, 8, 3)


def test_transparent_pixels_are_on_white_and_exif_turns():
    clear, turned = io.BytesIO(), io.BytesIO()
    Image.fromarray(np.dstack([QUARTERS, np.zeros((16, 16), np.uint8)])).save(clear, "png")
    assert (decoded(clear.getvalue(), "clear.png") == 255).all()
    exif = Image.Exif()
    exif[0x0112] = 3  # by 180 degrees
    Image.fromarray(QUARTERS).save(turned, "png", exif=exif)
    assert np.array_equal(decoded(turned.getvalue(), "turned.png"), QUARTERS[::-1, ::-1])


@pytest.mark.parametrize("form", ["png", "tiff"])
def test_pixels_of_16_bits_are_scaled_and_others_refused(form):
    deep, floats = io.BytesIO(), io.BytesIO()
    Image.fromarray(np.full((2, 2), 32_768, np.uint16)).save(deep, form)
    assert decoded(deep.getvalue(), "deep").tolist() == [[[128] * 3] * 2] * 2
    Image.fromarray(np.full((2, 2), 0.5, np.float32)).save(floats, "tiff")
    with pytest.raises(SourceError, match=r"floats has pixels of 32 bits"):
        decoded(floats.getvalue(), "floats")


def test_what_is_not_an_image_is_refused():
    for content in (b"", b"no image", encoded(QUARTERS)[:60], encoded(QUARTERS, JPEG)[:200]):
        with pytest.raises(SourceError, match=r"broken\.png is not a valid image"):
            decoded(content, "broken.png")
    with pytest.raises(SourceError, match=r"large\.png has 10,000 × 10,000 pixels|large\.png is not a valid image"):
        decoded(png(10_000, 10_000), "large.png")
    Image.new("1", (8_000, 8_000)).save(large := io.BytesIO(), "png")
    with pytest.raises(SourceError, match=r"large\.png has 8,000 × 8,000 pixels"):
        decoded(large.getvalue(), "large.png")
    with pytest.raises(RequestError, match="an image is not sent as text/csv"):
        encoded(QUARTERS, "text/csv")
    assert encoded(QUARTERS, PNG)[:4] == b"\x89PNG"
