"""Lookaround at the ends of patterns: what the parts find is what Python's own lookaround finds."""

from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tilth
from tests.rules.cases import evaluate
from tilth.regex import Regex
from tilth.regex.around import parted
from tilth.rules import parse

PATTERNS = [
    r"^(?=.*\d)(?=.*[a-c]).{3,}$",
    r"(?!.*(?:ab|b1))[ab1]+",
    r"^(?!a)(?!.*\))[ab1()]*(?<!1)$",
    r"[ab]+[1()]?(?<=b|\))",
    r"(?i)(?!A)[a-b1]+(?<!B)",
    r"(?![)(]).+",
    r"(?!^a$)[ab]*",
]
ELSEWHERE = ["a(?=b)b", "a(?<!b)c", "(?=a)a|b", "a|b(?<!a)", "(?:(?!a)b)*", r"\(?=a\)"]


@pytest.mark.parametrize("pattern", PATTERNS)
@given(st.text("abAB1()", max_size=6))
def test_a_string_matches_as_by_python(pattern: str, text: str) -> None:
    rest, searches = parted(pattern)
    assert searches
    others = [(Regex.parse(s.pattern).compile_python().search(text) is None) == s.negative for s in searches]
    found = Regex.parse(rest).full().compile_python().search(text) is not None
    assert (found and all(others)) == (re.fullmatch(pattern, text) is not None)


@pytest.mark.parametrize("pattern", ELSEWHERE)
def test_lookaround_elsewhere_is_left_alone(pattern: str) -> None:
    assert parted(pattern) == (pattern, ())


@pytest.mark.parametrize("negated", [False, True])
def test_a_rule_judges_by_it(negated: bool) -> None:
    texts = ["a1b", "ab", "b1", "", None, "1a)", "ab1", "B1a"]
    for pattern in PATTERNS:
        rule = f'ColumnValues "x" {"not " * negated}matches "{pattern}" with threshold > 2'
        (found,) = evaluate(tilth.read(pa.table({"x": texts})), parse(f"Rules = [ {rule} ]"), tilth.DuckDB().session())
        matching = [t for t in texts if t is not None and (re.fullmatch(pattern, t) is None) == negated]
        assert found.value == len(matching) / len(texts), pattern
