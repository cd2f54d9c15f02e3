"""Places while a key is in force: nothing unencrypted is written, and what was written is read again."""

from __future__ import annotations

from pathlib import Path

import pytest

import tilth
from tests.encrypted import MARK, TABLE, Look, code_of, key, plaintext, rows
from tilth.errors import Gap, MachineError, RequestError, SourceError
from tilth.formats.format import formats
from tilth.store.places import atomic, copies
from tilth.store.protection import protected

__all__ = ["key", "plaintext"]
FORMATS = [f.name for f in formats() if f.is_written]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.tsv", "a.jsonl", "a.parquet", "a.tfrecord.gz", "folder"])
def test_a_place_is_read_as_it_was_written(name: str, key: str, plaintext: Look, tmp_path: Path) -> None:
    with protected(key):
        tilth.write(tilth.read(TABLE), tmp_path / name)
        data = tilth.read(tmp_path / name)
        assert str(tmp_path / name) in str(data.source)
        got = rows(data).select(TABLE.column_names).sort_by("no")
    assert got.equals(TABLE.cast(got.schema))
    assert not plaintext()
    with pytest.raises(SourceError, match="is encrypted") as error:
        tilth.read(tmp_path / name)
    assert code_of(error) == {"needs-key"}


def written(name: str, to: Path, key: str) -> None:
    if name.startswith("image_"):
        pytest.skip("needs images, and is written as the others are: by Python")
    numeric = name in ("libsvm", "recordio_protobuf", "npz", "npy") or name.startswith("sagemaker")
    table = TABLE.drop_columns(["s"]) if numeric else TABLE
    with protected(key):
        tilth.write(tilth.read(table, roles={"label": "x"}), to, format=name)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_written_encrypted(name: str, key: str, plaintext: Look, tmp_path: Path) -> None:
    written(name, tmp_path / "out", key)  # `atomic` itself refuses what is not encrypted
    assert not plaintext()
    assert (tmp_path / "out" / "_tilth" / "keys.json").is_file()


def test_what_goes_around_the_wrapper_is_not_delivered(key: str, tmp_path: Path) -> None:
    with (
        protected(key),
        pytest.raises(MachineError, match="would not have been encrypted") as error,
        atomic(tmp_path / "out", folder=True) as new,
    ):
        Path(str(new / "a.txt")).write_text(MARK)
    assert code_of(error) == {"plaintext"}
    with protected(key), pytest.raises(ZeroDivisionError), atomic(tmp_path / "out", folder=True) as new:
        (new / "a.txt").write_text(MARK)
        1 / 0  # noqa: B018
    with protected(key), pytest.raises(Gap, match="cannot be changed in place"), atomic(tmp_path / "a.txt") as new:
        new.open("a")
    assert [p.name for p in tmp_path.iterdir()] == ["keys"]


def test_what_may_be_left_unencrypted(key: str, tmp_path: Path) -> None:
    report = tilth.check(TABLE, 'Rules = [ IsComplete "no" ]')
    with protected(key, ["report"]):
        tilth.write(report, tmp_path / "report.md")
        with atomic(tmp_path / "out", folder=True) as folder:
            tilth.write(report, folder / "report.md")
            tilth.write(tilth.read(TABLE), folder / "a.csv")
        assert tilth.check(TABLE, 'Rules = [ IsComplete "no" ]').facts.more["left unencrypted on request"] == "report"
        assert {p.name for p in (tmp_path / "out").iterdir()} == {"_tilth", "_tilth.json", "a.csv.sealed", "report.md"}
        copies(tmp_path / "out")
        (tmp_path / "out" / "report.md").write_text("all passed")
        with pytest.raises(SourceError) as error:
            copies(tmp_path / "out")
    assert code_of(error) == {"swapped-file"} and (tmp_path / "report.md").is_file()
    with pytest.raises(RequestError, match="nothing of the kind 'everything'"), protected(key, ["everything"]):
        pass
