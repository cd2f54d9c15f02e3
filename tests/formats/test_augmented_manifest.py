"""Augmented manifests, as tables and as the stream that a training job is sent."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from tests.engines import duckdb_session
from tilth.errors import ColumnError, RequestError, SourceError
from tilth.formats import read, to_arrow, write
from tilth.formats.augmented_manifest import stream

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
