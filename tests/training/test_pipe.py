"""Mode Pipe, as programs in processes of their own see it."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.training import consumers
from tilth.errors import MachineError, SourceError
from tilth.formats.recordio import records
from tilth.store.places import atomic
from tilth.training.channel import Channel
from tilth.training.inputs import Inputs, open_channels

KINDS = ("sample", "ml_io", "tensorflow", "plain")


def started(kind: str, folder: Path, channel: str, epochs: int, *more: int) -> subprocess.Popen[str]:
    words = [sys.executable, "-S", "-E", consumers.__file__, kind, str(folder), channel, str(epochs), *map(str, more)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def answers(process: subprocess.Popen[str]) -> list[Any]:
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return [json.loads(line) for line in out.splitlines()]


def put(folder: Path, contents: dict[str, bytes]) -> Path:
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def read(inputs: Inputs, channel: str, epoch: int = 0) -> bytes:
    return (inputs.folder / f"{channel}_{epoch}").read_bytes()


def left(folder: Path) -> list[str]:
    """What is left of channels: FIFOs, files, threads."""
    threads = [t.name for t in threading.enumerate() if t.name.startswith("tilth-channel")]
    return sorted(p.name for p in folder.iterdir() if "pipe_mode-state" not in p.name) + threads


@pytest.fixture
def job(tmp_path: Path):
    folder = tmp_path / "input" / "data"
    folder.mkdir(parents=True)
    yield folder
    assert not left(folder)


@pytest.mark.slow
def test_four_kinds_of_program_read_whole_epochs_early_closes_and_empty_ones(tmp_path, job):
    """All at once: each kind reads a channel that no pipe holds, closes another early, and reads one of which its host has nothing."""
    large = bytes(range(256)) * 12_000  # more than a pipe holds
    data = put(tmp_path / "data", {"a": large, "b": b"end"})
    one = put(tmp_path / "one", {"a": b"x"})
    sources = {"whole": data, "early": data, "never": data, "empty": one}
    channels = [
        Channel(f"{kind}-{what}", source, "Pipe", distribution="ShardedByS3Key" if what == "empty" else "FullyReplicated")
        for kind in KINDS
        for what, source in sources.items()
    ]
    with open_channels(channels, job, hosts=2, host=1) as inputs:
        assert sorted(p.name for p in job.iterdir() if not p.name.endswith("_1")) == sorted(f"{c.name}_0" for c in channels)
        more = {"whole": [], "early": [70_000], "empty": []}
        running = {(kind, what): started(kind, job, f"{kind}-{what}", 3, *more[what]) for kind in KINDS for what in more}
        found = {key: answers(process) for key, process in running.items()}
    whole = large + b"end"
    expected = {"whole": consumers.shown(whole), "early": consumers.shown(whole[:70_000]), "empty": ""}
    assert found == {(kind, what): [expected[what]] * 3 for kind in KINDS for what in expected}
    reports = {r.channel: (r.epochs, r.early_closes, r.objects) for r in inputs.report()}
    numbers = {"whole": (3, 0, 2), "early": (3, 3, 2), "empty": (3, 0, 0), "never": (0, 0, 2)}
    assert reports == {f"{kind}-{what}": numbers[what] for kind in KINDS for what in numbers}
    assert {r.bytes for r in inputs.report() if "whole" in r.channel} == {3 * (len(large) + 3)}


def test_a_hundred_epochs_each_in_an_order_of_its_own_that_the_seed_gives_again(tmp_path, job):
    data = put(tmp_path / "data", {f"{i}.csv": b"%d" % i for i in range(8)})
    channel = Channel("train", data, "Pipe", content_type="text/csv", seed=7)
    with open_channels([channel], job) as inputs:
        found = answers(started("plain", job, "train", 100))
    assert inputs.report()[0].epochs == 100
    assert all(sorted(epoch.split("\n")) == list("01234567") for epoch in found)
    assert len(set(found)) > 90
    expected = ["\n".join(o.name[0] for o in channel.found().share(epoch)) for epoch in range(100)]
    assert found == expected


def test_hosts_share_the_objects_anew_in_each_epoch(tmp_path, job):
    data = put(tmp_path / "data", {str(i): b"%d " % i for i in range(10)})
    channel = Channel("train", data, "Pipe", distribution="ShardedByS3Key", seed=3)
    shares = []
    for host in range(3):
        with open_channels([channel], job, hosts=3, host=host) as inputs:
            shares.append([read(inputs, "train", epoch).split() for epoch in range(4)])
    for epoch in range(4):
        assert sorted(int(n) for share in shares for n in share[epoch]) == list(range(10))
    assert len({tuple(sorted(epoch)) for epoch in shares[0]}) > 1


def test_what_is_sent_of_objects(tmp_path, job):
    packed = gzip.compress(b"1,2\n") + gzip.compress(b"3,4")  # two members
    objects = {"a.csv": packed, "b.csv": b"", "c.csv": gzip.compress(b"5,6\n"), "d.csv": gzip.compress(b"7,8")}
    data = put(tmp_path / "data", {**objects, "_SUCCESS": b""})
    images = put(tmp_path / "images", {"1": b"\x0a\x23\xd7\xce" * 2, "2": b"", "3": b"abc"})
    how = {
        "csv": Channel("csv", data, "Pipe", content_type="text/csv; charset=utf-8", compression="Gzip"),
        "joined": Channel("joined", data, "Pipe", content_type="text/csv", compression="Gzip", ensure_newline=False),
        "bytes": Channel("bytes", data, "Pipe"),
        "both": Channel("both", data, "Pipe", compression="Gzip", wrapper="RecordIO"),
        "images": Channel("images", images, "Pipe", wrapper="RecordIO"),
    }
    with open_channels(how.values(), job) as inputs:
        found = {name: read(inputs, name) for name in how}
    assert found["csv"] == b"1,2\n3,4\n5,6\n7,8"
    assert found["joined"] == b"1,2\n3,45,6\n7,8"
    assert found["bytes"] == b"".join(objects.values())
    assert list(records(io.BytesIO(found["both"]))) == [b"1,2\n3,4", b"", b"5,6\n", b"7,8"]
    assert list(records(io.BytesIO(found["images"]))) == [b"\x0a\x23\xd7\xce" * 2, b"", b"abc"]
    assert found["images"][4] == 8  # not split: SageMaker's readers would join the parts without the magic number


def test_an_augmented_manifest_is_sent_by_line(tmp_path, job):
    put(tmp_path, {"1.jpg": b"\xff\xd8\xff\xd9", "2.jpg": b"\xff\xd8"})
    lines = [{"label": 1, "image-ref": "1.jpg"}, {"image-ref": f"{tmp_path}/2.jpg", "label": {"a": "é"}}]
    (tmp_path / "a.manifest").write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    given = {"data": "AugmentedManifestFile", "attributes": ("image-ref", "label")}
    channels = [
        Channel("train", tmp_path / "a.manifest", "Pipe", wrapper="RecordIO", **given),
        Channel("bare", tmp_path / "a.manifest", "Pipe", **given),
        *(Channel(f"mixed{i}", tmp_path / "a.manifest", "Pipe", wrapper="RecordIO", seed=5, **given) for i in range(2)),
    ]
    with open_channels(channels, job) as inputs:
        found = list(records(io.BytesIO(read(inputs, "train"))))
        bare = read(inputs, "bare")
        mixed = [[read(inputs, f"mixed{i}", epoch) for epoch in range(6)] for i in range(2)]
    assert found == [b"\xff\xd8\xff\xd9", b"1", b"\xff\xd8", '{"a":"é"}'.encode()]
    assert bare == b"".join(found)
    assert mixed[0] == mixed[1]
    assert {tuple(records(io.BytesIO(epoch)))[1] for epoch in mixed[0]} == {found[1], found[3]}  # lines change places, their values do not


def test_an_error_ends_the_program_and_names_channel_epoch_and_object(tmp_path, job):
    data = put(tmp_path / "data", {"a.gz": gzip.compress(b"good"), "b.gz": gzip.compress(os.urandom(3000))[:-9]})
    packed, whole = Channel("train", data, "Pipe", compression="Gzip"), Channel("train", data, "Pipe")
    where = r"channel 'train', epoch 0: .*b\.gz ends inside a member of gzip"
    with pytest.raises(SourceError, match=where), open_channels([packed], job) as inputs:
        inputs.wait(started("sample", job, "train", 9))  # which would wait for an epoch that never comes
    put(data, {"a.gz": b"not gzip", "b.gz": b""})
    with pytest.raises(SourceError, match="not gzip"), open_channels([packed], job) as inputs:
        read(inputs, "train")
    with pytest.raises(SourceError, match="not the file of 8 bytes") as error, open_channels([whole], job) as inputs:
        put(data, {"a.gz": b"cut"})
        assert len(read(inputs, "train")) == 8
    assert isinstance(error.value.__cause__, AssertionError)  # what the block itself failed by


def test_a_fifo_of_another_run_is_left_alone(tmp_path):
    data = put(tmp_path / "data", {"a": b"x"})
    os.mkfifo(tmp_path / "train_0")
    with pytest.raises(MachineError, match="left from a run that was killed"), open_channels([Channel("train", data, "Pipe")], tmp_path):
        pass
    assert (tmp_path / "train_0").is_fifo()


PROGRAM = """
import subprocess, sys
from tilth.training.channel import Channel
from tilth.training.inputs import open_channels

data, job, consumers = sys.argv[1:]
with open_channels([Channel("train", data, "Pipe"), Channel("test", data), Channel("fast", data, "FastFile")], job):
    subprocess.run([sys.executable, "-S", "-E", consumers, "sample", job, "train", "1000000"])
"""


@pytest.mark.slow
def test_sigterm_in_an_epoch_leaves_nothing(tmp_path, job):
    data = put(tmp_path / "data", {"a": bytes(4 << 20)})
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(data), str(job), consumers.__file__], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline()  # an epoch was read, and the next ones are
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 128 + signal.SIGTERM


def test_objects_of_s3_are_sent_in_the_order_of_their_keys(s3, tmp_path, job, monkeypatch):
    monkeypatch.setattr("tilth.training.reading.PART", 1 << 20)  # so that an object takes several requests
    contents = {f"{name}.csv": os.urandom(size) for name, size in (("a", 3_000_000), ("b", 0), ("c", 10))}
    for name, content in contents.items():
        with atomic(f"{s3}/in/{name}") as path:
            path.write_bytes(content)
    (tmp_path / "a.manifest").write_text(json.dumps({"image-ref": f"{s3}/in/c.csv", "label": 1}) + "\n")
    channels = [
        Channel("train", f"{s3}/in/", "Pipe"),
        Channel("early", f"{s3}/in/", "Pipe"),
        Channel("wrapped", f"{s3}/in", "Pipe", wrapper="RecordIO", seed=4),
        Channel("images", tmp_path / "a.manifest", "Pipe", data="AugmentedManifestFile", attributes=("image-ref", "label")),
    ]
    where = r"channel 'train', epoch 2: .*c\.csv is not the file of 10 bytes"
    with pytest.raises(SourceError, match=where), open_channels(channels, job) as inputs:
        for epoch in range(2):
            assert read(inputs, "train", epoch) == b"".join(contents.values())
        with (job / "early_0").open("rb") as file:
            assert file.read(100) == contents["a.csv"][:100]
        assert read(inputs, "early", 1) == b"".join(contents.values())
        assert read(inputs, "images") == contents["c.csv"] + b"1"
        order = [o.name for o in channels[2].found().share(0)]
        assert list(records(io.BytesIO(read(inputs, "wrapped")))) == [contents[name] for name in order]
        with atomic(f"{s3}/in/c.csv") as path:
            path.write_bytes(b"another")
        read(inputs, "train", 2)
    assert inputs.report()[1].early_closes == 1
