"""Augmented manifests, as tables and as the stream that a training job is sent."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

import tilth
from tests.engines import duckdb_session
from tilth.errors import ColumnError, RequestError, SourceError
from tilth.formats import read, to_arrow, write
from tilth.formats.augmented_manifest import stream
from tilth.measures.bias import performance

IMAGE = bytes.fromhex("ffd8ffd9")


def sent(line, attributes, wrapper="RecordIO"):
    return b"".join(stream([line], attributes, {"U": IMAGE}.__getitem__, wrapper))


def test_the_worked_stream():
    """Apache MXNet 1.9.1 reads it back as two records."""
    stream_ = sent('{"image-ref": "U", "is-a-cat": 1}', ["image-ref", "is-a-cat"])
    assert stream_.hex(" ") == "0a 23 d7 ce 04 00 00 00 ff d8 ff d9 0a 23 d7 ce 01 00 00 00 31 00 00 00"


def test_the_values_in_the_order_of_the_list():
    line = json.dumps({"b": "é x", "a": {"k": [1, None]}, "a-metadata": {}, "c-ref": "U"})
    assert sent(line, ["c-ref", "a", "b"], "None") == IMAGE + '{"k":[1,null]}é x'.encode()


@pytest.mark.parametrize(
    ("line", "attributes", "says"),
    [
        ("[1]", ["a"], "<manifest>:1: the line is not a JSON object"),
        ("{", ["a"], "<manifest>:1: the line is not valid JSON"),
        ('{"A": 1}', ["a"], "<manifest>:1: the line lacks 'a'"),
        ('{"a-ref": 1}', ["a-ref"], "<manifest>:1: 'a-ref' is not a place"),
    ],
)
def test_a_wrong_line_is_named(line, attributes, says):
    with pytest.raises(SourceError, match=says):
        sent(line, attributes)


@pytest.mark.parametrize("attributes", [[], ["a"] * 17])
def test_there_are_up_to_sixteen_attributes(attributes):
    with pytest.raises(RequestError, match=r"attributes are listed"):
        sent('{"a": 1}', attributes)


def test_a_table_of_samples_both_ways(tmp_path):
    engine = duckdb_session()
    table = pa.table({"source-ref": ["s3://b/1.jpg", "s3://b/2.jpg"], "label": [0, 1], "label-metadata": [{"confidence": 0.5}] * 2})
    place = tmp_path / "train.manifest"
    write(read(table, engine=engine), place, engine=engine)
    assert json.loads(place.read_text().splitlines()[0]) == {
        "source-ref": "s3://b/1.jpg",
        "label": 0,
        "label-metadata": {"confidence": 0.5},
    }
    assert to_arrow(read(place, engine=engine), engine)["source-ref"].to_pylist() == ["s3://b/1.jpg", "s3://b/2.jpg"]
    with pytest.raises(ColumnError, match="column 'source-ref' is integer, and `…-ref` holds places"):
        write(read(pa.table({"source-ref": [1]}), engine=engine), place, engine=engine)


SAMPLES = (
    {"source-ref": "s3://b/1.jpg", "pet": 0, "pet-metadata": {"class-name": "cat", "confidence": 0.5, "human-annotated": "yes"}},
    {"source-ref": "s3://b/2.jpg", "pet": 1, "pet-metadata": {"class-name": "dog", "confidence": 1, "human-annotated": "no"}},
    {"source-ref": "s3://b/3.jpg", "pet-metadata": {"failure-reason": "gone"}, "box": {"annotations": [{"class_id": 0}], "image_size": []}},
)


def test_metadata_are_columns_and_labels_that_are_missing_are_counted(tmp_path):
    engine, place = duckdb_session(), tmp_path / "pets.manifest"
    place.write_text("".join(json.dumps(row) + "\n" for row in SAMPLES))
    with pytest.warns(UserWarning, match="of 3 samples 1 have no 'pet'"):
        data = read(place, engine=engine)
    found = to_arrow(data, engine)
    assert found["pet-metadata.confidence"].to_pylist() == [0.5, 1.0, None]
    assert found["pet-metadata.human-annotated"].to_pylist() == ["yes", "no", None]
    assert (found["pet"].to_pylist(), found["box.objects"].to_pylist()) == ([0, 1, None], [None, None, 1])
    again = tmp_path / "again.manifest"
    write(data, again, engine=engine)
    assert set(json.loads(again.read_text().splitlines()[0])) == {"source-ref", "pet", "pet-metadata", "box"}


def box(class_id, *place, **more):
    return {"class_id": class_id, **dict(zip(("left", "top", "width", "height"), place, strict=True)), **more}


MARKED = (
    {
        "source-ref": "a.jpg",
        "boxes": {
            "image_size": [{"width": 300, "height": 300}],
            "annotations": [box(0, 0, 100, 30, 60), box(1, 210, 200, 30, 30, hid="yes")],
        },
        "boxes-metadata": {"class-map": {"0": "dog", "1": "cat"}, "objects": [{"confidence": 0.5}, {"confidence": 1}], "job-name": "pets"},
    },
    {"source-ref": "b.jpg", "boxes": {"image_size": [], "annotations": [box(1, 120, 140, 60, 30)]}, "boxes-metadata": {}},
    {"source-ref": "c.jpg", "boxes": {"image_size": [{"width": 30, "height": 30}], "annotations": []}},
    {"source-ref": "d.jpg"},
)


def test_each_object_is_a_row(tmp_path):
    """The share of the first is 30 · 60 / 300²; its centre is at 15, 130. Of the third neither the image's size nor names are known."""
    engine, place = duckdb_session(), tmp_path / "pets.manifest"
    place.write_text("".join(json.dumps(row) + "\n" for row in MARKED))
    with pytest.warns(UserWarning, match="of 4 samples"):
        found = to_arrow(read(place, objects="boxes", engine=engine), engine).to_pydict()
    assert found["source-ref"] == ["a.jpg", "a.jpg", "b.jpg"]
    assert (found["boxes.class"], found["boxes.class_id"]) == (["dog", "cat", None], [0, 1, 1])
    assert (found["boxes.object"], found["boxes.objects"]) == ([0, 1, 0], [2, 2, 1])
    assert (found["boxes.left"], found["boxes.confidence"], found["boxes.hid"]) == ([0, 210, 120], [0.5, 1.0, None], [None, "yes", None])
    assert (found["boxes.area_share"], found["boxes.truncated"]) == ([0.02, 0.01, None], [1, 0, None])
    assert found["boxes.position"] == ["centre left", "bottom right", None]
    assert found["boxes-metadata.job-name"] == ["pets", "pets", None]


def test_objects_of_another_member_are_refused(tmp_path):
    place = tmp_path / "pets.manifest"
    place.write_text("".join(json.dumps(row) + "\n" for row in MARKED[:2]))
    with pytest.raises(RequestError, match="no sample has objects in 'box'") as refused:
        read(place, objects="box", engine=duckdb_session())
    assert refused.value.mistakes[0].accepted == "boxes"


def test_objects_are_measured_with_images_as_clusters(tmp_path):
    """Each image has a dog at its border, and a cat that is not."""
    rows = [{**MARKED[0], "source-ref": f"{i}.jpg"} for i in range(12)]
    place = tmp_path / "pets.manifest"
    place.write_text("".join(json.dumps(row) + "\n" for row in rows))
    roles = {"facet": "boxes.class", "label": "boxes.truncated", "positive": 1}
    report = tilth.measure(tilth.read(place, objects="boxes", roles=roles), "bias", clusters="source-ref", bootstrap=50)
    (dpl,) = [f for f in report.of("bias") if f.name == "DPL" and f.group == "boxes.class=cat"]
    assert (dpl.value, dpl.low, dpl.high, dpl.payload.method) == (1.0, 1.0, 1.0, "cluster bootstrap")


def found_in(left, *, light=1, shown=1, **more):
    """A sample with a dog at 0, 0, of which a model's dog at `left` is a detection, or is not."""
    marked = {"image_size": [{"width": 40, "height": 40}]}
    about = {"class-map": {"0": "dog", "1": "cat"}}
    return {
        "source-ref": "a.jpg", "light": light,
        "boxes": {**marked, "annotations": [box(0, 0, 0, 10, 10)] * shown}, "boxes-metadata": about,
        "model": {**marked, "annotations": [box(1, left, 0, 10, 10)]},
        "model-metadata": {"class-map": {"1": "dog"}, "objects": [{"confidence": 0.9}]},
    } | more  # fmt: skip


def test_objects_are_compared_with_detections(tmp_path):
    """The first is found, by its class's name; of the second a third is shared; the third has no detections, the fourth no objects."""
    engine, place = duckdb_session(), tmp_path / "pets.manifest"
    rows = [found_in(0), found_in(5), found_in(0, model=None), found_in(0, boxes=None)]
    place.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.warns(UserWarning, match="of 4 samples"):
        found = to_arrow(read(place, objects="boxes", detections="model", engine=engine), engine).to_pydict()
    assert found["boxes.annotated"] == [1, 1, 0, 1, None]
    assert found["boxes.detected"] == [1, 0, 1, None, 1]
    assert (found["boxes.class"], found["boxes.left"], found["boxes.objects"]) == (["dog"] * 5, [0, 0, 5, 0, 0], [1, 1, 1, 1, None])
    assert not [name for name in found if name.startswith("model")]


def test_detections_give_the_metrics_that_need_no_true_negatives(tmp_path):
    """In dark images 6 of 10 dogs are found, with 2 wrong detections; in light ones 9 of 10, with 1."""
    place = tmp_path / "pets.manifest"
    dark = [found_in(0)] * 6 + [found_in(0, model=found_in(0)["boxes"] | {"annotations": []})] * 2 + [found_in(9)] * 2
    light = [found_in(0)] * 9 + [found_in(9)]
    rows = [{**row, "light": of, "source-ref": f"{of}{i}"} for of, rows in ((0, dark), (1, light)) for i, row in enumerate(rows)]
    place.write_text("".join(json.dumps(row) + "\n" for row in rows))
    roles = {"facet": "light", "label": "boxes.annotated", "positive": 1, "prediction": "boxes.detected"}
    data = tilth.read(place, objects="boxes", detections="model", roles=roles)
    report = tilth.measure(data, "bias", clusters="source-ref", bootstrap=50)
    values = {f.name: f.value for f in report.of("bias") if f.group == "light=0" and not f.payload.block}
    assert (values["RD"], values["DAR"]) == (pytest.approx(9 / 10 - 6 / 10), pytest.approx(9 / 10 - 6 / 8))
    assert values["TE"] == 4 / 2 - 1 / 1  # missed for each wrong one
    assert values["DCA"] == pytest.approx(10 / 10 - 10 / 8)
    assert not {"SD", "DRR", "DCR", "AD", "GE"} & {*values}
    (whole, dark, _) = report.of("performance")
    assert (whole.value, dark.payload.rates["True Positive Rate / Recall"]) == (None, 0.6)
    assert whole.message == "75 % of the annotated objects are detected, and 83.3 % of the detections are right"
    assert "specificity" not in str(performance.performance(report.of("performance")))
    asked = tilth.measure(data, "bias", metrics=("SD",), bootstrap=0).of("bias")
    assert {f.payload.error for f in asked} == {"detections of objects have no true negatives"}


def test_images_that_contain_a_class(tmp_path):
    engine, place = duckdb_session(), tmp_path / "pets.manifest"
    place.write_text("".join(json.dumps(row) + "\n" for row in (found_in(0), found_in(0, shown=0), found_in(0, model=None))))
    with pytest.warns(UserWarning, match="of 3 samples"):
        found = to_arrow(read(place, contains="dog", engine=engine), engine)
    assert (found["boxes.contains"].to_pylist(), found["model.contains"].to_pylist()) == ([1, 0, 1], [1, 1, None])
    place.write_text(json.dumps(found_in(0)) + "\n")
    with pytest.raises(RequestError, match=r"(?s)no sample has the class 'dgo'.*did you mean 'dog'"):
        read(place, contains="dgo", engine=engine)


def test_labels_of_several_classes(tmp_path):
    """As of Ground Truth's multi-label classification, and as a model's answers."""
    about = {"class-map": {"0": "dog", "1": "cat"}}
    samples = [([0, 1], [0]), ([], [1]), ([1], []), ([0], None)]
    rows = [{"source-ref": "a.jpg", "pets": a, "pets-metadata": about, "model": b, "model-metadata": about} for a, b in samples]
    (place := tmp_path / "pets.manifest").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.warns(UserWarning, match="of 4 samples 1 have no 'model'"):
        found = to_arrow(read(place, contains="dog", engine=duckdb_session()), duckdb_session())
    assert (found["pets.contains"].to_pylist(), found["model.contains"].to_pylist()) == ([1, 0, 0, 1], [1, 0, 0, None])


def test_detections_without_objects_are_refused(tmp_path):
    place = tmp_path / "pets.manifest"
    place.write_text(json.dumps(found_in(0)) + "\n")
    with pytest.raises(RequestError, match="no objects to compare them with"):
        read(place, detections="model", engine=duckdb_session())
    with pytest.raises(RequestError, match="no sample has objects in 'modle'"):
        read(place, objects="boxes", detections="modle", engine=duckdb_session())


@pytest.mark.parametrize(
    ("annotations", "about"),
    [
        ([box(1, 0, 0, 10, 10)], {"class-map": ["dog"], "objects": {"confidence": 1}}),
        ([box(1, 0, 0, 10, 10)], {"class-map": {"1": 5}, "objects": [0.9]}),
        ([box(1, "a", None, 10, 10)], {"objects": [{"confidence": "0.9"}]}),
    ],
)
def test_annotations_that_say_little_are_read(tmp_path, annotations, about):
    place = tmp_path / "pets.manifest"
    model = {"image_size": "?", "annotations": annotations}
    place.write_text(json.dumps(found_in(0, model=model) | {"model-metadata": about}) + "\n")
    found = to_arrow(read(place, objects="boxes", detections="model", engine=duckdb_session()), duckdb_session()).to_pydict()
    assert (found["boxes.annotated"], found["boxes.detected"]) == ([1, 0], [0, 1])


def test_annotations_that_are_no_boxes_are_left_out_and_counted(tmp_path):
    place = tmp_path / "pets.manifest"
    place.write_text("".join(json.dumps(found_in(0, model=model)) + "\n" for model in (found_in(0)["model"], {"annotations": [1]})))
    with pytest.warns(UserWarning, match="annotations are not a list of boxes, and are left out: 1 of 'model'"):
        data = read(place, objects="boxes", detections="model", engine=duckdb_session())
    assert to_arrow(data, duckdb_session())["boxes.detected"].to_pylist() == [1, None]
