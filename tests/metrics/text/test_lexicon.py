"""The lexicon of groups of people."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tilth.metrics.text.lexicon import any_of, lexicon


def test_each_term_is_there_once_in_small_letters_and_found_as_whole_words_only():
    for terms in lexicon().values():
        assert len(set(terms)) == len(terms)
        assert all(term and term == term.lower().strip() for term in terms)
        texts = [(f"A {term.upper()}!", f"x{term}x") for term in terms]
        found = [pc.match_substring_regex(pa.array(pair), any_of(terms)).to_pylist() for pair in texts]
        assert found == [[True, False]] * len(terms)
