"""Detected options of reading: they are recorded with reasons, and read the file again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tilth
from tests.engines import duckdb_session
from tilth.drafting.reading import read_detected, unique_names
from tilth.errors import RequestError

BODY = "".join(f"{i},{20 + i % 9},{'ab'[i % 2]}\n" for i in range(30))

FOUND: list[tuple[str, bytes, dict[str, Any], tuple[str, ...]]] = [
    ("a header", f"id,age,y\n{BODY}".encode(), {}, ("id", "age", "y")),
    ("no header", BODY.encode(), {"header": False}, ("column_0", "column_1", "column_2")),
    ("a first line with equal values", f"1,1,a\n{BODY}".encode(), {"header": False}, ("column_0", "column_1", "column_2")),
    ("a name twice", f"id,a,A\n{BODY}".encode(), {"names": ["id", "a", "A_2"], "header": True}, ("id", "a", "A_2")),
    ("an index without a name", f",a,y\n{BODY}".encode(), {"names": ["index", "a", "y"], "header": True}, ("index", "a", "y")),
    ("latin-1", f"id,größe,y\n{BODY}".encode("latin-1"), {"encoding": "cp1252"}, ("id", "größe", "y")),
    ("utf-16", f"id,größe,y\n{BODY}".encode("utf-16"), {"encoding": "utf-16"}, ("id", "größe", "y")),
    ("spaces between values", b"t sex logWBC\n" + b"35 0 1.45\n7 1 -2e3\n" * 9, {"delimiter": " "}, ("t", "sex", "logWBC")),
    ("spaces in values", b"name\n" + b"Ann Lee\nBob Ray\n" * 9, {}, ("name",)),
    ("numbers in values", b"street number\n" + b"Main 12\nElm 3\n" * 9, {}, ("street number",)),
    ("quotes in values", b'ham\tI said "hello\nspam\t"WIN" now\n' * 9, {"quote": "", "header": False}, ("column_0", "column_1")),
]


@pytest.mark.parametrize(("content", "options", "names"), [c[1:] for c in FOUND], ids=[c[0] for c in FOUND])
def test_detected_options_read_the_file(tmp_path: Path, content: bytes, options: dict[str, Any], names: tuple[str, ...]) -> None:
    path = tmp_path / ("a.tsv" if b"\t" in content else "a.csv")
    path.write_bytes(content)
    reading, data = read_detected(str(path), duckdb_session(), {})
    assert reading.options == options and set(reading.reasons) == set(options)
    assert data.names == names == tilth.read(path, **options).names


def test_several_options_are_detected(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(("é,é\n" + "1,2\n" * 3).encode("latin-1"))
    reading, _ = read_detected(str(path), duckdb_session(), {})
    assert reading.options == {"encoding": "cp1252", "names": ["é", "é_2"], "header": True}


@pytest.mark.parametrize("given", [{"header": True}, {"names": ["a", "b", "c"]}])
def test_given_options_are_not_detected(tmp_path: Path, given: dict[str, Any]) -> None:
    (tmp_path / "a.csv").write_text(BODY)
    assert read_detected(str(tmp_path / "a.csv"), duckdb_session(), given)[0].options == given


def test_the_first_error_is_raised_without_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b,c\n1,2,3\n4,5\n6,7,8,9\n")
    with pytest.raises(RequestError, match=r"a.csv:3: .* 2 fields, expected 3"):
        read_detected(str(tmp_path / "a.csv"), duckdb_session(), {})


def test_unique_names() -> None:
    assert unique_names(["", "a", "A", "", "a_2"]) == ["index", "a", "A_2", "column_3", "a_2_2"]
