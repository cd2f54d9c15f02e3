"""Manifests of SageMaker."""

from __future__ import annotations

import json

import pytest

from tests.engines import duckdb_session
from tilth.errors import SourceError
from tilth.formats import read, to_arrow
from tilth.formats.manifest import listed_in, manifest_file, objects_under


@pytest.fixture
def engine():
    return duckdb_session()


def test_a_manifest_file_both_ways():
    text = manifest_file("s3://ground/run7/", ["part-000.csv", "b/part-001.csv"])
    assert json.loads(text) == [{"prefix": "s3://ground/run7/"}, "part-000.csv", "b/part-001.csv"]
    assert listed_in(text) == ["s3://ground/run7/part-000.csv", "s3://ground/run7/b/part-001.csv"]
    assert listed_in('[{"prefix": "s3://ground/run"}, "7/a"]') == ["s3://ground/run7/a"]
    with pytest.warns(UserWarning, match="lists 'a' more than once"):
        assert listed_in('[{"prefix": "p/"}, "a", "a"]') == ["p/a", "p/a"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[", "is not JSON"),
        ("[]", "does not begin with an object of one key"),
        ('[{"prefix": ""}]', "does not begin with an object of one key"),
        ('[{"prefix": "s3://b/", "x": 1}]', "does not begin with an object of one key"),
        ('[{"prefix": "s3://b/"}, "s3://c/d"]', "entry 1: 's3://c/d' is not a name under the prefix"),
        ('[{"prefix": "s3://b/"}, "a", "../d"]', "entry 2: '../d' is not a name under the prefix"),
        ('[{"prefix": "s3://b/"}, 1]', "entry 1: it is not a name"),
    ],
)
def test_a_wrong_manifest_file_is_refused(text, says):
    with pytest.raises(SourceError, match=says):
        listed_in(text)


def test_the_files_that_a_manifest_lists_are_read(tmp_path, engine):
    for i in range(3):
        (tmp_path / f"part-{i}.csv").write_text(f"x\n{i}\n")
    (tmp_path / "some.manifest").write_text(manifest_file("part-", ["2.csv", "0.csv"]))
    assert sorted(to_arrow(read(tmp_path / "some.manifest", engine=engine), engine)["x"].to_pylist()) == [0, 2]


def test_a_prefix_is_a_string():
    keys = ["run/train-old/x", "run/train/é", "run/train/z", "run/train/", "run/trai"]
    assert objects_under("run/train", keys) == ["run/train-old/x", "run/train/z", "run/train/é"]
