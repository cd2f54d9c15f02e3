"""A GLOB in place of a pattern matches the same strings."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tilth.regex import Regex

PLACES = st.sampled_from(
    ["a", "Z", "-", "é", "\\*", "\\?", "\\[", "]", "\\\\", "!", "\\^", " ", "'", "[0-9]", "[a-cX-Z]", "[b0]", "[0-Z]", "[ab]{2}"]
)
STRINGS = st.text("aAbBcZX0129-é*?[]\\!^ '\n", max_size=6)
CONNECTION = duckdb.connect()


def matched(text: str, pattern: str, sign: str) -> bool:
    ((found,),) = CONNECTION.execute(f"SELECT x {sign} ? FROM (VALUES (?)) t(x)", [pattern, text]).fetchall()
    return bool(found)


@given(st.lists(PLACES, min_size=1, max_size=4), st.data())
def test_it_matches_what_the_pattern_matches(places, data):
    regex = Regex.parse("".join(places)).full()
    assert regex.glob is not None
    for text in [data.draw(STRINGS), data.draw(st.from_regex(regex.compile_python()))]:
        assert matched(text, regex.glob, "GLOB") == (regex.compile_python().search(text) is not None), text


@pytest.mark.parametrize("pattern", ["a+", "a?", "a{1,2}", ".", "[^a]", "[é-ü]", "a|bc", "[_a]", "(?:ab){2}", "\\n", "a{101}", "\\b"])
def test_others_have_none(pattern):
    assert Regex.parse(pattern).full().glob is None


def test_nor_has_a_search():
    assert Regex.parse("a").glob is None
