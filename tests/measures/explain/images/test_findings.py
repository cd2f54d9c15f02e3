"""The findings of images: their section, and the lines of their file."""

import json

import numpy as np

import tilth
from tests.measures.explain.images.pictures import QUARTERS, mean_colours, saved
from tilth.measures.explain.images.findings import save_images
from tilth.report.json import from_json, to_json


def test_heat_maps_are_in_the_report_and_values_in_a_file(tmp_path):
    folder = saved(tmp_path / "images", {"red/<b>.png": QUARTERS})
    report = tilth.measure(folder, "image_shap", model=mean_colours, background="mean", labels=("r", "g", "b"), segments=4)
    report.save(tmp_path / "r.html")
    html = (tmp_path / "r.html").read_text()
    assert "data:image/png;base64," in html
    assert "img-src data:" in html
    assert "<b>.png" not in html
    assert from_json(to_json(report)) == report
    (f,) = report.of("image_shap")
    assert np.isclose(f.value, sum(f.payload.values))
    save_images([f], tmp_path / "values.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "values.jsonl").read_text().splitlines()]
    assert [line["value"] for line in lines] == [*f.payload.values]
    assert sum(line["pixels"] for line in lines) == 256
    assert {(line["image"], line["label"]) for line in lines} == {("red/<b>.png", "r")}
