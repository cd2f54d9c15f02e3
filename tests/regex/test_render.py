"""What is printed for each engine."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest
from hypothesis import given

from tests.cases import cases
from tests.regex.test_regex import drawn_patterns
from tilth.regex import Regex

RENDERINGS = cases(Path(__file__).parent / "cases" / "renderings.yaml")


@pytest.mark.parametrize("text", RENDERINGS)
def test_it_is_printed(text: str) -> None:
    expected = RENDERINGS[text]
    regex = Regex.parse(text)
    assert regex.duckdb == expected["duckdb"]
    assert regex.spark == expected.get("spark", expected["duckdb"])
    assert regex.python == expected.get("python", expected["duckdb"])


@given(drawn_patterns())
def test_what_is_printed_for_duckdb_reads_as_the_same_pattern(regex: Regex) -> None:
    again = Regex.parse(regex.duckdb)
    assert again == regex
    assert again.duckdb == regex.duckdb


@given(drawn_patterns())
def test_python_reads_it_without_a_warning(regex: Regex) -> None:
    with warnings.catch_warnings(action="error", category=FutureWarning):
        re.compile(regex.python)
