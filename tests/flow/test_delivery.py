"""What a run delivers: formats with options, and manifests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pytest

import tilth
from tilth import Flow
from tilth.formats.shards import Manifest

TABLE = pa.table({"no": range(40), "age": [20 + i % 7 for i in range(40)], "sex": ["f", "m"] * 20, "paid": [0, 0, 1, 1] * 10})
FLOW = """
data: {roles: {id: no, label: paid}}
split: {train: 0.8, test: 0.2, by: stratified}
features: [{encode: {columns: sex, with: one_hot}}, {scale: age}]
deliver: {format: sagemaker_csv, manifest: s3://ground/run7}
"""


@pytest.mark.slow
def test_a_format_for_training_with_manifests(tmp_path: Path) -> None:
    tilth.run(Flow.parse(FLOW), tmp_path / "out", data=TABLE, reports=["pdf", "md"])
    assert {p.name for p in (tmp_path / "out").glob("report.*")} == {"report.pdf", "report.md", "report.json"}
    assert json.loads((tmp_path / "out/train.manifest").read_text()) == [{"prefix": "s3://ground/run7/train/"}, "train-000000.csv"]
    manifest = Manifest.beside(tmp_path / "out/train")
    assert manifest is not None and manifest.contents.names()[:2] == ["paid", "age"]
    contents = manifest.contents
    train = tilth.arrays(tmp_path / "out/train")
    prepared = tilth.write(tilth.read(tmp_path / "out/test"))
    assert train.X.shape == (32, len(contents.columns) - 1) and sorted(set(train.y)) == [0, 1]
    assert prepared.column_names == contents.names() and prepared.num_rows == 8
    for line in (tmp_path / "out/train/train-000000.csv").read_text().splitlines():
        assert line[:2] in ("0,", "1,") and len(line.split(",")) == len(contents.columns)


def test_the_manifest_says_which_flow_prepared_the_rows_and_how_they_are_shuffled(tmp_path: Path) -> None:
    shuffled = FLOW.replace("sagemaker_csv", "tfrecord") + "training: [{shuffle: {seed: 7}}]\n"
    tilth.run(Flow.parse(shuffled), tmp_path / "out", data=TABLE)
    train, test = (Manifest.beside(tmp_path / "out" / part) for part in ("train", "test"))
    assert train is not None and test is not None
    plan = hashlib.sha256((tmp_path / "out/flow.tilth").read_bytes()).hexdigest()
    assert (train.plan_sha256, train.order) == (plan, {"algorithm": "shuffle", "seed": 7, "epoch": 0})
    assert (test.plan_sha256, test.order) == (plan, None)
    listed = json.loads((tmp_path / "out/train.manifest").read_text())
    assert listed == [{"prefix": "s3://ground/run7/train/"}, "train-000000.tfrecord"]  # not its index


def test_a_column_that_is_not_a_number_is_refused_and_nothing_is_delivered(tmp_path: Path) -> None:
    flow = Flow.parse("{data: {roles: {id: no, label: paid}}, deliver: {format: sagemaker_csv}}")
    with pytest.raises(tilth.errors.ColumnError, match=r"add `encode: \{columns: sex, with: one_hot\}` to `features`"):
        tilth.run(flow, tmp_path / "out", data=TABLE)
    assert not list(tmp_path.iterdir())
