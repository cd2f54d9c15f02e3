"""Words, sentences and syllables of texts."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tilth.metrics.text import segments


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The quick (“brown”) fox can’t jump 32.3 feet, right?", 9),  # the example of UAX #29
        ("co-op 1,000.5 a_b ___ 東京 e.g.", 7),
        ("a:b", 2),
        ("ไทย", 3),
    ],
)
def test_words_are_those_of_unicode(text, words):
    assert segments.words(pa.array([text, None])).to_pylist() == [words, None]
    assert list(map(len, segments.words_of(pa.array([text, None])))) == [words, 0]


def test_full_stops_inside_words_and_before_small_letters_end_no_sentence():
    text = "Mr. smith paid 3.5 in the U.S. of A. Why? “Who knows.” he said\nEnd"
    assert segments.sentences(pa.array([text, "", None])).to_pylist() == [4, 0, None]


def test_silent_letters_are_no_syllables():
    known = {1: "nurse makes jumped called the hm", 2: "table boxes wanted café", 3: "beautiful"}
    found = {n: segments.syllables(pa.array(words.split())).to_pylist() for n, words in known.items()}
    assert found == {n: [n] * len(words.split()) for n, words in known.items()}
