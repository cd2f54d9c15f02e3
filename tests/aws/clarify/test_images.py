"""Clarify's explanations of images: its configuration, and its files."""

import json
from pathlib import Path

import pytest

from tests.answering import answering
from tests.engines import duckdb_session
from tests.measures.explain.images.pictures import QUARTERS, detector, mean_colours, saved
from tilth.aws.clarify.config import AnalysisConfig
from tilth.aws.clarify.images import image_model_of
from tilth.aws.clarify.reading import read_data
from tilth.cli.app import run
from tilth.errors import RequestError
from tilth.formats import to_arrow
from tilth.metrics.images.features import folder_of
from tilth.metrics.images.pixels import decoded

CLASSES = {"model_type": "IMAGE_CLASSIFICATION", "num_segments": 4, "segment_compactness": 5}


def config(images, shap=None, **more):
    methods = {"shap": {"seed": 1, "image_config": {**CLASSES, **(images or {})}, **(shap or {})}}
    predictor = {"endpoint_name": "e", "content_type": "image/png", "label_headers": ["r", "g", "b"]}
    return {"dataset_type": "application/x-image", "methods": methods, "predictor": predictor, **more}


def analysed(folder, given, url):
    (folder.parent / "config.json").write_text(json.dumps(given))
    out = folder.parent / "out"
    arguments = [str(folder), "--config", f"{folder.parent}/config.json", "--model", url, "-o", str(out)]
    return run(["measure", *arguments]), out


def test_an_endpoint_is_asked_as_for_tables():
    """Of rows, images and series alike: headers, seconds, retries, and answers kept."""
    given = config(None)
    given["predictor"] |= {"custom_attributes": "c", "target_model": "m"}
    given["tilth"] = {"predictor": {"model": "http://x", "seconds": 5, "retries": 0, "most_seconds": 7, "batch_rows": 3, "concurrency": 2}}
    model = image_model_of(AnalysisConfig.model_validate(given), "kept.bin")
    found = (model.seconds, model.retries, model.most_seconds, model.batch_rows, model.concurrency, model.kept)
    assert found == (5, 0, 7, 3, 2, "kept.bin")
    assert dict(model.headers) == {"X-Amzn-SageMaker-Custom-Attributes": "c", "X-Amzn-SageMaker-Target-Model": "m"}
    assert (model.content_type, model.accept_type) == ("image/png", "application/json")


@pytest.fixture
def folder(tmp_path):
    return saved(tmp_path / "images", {"cats/a.png": QUARTERS, "b.png": QUARTERS[::-1]})


@pytest.mark.slow
def test_labels_have_lines_and_images_a_heat_map(folder):
    with answering(lambda x: mean_colours(x[None])[0].tolist(), read=lambda body: decoded(body, "sent")) as (url, _):
        code, out = analysed(folder, config(None), url)
    assert code == 0
    made = sorted(p.name for p in (out / "explanations_shap").iterdir())
    assert made == ["out.jsonl", "shap_b.jpeg", "shap_cats_a.jpeg"]
    lines = [json.loads(line) for line in (out / "explanations_shap" / "out.jsonl").read_text().splitlines()]
    assert {(line["image"], line["label"]) for line in lines} == {(i, c) for i in ("cats/a.png", "b.png") for c in "rgb"}
    assert (out / "report.html").read_text().count("data:image/png") == 2
    assert decoded((out / "explanations_shap" / "shap_b.jpeg").read_bytes(), "b").shape == QUARTERS.shape


def test_objects_have_a_heat_map_each(folder):
    given = config(
        {"model_type": "OBJECT_DETECTION", "max_objects": 2, "iou_threshold": 0.5, "context": 0.5, "debug": {"image_names": ["b.png"]}}
    )
    with answering(lambda x: {"prediction": detector(x[None])[0]}, read=lambda body: decoded(body, "sent")) as (url, _):
        code, out = analysed(folder, given, url)
    assert code == 0
    assert sorted(p.name for p in (out / "explanations_shap").iterdir()) == ["out.jsonl", "shap_b_box1_object.jpeg"]
    lines = [json.loads(line) for line in (out / "explanations_shap" / "out.jsonl").read_text().splitlines()]
    assert {tuple(line["box"]) for line in lines} == {(0.5, 0.5, 1.0, 1.0)}


@pytest.mark.parametrize(
    ("listed", "names"),
    [
        ([{"prefix": "images/"}, "b.png", "cats/a.png"], ["b.png", "cats/a.png"]),
        ([{"prefix": "images/cats/a"}, ".png"], ["a.png"]),
        (["images/b.png"], ["images/b.png"]),
    ],
)
def test_a_manifest_lists_the_images(listed, names, folder):
    manifest = folder.parent / "few.json"
    manifest.write_text(json.dumps(listed))
    data, _ = read_data(AnalysisConfig.model_validate(config(None)), str(manifest), duckdb_session())
    assert to_arrow(data, duckdb_session())["path"].to_pylist() == names
    assert all((Path(folder_of(data)) / name).is_file() for name in names)


def test_images_of_a_manifest_are_explained(folder):
    (manifest := folder.parent / "few.json").write_text(json.dumps([{"prefix": "images/"}, "b.png"]))
    with answering(lambda x: mean_colours(x[None])[0].tolist(), read=lambda body: decoded(body, "sent")) as (url, _):
        code, out = analysed(manifest, config(None), url)
    assert (code, len((out / "explanations_shap" / "out.jsonl").read_text().splitlines())) == (0, 12)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{}", "does not begin with"),
        ('[{"prefix": "images/"}]', "lists no images"),
        ('["../b.png"]', "not a name under"),
        ("[", "not JSON"),
    ],
)
def test_another_manifest_is_refused(text, says, folder, capsys):
    (manifest := folder.parent / "few.json").write_text(text)
    assert analysed(manifest, config(None), "http://127.0.0.1:9")[0] == 2
    assert says in capsys.readouterr().err


def test_debugging_restricts_images_and_classes(folder):
    given = config({"debug": {"class_ids": [2], "sample_from": 0, "sample_to": 1}})
    with answering(lambda x: mean_colours(x[None])[0].tolist(), read=lambda body: decoded(body, "sent")) as (url, _):
        _, out = analysed(folder, given, url)
    lines = [json.loads(line) for line in (out / "explanations_shap" / "out.jsonl").read_text().splitlines()]
    assert {(line["image"], line["label"]) for line in lines} == {("b.png", "b")}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (config(None, predictor={"endpoint_name": "e"}), "predictor.label_headers: this is needed for images"),
        (config(None, {"num_clusters": 2}), "methods.shap.num_clusters: not for images"),
        (config(None, {"baseline": [[1]]}), "methods.shap.baseline: found rows"),
        (
            config(None, predictor={"endpoint_name": "e", "content_type": "text/csv", "label_headers": ["a"]}),
            "predictor.content_type: found",
        ),
        ({**config(None), "dataset_type": "text/csv"}, "methods.shap.image_config: found with dataset_type text/csv"),
        (config(None) | {"methods": {"shap": {}}}, "methods.shap.image_config: this is needed"),
        (config(None) | {"methods": {"shap": {"image_config": CLASSES}, "pdp": {"grid_resolution": 3}}}, "methods.pdp: not for images"),
    ],
)
def test_what_does_not_fit_images_is_refused(given, said):
    with pytest.raises(RequestError, match=said):
        AnalysisConfig.of(given | {"tilth": {"predictor": {"model": "http://127.0.0.1:1/x"}}})


@pytest.mark.parametrize(
    ("debug", "said"), [({"class_ids": [3]}, "there is no class 3"), ({"image_names": ["z.png"]}, "there is no image z.png")]
)
def test_images_and_classes_that_there_are_not_are_named(folder, debug, said, capsys):
    code, out = analysed(folder, config({"debug": debug}), "http://127.0.0.1:1/x")
    assert (code, out.exists()) == (2, False)
    assert said in capsys.readouterr().err
