"""People, faces and texts in images."""

from __future__ import annotations

import json

import numpy as np
import onnx
import pyarrow as pa
import pytest
from onnx import TensorProto, helper, numpy_helper

import tilth
from tests.measures.explain.images.pictures import saved
from tilth.errors import ColumnError, RequestError
from tilth.metrics.images.shown import SHOWN, OfAnnotations, OfDetector


def detector(path, rows, shape=("height", "width", 3), kind=TensorProto.UINT8):
    """A model that finds the same in each image; the score of the first is the image's largest value / 255."""
    found = np.array(rows, np.float32)
    axes = list(range(len(shape)))
    nodes = [
        helper.make_node("Cast", ["image"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["numbers"], ["most"], axes=axes, keepdims=0),
        helper.make_node("Mul", ["most", "first"], ["score"]),
        helper.make_node("Add", ["rows", "score"], ["found"]),
    ]
    first = np.zeros_like(found)
    first[:1, 1] = 1 / 255
    graph = helper.make_graph(
        nodes,
        "detector",
        [helper.make_tensor_value_info("image", kind, shape)],
        [helper.make_tensor_value_info("found", TensorProto.FLOAT, found.shape)],
        [numpy_helper.from_array(first, "first"), numpy_helper.from_array(found, "rows")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return str(path)


ROWS = [(0, 0, 0, 0, 0.5, 0.5), (0, 0.9, 0.25, 0, 0.75, 0.5), (0, 0.4, 0, 0, 1, 1)]  # of the second and the third the score is fixed


@pytest.mark.parametrize("shape", [("height", "width", 3), (1, 16, 16, 3)])
def test_a_detector_is_asked(tmp_path, shape):
    """Bright images have the first and the second, which cover 3/4 of the upper half; dark ones the second."""
    file = detector(tmp_path / "faces.onnx", ROWS, shape)
    folder = saved(tmp_path / "images", {"a.png": np.full((8, 12, 3), 255, np.uint8), "b.png": np.zeros((700, 20, 3), np.uint8)})
    (folder / "c.png").write_bytes(b"no image")
    names = pa.array(["a.png", "b.png", "c.png", None])
    answers = {feature: OfDetector.of(feature, file, str(folder))(names).to_pylist() for feature in SHOWN}
    assert answers["faces"] == answers["persons"] == [2, 1, None, None]
    assert answers["text_share"] == [0.375, 0.25, None, None]


def test_what_is_not_a_detector_is_refused(tmp_path):
    with pytest.raises(RequestError, match=r"(?s)the detector's inputs are image tensor\(float\).*one of 8-bit pixels"):
        OfDetector.of("faces", detector(tmp_path / "floats.onnx", ROWS, kind=TensorProto.FLOAT))
    five = OfDetector.of("faces", detector(tmp_path / "five.onnx", [(0, 0, 0, 0, 1)]), str(tmp_path))
    saved(tmp_path, {"a.png": np.zeros((8, 8, 3), np.uint8)})
    with pytest.raises(RequestError, match=r"(?s)last output is 1 × 5 numbers.*class, score, left"):
        five(pa.array(["a.png"]))


def marked(*classes, size=None, names=("Person", "face", "text", "dog")):
    """A sample with an object 10 wide and 5 high of each class, side by side."""
    boxes = [{"class_id": c, "left": 10 * i, "top": 0, "width": 10, "height": 5} for i, c in enumerate(classes)]
    boxes = {"image_size": [{"width": 100, "height": 10}] if size is None else size, "annotations": boxes}
    return {"boxes": boxes, "boxes-metadata": {"class-map": {str(i): name for i, name in enumerate(names)}}}


@pytest.mark.parametrize(
    ("sample", "persons", "faces", "text_share"),
    [
        (marked(0, 1, 0, 3), 2, 1, 0.0),
        (marked(2, 3, 2), 0, 0, 0.1),  # of 1,000 pixels 100
        (marked(), 0, 0, 0.0),
        (marked(2, size=[]), 0, 0, None),
        (marked(0, 7), None, None, None),  # a class without a name
        ({"boxes": None, "boxes-metadata": None}, None, None, None),
        ({"boxes": [1], "boxes-metadata": {}}, None, None, None),
    ],
)
def test_what_annotations_mark(sample, persons, faces, text_share):
    given = [pa.array([json.dumps(sample[n])]) for n in ("boxes", "boxes-metadata")]
    assert [OfAnnotations(f)(*given)[0].as_py() for f in ("persons", "faces", "text_share")] == [persons, faces, text_share]


ROLES = {"label": "y", "positive": 1}


@pytest.fixture
def manifest(tmp_path):
    """Images with one person, bright, and images without, dark."""
    images = {f"{i}.png": np.full((8, 8, 3), 255 * (i % 2), np.uint8) for i in range(40)}
    folder = saved(tmp_path / "images", images)
    lines = [{"source-ref": name, "y": int(i % 4 > 0), **marked(*[0] * (i % 2))} for i, name in enumerate(images)]
    (folder / "m.manifest").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return folder / "m.manifest"


def dpl(report):
    return {f.group.partition("=")[2]: f.value for f in report.of("bias") if f.name == "DPL"}


def test_facets_of_annotations_and_of_a_detector(manifest, tmp_path):
    """With a person all 20 have the label, without 10 of 20."""
    file = detector(tmp_path / "people.onnx", ROWS)
    for facet, groups in (("@persons:boxes", "01"), (f"@persons:{file}", "12")):
        data = tilth.read(manifest, roles={**ROLES, "facet": f"source-ref{facet}"})
        assert dpl(tilth.measure(data, "bias", bootstrap=0)) == {groups[0]: 0.5, groups[1]: -0.5}


@pytest.mark.spark
def test_spark_finds_the_same(manifest, tmp_path, spark):
    from tilth.engine.spark import Spark

    file = detector(tmp_path / "people.onnx", ROWS)
    roles = {**ROLES, "facet": ["source-ref@persons:boxes", f"source-ref@text_share:{file}"]}
    ours, theirs = (tilth.measure(tilth.read(manifest, roles=roles), "bias", bootstrap=0, engine=e) for e in ("duckdb", Spark(spark)))
    assert dpl(ours) == dpl(theirs)


@pytest.mark.parametrize(
    ("facet", "objects"), [("@faces", None), ("@faces:boxen", None), ("@faces:model.pt", None), ("@faces:boxes", "boxes")]
)
def test_without_annotations_or_detector_it_is_refused(manifest, facet, objects):
    """Of rows of objects, the annotations of the whole image are not there."""
    with pytest.raises(ColumnError, match=r"(?s)faces takes annotations or a detector of yours.*source-ref@faces:boxes"):
        tilth.measure(tilth.read(manifest, objects=objects, roles={**ROLES, "facet": f"source-ref{facet}"}), "bias")
