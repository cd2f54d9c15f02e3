"""Which files a path means."""

import os

import pytest

from tilth.errors import SourceError
from tilth.formats.places import files, suffix_of


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        ("loan.csv", "there is no file", "did you mean 'loans.csv'"),
        ("zzz", "there is no file", "the folder holds"),
        ("no/where/x.csv", "there is no file", "there is no folder"),
        ("*.parquet", "no file matches", "the folder holds"),
        ("empty.csv", "is empty", ""),
        ("folder", r"holds no file ending in \.csv", "the folder holds notes.md"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, path, message, hint):
    (tmp_path / "loans.csv").write_text("a\n1\n")
    (tmp_path / "empty.csv").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.md").write_text("x")
    with pytest.raises(SourceError, match=message) as error:
        files(tmp_path / path, (".csv",))
    assert hint in error.value.mistakes[0].hint
    assert error.value.exit_code == 2


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("a\n")
    file.chmod(0)
    with pytest.raises(SourceError, match="no permission"):
        files(file)


def test_hidden_names_are_nobodys_data(tmp_path):
    for name in ("b.csv", "a.csv", ".c.csv", "_d.csv", "notes.md"):
        (tmp_path / name).write_text("x\n")
    assert [p.rsplit("/", 1)[1] for p in files(tmp_path, (".csv",))] == ["a.csv", "b.csv"]
    assert files("s3://bucket/a.csv") == ("s3://bucket/a.csv",)


def test_suffixes():
    assert [suffix_of(p) for p in ("a.csv", "B.CSV.GZ", "x/y", "a.b/c.parquet")] == [".csv", ".csv", "", ".parquet"]
