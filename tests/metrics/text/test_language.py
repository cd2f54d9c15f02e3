"""The language of texts: what py3langid says, and what it is not asked."""

import sys

import pyarrow as pa
import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from tilth.errors import MissingExtra
from tilth.metrics.text import language

TEXTS = ["Wie geht es dir heute Abend?", "See you later", "42", None]


@pytest.mark.slow
def test_a_language_is_that_of_the_library_where_it_is_sure():
    said = [LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True).classify(text) for text in TEXTS[:2]]
    assert [round(float(p), 4) for _, p in said] == language.language_confidence(pa.array(TEXTS)).to_pylist()[:2]
    assert language.language(pa.array(TEXTS)).to_pylist() == ["de", "und", None, None]  # 0.47 for English
    assert language.language_confidence(pa.array(TEXTS)).to_pylist()[2:] == [None, None]


def test_without_the_library_the_error_says_what_to_install(monkeypatch):
    language._identifier.cache_clear()
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    with pytest.raises(MissingExtra, match=r"language of texts needs"):
        language.language(pa.array(TEXTS))
