"""Streams: one order for any number of ranks and workers, the rest of an epoch after a stop, and damaged shards."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
import json
import pickle
import sys

import pyarrow as pa
import pytest

import tilth
from tests.stand_ins import pytorch
from tilth.errors import MissingExtra, RequestError, SourceError
from tilth.flow import stream as module
from tilth.formats.parquet import Parquet
from tilth.formats.shards import MANIFEST

ROWS = 61
KINDS = ["none", "shards", "buffer", "block", "full"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    table = pa.table({"n": range(ROWS), "x": [i / 2 for i in range(ROWS)], "y": [i % 2 for i in range(ROWS)]})
    roles = {"id": "n", "label": "y"}
    return tilth.write(tilth.read(table, roles=roles), tmp_path_factory.mktemp("stream") / "train", format="parquet", shards=7)


def opened(place, batch=6, **options):
    return tilth.stream(place, batch=batch, seed=42, shards_at_once=3, buffer=9, **options)


def numbers(batches):
    return [n for b in batches for n in b["n"].to_pylist()]


@pytest.mark.parametrize("rows", [1, 10, 16_384])
def test_rows_that_are_put_in_order_at_once_make_no_difference(place, rows, monkeypatch):
    whole = [numbers(opened(place, shuffle=kind, end="pad")) for kind in KINDS]
    monkeypatch.setattr(module, "WINDOW_ROWS", rows)
    assert [numbers(opened(place, shuffle=kind, end="pad")) for kind in KINDS] == whole


@pytest.mark.slow
@pytest.mark.parametrize("shuffle", KINDS)
def test_the_order_does_not_depend_on_ranks_and_workers(place, shuffle):
    whole = [b["n"].to_pylist() for b in opened(place, shuffle=shuffle)]
    assert len(whole) == ROWS // 6 and all(len(b) == 6 for b in whole)
    assert len(set(itertools.chain(*whole))) == 60
    for ranks, workers in ((1, 1), (2, 1), (3, 4), (6, 2)):
        found = [[None] * ranks for _ in whole]
        for rank, worker in itertools.product(range(ranks), range(workers)):
            stream = opened(place, shuffle=shuffle, rank=rank, ranks=ranks, worker=worker, workers=workers)
            batches = list(stream)
            assert len(batches) == len(stream)
            for i, batch in enumerate(batches):
                found[worker + i * workers][rank] = batch["n"].to_pylist()
        assert [list(itertools.chain(*parts)) for parts in found] == whole


@pytest.mark.parametrize(("ranks", "workers"), [(1, 4), (2, 4), (3, 1), (8, 1), (8, 4)])
def test_the_order_of_many_ranks(place, ranks, workers):
    """Each row of an epoch has one rank and one worker, and together they give the order of one alone."""
    order = numbers(opened(place, batch=24, end="uneven"))
    found = {}
    for rank, worker in itertools.product(range(ranks), range(workers)):
        for i, b in enumerate(opened(place, batch=24, end="uneven", rank=rank, ranks=ranks, worker=worker, workers=workers)):
            found[worker + i * workers, rank] = b["n"].to_pylist()
    assert [n for place_ in sorted(found) for n in found[place_]] == order


@pytest.mark.parametrize("shuffle", KINDS)
def test_resumed_at_every_batch_it_goes_on_as_if_it_had_not_stopped(place, shuffle):
    stream, seen = opened(place, shuffle=shuffle, epoch=1), []
    whole = [b["n"].to_pylist() for b in opened(place, shuffle=shuffle, epoch=1)]
    for batch in stream:
        seen.append(batch["n"].to_pylist())
        state = json.loads(json.dumps(stream.state_dict()))
        other = opened(place, shuffle=shuffle)
        other.load_state_dict(state)
        assert len(other) == len(whole) - len(seen)
        assert [b["n"].to_pylist() for b in other] == whole[len(seen) :]
        assert stream.state_dict() == opened(place, shuffle=shuffle, epoch=1).state_dict(batches=len(seen))
    workers = [opened(place, shuffle=shuffle, worker=w, workers=2) for w in range(2)]
    for w in workers:  # with another number of workers after the stop
        w.load_state_dict({**opened(place, shuffle=shuffle, epoch=1).state_dict(batches=3)})
    given = [[b["n"].to_pylist() for b in w] for w in workers]
    assert [b for pair in itertools.zip_longest(*given) for b in pair if b] == whole[3:]


def test_resumed_at_every_seventh_row(place):
    order = numbers(opened(place, batch=1))
    for position in range(0, ROWS, 7):
        stream = opened(place, batch=4)
        stream.load_state_dict({**stream.state_dict(), "position": position})
        assert numbers(stream) == order[position:][: (ROWS - position) // 4 * 4]


def test_epochs_and_seeds_differ_and_repeat(place):
    stream = opened(place)
    first = numbers(stream)
    assert numbers(stream) == first
    stream.set_epoch(1)
    assert numbers(stream) != first
    assert numbers(tilth.stream(place, batch=6, seed=43, shards_at_once=3)) != first


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_the_end_of_an_epoch(place, ranks):
    order = numbers(opened(place, batch=1))
    for end, expected in (("drop", order[:60]), ("uneven", order), ("pad", order + order[:5])):
        streams = [opened(place, rank=r, ranks=ranks, end=end) for r in range(ranks)]
        given = [[b["n"].to_pylist() for b in s] for s in streams]
        assert [n for parts in itertools.zip_longest(*given, fillvalue=[]) for p in parts for n in p] == expected
        assert sum(s.padded for s in streams) == (5 if end == "pad" else 0)
    few = opened(place, batch=2 * ROWS + 1, end="pad", shuffle="none")
    assert (numbers(few), few.padded) == ([*range(ROWS), *range(ROWS), 0], ROWS + 1)


@pytest.mark.parametrize("form", ["tfrecord", "webdataset", "npz", "parquet"])
def test_every_format_with_types_is_streamed(form, tmp_path):
    if form == "tfrecord":
        pytest.importorskip("fastcrc")
    flow = "{data: {roles: {id: n, label: y}}, split: {train: 0.5, test: 0.5}, deliver: {rows_per_shard: 9, format: " + form + "}}"
    table = pa.table({"n": range(60), "x": [i / 2 for i in range(60)], "y": [i % 2 for i in range(60)]})
    tilth.run(tilth.Flow.parse(flow), tmp_path / "out", data=table)
    stream = tilth.stream(tmp_path / "out" / "train", batch=4, format="numpy", end="uneven")
    batches = list(stream)
    assert {b.names for b in batches} == {("x",)}
    rows = sorted((int(n), x[0], int(y)) for b in batches for n, x, y in zip(b.ids["n"], b.X, b.y, strict=True))
    train = tilth.arrays(tmp_path / "out" / "train")
    assert rows == sorted((int(n), x[0], int(y)) for n, x, y in zip(train.ids["n"], train.X, train.y, strict=True))


@pytest.mark.slow
@pytest.mark.parametrize("form", ["libsvm", "recordio_protobuf", "sagemaker_csv", "sagemaker_parquet"])
def test_files_without_names_have_those_of_their_manifest(form, tmp_path):
    flow = "{data: {roles: {label: y}}, split: {train: 0.5, test: 0.5}, deliver: {rows_per_shard: 9, format: " + form + "}}"
    table = pa.table({"y": [i % 2 for i in range(60)], "x": [i / 2 for i in range(60)], "none": [0] * 60})
    tilth.run(tilth.Flow.parse(flow), tmp_path / "out", data=table)
    batches = list(tilth.stream(tmp_path / "out" / "train", batch=4, format="numpy", end="uneven"))
    train = tilth.arrays(tmp_path / "out" / "train")
    assert {b.names for b in batches} == {train.names} == {("x", "none")}
    given = sorted((x[0], y) for b in batches for x, y in zip(b.X, b.y, strict=True))
    assert given == sorted((x[0], y) for x, y in zip(train.X, train.y, strict=True))


def test_libsvm_without_a_manifest_needs_its_width(tmp_path):
    (tmp_path / "a.libsvm").write_text("1 0:2\n0 2:5\n")
    with pytest.raises(SourceError, match="give n_features="):
        list(tilth.stream(tmp_path / "a.libsvm", batch=2))
    (batch,) = tilth.stream(tmp_path / "a.libsvm", batch=2, shuffle="none", n_features=3)
    assert batch.to_pydict() == {"label": [1, 0], "f0": [2, 0], "f1": [0, 0], "f2": [0, 5]}


TEXTS = {
    "n": [*range(6)],
    "x": [0.5, None, -0.0, 1e300, 2.0, 3.0],
    "s": ["a,b", 'q"uote\n', "007", None, "; ; ", "true"],
    "b": [True, False, None, True, True, False],
    "d": [dt.date(2024, 2, 29), None, *[dt.date(1, 1, 1)] * 4],
    "t": [dt.datetime(2024, 1, 1, 12, 0, 0, 5), *[None] * 5],
    "l": [[1.5]] * 6,
}


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_text_is_streamed_in_the_types_of_its_manifest(form, tmp_path):
    place = tilth.write(tilth.read(pa.table(TEXTS)), tmp_path / "out", format=form, shards=4)
    found = pa.concat_tables(tilth.stream(place, batch=2, shuffle="none")).to_pydict()
    assert {**found, "l": [json.loads(v) for v in found["l"]]} == TEXTS
    assert sorted(numbers(tilth.stream(place, batch=3, columns=["n"]))) == TEXTS["n"]
    text = (place / f"out-000002.{form}").read_text()
    (place / f"out-000002.{form}").write_text(text.replace("true", "truth"))
    with pytest.raises(SourceError, match="out-000002"):
        list(tilth.stream(place, batch=2, verify=False))
    (place / "_manifest.json").unlink()
    with pytest.raises(RequestError, match="have no types by which to read a stream"):
        tilth.stream(place, batch=1)


def test_shards_without_a_manifest_and_shards_that_lack_a_column(tmp_path):
    tilth.write(tilth.read(pa.table({"n": [1, 2]})), tmp_path / "a.parquet")
    tilth.write(tilth.read(pa.table({"n": [3], "x": [0.5]})), tmp_path / "b.parquet")
    assert pa.concat_tables(tilth.stream(tmp_path, batch=3, shuffle="none")).to_pydict() == {"n": [1, 2, 3], "x": [None, None, 0.5]}
    assert numbers(tilth.stream(tmp_path / "*.parquet", batch=1, shuffle="none", columns=["n"])) == [1, 2, 3]
    with pytest.raises(RequestError, match="there is no column 'm'"):
        list(tilth.stream(tmp_path, batch=1, columns=["m"]))


def test_damaged_shards(place, tmp_path):
    for path in place.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    order = numbers(opened(tmp_path, shuffle="none", end="uneven"))
    damaged = tmp_path / "train-000002.parquet"
    content = bytearray(damaged.read_bytes())
    content[100] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(SourceError, match=r"train-000002\.parquet is not what was delivered"):
        list(opened(tmp_path))
    stream = opened(tmp_path, shuffle="none", end="uneven", on_corrupt="skip")
    held = json.loads((tmp_path / MANIFEST).read_text())["shards"]
    before = sum(s["records"] for s in held[:2])
    assert numbers(stream) == order[:before] + order[before + held[2]["records"] :]
    assert stream.skipped == held[2]["records"]
    lost = set(order[before : before + held[2]["records"]])
    for kind in KINDS:  # whatever the order, the rows of that shard are missing, and the others are where they were
        whole = [n for n in numbers(opened(place, shuffle=kind, end="uneven")) if n not in lost]
        assert numbers(opened(tmp_path, shuffle=kind, end="uneven", on_corrupt="skip")) == whole
    damaged.unlink()
    with pytest.raises(SourceError, match=r"there is no shard .*train-000002\.parquet"):
        list(opened(tmp_path))


def test_a_checksum_is_compared_once_and_only_wanted_columns_are_read(place, monkeypatch):
    sums, read, digest, batches = [], set(), hashlib.file_digest, Parquet.batches
    monkeypatch.setattr(module.hashlib, "file_digest", lambda file, name: sums.append(file.name) or digest(file, name))
    monkeypatch.setattr(Parquet, "batches", lambda *a: (read.add(tuple(b.schema.names)) or b for b in batches(*a)))
    stream = opened(place, columns=["n"])
    for epoch in range(2):
        stream.set_epoch(epoch)
        list(stream)
    assert (len(sums), len(set(sums)), read) == (7, 7, {("n",)})
    sums.clear()
    list(opened(place, verify=False))
    assert not sums


def test_how_many_shards_a_batch_is_of(tmp_path):
    """As expected of a full shuffle by S (1 − (1 − 1/S)ᵐ); of shards that are read one by one it is 1 or 2."""
    place = tilth.write(tilth.read(pa.table({"n": range(4000)})), tmp_path / "train", format="parquet", shards=40)
    found = {kind: tilth.stream(place, batch=64, shuffle=kind).mixing() for kind in ("shards", "block", "full")}
    expected = 40 * (1 - (1 - 1 / 40) ** 64)
    assert found["full"] == pytest.approx((expected, expected), rel=0.03)
    assert found["shards"][0] < 2 < 14 < found["block"][0] <= 16


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"batch": 0}, "batch: 0 is not a positive whole number"),
        ({"ranks": 4}, "batch: 6 rows cannot be divided among 4 ranks"),
        ({"worker": 2, "workers": 2}, "worker: 2 is not one of them"),
        ({"shuffle": "blocks"}, "shuffle: there is no 'blocks'"),
        ({"batch": 600}, "batch: 600 rows are more than the .* that there are"),
        ({"epoch": -1}, "epoch: -1 is not a whole number"),
        ({"shufle": "block"}, "a stream has no option 'shufle'"),
    ],
)
def test_what_cannot_be(place, options, says):
    with pytest.raises(RequestError, match=says):
        list(opened(place, **options))


def test_the_state_of_another_stream(place):
    state = opened(place).state_dict()
    with pytest.raises(RequestError, match="the state is that of another stream: seed 42, not 1"):
        tilth.stream(place, batch=6, seed=1, shards_at_once=3, buffer=9).load_state_dict(state)
    with pytest.raises(RequestError, match="not the state of a stream"):
        opened(place).load_state_dict({})


def test_a_dataset_of_pytorch(place, monkeypatch):
    """Where PyTorch is absent, by what stands in for it: the base class, the worker's number and the rank."""
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "torch", None)
        with pytest.raises(MissingExtra, match=r'pip install "tilth\[torch\]"'):
            opened(place).torch()
    pytorch(monkeypatch, worker=1, workers=2, rank=1, ranks=3)
    dataset = opened(place).torch()
    own = [b["n"].tolist() for b in dataset]
    assert own == [b["n"].to_pylist() for b in opened(place, rank=1, ranks=3, worker=1, workers=2)]
    assert len(dataset) == 10
    assert [b["n"].tolist() for b in pickle.loads(pickle.dumps(dataset))] == own
    (first, *_) = tilth.stream(place, batch=6, format="numpy").torch()
    assert set(first) == {"X"} and first["X"].shape == (2, 3)
