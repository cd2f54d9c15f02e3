"""Modes File and FastFile: what is in the folder of a channel, and that nothing of it stays."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.training.test_channel import put
from tilth.errors import MachineError, RequestError, SourceError
from tilth.store.places import Object, atomic
from tilth.training.channel import Channel
from tilth.training.files import wrong_names
from tilth.training.inputs import ChannelReport, open_channels


def held(folder: Path) -> dict[str, str]:
    return {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("mode", ["File", "FastFile"])
def test_local_files_are_linked_and_stay_when_the_channel_ends(tmp_path, mode):
    data = put(tmp_path / "data", "a.csv", "deep/b.csv", "_manifest.json")
    before = held(data)
    with open_channels([Channel("train", data, mode), Channel("one", data / "a.csv", mode)], tmp_path / "job") as inputs:
        assert held(tmp_path / "job" / "train") == before
        assert held(tmp_path / "job" / "one") == {"a.csv": "a.csv\n"}
        assert (tmp_path / "job" / "train" / "a.csv").is_symlink()
        assert ((tmp_path / "job" / "train").stat().st_mode & 0o222 == 0) == (mode == "FastFile")
        how = {"File": "linked", "FastFile": "linked, read-only"}[mode]
        assert inputs.report()[0] == ChannelReport("train", mode, how, 3, 3, sum(map(len, before)) + 3)
    assert held(data) == before
    assert not list((tmp_path / "job").iterdir())


def test_hosts_are_given_files_of_their_own_and_some_may_have_none(tmp_path):
    data = put(tmp_path / "data", "a", "b", "c", "_SUCCESS")
    given = []
    for host in range(4):
        with open_channels([Channel("train", data, distribution="ShardedByS3Key")], tmp_path / "job", hosts=4, host=host) as inputs:
            given.append(sorted(held(tmp_path / "job" / "train")))
            assert (inputs.report()[0].objects, inputs.report()[0].of) == (len(given[-1]), 4)
    assert given == [["a"], ["b"], ["c"], []]


def test_what_a_manifest_lists_twice_is_one_file(tmp_path):
    put(tmp_path, "data/a", "data/b")
    (tmp_path / "m.json").write_text('[{"prefix": "data/"}, "a", "b", "a"]')
    channel = Channel("train", tmp_path / "m.json", data="ManifestFile", distribution="ShardedByS3Key")
    with pytest.warns(UserWarning, match="more than once"), open_channels([channel], tmp_path / "job", hosts=2):
        assert sorted(held(tmp_path / "job" / "train")) == ["a"]


def test_objects_of_s3_are_downloaded_under_their_names(s3, tmp_path, monkeypatch):
    monkeypatch.setattr("tilth.training.reading.FIRST_PART", 1000)
    contents = {"a.bin": os.urandom(10_000), "deep/b.bin": b"", "deep/c.bin": b"c"}
    for name, content in contents.items():
        with atomic(f"{s3}/in/{name}") as path:
            path.write_bytes(content)
    with open_channels([Channel("train", f"{s3}/in"), Channel("fast", f"{s3}/in/", "FastFile")], tmp_path / "job") as inputs:
        for name, content in contents.items():
            assert (tmp_path / "job" / "train" / name).read_bytes() == (tmp_path / "job" / "fast" / name).read_bytes() == content
        assert ((tmp_path / "job" / "fast" / "a.bin").stat().st_mode & 0o222) == 0
        assert [r.bytes for r in inputs.report()] == [10_001, 10_001]
        assert inputs.report()[0].how == "downloaded"
        assert inputs.report()[1].how.startswith(("fetched when read", "downloaded before the start"))  # by what the machine allows
        room = type(shutil.disk_usage(tmp_path))(0, 0, 10_000)
        monkeypatch.setattr("shutil.disk_usage", lambda folder: room)
        wanted = f"has 10,001 bytes to be downloaded, and {tmp_path}/full/train has room for 10,000"
        with pytest.raises(MachineError, match=re.escape(wanted)), open_channels([Channel("train", f"{s3}/in")], tmp_path / "full"):
            pass
    assert not list((tmp_path / "job").iterdir())
    assert not list((tmp_path / "full").iterdir())


def test_names_that_lead_elsewhere_or_clash_are_refused():
    objects = [Object(f"s3://b/{n}", n, 1) for n in ("../x", "a//b", "a", "a/c", "fine/d")]
    assert [m.message for m in wrong_names(objects)] == [
        "s3://b/../x cannot be a file of the channel",
        "s3://b/a//b cannot be a file of the channel",
        "s3://b/a would be a file and a folder",
    ]


def test_what_is_wrong_with_all_channels_is_reported_at_once_and_nothing_is_put_in_place(tmp_path):
    data = put(tmp_path / "data", "a.csv")
    channels = [Channel("train", data), Channel("x", tmp_path / "nowhere"), Channel("y", tmp_path / "m.json", data="ManifestFile")]
    with pytest.raises(SourceError) as error, open_channels(channels, tmp_path / "job"):
        pass
    assert len(error.value.mistakes) == 2
    assert not (tmp_path / "job").exists()
    with pytest.raises(RequestError, match="host 2 is not one of 2"), open_channels(channels[:1], tmp_path / "job", hosts=2, host=2):
        pass


def test_a_folder_that_is_there_is_left_alone(tmp_path):
    data = put(tmp_path / "data", "a.csv")
    put(tmp_path / "job", "train/mine.csv")
    with pytest.raises(MachineError, match="train is there already"), open_channels([Channel("train", data)], tmp_path / "job"):
        pass
    assert held(tmp_path / "job") == {"train/mine.csv": "train/mine.csv\n"}
