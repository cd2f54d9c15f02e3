"""similarity."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from tests.steps.made import applied, fitted, made
from tilth.errors import RequestError
from tilth.steps.encode.encode import Encode

TEXTS = [
    "police officer",
    "Police  officer II",
    "officer, police",
    "fire fighter",
    "Fire Fighters",
    "police officer",
    "日本語 x",
    "aaaa",
    "aa",
]


def shares(texts, categories, ngram_range):
    """Of the definition: Σ min(a, b) / (Σ a + Σ b − Σ min(a, b)) of the counts that scikit-learn gives."""
    counts = CountVectorizer(analyzer="char", ngram_range=ngram_range).fit([*texts, *categories])
    a, b = (counts.transform(x).toarray()[:, None] for x in (texts, categories))
    both = np.minimum(a, b.transpose(1, 0, 2)).sum(2)
    return both / (a.sum(2) + b.transpose(1, 0, 2).sum(2) - both)


@pytest.mark.parametrize("ngram_range", [(2, 4), (1, 1), (3, 3)])
def test_similarities_are_those_of_the_definition(ngram_range):
    found = fitted(Encode("x", with_="similarity", max_categories=4, ngram_range=ngram_range), {"x": [*TEXTS, "fire fighter", "aaaa"]})
    categories = found.learned["x"]["categories"]
    assert categories == ["aaaa", "fire fighter", "police officer", "Fire Fighters"]
    later = ["Firefighter", "officers", *TEXTS[:-1]]
    ours = applied(found, {"x": later})
    assert np.array_equal(np.array(list(ours.values())).T, shares(later, categories, ngram_range))


def test_short_and_missing_values():
    table = {"x": ["a", "A", "b", None, " ", "a"]}
    assert made(Encode("x", with_="similarity", max_categories=1), table) == {"x_a": [1.0, 1.0, 0.0, 0.0, 0.0, 1.0]}
    assert made(Encode("x", with_="similarity", max_categories=1, missing="null"), table)["x_a"][3:5] == [None, None]
    with pytest.raises(RequestError, match="missing value"):
        made(Encode("x", with_="similarity", missing="error"), table)


def test_the_most_frequent_thirty_are_kept():
    values = [f"word {i}" for i in range(50)] + ["word 49"]
    assert list(made(Encode("x", with_="similarity"), {"x": values}))[:2] == ["x_word_49", "x_word_0"]
    assert len(made(Encode("x", with_="similarity"), {"x": values})) == 30


def test_what_cannot_be_is_rejected():
    with pytest.raises(RequestError, match="ngram_range"):
        Encode("x", with_="similarity", ngram_range=(3, 2))
    with pytest.raises(RequestError, match="ngram_range"):
        Encode("x", ngram_range=(3, 4))
    with pytest.raises(RequestError, match="only strings"):
        made(Encode("x", with_="similarity"), {"x": [1]})
