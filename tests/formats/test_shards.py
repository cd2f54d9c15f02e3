"""Shards: which rows are in which file, and the manifest."""

from __future__ import annotations

import hashlib
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tests.engines import duckdb_session
from tilth.errors import RequestError, SourceError
from tilth.formats.shards import MANIFEST, Contents, Cut, Manifest, WrittenColumn, sizes

ROWS = pa.table({"n": range(10), "s": [f"row {i}" for i in range(10)]})
FORMATS = ["parquet", "csv", "jsonl"]


@given(st.integers(0, 10_000), st.integers(1, 300))
def test_shards_differ_by_one_row_at_most_and_have_all_rows(rows, shards):
    found = sizes(rows, shards)
    assert (len(found), sum(found)) == (shards, rows) and max(found) - min(found) <= 1


@given(st.lists(st.integers(0, 7), max_size=8), st.lists(st.integers(1, 9), min_size=1, max_size=30))
def test_cuts_of_a_stream_are_its_rows(batches, cuts):
    whole = pa.table({"n": range(sum(batches))})
    ends = [sum(batches[:i]) for i in range(len(batches))]
    given_batches = [pa.record_batch({"n": whole["n"].slice(a, n).combine_chunks()}) for a, n in zip(ends, batches, strict=True)]
    cut = Cut(pa.RecordBatchReader.from_batches(whole.schema, given_batches))
    parts = [cut.take(n).read_all() for n in cuts]
    expected = [whole.slice(sum(cuts[:i]), n) for i, n in enumerate(cuts)]
    assert [p["n"].to_pylist() for p in parts] == [e["n"].to_pylist() for e in expected]
    assert cut.more() == (sum(cuts) < whole.num_rows)


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_written_in_shards(form, tmp_path):
    suffix = {"parquet": ".parquet", "csv": ".csv", "jsonl": ".jsonl"}[form]
    engine = duckdb_session()
    for options, rows in (
        ({"shards": 3}, [3, 3, 4]),
        ({"rows_per_shard": 4}, [4, 4, 2]),
        ({"shards": 12}, [0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1]),
    ):
        place = tilth.write(tilth.read(ROWS), tmp_path / "train", format=form, engine=engine, **options)
        manifest = json.loads((place / MANIFEST).read_text())
        assert [s["path"] for s in manifest["shards"]] == [f"train-{i:06d}{suffix}" for i in range(len(rows))]
        assert [s["records"] for s in manifest["shards"]] == rows
        assert (manifest["format"], manifest["version"]) == (form, 1)
        for shard in manifest["shards"]:
            content = (place / shard["path"]).read_bytes()
            assert (len(content), hashlib.sha256(content).hexdigest()) == (shard["bytes"], shard["sha256"])
    place = tilth.write(tilth.read(ROWS), tmp_path / "train", format=form, engine=engine, rows_per_shard=4)
    again = tilth.write(tilth.read(place, engine=engine), format="arrow", engine=engine)
    assert again.sort_by("n").to_pydict() == ROWS.to_pydict()


def test_row_groups_and_compression_of_parquet(tmp_path):
    place = tilth.write(tilth.read(ROWS), tmp_path / "out", format="parquet", rows_per_shard=7, row_group_rows=3, compression="zstd")
    found = [pq.ParquetFile(path).metadata for path in sorted(place.glob("*.parquet"))]
    assert [[m.row_group(i).num_rows for i in range(m.num_row_groups)] for m in found] == [[3, 3, 1], [3]]
    assert {m.row_group(0).column(1).compression for m in found} == {"ZSTD"}


def test_pandas_reads_a_folder_of_shards(tmp_path):
    tilth.write(tilth.read(ROWS), tmp_path / "train", format="parquet", shards=3)
    assert pd.read_parquet(tmp_path / "train")["n"].tolist() == list(range(10))


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_compressed_files_are_the_same_bytes_each_time(form, tmp_path):
    places = [tilth.write(tilth.read(ROWS), tmp_path / str(i) / "out", format=form, compression="gzip") for i in range(2)]
    one, other = ([p.read_bytes() for p in sorted(place.iterdir())] for place in places)
    assert one == other
    assert [p.name for p in sorted(places[0].iterdir()) if p.suffix == ".gz"] == [f"out-000000.{form}.gz"]
    assert tilth.write(tilth.read(places[0]), format="arrow").to_pydict() == ROWS.to_pydict()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"shards": 0}, "shards: 0 is not a positive whole number"),
        ({"shards": 2, "rows_per_shard": 3}, "`shards` and `rows_per_shard` are both given"),
        ({"compression": "zstd"}, "csv: no compression 'zstd'"),
        ({"row_group_rows": 3}, "the format 'csv' has no option 'row_group_rows'"),
    ],
)
def test_wrong_options_are_refused(options, says, tmp_path):
    with pytest.raises(RequestError, match=says):
        tilth.write(tilth.read(ROWS), tmp_path / "out", format="csv", **options)
    with pytest.raises(RequestError, match="is a file, and shards are files in a folder"):
        tilth.write(tilth.read(ROWS), tmp_path / "out.csv", shards=2)
    assert not list(tmp_path.iterdir())


def test_in_a_flow(tmp_path):
    flow = "{data: {roles: {id: n, private: s}}, split: {train: 0.5, test: 0.5}, deliver: {format: parquet, shards: 2, row_group_rows: 2}}"
    tilth.run(tilth.Flow.parse(flow), tmp_path / "out", data=ROWS)
    train = Manifest.beside(tmp_path / "out" / "train")
    assert train is not None and len(train.shards) == 2
    assert tilth.arrays(tmp_path / "out" / "train").ids["n"].size == sum(s.records for s in train.shards)
    assert tilth.Flow.load(tmp_path / "out" / "flow.tilth").deliver.options == {"shards": 2, "row_group_rows": 2}
    with pytest.raises(RequestError, match=r"the format 'csv' has no option 'row_group_rows'"):
        tilth.Flow.parse("deliver: {format: csv, row_group_rows: 2}")


@pytest.mark.parametrize(
    "content", ["", "[]", '{"version": 9}', '{"version": 1, "shards": [{}]}', '{"version": 1, "format": "csv", "shards": []}']
)
def test_a_manifest_that_is_none(tmp_path, content):
    assert Manifest.beside(tmp_path) is None
    (tmp_path / MANIFEST).write_text(content)
    with pytest.raises(SourceError, match="is not a manifest of this version"):
        tilth.read(tmp_path)


def test_a_manifest_says_what_the_files_hold(tmp_path):
    table = pa.table({"no": [1, 2, 3], "age": [0.5, None, 2], "paid": [0, 1, 0]})
    place = tilth.write(
        tilth.read(table, roles={"label": "paid", "id": "no"}), tmp_path / "train", format="sagemaker_csv", rows_per_shard=2
    )
    manifest = Manifest.beside(place)
    columns = (WrittenColumn("paid", "integer", ("label",)), WrittenColumn("age", "float"))
    assert manifest.contents == Contents(columns, {}, "text/csv;label_size=1", None, 1)
    assert [(s.path, s.bytes, s.records) for s in manifest.shards] == [("train-000000.csv", 9, 2), ("train-000001.csv", 6, 1)]
    manifest.verify(place)
    found = tilth.write(tilth.read(place))  # its format and the names of its columns are known
    assert found.sort_by("age").to_pydict() == {"paid": [0, 0, 1], "age": [0.5, 2, None]}


def test_changed_files_are_named(tmp_path):
    place = tilth.write(tilth.read(ROWS), tmp_path / "out", format="csv", shards=3)
    manifest = Manifest.beside(place)
    first, second, third = (place / s.path for s in manifest.shards)
    first.write_text("n,s\n")
    second.write_bytes(second.read_bytes().replace(b"3", b"7"))
    third.unlink()
    with pytest.raises(SourceError) as error:
        manifest.verify(place)
    assert [m.message.removeprefix(f"{place}/") for m in error.value.mistakes] == [
        "out-000000.csv has 4 bytes, and 28 by the manifest",
        "out-000001.csv is not the file that was delivered: its hash differs",
        "out-000002.csv is missing, and the manifest lists it",
    ]


@pytest.mark.spark
def test_spark_writes_shards_of_every_kind(tmp_path, spark):
    """By rows and by number, of formats that it writes itself and of those that rows are streamed to."""
    from tilth.engine.spark import Spark

    engine = Spark(spark).session()
    rows = spark.range(0, 23, 1, 4).selectExpr("id as n", "cast(id / 2 as double) as x", "id % 2 as y", "concat('row ', id) as txt")
    for form, options in {
        "parquet": {},
        "csv": {},
        "jsonl": {},
        "tfrecord": {},
        "webdataset": {},
        "npz": {"roles": {"private": "txt"}},
    }.items():
        if form == "tfrecord":
            pytest.importorskip("fastcrc")
        for asked, counts in (({"shards": 3}, [7, 8, 8]), ({"rows_per_shard": 10}, [10, 10, 3])):
            place = tilth.write(tilth.read(rows, engine=engine, **options), tmp_path / form, format=form, engine=engine, **asked)
            manifest = Manifest.beside(place)
            assert [s.records for s in manifest.shards] == counts
            again = tilth.write(tilth.read(place, format=form))
            assert sorted(zip(again["n"].to_pylist(), again["x"].to_pylist(), strict=True)) == [(i, i / 2) for i in range(23)]
