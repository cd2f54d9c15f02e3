"""Folders of images are tables of what their names say; no image is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest

import tilth
from tilth.errors import RequestError, SourceError

PATHS = ("train/cat/25_f_1.jpg", "train/cat/31_m_2.JPEG", "train/dog/7_f_3.png", "test/dog/me.jpg")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for path in (*PATHS, "train/.hidden/1_f_1.jpg", "notes.md"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(b"no image")
    return tmp_path


def rows_of(folder: Path, **options: object) -> dict[str, list]:
    return tilth.write(tilth.read(folder, **options)).to_pydict()


def test_each_image_is_a_row_with_the_class_of_its_folder(folder):
    assert rows_of(folder) == {"path": sorted(PATHS), "class": ["dog", "cat", "cat", "dog"], "bytes": [8] * 4}


def test_a_pattern_makes_columns_of_numbers_and_strings_and_counts_what_it_does_not_fit(folder):
    with pytest.warns(UserWarning, match=r"does not fit 1 of 4 paths \(test/dog/me.jpg\); their age, sex is null"):
        found = rows_of(folder, pattern="{age}_{sex}_{}.jpg")
    assert (found["age"], found["sex"]) == ([None, 25, 31, 7], [None, "f", "m", "f"])
    whole = rows_of(folder, pattern="{split}/{class}/{}")
    assert (whole["split"], whole["class"]) == (["test", "train", "train", "train"], ["dog", "cat", "cat", "dog"])


@pytest.mark.parametrize(
    ("pattern", "says"),
    [("{}_{}", "names no column"), ("{a}_{a}", "has 'a' 2 times"), ("{path}", "column already"), ("{a}+{b}", "matches none of 4 paths")],
)
def test_a_pattern_that_says_nothing_is_refused(folder, pattern, says):
    with pytest.raises((RequestError, SourceError), match=says):
        rows_of(folder, pattern=pattern)


def test_files_without_content_are_counted_and_other_files_decide_what_a_folder_is(folder):
    (folder / PATHS[0]).write_bytes(b"")
    with pytest.warns(UserWarning, match=r"1 of 4 files are empty \(train/cat/25_f_1.jpg\)"):
        assert rows_of(folder)["bytes"] == [8, 0, 8, 8]
    (folder / "labels.csv").write_text("file,label\na.jpg,1\n")
    assert rows_of(folder) == {"file": ["a.jpg"], "label": [1]}
    with pytest.raises(SourceError, match="is not a folder"):
        tilth.read(folder / PATHS[0])
