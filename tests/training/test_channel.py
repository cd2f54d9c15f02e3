"""Channels: what they accept, what they find, and who is given it in which order."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.errors import RequestError, SourceError
from tilth.formats.permutation import permutation
from tilth.store.places import Object, atomic
from tilth.training.channel import Channel, Contents, reject_clashes


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"name": "a/b"}, "this is not a name"),
        ({"name": "x" * 65}, "this is not a name"),
        ({"source": "hdfs://x/y"}, "no data are read from 'hdfs://x/y'"),
        ({"source": f"s3://b/{'k' * 1024}"}, "the place is too long"),
        ({"mode": "file"}, "did you mean 'File'?"),
        ({"seed": 1 << 63}, "is not an integer of 64 bits"),
        ({"content_type": "x" * 257}, "the content type is too long"),
        ({"data": "AugmentedManifestFile", "attributes": ["a"]}, "an augmented manifest is not read in mode File"),
        ({"data": "AugmentedManifestFile", "mode": "Pipe"}, "1 to 16 attributes"),
        ({"data": "AugmentedManifestFile", "mode": "Pipe", "attributes": ["a"] * 17}, "1 to 16 attributes"),
        ({"data": "AugmentedManifestFile", "mode": "Pipe", "attributes": ["a"], "compression": "Gzip"}, "sent as they are"),
        ({"data": "AugmentedManifestFile", "mode": "Pipe", "attributes": ["a"], "balance": "bytes"}, "have no sizes"),
        ({"attributes": ["a"]}, "attributes are those of an augmented manifest"),
        ({"mode": "FastFile", "data": "ManifestFile"}, "a manifest is not read in mode FastFile"),
        ({"compression": "Gzip"}, "compression is for mode Pipe, and the mode is File"),
        ({"mode": "FastFile", "wrapper": "RecordIO"}, "wrapper is for mode Pipe, and the mode is FastFile"),
    ],
)
def test_what_contradicts_itself_is_refused(options, said):
    with pytest.raises(RequestError) as error:
        Channel(**{"name": "train", "source": "x.csv", **options})
    assert said in str(error.value)


def test_all_mistakes_are_reported_at_once():
    with pytest.raises(RequestError) as error:
        Channel("a b", "x.csv", mode="Fast", compression="gzip", seed=True)
    assert len(error.value.mistakes) == 5  # a channel in an unknown mode is not one in mode Pipe
    with pytest.raises(RequestError) as error:
        reject_clashes([Channel("a", "x", "Pipe"), Channel("a_0", "y"), Channel("a_b", "y"), Channel("b", "y"), Channel("b", "y")])
    assert [m.code for m in error.value.mistakes] == ["bad-name", "bad-name"]
    with pytest.raises(RequestError, match="accepted: 1 to 20"):
        reject_clashes([Channel(f"c{i}", "x") for i in range(21)])


def test_one_attribute_may_be_a_string():
    assert Channel("a", "x", "Pipe", data="AugmentedManifestFile", attributes="image-ref").attributes == ("image-ref",)  # type: ignore[arg-type]


def put(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{name}\n")
    return folder


def test_a_folder_is_its_files_in_order_of_their_keys(tmp_path):
    put(tmp_path, "b.csv", "a/x.csv", "a-b.csv", "_SUCCESS", "é.csv", "z.csv")
    found = Channel("train", tmp_path).found()
    assert [o.name for o in found.objects] == ["_SUCCESS", "a-b.csv", "a/x.csv", "b.csv", "z.csv", "é.csv"]
    assert [o.name for o in found.share()] == ["a-b.csv", "a/x.csv", "b.csv", "z.csv", "é.csv"]
    assert [o.name for o in Channel("train", tmp_path / "_SUCCESS").found().share()] == ["_SUCCESS"]
    with pytest.raises(SourceError, match=r"did you mean 'b\.csv'"):
        Channel("train", tmp_path / "B.csv").found()
    (tmp_path / "empty").mkdir()
    for source in (tmp_path / "empty", put(tmp_path / "hidden", "_a", ".b", "_c/d")):
        with pytest.raises(SourceError, match="no files of data"):
            Channel("train", source).found()


def test_what_is_too_large_for_a_record_is_known_before_it_is_sent(tmp_path):
    with (put(tmp_path, "small") / "large").open("wb") as file:
        file.truncate(1 << 29)
    with pytest.raises(SourceError, match="large is too large for a record"):
        Channel("train", tmp_path, "Pipe", wrapper="RecordIO").found()
    assert Channel("train", tmp_path, "Pipe", wrapper="RecordIO", compression="Gzip").found().bytes == (1 << 29) + 6


def test_a_manifest_lists_objects_and_what_is_missing_is_reported_at_once(tmp_path):
    put(tmp_path, "run/part-0.csv", "run/part-1.csv", "run/b/_2.csv")
    manifest = tmp_path / "m.json"
    manifest.write_text(json.dumps([{"prefix": "run/part-"}, "1.csv", "0.csv"]))
    assert [o.name for o in Channel("train", manifest, data="ManifestFile").found().share()] == ["part-1.csv", "part-0.csv"]
    manifest.write_text(json.dumps([{"prefix": f"{tmp_path}/run/"}, "b/_2.csv"]))
    assert [o.name for o in Channel("train", manifest, data="ManifestFile").found().share()] == ["b/_2.csv"]
    assert Channel("train", f"file://{manifest}", data="ManifestFile").found().objects[0].name == "b/_2.csv"
    manifest.write_text(json.dumps([{"prefix": "run/"}, "x.csv", "part-0.csv", "y.csv"]))
    with pytest.raises(SourceError) as error:
        Channel("train", manifest, data="ManifestFile").found()
    assert len(error.value.mistakes) == 2


def test_the_lines_of_an_augmented_manifest_are_checked_before_anything_is_sent(tmp_path):
    (tmp_path / "a.manifest").write_text('{"x": 1}\n\n{"y": 2}\n[3]\n{"x": 4}\n')
    with pytest.raises(SourceError) as error:
        Channel("train", tmp_path / "a.manifest", "Pipe", data="AugmentedManifestFile", attributes=("x",)).found()
    assert [m.place.line for m in error.value.mistakes] == [3, 4]


def contents(sizes, **options) -> Contents:
    return Contents(Channel("train", "x", "Pipe", **options), tuple(Object(f"{i}", f"{i}", size) for i, size in enumerate(sizes)))


@given(
    st.lists(st.integers(0, 9), max_size=12),
    st.integers(1, 4),
    st.integers(0, 3),
    st.none() | st.integers(-5, 5),
    st.sampled_from(["objects", "bytes"]),
)
def test_each_object_is_given_to_one_host_in_each_epoch_in_the_order_that_all_have(sizes, hosts, epoch, seed, balance):
    whole = contents(sizes, seed=seed)
    dealt = contents(sizes, seed=seed, distribution="ShardedByS3Key", balance=balance)
    order = whole.share(epoch, hosts, 0)
    assert whole.share(epoch, 1, 0) == order  # which does not depend on the number of hosts
    shares = [dealt.share(epoch, hosts, host) for host in range(hosts)]
    assert Counter(o for share in shares for o in share) == Counter(whole.objects)
    assert all(share == [o for o in order if o in share] for share in shares)
    if balance == "objects":
        assert max(map(len, shares)) - min(map(len, shares)) <= 1
    else:  # the longest first: what one has more than another is at most one object
        held = [sum(o.bytes for o in share) for share in shares]
        assert max(held) - min(held) <= max(sizes, default=0)


def test_the_order_of_an_epoch_is_that_of_the_published_permutation():
    shuffled = contents([1] * 10, seed=42)
    assert [int(o.name) for o in shuffled.share(0)] == [3, 5, 9, 1, 2, 7, 6, 0, 4, 8]  # the vector of docs/streams.md
    assert [int(o.name) for o in shuffled.share(1)] == [6, 5, 3, 9, 2, 1, 0, 8, 7, 4]
    dealt = contents([1] * 10, seed=42, distribution="ShardedByS3Key")
    assert {int(o.name) for o in dealt.share(1, 3, 2)} == set(permutation(42, (1, 2), 10)[2::3].tolist())
    assert [o.name for o in contents([1] * 4, distribution="ShardedByS3Key").share(7, 3, 0)] == ["0", "3"]


def test_prefixes_in_s3_are_strings_and_folders_are_recognised(s3):
    for name in ("train/b.csv", "train/a.csv", "train-old/x.csv", "test.csv", "_notes.csv"):
        with atomic(f"{s3}/{name}") as path:
            path.write_bytes(b"x\n")

    def names(place: str, mode: str = "File") -> list[str]:
        return [o.name for o in Channel("train", place, mode).found().objects]

    assert names(f"{s3}/train/") == names(f"{s3}/train/", "FastFile") == ["a.csv", "b.csv"]
    assert names(f"{s3}/train") == ["train-old/x.csv", "train/a.csv", "train/b.csv"]
    assert names(f"{s3}/train-old") == names(f"{s3}/train-old", "FastFile") == ["x.csv"]
    assert names(f"{s3}/test.csv", "FastFile") == ["test.csv"]
    assert names(f"{s3}/_notes.csv") == ["_notes.csv"]
    with pytest.raises(SourceError, match="ends inside a name"):
        names(f"{s3}/train", "FastFile")
    with pytest.raises(SourceError, match="no object with a key that begins with"):
        names(f"{s3}/nothing/")
    with pytest.raises(SourceError, match="there are no files of data"):
        names(f"{s3}/_no")
    with atomic(f"{s3}/m.json") as path:
        path.write_text(json.dumps([{"prefix": f"{s3}/"}, "train/b.csv", "test.csv"]))
    assert [o.name for o in Channel("train", f"{s3}/m.json", data="ManifestFile").found().share()] == ["train/b.csv", "test.csv"]


@pytest.mark.parametrize("mode", ["File", "FastFile", "Pipe"])
def test_a_delivery_in_s3_is_found_with_and_without_the_slash(mode, s3):
    for text in ("old", "new"):
        with atomic(f"{s3}/out", folder=True) as folder:
            (folder / "train").mkdir()
            (folder / "train/a.csv").write_text(text)
            (folder / "b.csv").write_text(text)

    def found(place: str) -> list[tuple[str, int]]:
        objects = Channel("train", f"{s3}/{place}", mode).found().objects
        assert len({o.place.split("run-")[1][:25] for o in objects}) == 1
        return [(o.name, o.bytes) for o in objects]

    assert found("out") == found("out/") == [("b.csv", 3), ("train/a.csv", 3)]
    assert found("out/train") == found("out/train/") == [("a.csv", 3)]
    with pytest.raises(SourceError, match="there are no files of data"):
        Channel("train", f"{s3}/ou", "Pipe").found()
