"""Texts in tokens, sentences and paragraphs."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tilth.errors import RequestError
from tilth.measures.explain.units import GRANULARITIES, LANGUAGES, TextConfig, units_of, without

CASES = {
    "token": {
        "He's 3.5 km, e.g. a_b.": ["He's", "3.5", "km", ",", "e.g", ".", "a_b", "."],
        "so... 1,000!!": ["so", "...", "1,000", "!!"],
        "我喜欢 コーヒーです": ["我", "喜", "欢", "コーヒー", "で", "す"],
        "नमस्ते कविதை": ["नमस्ते", "कविதை"],  # their vowel signs are marks, not letters
        "é́😂😂 ok": ["é́", "😂😂", "ok"],
    },
    "sentence": {
        'He said "Hi." Then left. 5 km etc. and more! Yes': ['He said "Hi."', "Then left. 5 km etc. and more!", "Yes"],
        "See U.S. law, v1.2.3 (e.g. this). New": ["See U.S. law, v1.2.3 (e.g. this).", "New"],
        "我喜欢你。你呢？好": ["我喜欢你。", "你呢？", "好"],
        "क्या? हाँ। ठीक": ["क्या?", "हाँ।", "ठीक"],
        "one line\nanother. ": ["one line", "another."],
    },
    "paragraph": {"a\r\nb\r\n \t\r\nc\n\n\nd": ["a\r\nb", "c", "d"]},
}


@pytest.mark.parametrize(("granularity", "text", "expected"), [(g, text, found) for g, of in CASES.items() for text, found in of.items()])
def test_a_text_in_units(granularity, text, expected):
    assert [u.text for u in units_of(text, granularity)] == expected


@settings(max_examples=40)
@given(
    st.text(
        st.one_of(st.sampled_from(" \n.!?,:'\"aB3éא我か\u0301\u200d"), st.characters(max_codepoint=0x20000, exclude_categories=["Cs"])),
        max_size=40,
    )
)
@example("\u0301a")
def test_units_are_where_they_say_and_leave_blanks_out(text):
    for granularity in GRANULARITIES:
        units, at = units_of(text, granularity), 0
        for unit in units:
            assert text[unit.start : unit.start + len(unit.text)] == unit.text == unit.text.strip() != ""
            assert not text[at : unit.start].strip()
            at = unit.start + len(unit.text)
        assert not text[at:].strip()
        assert without(text, units, [True] * len(units), "x") == text
        assert not without(text, units, [False] * len(units), "").strip()
        assert without(text, units, [False] * len(units), "[M]").count("[M]") >= len(units)


def test_the_languages_have_names_and_codes():
    assert TextConfig.of({"language": "Norwegian Bokmål", "granularity": "token"}) == TextConfig(language="Norwegian Bokmål")
    assert len(LANGUAGES) == len(set(LANGUAGES.values())) == 63


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"granularity": "word"}, "granularity is 'word'"),
        ({"language": "englisch"}, "did you mean 'english'"),
        ({"language": "th"}, "take a dictionary"),
        ({"max_top_tokens": 0}, "max_top_tokens is 0"),
        ({"lang": "en"}, "no key 'lang'"),
    ],
)
def test_what_is_not_a_configuration_is_refused(config, said):
    with pytest.raises(RequestError, match=said):
        TextConfig.of(config)
