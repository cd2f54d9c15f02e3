"""Near-duplicate texts."""

from __future__ import annotations

import random

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from tilth.errors import RequestError
from tilth.metrics import near_duplicates
from tilth.metrics.near_duplicates import Bands, Texts, bands, groups, plain, runs, text_groups
from tilth.testing.needs import check_need

CHANCE = random.Random(3)
LETTERS = "abcdefghijklmnopqrstuvwxyz "


def indexes(texts: list[str]) -> np.ndarray:
    """The Jaccard index of each pair, by scikit-learn's runs of five characters."""
    counts = CountVectorizer(analyzer="char", ngram_range=(5, 5), binary=True, lowercase=False).fit_transform(texts)
    both, sizes = (counts @ counts.T).toarray(), counts.sum(axis=1).A1
    return both / (sizes[:, None] + sizes[None, :] - both)


def by_pairs(alike: np.ndarray) -> list[int]:
    """The first of the texts to which pairs join each."""
    first = list(range(len(alike)))
    for a, b in sorted(zip(*np.nonzero(np.triu(alike, 1)), strict=True)):
        first = [min(first[a], first[b]) if x in (first[a], first[b]) else x for x in first]
    return first


@given(st.lists(st.text("abc \u00e4\U0001f600", min_size=1, max_size=12), min_size=1, max_size=8))
def test_runs_are_those_of_python(texts: list[str]) -> None:
    hashes, begins = runs(texts)
    of = dict[object, str]()
    for text, found in zip(texts, np.split(hashes, begins[1:]), strict=True):
        expected = [text[i : i + 5] for i in range(len(text) - 4)] or [text]
        assert [of.setdefault(h, run) for h, run in zip(found.tolist(), expected, strict=True)] == expected
    assert len(set(of.values())) == len(of)


@pytest.mark.parametrize(("like", "b", "r"), [(0.8, 16, 8), (0.5, 32, 4)])
def test_pairs_share_a_band_as_often_as_the_formula_says(like: float, b: int, r: int) -> None:
    texts = ["".join(CHANCE.choices(LETTERS, k=300)) for _ in range(600)]
    copies = [t[:150] + "".join(CHANCE.choices(LETTERS, k=25)) + t[175:] for t in texts]
    shares = [np.diag(indexes([t, c]), 1)[0] for t, c in zip(texts[:20], copies, strict=False)]
    chance = 1 - (1 - float(np.mean(shares)) ** r) ** b
    found = (bands(texts, like) == bands(copies, like)).any(axis=1).mean()
    assert found == pytest.approx(chance, abs=4 * (chance * (1 - chance) / len(texts)) ** 0.5 + 0.01)


@pytest.mark.slow
@pytest.mark.shared_data
def test_messages_are_grouped_as_by_comparing_all(shared_data) -> None:
    """Of 1,500 messages, by scikit-learn; of pairs that are just 0.8 alike one in twenty may be missed, of these none is."""
    read = pd.read_csv(shared_data("text/sms.tsv"), sep="\t", header=None, quoting=3)
    texts = list(dict.fromkeys(map(plain, read[1])))[:1_500]
    found, alike = text_groups(texts), indexes([t.ljust(5, "\0") for t in texts])
    assert found.tolist() == by_pairs(alike >= 0.8)
    assert len(texts) - len(set(found)) > 10


def test_case_and_blanks_do_not_count_and_blank_texts_are_alone() -> None:
    assert text_groups(["Call  NOW for a prize", "call now for a\tprize", "", " ", "ok", "OK"]).tolist() == [0, 0, 2, 3, 4, 4]


def test_texts_in_a_chain_are_one_group_whatever_their_order() -> None:
    text = "".join(CHANCE.choices(LETTERS, k=400))
    chain = [plain(text[: 400 - i] + "#" * i) for i in (0, 40, 70, 95)]  # each is like the next, the first is not like the last
    for order in (chain, chain[::-1], chain[2:] + chain[:2]):
        assert len(set(groups(bands(order), order))) == 1
    assert indexes(chain)[0, -1] < 0.8


@pytest.mark.slow
@pytest.mark.parametrize("like", [0.5, 0.8])
def test_of_texts_in_one_band_every_pair_is_compared(like: float) -> None:
    """More different runs than 16 bits tell apart; of 60 texts, by scikit-learn."""
    base = ["".join(CHANCE.choices(LETTERS, k=3_000)) for _ in range(12)]
    texts = list(map(plain, [t[: 3_000 - cut] + "#" * cut for cut in (0, 100, 400, 700, 1_300) for t in base]))
    found = groups(np.zeros((len(texts), 1), np.uint64), texts, like)
    assert found.tolist() == by_pairs(indexes(texts) >= like)
    assert 12 <= len(set(found)) < 60


def test_the_folds_are_needs() -> None:
    table = pa.table({"a": ["Win a prize now", "win a  prize NOW", None, "", "x"], "b": ["y", "y", None, None, "z"]})
    numbers = Bands(("a", "b")).finish(Bands(("a", "b")).update({}, table.to_batches()[0]))[0]
    assert len(numbers) == 3
    check_need(Bands(("a", "b"), 0.5), table)
    check_need(Texts(("a", "b"), frozenset(numbers[1:])), table)


def test_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = pa.table({"a": ["one", "two", "three"]}).to_batches()[0]
    for name, most, code in (("MOST_TEXTS", 2, "texts"), ("MOST_CHARACTERS", 5, "texts"), ("MOST_COMPARED", 2, "pairs")):
        monkeypatch.setattr(near_duplicates, name, most)
        with pytest.raises(RequestError) as error:
            if name == "MOST_TEXTS":
                Bands(("a",)).update({}, batch)
            elif name == "MOST_CHARACTERS":
                everything = frozenset(number for number, _ in near_duplicates._texts(batch))
                Texts(("a",), everything).update(({}, 0), batch)
            else:
                groups(np.zeros((3, 1), np.uint64), ["one", "two", "three"])
        assert error.value.mistakes[0].code == f"too-many-{code}"
