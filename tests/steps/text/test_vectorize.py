"""The step `vectorize`: what scikit-learn's vectorizers give."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer

from tests.steps.made import applied, fitted, made
from tilth.errors import RequestError
from tilth.metrics.text import vocabulary
from tilth.steps.text.vectorize import Vectorize

TEXTS = [
    "The cat sat on the mat; the cat_2 sat, too.",
    "Dogs & cats: it's 10 o'clock, a dog barks",
    "",
    "ÉTÉ été naïve 日本語 日本 x",
    "mat mat MAT matmat",
    "ﬃ ĳ ÇA ça",
]
OTHERS = ["the matmat of the cat", "unknown words only", "Été"]
OPTIONS = [
    {},
    {"lowercase": False},
    {"min_df": 2},
    {"max_df": 0.2},
    {"ngram_range": (1, 3), "stop_words": ["the", "été"]},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_counts_are_those_of_count_vectorizer(options):
    theirs = CountVectorizer(**options).fit(TEXTS)
    found = fitted(Vectorize("t", **options | {"stop_words": tuple(options.get("stop_words", ()))}), {"t": TEXTS})
    assert found.learned["t"]["words"] == theirs.get_feature_names_out().tolist()
    for texts in (TEXTS, OTHERS):
        ours = applied(found, {"t": texts})
        assert np.array_equal(np.array(list(ours.values())).T, theirs.transform(texts).toarray())


@pytest.mark.parametrize("options", [*OPTIONS, {"sublinear_tf": True, "norm": "l1"}, {"norm": None}], ids=str)
def test_tfidf_is_that_of_tfidf_vectorizer(options):
    theirs = TfidfVectorizer(**options).fit(TEXTS)
    step = Vectorize(
        "t", with_="tfidf", **options | {"stop_words": tuple(options.get("stop_words", ())), "norm": options.get("norm", "l2") or "none"}
    )
    found = fitted(step, {"t": TEXTS})
    for texts in (TEXTS, OTHERS):
        ours = applied(found, {"t": texts})
        assert np.allclose(np.array(list(ours.values())).T, theirs.transform(texts).toarray(), rtol=1e-14, atol=0)


@pytest.mark.parametrize("norm", ["l2", "l1", None])
def test_hashes_are_those_of_hashing_vectorizer(norm):
    ours = made(Vectorize("t", with_="hashing", n_features=7, norm=norm or "none"), {"t": TEXTS})
    assert list(ours) == [f"t_{i}" for i in range(7)]
    assert np.allclose(
        np.array(list(ours.values())).T, HashingVectorizer(n_features=7, norm=norm).transform(TEXTS).toarray(), rtol=1e-14, atol=0
    )


@pytest.mark.parametrize(
    "way",
    [
        {},
        {"with_": "tfidf", "ngram_range": (1, 2), "stop_words": ("The", "été")},
        {"with_": "tfidf", "sublinear_tf": True, "norm": "l1"},
        {"with_": "hashing", "n_features": 5},
    ],
    ids=str,
)
def test_one_text_has_the_numbers_that_it_has_among_others(way):
    found = fitted(Vectorize("t", **way), {"t": TEXTS})
    function = found.step._vectors(found.learned["t"]).function
    for texts in (TEXTS, OTHERS, [None]):
        assert function(pa.array(texts, pa.string())).to_pylist() == [function.alone(text) for text in texts]


def test_the_most_frequent_words_are_kept_and_null_has_none():
    assert made(Vectorize("t", max_features=2), {"t": ["aa bb aa", None, "cc bb dd"]}) == {"t_aa": [2, 0, 0], "t_bb": [1, 0, 1]}


def test_too_many_words_and_bad_parameters_are_rejected(monkeypatch):
    monkeypatch.setattr(vocabulary, "MOST_WORDS", 3)
    with pytest.raises(RequestError, match="more than 3 different words"):
        made(Vectorize("t"), {"t": TEXTS})
    for wrong in ({"max_features": 0}, {"min_df": 0}, {"max_df": -1}, {"n_features": 100_000}, {"ngram_range": (2, 1)}):
        with pytest.raises(RequestError, match=next(iter(wrong))):
            Vectorize("t", **wrong)
    with pytest.raises(RequestError, match="only strings"):
        made(Vectorize("n"), {"n": [1]})
