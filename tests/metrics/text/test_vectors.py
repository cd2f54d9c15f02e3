"""Vectors of texts."""

import numpy as np
import pytest

from tilth.metrics.text.vectors import SIZE, rarity, run_counts, text_vectors, weighted

TEXTS = ["Win a prize", "win a  PRIZE!", "prizes", "See you"]


def test_similarities_are_those_of_scikit_learn():
    """Few runs of characters, of which no two have the same place."""
    text = pytest.importorskip("sklearn.feature_extraction.text")
    theirs = text.TfidfVectorizer(analyzer="char", ngram_range=(3, 5), preprocessor=lambda t: " ".join(t.casefold().split()))
    expected = theirs.fit_transform(TEXTS)
    counts = run_counts(TEXTS)
    assert (counts.sum(axis=0) > 0).sum() == expected.shape[1]
    vectors = weighted(counts, rarity(counts))
    assert vectors @ vectors.T == pytest.approx((expected @ expected.T).toarray())


def test_short_texts_and_nulls():
    found = text_vectors(["ok", "OK", None, "", " ", "a" * 2000])
    assert found.shape == (6, SIZE)
    assert np.isnan(found[2]).all()
    assert np.linalg.norm(np.delete(found, 2, axis=0), axis=1) == pytest.approx(1)
    assert (found[0] == found[1]).all()
    assert (found[3] == found[4]).all()


def test_many_characters_are_counted_in_parts():
    long = ["abcde" * 100_000, "xyz", "fghij" * 150_000, "xyz"]
    counts = run_counts(long)
    assert counts.sum(axis=1).tolist() == [3 * 500_000 - 9, 3, 3 * 750_000 - 9, 3]
    assert (counts[1] == counts[3]).all()
