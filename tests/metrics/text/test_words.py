"""words: what Python's regular expression finds, for texts of ASCII and of other characters."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tilth.metrics.text.words import Words, words_of

TEXTS = st.lists(st.none() | st.text(st.sampled_from("aB_1 é日ǅ\x1f\n-ß\u0307")) | st.text(st.sampled_from("aB_1 \x1f\n-.")), max_size=8)


@given(texts=TEXTS, skipped=st.integers(0, 2), lowercase=st.booleans())
def test_words_are_those_that_python_finds(texts, skipped, lowercase):
    words, places = Words(lowercase)(pa.array(texts, pa.string()).slice(skipped))
    expected = [(i, word) for i, text in enumerate(texts[skipped:]) for word in words_of(text or "", lowercase)]
    assert list(zip(places.tolist(), words.to_pylist(), strict=True)) == expected
    assert [word for text in texts[skipped:] for word in Words(lowercase).of(text or "")] == words.to_pylist()


def test_sequences_of_words_end_with_their_text():
    words, places = Words(ngram_range=(2, 3), stop_words=("The",))(pa.array(["the old cat sat", "dog", "big the dog"]))
    assert words.to_pylist() == ["old cat", "cat sat", "big dog", "old cat sat"]
    assert places.tolist() == [0, 0, 2, 0]
