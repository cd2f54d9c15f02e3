"""Which files a path means."""

import os

import pytest

from tests.house.closed import closed
from tilth.errors import RequestError, SourceError
from tilth.store.local import Local, exists, files, suffix_of, text_of


@pytest.mark.parametrize(
    ("path", "message", "hint"),
    [
        ("loan.csv", "there is no file", "did you mean 'loans.csv'"),
        ("zzz", "there is no file", "the folder holds"),
        ("no/where/x.csv", "there is no file", "there is no folder"),
        ("*.parquet", "no file matches", "the folder holds"),
        ("empty.csv", "is empty", ""),
        ("folder", r"has no file ending in \.csv", "the folder holds notes.md"),
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


def test_no_permission(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.csv").write_text("a\n")
    with closed(tmp_path / "inner"):
        with pytest.raises(SourceError, match=r"a\.csv cannot be read: no permission"):
            files(tmp_path / "inner" / "a.csv")
        with pytest.raises(SourceError, match=r"the folder .*inner cannot be read: no permission"):
            files(tmp_path / "inner")
        with pytest.raises(SourceError, match=r"the folder .*inner cannot be read: no permission"):
            files(tmp_path)  # or its files would be missing without a word
        with pytest.raises(RequestError, match=r"the ruleset .* cannot be read: Permission denied"):
            text_of(tmp_path / "inner" / "r.dqdl", "ruleset")
        assert not exists(tmp_path / "inner" / "a.csv")


def test_a_pipe_is_refused_as_a_small_file(tmp_path):
    os.mkfifo(tmp_path / "r.dqdl")
    with pytest.raises(RequestError, match="is a pipe or a device, not a file"):
        text_of(tmp_path / "r.dqdl", "ruleset")


def test_hidden_names_are_not_data(tmp_path):
    for name in ("b.csv", "a.csv", ".c.csv", "_d.csv", "notes.md"):
        (tmp_path / name).write_text("x\n")
    assert [p.rsplit("/", 1)[1] for p in files(tmp_path, (".csv",))] == ["a.csv", "b.csv"]
    assert files("hdfs://host/a.csv") == ("hdfs://host/a.csv",)


def test_suffixes():
    assert [suffix_of(p) for p in ("a.csv", "B.CSV.GZ", "x/y", "a.b/c.parquet")] == [".csv", ".csv", "", ".parquet"]


def test_objects_of_a_folder_and_parts_of_them(tmp_path):
    for name in ("b", "a/c", ".hidden", "a-d"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name * 3)
    (tmp_path / "broken").symlink_to("nowhere")
    (tmp_path / "linked").symlink_to("a")
    store = Local()
    found = store.objects(f"file://{tmp_path}")
    assert [o.name for o in found] == [".hidden", "a-d", "a/c", "b", "linked/c"]  # "-" is before "/" in UTF-8
    file = store.find(str(tmp_path / "b"))
    assert file
    assert (file.name, file.bytes, store.part(file), store.part(file, 1, 3)) == ("b", 3, b"bbb", b"bb")
    assert store.find(str(tmp_path / "a")) is None
    (tmp_path / "b").write_text("b")
    with pytest.raises(SourceError, match="is not the file of 3 bytes"):
        store.part(file, 0, 3)
    (tmp_path / "b").unlink()
    with pytest.raises(SourceError, match="there is no file"):
        store.part(file)
    with pytest.raises(SourceError, match="there is no folder"):
        store.objects(str(tmp_path / "nowhere"))
