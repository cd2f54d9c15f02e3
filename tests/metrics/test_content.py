"""Columns that are computed of texts by their names."""

from __future__ import annotations

import pytest

from tilth.data import Column, Kind, Roles, Schema
from tilth.errors import ColumnError
from tilth.metrics.content import content, meaning
from tilth.metrics.images import features as images
from tilth.metrics.images.shown import SHOWN
from tilth.metrics.text.brought import BROUGHT
from tilth.metrics.text.corpus import CORPUS
from tilth.metrics.text.features import FEATURES

SCHEMA = Schema((Column("body", Kind.STRING), Column("a@b", Kind.STRING)))


def test_only_names_that_the_table_lacks_are_computed():
    assert list(content(["body", "a@b", "@words", "body@script"], SCHEMA, Roles.of(text="body"))) == ["@words", "body@script"]
    assert meaning("body@oov_share:a@b.txt") == "share of words that are not in the list, among the words of body"
    assert meaning("@words") == "words of the text, between blanks"


def test_all_mistakes_are_named_at_once():
    with pytest.raises(ColumnError) as error:
        content(["body@wrds", "bdy@words"], SCHEMA, Roles())
    assert [m.code for m in error.value.mistakes] == ["unknown-feature", "unknown-column"]


def test_a_name_is_in_one_table_unless_a_file_changes_how_it_is_computed():
    assert not FEATURES.keys() & {*BROUGHT, *CORPUS, *images.FEATURES, *SHOWN}
    assert not images.FEATURES.keys() & SHOWN.keys()
    assert BROUGHT.keys() & CORPUS.keys() == {"topic"}
