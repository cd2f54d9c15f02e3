"""The measure `image_shap`: of functions, of detectors, and what it refuses."""

import numpy as np
import pyarrow as pa
import pytest

import tilth
from tests.measures.explain.images.pictures import QUARTERS, detector, mean_colours, saved
from tilth.errors import RequestError

LABELS = ("red", "green", "blue")


@pytest.fixture
def folder(tmp_path):
    (saved(tmp_path / "images", {"a.png": QUARTERS, "b.png": QUARTERS[::-1]}) / "c.png").write_bytes(b"no image")
    return tmp_path / "images"


@pytest.mark.slow
def test_the_likeliest_label_is_explained_and_broken_images_are_named(folder):
    report = tilth.measure(folder, "image_shap", model=mean_colours, background="mean", labels=LABELS)
    assert [(f.subject, f.payload.output) for f in report.of("image_shap")] == [(("a.png",), "red"), (("b.png",), "red")]
    assert "1 image cannot be read: c.png" in str(report.of("warning")[0])
    asked = tilth.measure(folder, "image_shap", model=mean_colours, outputs=("blue", "red"), labels=LABELS, images=1)
    assert [f.payload.output for f in asked.of("image_shap")] == ["blue", "red"]


def test_paths_may_be_in_a_table_and_the_background_a_file(folder, tmp_path):
    saved(tmp_path, {"black.png": np.zeros((2, 2, 3), np.uint8)})
    table = tilth.read(pa.table({"file": ["a.png"]}), roles={"image": "file"})
    given = {"folder": str(folder), "background": str(tmp_path / "black.png"), "outputs": ("2",)}
    (f,) = tilth.measure(table, "image_shap", model=mean_colours, segments=4, **given).of("image_shap")
    assert f.payload.expected == 0
    assert sorted(f.payload.values)[:3] == pytest.approx([0, 0, 0], abs=1e-12)
    assert max(f.payload.values) == pytest.approx(250 / 255 / 4)


def test_objects_are_explained_by_how_well_they_are_found(folder):
    given = {"detect": True, "labels": ("cat", "dog"), "background": "mean", "segments": 4, "images": 3, "threshold": 0.95}
    found = tilth.measure(folder, "image_shap", model=detector, **given).of("image_shap")
    (dog,) = [f for f in found if f.payload.output == "dog"]
    assert dog.subject == ("a.png",)
    assert dog.payload.box == (0.0, 0.0, 0.5, 0.5)
    assert dog.payload.predicted == pytest.approx(250 / 255)
    assert sum(v > 1e-6 for v in dog.payload.values) == 1
    alone = tilth.measure(folder, "image_shap", model=detector, context=0.0, **given).of("image_shap")
    assert {len(f.payload.values) for f in alone} == {1}


def test_what_does_not_fit_is_refused(folder):
    with pytest.raises(RequestError, match="image_shap needs a model") as refused:
        tilth.measure(pa.table({"x": [1]}), "image_shap", detect=True, outputs=("a",))
    assert len(refused.value.mistakes) == 3
    with pytest.raises(RequestError, match="its images would be in the report"):
        tilth.measure(tilth.read(folder, roles={"private": "path"}), "image_shap", model=mean_colours)
    with pytest.raises(RequestError, match="2 labels, and the model gives 3 numbers"):
        tilth.measure(folder, "image_shap", model=mean_colours, labels=("a", "b"))
    with pytest.raises(RequestError, match="the model has no output 'pink'"):
        tilth.measure(folder, "image_shap", model=mean_colours, labels=LABELS, outputs=("pink",))
