"""Image records of MXNet: bytes that MXNet reads, in both encodings of a label, with their index and lists."""

from __future__ import annotations

import io
import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tilth.errors import ColumnError, SourceError
from tilth.formats.image_records import ImageList, ImageRecords, image_payload, image_record, objects
from tilth.formats.recordio import check_index, framed, read_index, records
from tilth.testing.formats import check_format

PICTURE = bytes.fromhex("ffd8ffd9")
# records that MXNet decodes to these values: label 1, id 7; three labels, id 1000; a box of class 0, id 3
ONE = "0a23d7ce1c00000000000000 0000803f 0700000000000000 0000000000000000 ffd8ffd9"
THREE = "0a23d7ce280000000300000000000000e8030000000000000000000000000000000000400000003f0000c03fffd8ffd9"
BOX = "0a23d7ce38000000070000000000000003000000000000000000000000000000000000400000a04000000000cdcccc3dcdcc4c3e9a99993ecdcccc3effd8ffd9"
TABLE = pa.table(
    {
        "id": [5, 1000, 22],
        "label": pa.array([1.0, 0.0, -2.5], pa.float32()),
        "image": pa.array([PICTURE, b"", b"\x0a\x23\xd7\xce" * 3], pa.binary()),
    }
)


@pytest.mark.parametrize(
    ("content", "label", "id_"), [(ONE, 1, 7), (THREE, [2.0, 0.5, 1.5], 1000), (BOX, [2, 5, 0, 0.1, 0.2, 0.3, 0.4], 3)]
)
def test_worked_examples(content, label, id_):
    content = bytes.fromhex(content)
    assert framed(image_payload(label, PICTURE, id_)) == content
    found = pa.Table.from_batches(list(ImageRecords().decode(io.BytesIO(content)))).to_pylist()[0]
    assert (found["id"], found["image"]) == (id_, PICTURE)
    np.testing.assert_allclose(found["label"], label, rtol=1e-6)
    if content == bytes.fromhex(BOX):
        np.testing.assert_allclose(objects(found["label"]), [[0, 0.1, 0.2, 0.3, 0.4]], rtol=1e-6)


def test_a_single_label_in_both_encodings():
    content = framed(image_payload([3.0], PICTURE, 1)) + framed(image_payload(4, PICTURE, 2))
    assert pa.Table.from_batches(list(ImageRecords().decode(io.BytesIO(content))))["label"].to_pylist() == [3.0, 4.0]


@pytest.mark.parametrize("label", [[2.0], [2, 5, 0], [1, 5], [2, 4, 0, 0, 0, 0], []])
def test_labels_that_are_not_of_detection(label):
    with pytest.raises(SourceError, match="is not one of detection"):
        objects(label)


def test_the_battery(tmp_path):
    check_format(ImageRecords(), tmp_path, table=TABLE)


@given(st.integers(0, 2**64 - 1), st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=4), st.binary(max_size=60))
def test_a_payload_is_read_as_it_was_written(id_, labels, image):
    assert image_record(image_payload(labels, image, id_)) == (id_, labels, image)
    assert image_record(image_payload(labels[0], image, id_)) == (id_, labels[:1], image)


@pytest.mark.parametrize("payload", [b"", b"x" * 23, image_payload([1.0, 2.0], b"")[:-1]])
def test_a_payload_that_is_too_short(payload):
    with pytest.raises(SourceError, match=f"the record at byte 36 cannot be read: it has {len(payload)} bytes, fewer than its header says"):
        image_record(payload, 36)


def test_an_id_that_no_column_holds():
    file = io.BytesIO(framed(image_payload(1, b"a", 7)) + framed(image_payload(1, b"a", 1 << 63)))
    with pytest.raises(SourceError, match="the record at byte 36 cannot be read: its id is 9223372036854775808"):
        list(ImageRecords().decode(file))


def test_the_index_beside_the_files_of_a_folder(tmp_path):
    tilth.write(tilth.read(TABLE), tmp_path / "train", format="image_records", rows_per_shard=2)
    assert sorted(p.name for p in (tmp_path / "train").glob("*-*.*")) == [
        "train-000000.idx", "train-000000.rec", "train-000001.idx", "train-000001.rec",
    ]  # fmt: skip
    assert (tmp_path / "train" / "train-000000.idx").read_text() == "5\t0\n1000\t36\n"
    manifest = json.loads((tmp_path / "train" / "_manifest.json").read_text())
    assert [s["index"] for s in manifest["shards"]] == ["train-000000.idx", "train-000001.idx"]
    assert manifest["media_type"] == "application/x-recordio"
    for path in (tmp_path / "train").glob("*.rec"):
        with path.open("rb") as file:
            index = read_index(path.with_suffix(".idx").read_text())
            check_index(index, file)
            assert [image_record(next(records(io.BytesIO(path.read_bytes()[offset:]))))[0] for offset in index.values()] == list(index)
    assert [n for b in tilth.stream(tmp_path / "train", batch=1, shuffle="none") for n in b["id"].to_pylist()] == [5, 1000, 22]


def test_by_roles(tmp_path):
    table = pa.table({"no": [7], "kind": [1], "picture": [PICTURE]})
    path = tilth.write(tilth.read(table, roles={"id": "no", "label": "kind"}), tmp_path / "a.rec")
    assert path.read_bytes() == bytes.fromhex(ONE)


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"label": [1]}, "one column of image bytes is needed, found none"),
        ({"image": [b""]}, "there is no label 'label'"),
        ({"image": [b""], "label": ["cat"]}, "the label 'label' is string"),
        ({"image": [b""], "label": pa.array([None], pa.int64())}, "row 0 has no id, label or image"),
        ({"image": [b"", b""], "label": [1, 1], "id": [1, 1]}, "column 'id': 1 is there twice"),
        ({"image": [b""], "label": [-1e39]}, "column 'label' has values beyond 3.4e38"),
        ({"image": [b"", b""], "label": [[float("inf")], [0.5, 1e39]]}, "column 'label' has values beyond 3.4e38"),
    ],
)
def test_what_an_image_record_cannot_hold(columns, says):
    with pytest.raises(ColumnError, match=says):
        ImageRecords().encode(pa.table(columns).to_reader(), io.BytesIO())


# ── lists ──


def test_a_list_of_images_becomes_records(tmp_path):
    (tmp_path / "images").mkdir()
    for i in range(3):
        (tmp_path / "images" / f"{i}.jpg").write_bytes(PICTURE + bytes([i]))
    table = pa.table({"id": [4, 2, 9], "label": [0.0, 1.0, 2.0], "path": [f"{i}.jpg" for i in range(3)]})
    path = tilth.write(tilth.read(table), tmp_path / "train.lst")
    assert path.read_text() == "4\t0.000000\t0.jpg\n2\t1.000000\t1.jpg\n9\t2.000000\t2.jpg\n"
    assert tilth.write(tilth.read(path)).to_pydict() == table.to_pydict()
    with_images = tilth.write(tilth.read(path, root=str(tmp_path / "images")))
    records = tilth.write(with_images.drop(["path"]), tmp_path / "train.rec")
    assert tilth.write(tilth.read(records))["image"].to_pylist() == [PICTURE + bytes([i]) for i in range(3)]


def test_labels_of_detection_in_a_list():
    (batch,) = ImageList().decode(io.BytesIO(b"0\t2\t5\t1\t.1\t.2\t.3\t.4\ta b.jpg\r\n\n"))
    assert batch.to_pylist() == [{"id": 0, "label": [2, 5, 1, 0.1, 0.2, 0.3, 0.4], "path": "a b.jpg"}]


def test_ids_in_a_list_are_exact():
    (batch,) = ImageList().decode(io.BytesIO(b"9007199254740993\t1\ta.jpg\n2.0\t1\tb.jpg\n"))
    assert batch.to_pydict()["id"] == [9007199254740993, 2]


@pytest.mark.parametrize(
    "line", [b"0\t1", b"x\t1\ta.jpg", b"inf\t1\ta.jpg", b"9223372036854775808\t1\ta.jpg", b"0\tcat\ta.jpg", b"0\t1\t\xff"]
)
def test_a_line_that_is_not_one(line):
    with pytest.raises(SourceError, match="<list>:2: the line is not one of a list of images"):
        list(ImageList().decode(io.BytesIO(b"0\t1\ta.jpg\n" + line)))


@pytest.mark.parametrize(("path", "says"), [("../a.jpg", "leads out of the folder"), ("/a.jpg", "leads out"), ("no.jpg", "cannot be read")])
def test_images_that_are_not_there(path, says, tmp_path):
    with pytest.raises(SourceError, match=says):
        list(ImageList().decode(io.BytesIO(f"0\t1\t{path}\n".encode()), root=str(tmp_path)))


def test_what_a_list_cannot_hold():
    for columns, says in (({"label": [1]}, "there is no column 'path'"), ({"label": [1], "path": ["a\tb"]}, "cannot be a line")):
        with pytest.raises(ColumnError, match=says):
            ImageList().encode(pa.table(columns).to_reader(), io.BytesIO())
