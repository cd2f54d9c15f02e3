"""Formats by two functions: here one that keeps a table as Arrow's IPC stream."""

from __future__ import annotations

import gzip
import os
from types import SimpleNamespace

import pyarrow as pa
import pytest

from tests.engines import duckdb_session
from tilth.data import Dataset
from tilth.engine.duckdb import scans
from tilth.errors import MachineError, SourceError
from tilth.formats import read, to_arrow
from tilth.formats.codec import Codec
from tilth.testing.formats import check_format


class Ipc(Codec):
    name = "ipc"
    suffixes = (".ipc",)
    decodings = 0

    def decode(self, file, **options):
        Ipc.decodings += 1
        with pa.ipc.open_stream(file) as reader:
            yield from list(reader) or [pa.RecordBatch.from_pylist([], schema=reader.schema)]

    def encode(self, batches, file, **options):
        with pa.ipc.new_stream(file, batches.schema) as writer:
            for batch in batches:
                writer.write_batch(batch)


@pytest.fixture
def ipc(monkeypatch):
    from tilth.formats import format as table

    form = Ipc()
    monkeypatch.setitem(table.FORMATS._loaded, "ipc", Ipc)
    monkeypatch.setitem(table.FORMATS.built_in, "ipc", "tests:none")
    table.by_name.cache_clear()
    yield form
    table.by_name.cache_clear()


def opened(form, *paths, names=None):
    return Dataset(form.open([str(p) for p in paths], names, duckdb_session()))


def put(form, path, table):
    with gzip.open(path, "wb") if path.name.endswith(".gz") else path.open("wb") as file:
        form.encode(table.to_reader(), file)
    return path


def test_the_battery(ipc, tmp_path):
    check_format(ipc, tmp_path)


def test_a_file_is_decoded_once_while_it_is_held_and_again_when_it_changes(ipc, tmp_path):
    path, before = put(ipc, tmp_path / "a.ipc", pa.table({"x": [1]})), Ipc.decodings
    first, second = opened(ipc, path), opened(ipc, path)
    assert (first, Ipc.decodings, str(first.source)) == (second, before + 1, str(path))
    put(ipc, path, pa.table({"x": [1, 2]}))
    os.utime(path, ns=(1, 1))
    assert to_arrow(opened(ipc, path), duckdb_session()).num_rows == 2


def test_several_files_and_names(ipc, tmp_path):
    paths = [put(ipc, tmp_path / f"{i}.ipc.gz", pa.table({"x": [i], "y": ["a"]})) for i in range(3)]
    assert to_arrow(opened(ipc, *paths, names=["n", "s"]), duckdb_session()).sort_by("n").to_pydict() == {"n": [0, 1, 2], "s": ["a"] * 3}


@pytest.mark.parametrize(
    ("other", "says"), [({"y": [1]}, "the files have different columns"), ({"x": ["a"]}, "columns of the files have different types")]
)
def test_files_of_different_columns_are_rejected(ipc, tmp_path, other, says):
    paths = [put(ipc, tmp_path / f"{i}.ipc", pa.table(t)) for i, t in enumerate(({"x": [1]}, other))]
    with pytest.raises(SourceError, match=says):
        opened(ipc, *paths)


def test_an_exception_of_a_codec_is_an_error_without_its_message(ipc, tmp_path):
    (tmp_path / "a.ipc").write_text("secret value")
    with pytest.raises(SourceError, match=r"a\.ipc cannot be read as ipc \(ArrowInvalid\)") as error:
        read(tmp_path / "a.ipc", engine=duckdb_session())
    assert "secret" not in str(error.value)


@pytest.mark.slow
def test_a_folder_is_written_in_parts(ipc, tmp_path, monkeypatch):
    from tilth.formats import format as shared
    from tilth.formats.writing import write

    monkeypatch.setattr(shared, "ROWS", 250_000)
    engine = duckdb_session()
    write(read(pa.table({"x": range(600_000)}), engine=engine), tmp_path / "out", format="ipc", engine=engine)
    assert sorted(p.name for p in (tmp_path / "out").glob("*.ipc")) == [f"out-00000{i}.ipc" for i in range(3)]
    assert to_arrow(read(tmp_path / "out", engine=engine), engine).num_rows == 600_000


class Scanned(Ipc):
    """Its files are text that DuckDB scans itself."""

    scans = {"duckdb": lambda source, run: scans.table_function("read_text", source.paths, {})}  # noqa: RUF012 -- a class of one test


def test_an_engine_scans_the_files_itself_where_the_codec_says_how(tmp_path):
    (tmp_path / "a.ipc").write_text("hello")
    before = Ipc.decodings
    data = opened(Scanned(), tmp_path / "a.ipc")
    assert to_arrow(data, duckdb_session())["content"].to_pylist() == ["hello"]
    assert Ipc.decodings == before
    with pytest.raises(SourceError, match="cannot be read as ipc"):  # by another engine it is decoded, as ever
        Scanned().open(str(tmp_path / "a.ipc"), None, SimpleNamespace(name="spark"))


@pytest.mark.spark
def test_spark_hands_a_codec_one_partition_at_a_time(tmp_path, spark, monkeypatch):
    """The last partition fails: the files of those before it are complete by then, so the table is not collected."""
    from tilth.engine.spark import Spark
    from tilth.formats import format as shared

    monkeypatch.setattr(shared, "ROWS", 1)
    engine = Spark(spark).session()
    rows = read(spark.range(0, 8, 1, 8).selectExpr("if(id = 7, raise_error('late'), id) as i"), engine=engine)
    with pytest.raises(MachineError):
        Ipc().stream(rows, tmp_path, engine, folder=True)
    written = [pa.ipc.open_stream(path.read_bytes()).read_all()["i"].to_pylist() for path in sorted(tmp_path.iterdir())[:-1]]
    assert written == [[0], [1], [2], [3], [4], [5], [6]][: len(written)] and len(written) > 1
