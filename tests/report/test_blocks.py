"""Words: code inside them is told apart, and nothing in them is obeyed."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.samples import HOSTILE
from tilth.report.blocks import code, cut, pieces, plain, shown

texts = st.one_of(st.text(max_size=60), st.sampled_from(HOSTILE))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda v: st.lists(v, max_size=3) | st.dictionaries(texts, v, max_size=3),
)


@given(texts, texts)
def test_pieces_hold_nothing_that_is_obeyed(data, around):
    for text, _ in pieces(f"{around}{code(data)}{around}"):
        assert not [
            c for c in text if unicodedata.category(c) in ("Cc", "Cs") or c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
        ]


@given(st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), min_size=1, max_size=100).map(str.strip).filter(bool))
def test_code_comes_back_as_it_was(data):
    assert list(pieces(f"Look at {code(data)}.")) == [("Look at ", False), (data, True), (".", False)]
    assert plain(f"Look at {code(data)}.") == f"Look at {data}."


@given(st.text(max_size=300), st.integers(5, 100))
def test_what_is_cut_fits(text, most):
    made = cut(text, most)
    assert len(made) <= most
    assert made == text or "…" in made


@given(values)
def test_a_value_is_one_short_line(value):
    text = shown(value)
    assert text.isprintable() or all(unicodedata.category(c) not in ("Cc", "Cs") for c in text)
    assert len(text) <= 120
    assert text


@pytest.mark.parametrize(
    ("value", "text"),
    [(2024, "2024"), (0.1 + 0.2, "0.30000000000000004"), ("a ", '"a "'), ("a\nb", "a b"), ({"k": None}, "k: null"), ((), "()")],
)
def test_values_are_exact_and_blanks_are_seen(value, text):
    assert shown(value) == text


def test_blanks_around_a_name_are_seen():
    assert plain(code("sex=male ")) == '"sex=male "'
    assert plain(code("  ")) == "(blank)"
