"""The step `vectorize`: what CountVectorizer gives, and the vocabulary's laws as a fold."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from tests.steps.made import applied, fitted, made
from tilth.errors import RequestError
from tilth.steps.text import vectorize
from tilth.steps.text.vectorize import Vectorize, Vocabulary
from tilth.testing.needs import check_need

TEXTS = [
    "The cat sat on the mat; the cat_2 sat, too.",
    "Dogs & cats: it's 10 o'clock, a dog barks",
    "",
    "ÉTÉ été naïve 日本語 日本 x",
    "mat mat MAT matmat",
    "ﬃ ĳ ÇA ça",
]
OTHERS = ["the matmat of the cat", "unknown words only", "Été"]


@pytest.mark.parametrize("options", [{}, {"lowercase": False}, {"min_df": 2}])
def test_the_counts_are_those_of_count_vectorizer(options):
    theirs = CountVectorizer(**options).fit(TEXTS)
    step = Vectorize("t", lowercase=options.get("lowercase", True), min_texts=options.get("min_df", 1))
    found = fitted(step, {"t": TEXTS})
    assert found.learned["t"]["words"] == theirs.get_feature_names_out().tolist()
    for texts in (TEXTS, OTHERS):
        ours = applied(found, {"t": texts})
        assert np.array_equal(np.array(list(ours.values())).T, theirs.transform(texts).toarray())


def test_the_most_frequent_words_are_kept_and_null_has_none():
    assert made(Vectorize("t", most=2), {"t": ["aa bb aa", None, "cc bb dd"]}) == {"t_aa": [2, 0, 0], "t_bb": [1, 0, 1]}


def test_the_vocabulary_keeps_the_laws_of_a_fold():
    check_need(Vocabulary(("t",)), pa.table({"t": [*TEXTS, None]}))


def test_too_many_words_and_bad_parameters_are_rejected(monkeypatch):
    monkeypatch.setattr(vectorize, "MOST_WORDS", 3)
    with pytest.raises(RequestError, match="more than 3 different words"):
        made(Vectorize("t"), {"t": TEXTS})
    for wrong in ({"most": 0}, {"min_texts": 0}):
        with pytest.raises(RequestError, match=next(iter(wrong))):
            Vectorize("t", **wrong)
    with pytest.raises(RequestError, match="only strings"):
        made(Vectorize("n"), {"n": [1]})
