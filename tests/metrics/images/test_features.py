"""Features of images: worked values, those of other libraries, and what there is of tiny images."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from scipy.ndimage import convolve
from skimage.color import rgb2hsv
from skimage.measure import shannon_entropy

from tests.measures.explain.images.pictures import QUARTERS, saved
from tilth.metrics.images import features as images
from tilth.metrics.images.pixels import Picture, picture

RANDOM = np.random.default_rng(2)
NOISY = RANDOM.integers(0, 256, (30, 40, 3), np.uint8)


def of(pixels, **more):
    return images.features(Picture(np.asarray(pixels, np.uint8), "png", 3, **more), 1000)


def test_worked_values():
    """Two pixels and one white pixel, worked out by hand."""
    two = of([[(200, 150, 120), (60, 40, 30)]])
    assert (two["brightness"], two["colourfulness"]) == (0.4046, pytest.approx(38.438, abs=1e-3))
    one = np.zeros((4, 4, 3))
    one[1, 1] = 255
    assert of(one)["sharpness"] == 276356.25
    assert (two["sharpness"], two["noise"]) == (None, None)  # there is no pixel inside


def test_light_and_colours_are_those_of_other_libraries():
    found, y = of(NOISY), NOISY @ [0.299, 0.587, 0.114]
    assert found["saturation"] == pytest.approx(rgb2hsv(NOISY)[..., 1].mean(), abs=1e-4)
    low, high = np.quantile(y, [0.01, 0.99])
    assert found["contrast_range"] == pytest.approx((high - low) / 255, abs=1e-4)
    assert found["entropy"] == pytest.approx(shannon_entropy(np.rint(y)), abs=1e-4)
    kernel = np.array(images.NOISE)
    inner = convolve(y, kernel)[1:-1, 1:-1]
    assert found["noise"] == pytest.approx(np.sqrt(np.pi / 2) / (6 * inner.size) * np.abs(inner).sum(), abs=1e-4)
    assert found["sharpness"] == pytest.approx(convolve(y, np.array(images.LAPLACIAN))[1:-1, 1:-1].var(), rel=1e-6)


def test_a_grey_image_has_no_colours_and_one_background():
    grey = of(np.full((20, 10, 3), 128))
    assert [grey[k] for k in ("is_grey", "saturation", "contrast", "entropy", "background", "orientation")] == [1, 0, 0, 0, 1, "portrait"]
    assert of(QUARTERS)["is_grey"] == 0
    framed = np.full((40, 40, 3), 250)
    framed[:, :10] = (200, 0, 0)
    assert 0.6 < of(framed)["background"] < 0.8  # the red side, and a quarter of the upper and lower one, is not the background


def test_large_images_are_measured_smaller_and_keep_their_size():
    found = of(np.repeat(np.repeat(NOISY, 40, axis=0), 40, axis=1))
    assert (found["width"], found["height"], found["megapixels"]) == (1600, 1200, 1.92)
    assert found["brightness"] == pytest.approx(of(NOISY)["brightness"], abs=0.01)


def test_what_the_camera_wrote():
    exif = Image.Exif()
    exif[images.MAKE], exif[images.MODEL] = "Canon", "EOS 5D"
    exif.get_ifd(34665).update({images.DATE: "2024:05:01 17:03:00", images.FLASH: 25})
    file = io.BytesIO()
    Image.fromarray(QUARTERS).save(file, "jpeg", exif=exif)
    found = images.features(picture(file.getvalue(), "a.jpg"), len(file.getvalue()))
    assert [found[k] for k in ("capture_device", "capture_hour", "flash", "format")] == ["Canon EOS 5D", 17, 1, "jpeg"]
    assert of(QUARTERS, exif={images.DATE: "not a day"})["capture_hour"] is None


@pytest.mark.parametrize(
    ("position", "region"),
    [
        pytest.param({1: "N", 2: (48.0, 51.0, 29.6), 3: "E", 4: (2.0, 17.0, 40.2)}, "40N 0E", id="Paris"),
        pytest.param({1: "S", 2: (22.0, 54.0, 30.0), 3: "W", 4: (43.0, 11.0, 47.0)}, "30S 50W", id="Rio de Janeiro"),
        pytest.param({1: "N", 2: (48.0, 51.0, 29.6)}, None, id="no longitude"),
        pytest.param({}, None, id="no position"),
    ],
)
def test_where_it_was_taken(position, region):
    exif = Image.Exif()
    exif.get_ifd(34853).update(position)
    file = io.BytesIO()
    Image.fromarray(QUARTERS).save(file, "jpeg", exif=exif)
    assert images.features(picture(file.getvalue(), "a.jpg"), 1000)["gps_region"] == region


def test_files_are_read_once_and_broken_ones_have_nothing(tmp_path, monkeypatch):
    folder = str(saved(tmp_path / "images", {"a.png": QUARTERS}))
    (tmp_path / "images" / "b.png").write_bytes(b"no image")
    names = pa.array(["a.png", "b.png", "gone.png", None])
    height, width = QUARTERS.shape[:2]
    assert images.OfImages("height", folder)(names).to_pylist() == [height, None, None, None]
    monkeypatch.setattr(images, "bytes_of", None)  # which is not asked again
    assert images.OfImages("width", folder)(names.slice(0, 1)).to_pylist() == [width]


COLOURS = {"red": (250, 10, 20), "blue": (20, 30, 200), "grey": (120, 120, 125), "white": (255, 255, 255), "orange": (255, 150, 10)}


@pytest.mark.parametrize(("name", "colour"), COLOURS.items())
def test_the_largest_part_has_a_basic_colour(name, colour):
    image = np.full((40, 60, 3), colour)
    image[:, :20] = RANDOM.integers(0, 256, (40, 20, 3))
    assert of(image)["dominant_colour"] == name


@pytest.mark.parametrize("quality", [25, 50, 75, 90, 98])
def test_the_quality_of_a_jpeg_is_that_at_which_it_was_saved(quality):
    file = io.BytesIO()
    Image.fromarray(NOISY).save(file, "jpeg", quality=quality)
    assert images.features(picture(file.getvalue(), "a"), 1)["jpeg_quality"] == pytest.approx(quality, abs=1)
    assert of(NOISY)["jpeg_quality"] is None


def test_transparency_is_a_channel():
    file = io.BytesIO()
    Image.new("LA", (3, 3), (10, 0)).save(file, "png")
    found = images.features(picture(file.getvalue(), "a"), 9)
    assert (found["channels"], found["brightness"], found["bytes_per_pixel"]) == (4, 1.0, 1.0)  # on white
