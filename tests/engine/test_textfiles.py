"""Files of texts as Python reads them."""

from pathlib import Path

import pytest

from tilth.data import Files
from tilth.engine.textfiles import Dialect, as_utf8, likely_encodings, line_end, mistakes, numbered_rows, python_name, wrong_byte
from tilth.errors import RequestError
from tilth.store.scratch import Scratch


def written(folder, content):
    path = folder / "a.csv"
    path.write_bytes(content)
    return str(path)


def test_rows_know_the_line_they_begin_on(tmp_path):
    path = written(tmp_path, b'a,b\n\n"x\ny",1\nz,2\n')
    assert list(numbered_rows(path, Dialect())) == [(1, ["a", "b"]), (3, ["x\ny", "1"]), (5, ["z", "2"])]


@pytest.mark.parametrize(
    ("content", "encoding", "line"),
    [
        (b"a\nb\n", "utf-8", None),
        ("a\né\n".encode(), "utf-8", None),
        (b"a\nb\nx\xe9y\n", "utf-8", 3),
        (b"a\n" * (1 << 20) + b"\xff", "utf-8", (1 << 20) + 1),
        (b"a\nx\x81\n", "cp1252", 2),
        (b"a\n\xe2\x82", "utf-8", 2),  # the file ends inside a character
    ],
    ids=["all right", "all right beyond ASCII", "Latin-1", "after a mebibyte", "cp1252", "at the end"],
)
def test_the_first_wrong_byte(tmp_path, content, encoding, line):
    found = wrong_byte(written(tmp_path, content), encoding)
    assert (found and found.place and found.place.line) == line


def test_a_character_at_the_border_of_two_chunks_is_whole(tmp_path):
    assert wrong_byte(written(tmp_path, b"x" * ((1 << 20) - 1) + "é".encode()), "utf-8") is None


@pytest.mark.parametrize(
    ("content", "likely"),
    [("é".encode("utf-16"), "utf-16"), (b"caf\xe9", "cp1252 or latin-1"), (b"\x93caf\xe9\x94", "cp1252")],
)
def test_likely_encodings(tmp_path, content, likely):
    assert likely_encodings(written(tmp_path, content)) == likely


def test_a_copy_in_utf8_keeps_line_ends(tmp_path):
    copies = Scratch(tmp_path)
    path = written(tmp_path, "é\r\nü\n".encode("latin-1"))
    copy = Path(as_utf8(path, "latin-1", copies))
    assert copy.read_bytes() == "é\r\nü\n".encode()
    assert as_utf8(path, "utf-8", copies) == path
    assert line_end(path, "latin-1") == "\r\n"


def test_only_the_first_mistakes_of_a_file_are_named(tmp_path):
    path = written(tmp_path, b"a,b\n" + b"1\n" * 100)
    options = (("delimiter", ","), ("encoding", "utf-8"), ("quote", '"'), ("trim", False))
    assert [m.place.line for m in mistakes(Files("csv", (path,), ("a", "b"), options)) if m.place] == [2, 3, 4, 5, 6]


def test_an_unknown_encoding():
    assert python_name("UTF8") == python_name("utf-8-sig")
    with pytest.raises(RequestError, match="unknown encoding 'klingon'"):
        python_name("klingon")
