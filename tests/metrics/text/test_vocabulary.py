"""The words of texts, counted: the laws of a fold."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tests.steps.text.test_vectorize import TEXTS
from tilth.metrics.text import vocabulary
from tilth.metrics.text.vocabulary import Vocabulary
from tilth.metrics.text.words import Words
from tilth.testing.needs import check_need


@pytest.mark.slow
def test_the_vocabulary_keeps_the_laws_of_a_fold(monkeypatch):
    monkeypatch.setattr(vocabulary, "AT_ONCE", 2)
    check_need(Vocabulary(("t",)), pa.table({"t": [*TEXTS, None]}))
    check_need(Vocabulary(("t",), Words(ngram_range=(2, 2))), pa.table({"t": [*TEXTS, None]}))
    check_need(Vocabulary(("t",), Words(ngram_range=(1, 2)), only=("cat", "the cat")), pa.table({"t": [*TEXTS, None]}))
